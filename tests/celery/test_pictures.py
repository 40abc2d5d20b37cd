"""What the example keeps of pictures."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import redis
from installation import EXAMPLE

from redis_server import RedisServer
from storing import CANARY, assert_secret

CARD = {"card": {"name": CANARY}}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(EXAMPLE)
    import pictures

    return pictures


def test_the_first_outcome_stays(module: Any) -> None:
    with RedisServer() as server:
        known = module.Pictures(server.client())
        known.keep("a", CARD)
        known.keep("a", {"error": "busy"})
        assert (known.outcome_of("a"), list(known.outcomes())) == (CARD, [("a", CARD)])
        known.forget_outcome("a")
        assert (known.outcome_of("a"), list(known.outcomes())) == (None, [])


def test_everything_goes_by_itself(module: Any, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff-not-utf-8.jpg")
    path.write_bytes(b"a picture")
    with RedisServer() as server:
        client = server.client()
        known = module.Pictures(client)
        picture = known.add(path)
        assert known.path_of(picture) == str(path)
        known.keep(picture, CARD)
        known.count_try(picture)
        assert known.lock(picture, 9).acquire()
        assert 0 < known.seconds_locked(picture) <= 9
        keys: Any = client.keys()
        assert len(keys) == 4
        seconds = module.KEEP.total_seconds()
        lives: list[Any] = [client.ttl(key) for key in keys]
        assert all(0 < life <= seconds for life in lives)


def test_a_refusal_does_not_tell_the_card(module: Any) -> None:
    with RedisServer("--rename-command", "SET", "") as server:
        client = server.client()
        # The premise: the client's own exception does.
        with pytest.raises(redis.ResponseError, match=CANARY):
            client.set("a", json.dumps(CARD))
        with pytest.raises(RuntimeError) as caught:
            module.Pictures(client).keep("a", CARD)
        assert_secret(caught.value)

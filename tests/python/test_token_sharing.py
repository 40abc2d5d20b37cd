"""One fetch for all who share a token: threads, processes with a file, processes with Redis; at the
sandbox, whose clock the test moves."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import wxidcard
from account import Account
from given import JPEG, SECRET
from redis_server import RedisServer
from sandbox.support import RunningSandbox
from scripted import CARD, ScriptedService
from sharing import PATIENCE, Group, Threads, file_group, redis_group, workers

LIFE = 7200


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    started = RunningSandbox()
    yield started
    started.close()


@pytest.fixture(params=["threads", "file", "redis"])
def group(request: pytest.FixtureRequest, tmp_path: Path, redis_server: RedisServer) -> Group:
    if request.param == "threads":
        return Threads()
    return file_group(tmp_path / "tokens") if request.param == "file" else redis_group(redis_server)


def settings_of(sandbox: RunningSandbox, **more: Any) -> dict[str, Any]:
    account = {"appid": "wx_sandbox", "secret": "sandbox_secret"}
    return {**account, "base_url": sandbox.url, "timeout": PATIENCE, **more}


def key_of(sandbox: RunningSandbox, endpoint: str = "stable_token") -> str:
    return f"wxidcard:token:127.0.0.1:{sandbox.port}:wx_sandbox:{endpoint}"


def fetches(sandbox: RunningSandbox) -> int:
    return sum(entry["target"].startswith("/cgi-bin/") for entry in sandbox.requests())


def leave_token(sandbox: RunningSandbox, group: Group, seconds_left: int) -> None:
    """A token of the sandbox's in the store, with so much left of its life here and there."""
    account = {"appid": "wx_sandbox", "secret": "sandbox_secret"}
    ask = {"grant_type": "client_credential", **account}
    token = sandbox.post_json("/cgi-bin/stable_token", ask).json()["access_token"]
    sandbox.clock.now += LIFE - seconds_left
    record = {"access_token": token, "expires_at": int(time.time()) + seconds_left}
    group.store.set(key_of(sandbox), json.dumps(record), seconds_left)


def wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_first_use(sandbox: RunningSandbox, group: Group) -> None:
    outcomes = group.run(settings_of(sandbox), 64)
    assert outcomes == {"Front": 64}
    assert fetches(sandbox) == 1


@pytest.mark.parametrize("seconds_left", [200, 30], ids=["stale", "dead"])
def test_an_old_token(sandbox: RunningSandbox, group: Group, seconds_left: int) -> None:
    leave_token(sandbox, group, seconds_left)
    before = fetches(sandbox)
    outcomes = group.run(settings_of(sandbox), 64)
    assert outcomes == {"Front": 64}
    assert fetches(sandbox) - before == 1
    record = json.loads(group.store.get(key_of(sandbox)) or "")
    assert record["expires_at"] > time.time() + 7000


def test_all_tokens_expire_in_the_middle(sandbox: RunningSandbox, group: Group) -> None:
    def expire() -> None:
        wait_until(lambda: len(sandbox.requests()) >= 200)
        sandbox.call("POST", "/sandbox/expire")

    outcomes = group.run(settings_of(sandbox), 500, meanwhile=expire)
    assert set(outcomes) == {"Front"}
    assert outcomes.total() >= 500
    assert fetches(sandbox) == 2


@pytest.mark.parametrize("shared_by", ["file", "redis"])
@pytest.mark.parametrize("expire", [False, True], ids=["plain", "expired"])
def test_the_older_endpoint_and_a_store(
    sandbox: RunningSandbox,
    tmp_path: Path,
    redis_server: RedisServer,
    shared_by: str,
    expire: bool,
) -> None:
    def meanwhile() -> None:
        if expire:
            wait_until(lambda: len(sandbox.requests()) >= 150)
            sandbox.call("POST", "/sandbox/expire")

    group = file_group(tmp_path / "t", 4) if shared_by == "file" else redis_group(redis_server, 4)
    outcomes = group.run(settings_of(sandbox, token_endpoint="token"), 400, meanwhile)
    assert outcomes == {"Front": 400}
    assert fetches(sandbox) == 1 + expire


@pytest.mark.parametrize("shared_by", ["file", "redis"])
def test_the_lock_of_a_killed_process_goes_in_its_time(
    service: ScriptedService, tmp_path: Path, redis_server: RedisServer, shared_by: str
) -> None:
    account = Account(service)
    shift = 0.0
    redis_client = redis_server.client()
    if shared_by == "file":
        path = tmp_path / "tokens"
        group = file_group(path, 1)
        store: Any = wxidcard.FileTokenStore(path, clock=lambda: time.time() + shift)
    else:
        group = redis_group(redis_server, 1)
        store = wxidcard.RedisTokenStore(redis_client)
    settings: dict[str, Any] = {
        "appid": account.appid,
        "secret": SECRET,
        "base_url": account.url,
        "timeout": PATIENCE,
    }
    account.gate.clear()
    orders = {"settings": settings, "calls": 1, "threads": 1} | group._where
    with workers(1, orders) as [worker]:
        worker.go()
        wait_until(lambda: len(account.fetches) == 1)
    assert store.get(account.key("lock")) is not None
    account.gate.set()

    tries = Counting(store)
    cards: list[object] = []
    with wxidcard.Client(**settings, token_store=tries) as client:
        thread = threading.Thread(target=lambda: cards.append(client.recognize(JPEG)))
        thread.start()
        wait_until(lambda: tries.adds >= 2)
        assert len(account.fetches) == 1  # the lock is respected
        shift = 10.0  # its time to live, as the store counts it
        if shared_by == "redis":
            assert 0 < redis_client.pttl(account.key("lock")) <= 10_000
            redis_client.pexpire(account.key("lock"), 1)
        thread.join(PATIENCE)
    assert cards == [CARD]
    assert len(account.fetches) == 2


class Counting:
    """A store that counts how often a lock was tried."""

    def __init__(self, store: wxidcard.TokenStore) -> None:
        self.adds = 0
        self.get, self.set, self.delete = store.get, store.set, store.delete
        self._store = store

    def add(self, key: str, value: str, ttl: float) -> bool:
        assert ttl == 10.0
        self.adds += 1
        return self._store.add(key, value, ttl)

"""RedisTokenStore, with a Redis server of the tests' own."""

import re
import string
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio
from hypothesis import given
from hypothesis import strategies as st
from redis.backoff import NoBackoff
from redis.retry import Retry

from redis_clients import LosesReply
from redis_server import RedisServer
from storing import ALL, CANARY, KEY, READ, VALUE, WRITES, Call, assert_secret
from wxidcard.redis_store import RedisTokenStore
from wxidcard.stores import TokenStore

THREADS, ROUNDS = 8, 50


@pytest.fixture
def prefix() -> str:
    """What sets a test's keys apart from others'."""
    return f"{uuid.uuid4()}:"


@pytest.fixture(params=[False, True], ids=["bytes", "decoded"])
def client(request: pytest.FixtureRequest, redis_server: RedisServer) -> redis.Redis:
    return redis_server.client(decode_responses=request.param)


@pytest.fixture
def store(client: redis.Redis, prefix: str) -> RedisTokenStore:
    return RedisTokenStore(client, prefix=prefix)


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_it_is_a_token_store(store: RedisTokenStore) -> None:
    assert isinstance(store, TokenStore)


def test_values_come_back(store: RedisTokenStore) -> None:
    assert store.get(KEY) is None
    store.set(KEY, VALUE, 60)
    store.set("other", string.printable * 50, 60)
    assert store.get("other") == string.printable * 50
    store.set(KEY, "later", 60)
    assert (store.get(KEY), store.get("none")) == ("later", None)


def test_the_prefix_is_put_before_every_key(
    store: RedisTokenStore, redis_server: RedisServer, prefix: str
) -> None:
    plain = RedisTokenStore(redis_server.client())
    assert store.add(KEY, VALUE, 60)
    assert plain.get(prefix + KEY) == VALUE
    assert plain.get(KEY) is None
    store.delete(KEY, VALUE)
    assert plain.get(prefix + KEY) is None


@pytest.mark.parametrize("operation", ["set", "add"])
@pytest.mark.parametrize(("ttl", "least"), [(60, 50_000), (15.5, 1_000), (7200.0004, 7_190_000)])
def test_time_to_live(
    store: RedisTokenStore,
    client: redis.Redis,
    prefix: str,
    operation: str,
    ttl: float,
    least: float,
) -> None:
    getattr(store, operation)(KEY, VALUE, ttl)
    assert least <= client.pttl(prefix + KEY) <= ttl * 1000


@pytest.mark.parametrize("ttl", [0, 0.0001, -5])
def test_a_millisecond_at_least(store: RedisTokenStore, ttl: float) -> None:
    """Redis refuses 0."""
    store.set(KEY, VALUE, ttl)
    wait_until(lambda: store.get(KEY) is None)
    assert store.add(KEY, VALUE, ttl)
    wait_until(lambda: store.get(KEY) is None)


def test_add_takes_what_is_free(store: RedisTokenStore) -> None:
    assert store.add(KEY, "first", 0.05)
    # Its owner was killed: it is free when its time has passed.
    wait_until(lambda: store.add(KEY, "second", 60))
    assert not store.add(KEY, "third", 60)
    assert store.get(KEY) == "second"


def test_add_of_what_is_there_already(
    store: RedisTokenStore, client: redis.Redis, prefix: str
) -> None:
    """To the client's second request the server says no; the lock is ours all the same."""
    assert store.add(KEY, VALUE, 60)
    client.pexpire(prefix + KEY, 5_000)
    assert store.add(KEY, VALUE, 60)
    assert client.pttl(prefix + KEY) <= 5_000  # it was not stored again


def test_delete_only_if_equal(store: RedisTokenStore) -> None:
    store.set(KEY, VALUE, 60)
    for other in ("another", VALUE[:-1], f"{VALUE}x", ""):
        store.delete(KEY, other)
    store.delete("other", VALUE)
    assert store.get(KEY) == VALUE
    store.delete(KEY, VALUE)
    assert store.get(KEY) is None
    assert store.add(KEY, "again", 60)


def test_delete_after_the_server_forgot_its_scripts(
    store: RedisTokenStore, client: redis.Redis
) -> None:
    for _ in range(2):
        store.set(KEY, VALUE, 60)
        client.script_flush()
        store.delete(KEY, VALUE)
        assert store.get(KEY) is None


def test_one_of_eight_threads_wins(redis_server: RedisServer, prefix: str) -> None:
    """Each with a connection of its own, as processes on many hosts have."""
    stores = [RedisTokenStore(redis_server.client(), prefix=prefix) for _ in range(THREADS)]
    start = threading.Barrier(THREADS)

    def race(number: int) -> list[bool]:
        answers = []
        for turn in range(ROUNDS):
            start.wait(20)
            answers.append(stores[number].add(f"{KEY}-{turn}", f"owner-{number}", 60))
        return answers

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(race, range(THREADS)))
    assert [sum(turn) for turn in zip(*answers, strict=True)] == [1] * ROUNDS


@given(
    operations=st.lists(
        st.tuples(
            st.sampled_from(["get", "set", "add", "delete"]),
            st.sampled_from("ab"),
            st.text(string.printable, max_size=2),
        ),
        max_size=30,
    )
)
def test_like_a_dict(redis_server: RedisServer, operations: list[tuple[str, str, str]]) -> None:
    with redis_server.client() as client:
        store = RedisTokenStore(client, prefix=f"{uuid.uuid4()}:")
        model: dict[str, str] = {}
        for operation, key, value in operations:
            if operation == "get":
                assert store.get(key) == model.get(key)
            elif operation == "set":
                store.set(key, value, 60)
                model[key] = value
            elif operation == "add":
                assert store.add(key, value, 60) is (model.setdefault(key, value) == value)
            else:
                store.delete(key, value)
                if model.get(key) == value:
                    del model[key]


@contextmanager
def lossy(server: RedisServer, folder: Path, word: bytes, prefix: str) -> Iterator[RedisTokenStore]:
    """A store whose client asks again when the reply to a request with ``word`` is lost."""
    proxy = LosesReply(server, folder / "s", word)
    retry = Retry(NoBackoff(), 1)
    settings: dict[str, Any] = {"socket_timeout": 20, "retry": retry}
    with redis.Redis(
        unix_socket_path=proxy.path, retry_on_error=[redis.ConnectionError], **settings
    ) as client:
        try:
            yield RedisTokenStore(client, prefix=prefix)
        finally:
            client.connection_pool.disconnect()
            proxy.close()
    assert proxy.was_lost.is_set()


def test_add_whose_reply_was_lost(redis_server: RedisServer, tmp_path: Path, prefix: str) -> None:
    with lossy(redis_server, tmp_path, b"NX", prefix) as store:
        assert store.add(KEY, VALUE, 60)
        assert not store.add(KEY, "another", 60)


def test_add_of_another_whose_reply_was_lost(
    redis_server: RedisServer, tmp_path: Path, prefix: str
) -> None:
    RedisTokenStore(redis_server.client(), prefix=prefix).set(KEY, "another", 60)
    with lossy(redis_server, tmp_path, b"NX", prefix) as store:
        assert not store.add(KEY, VALUE, 60)


def test_delete_whose_reply_was_lost(
    redis_server: RedisServer, tmp_path: Path, prefix: str
) -> None:
    with lossy(redis_server, tmp_path, b"EVALSHA", prefix) as store:
        store.set(KEY, VALUE, 60)
        store.delete(KEY, VALUE)
        assert store.get(KEY) is None


@pytest.fixture(scope="module")
def crippled_server() -> Iterator[RedisServer]:
    """One that knows none of the commands, and repeats what it was sent in saying so."""
    names = ("SET", "GET", "EVALSHA")
    with RedisServer(*(word for name in names for word in ("--rename-command", name, ""))) as made:
        yield made


@pytest.mark.parametrize("call", ALL)
def test_refusals_do_not_repeat_values(crippled_server: RedisServer, call: Call) -> None:
    # The premise: the client's own exception does.
    with pytest.raises(redis.ResponseError, match=VALUE):
        crippled_server.client().set(KEY, VALUE)
    with pytest.raises(redis.ResponseError, match=r"refused the command$") as caught:
        call(RedisTokenStore(crippled_server.client(), prefix=CANARY))
    assert_secret(caught.value)


def test_refusals_keep_their_code(store: RedisTokenStore, client: redis.Redis, prefix: str) -> None:
    client.rpush(prefix + KEY, VALUE)
    for call in (READ, WRITES[1], WRITES[2]):
        with pytest.raises(redis.ResponseError, match=r"refused the command: WRONGTYPE$") as caught:
            call(store)
        assert_secret(caught.value)
    client.delete(prefix + KEY)


@pytest.mark.parametrize("call", ALL)
def test_other_exceptions_come_through(tmp_path: Path, call: Call) -> None:
    """They name the server, as the caller's own client does; but no value."""
    with redis.Redis(
        unix_socket_path=str(tmp_path / "missing.sock"), retry=Retry(NoBackoff(), 0)
    ) as client:
        with pytest.raises(redis.ConnectionError) as caught:
            call(RedisTokenStore(client))
        assert_secret(caught.value)


def test_values_that_cannot_be_read(
    store: RedisTokenStore, client: redis.Redis, prefix: str
) -> None:
    client.set(prefix + KEY, VALUE.encode() + b"\xff", px=60_000)
    with pytest.raises(ValueError, match="encoding") as caught:
        store.get(KEY)
    assert_secret(caught.value)
    store.set(KEY, VALUE, 60)  # the client is not out of step
    assert store.get(KEY) == VALUE


def test_values_that_cannot_be_written(store: RedisTokenStore) -> None:
    calls = (store.set, store.add, lambda key, value, _: store.delete(key, value))
    for call in calls:
        with pytest.raises(ValueError, match="encoding") as caught:
            call(KEY, f"{VALUE}\ud800", 60)
        assert_secret(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: None,
        lambda: f"redis://:{CANARY}@localhost",
        dict,
        lambda: redis.Redis,
        redis.asyncio.Redis,
        lambda: redis.Redis().pipeline(),
        lambda: redis.ConnectionPool(host=CANARY),
    ],
)
def test_what_is_no_client(make: Callable[[], Any]) -> None:
    expected = re.escape("write RedisTokenStore(redis.Redis(host))")
    with pytest.raises(TypeError, match=expected) as caught:
        RedisTokenStore(make())
    assert_secret(caught.value)


def test_wrong_prefix(client: redis.Redis) -> None:
    with pytest.raises(TypeError, match="prefix must be a str, not bytes") as caught:
        RedisTokenStore(client, prefix=CANARY.encode())  # type: ignore[arg-type]
    assert_secret(caught.value)


def test_repr_is_the_class_name() -> None:
    with redis.Redis.from_url(f"redis://{CANARY}:{CANARY}@{CANARY}:1/0") as client:
        assert repr(RedisTokenStore(client, prefix=CANARY)) == "<wxidcard.RedisTokenStore>"


def test_without_the_package_redis() -> None:
    program = (
        "import sys\n"
        "import wxidcard, wxidcard.redis_store\n"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'redis']\n"
        "sys.modules['redis'] = None\n"
        "try: wxidcard.redis_store.RedisTokenStore(1)\n"
        "except TypeError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "must be a redis.Redis" in done.stdout

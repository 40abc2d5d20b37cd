"""RedisQuota, with a Redis server of the tests' own."""

import multiprocessing
import pickle
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis
import redis.asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.backoff import NoBackoff
from redis.retry import Retry

import wxidcard
from redis_clients import EVENING, LosesReply, ShiftedRedis
from redis_server import RedisServer
from storing import CANARY, assert_secret
from wxidcard import QuotaExceededError, QuotaUnit, RedisQuota

PROCESSES, TRIES = 6, 40
SHANGHAI = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2031, 3, 15, tzinfo=SHANGHAI)


@pytest.fixture
def prefix() -> str:
    """What sets a test's keys apart from others'."""
    return f"{uuid.uuid4()}:"


@pytest.fixture(params=[False, True], ids=["bytes", "decoded"])
def redis_client(
    request: pytest.FixtureRequest, redis_server: RedisServer
) -> Iterator[ShiftedRedis]:
    path = redis_server.socket_path
    with ShiftedRedis(unix_socket_path=path, decode_responses=request.param) as made:
        yield made


@pytest.fixture
def shifted(redis_server: RedisServer) -> Iterator[ShiftedRedis]:
    with ShiftedRedis(unix_socket_path=redis_server.socket_path) as made:
        yield made


@pytest.fixture
def quota(redis_client: redis.Redis, prefix: str) -> RedisQuota:
    return RedisQuota(redis_client, 3, prefix=prefix)


def use_up(quota: RedisQuota) -> list[QuotaUnit]:
    return [quota.take() for _ in range(quota.left())]


def state(quota: RedisQuota) -> tuple[int, int]:
    return quota.used(), quota.left()


def test_units_are_taken_until_none_is_left(quota: RedisQuota) -> None:
    seen = [state(quota)]
    for _ in range(3):
        quota.take()
        seen.append(state(quota))
    assert seen == [(0, 3), (1, 2), (2, 1), (3, 0)]
    for _ in range(2):
        with pytest.raises(QuotaExceededError):
            quota.take()
    assert state(quota) == (3, 0)


def test_a_unit_given_back_can_be_taken_once_more(quota: RedisQuota) -> None:
    units = use_up(quota)
    for _ in range(3):  # a second time does nothing
        quota.give_back(units[0])
    assert state(quota) == (2, 1)
    quota.take()
    with pytest.raises(QuotaExceededError):
        quota.take()


def test_units_of_others_are_not_given_back(quota: RedisQuota) -> None:
    unit = quota.take()
    quota.give_back(QuotaUnit(unit.day, "another"))
    assert state(quota) == (1, 2)


def test_names_prefixes_and_limits(redis_client: redis.Redis, prefix: str) -> None:
    first = RedisQuota(redis_client, 2, prefix=prefix)
    use_up(first)
    for other in (
        RedisQuota(redis_client, 2, prefix=prefix, name="another"),
        RedisQuota(redis_client, 2, prefix=f"{prefix}more:"),
    ):
        assert state(other) == (0, 2)
    assert state(RedisQuota(redis_client, 5, prefix=prefix, name="default")) == (2, 3)
    # A worker that was told of fewer does not count below nothing.
    assert state(RedisQuota(redis_client, 1, prefix=prefix)) == (2, 0)
    with pytest.raises(QuotaExceededError):
        RedisQuota(redis_client, 0, prefix=prefix, name="none").take()


def test_the_days_of_beijing_by_the_servers_clock(redis_server: RedisServer, prefix: str) -> None:
    before = datetime.now(SHANGHAI)
    unit = RedisQuota(redis_server.client(), 1, prefix=prefix).take()
    assert before.date().isoformat() <= unit.day <= datetime.now(SHANGHAI).date().isoformat()


@settings(deadline=None)  # each example is a round trip, on a machine that does other things
@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)))
def test_every_time_has_its_day(redis_server: RedisServer, now: datetime) -> None:
    with ShiftedRedis(unix_socket_path=redis_server.socket_path) as client:
        client.now = now
        quota = RedisQuota(client, 1, prefix=f"{uuid.uuid4()}:")
        assert quota.take().day == now.astimezone(SHANGHAI).date().isoformat()


def test_the_turn_of_the_day(shifted: ShiftedRedis, prefix: str) -> None:
    quota = RedisQuota(shifted, 2, prefix=prefix)
    use_up(quota)
    shifted.now = MIDNIGHT - timedelta(microseconds=1)
    with pytest.raises(QuotaExceededError):
        quota.take()
    shifted.now = MIDNIGHT
    assert state(quota) == (0, 2)
    assert [unit.day for unit in use_up(quota)] == ["2031-03-15"] * 2
    shifted.now = MIDNIGHT + timedelta(hours=23, minutes=59, seconds=59)
    with pytest.raises(QuotaExceededError):
        quota.take()


def test_a_unit_of_yesterday_is_not_given_to_today(shifted: ShiftedRedis, prefix: str) -> None:
    quota = RedisQuota(shifted, 2, prefix=prefix)
    late = quota.take()
    shifted.now = MIDNIGHT
    use_up(quota)
    quota.give_back(late)
    assert state(quota) == (2, 0)
    shifted.now = EVENING
    assert state(quota) == (0, 2)


def test_a_clock_that_goes_back_finds_the_day_as_it_was(shifted: ShiftedRedis, prefix: str) -> None:
    """Another Redis server took over, say, whose clock is a little behind."""
    quota = RedisQuota(shifted, 2, prefix=prefix)
    use_up(quota)
    shifted.now = MIDNIGHT
    quota.take()
    shifted.now = EVENING
    with pytest.raises(QuotaExceededError):
        quota.take()


@pytest.mark.parametrize("change", [RedisQuota.take, lambda quota: quota.use_up(UNIT)])
def test_the_key_goes_by_itself(
    shifted: ShiftedRedis, prefix: str, change: Callable[[RedisQuota], object]
) -> None:
    change(RedisQuota(shifted, 2, prefix=prefix))
    (key,) = shifted.keys(f"{prefix}*")
    assert key.decode() == f"{prefix}wxidcard:quota:default:2031-03-14"
    day = 24 * 3600
    assert day < shifted.ttl(key) <= day + 2


UNIT = QuotaUnit("2031-03-14", "a unit")


def test_giving_back_what_has_gone_leaves_nothing(
    quota: RedisQuota, redis_client: redis.Redis, prefix: str
) -> None:
    quota.give_back(UNIT)
    assert redis_client.keys(f"{prefix}*") == []


def test_used_up_by_the_services_word(quota: RedisQuota) -> None:
    units = [quota.take(), quota.take()]
    quota.use_up(units[0])
    quota.use_up(units[0])
    assert state(quota) == (2, 0)
    quota.give_back(units[1])
    assert state(quota) == (1, 0)
    with pytest.raises(QuotaExceededError, match="the service has said"):
        quota.take()


def test_used_up_is_one_day(shifted: ShiftedRedis, prefix: str) -> None:
    quota = RedisQuota(shifted, 2, prefix=prefix)
    late = quota.take()
    shifted.now = MIDNIGHT
    quota.use_up(late)  # the answer came after midnight, about the day before
    assert state(quota) == (0, 2)
    quota.use_up(quota.take())
    with pytest.raises(QuotaExceededError):
        quota.take()
    shifted.now = MIDNIGHT + timedelta(days=1)
    assert state(quota) == (0, 2)


def test_what_the_error_says(shifted: ShiftedRedis, prefix: str) -> None:
    with pytest.raises(QuotaExceededError) as caught:
        RedisQuota(shifted, 0, prefix=prefix).take()
    error = caught.value
    assert str(error) == (
        "the 0 recognitions that are allowed a day are used up: call again from "
        "2031-03-15T00:00:00+08:00, or raise the limit if the account has more"
    )
    assert (error.kind, error.retryable) == ("quota", QuotaExceededError.retryable)
    assert (error.errcode, error.errmsg, error.http_status) == (None, None, None)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.args, vars(copy)) == (type(error), error.args, vars(error))


def test_units_pickle(quota: RedisQuota) -> None:
    unit = pickle.loads(pickle.dumps(quota.take()))
    quota.give_back(unit)
    assert state(quota) == (0, 3)


def take_many(socket_path: str, prefix: str, limit: int) -> list[str]:
    """What a process gets when it asks for more than its share."""
    with ShiftedRedis(unix_socket_path=socket_path) as client:
        quota = RedisQuota(client, limit, prefix=prefix)
        taken = []
        for number in range(TRIES):
            try:
                unit = quota.take()
            except QuotaExceededError:
                continue
            if number % 4 == 0:
                quota.give_back(unit)  # which somebody else takes in its place
            else:
                taken.append(unit.id)
        return taken


def test_many_processes_are_held_to_the_unit(
    redis_server: RedisServer, shifted: ShiftedRedis, prefix: str
) -> None:
    limit = 97
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        asked = [(redis_server.socket_path, prefix, limit)] * PROCESSES
        taken = [unit for units in pool.starmap(take_many, asked, 1) for unit in units]
        pool.close()
        pool.join()
    assert len(taken) == len(set(taken)) == limit
    assert state(RedisQuota(shifted, limit, prefix=prefix)) == (limit, 0)


def test_many_threads_share_one_quota(shifted: ShiftedRedis, prefix: str) -> None:
    quota = RedisQuota(shifted, 50, prefix=prefix)
    start = threading.Barrier(8)

    def take(_: int) -> int:
        start.wait(20)
        taken = 0
        for _ in range(20):
            with suppress(QuotaExceededError):
                quota.take()
                taken += 1
        return taken

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 50


@pytest.mark.parametrize("word", [b"EVALSHA", b"SREM"])
def test_a_lost_reply_costs_no_unit(
    redis_server: RedisServer, shifted: ShiftedRedis, tmp_path: Path, prefix: str, word: bytes
) -> None:
    """The client asks again by itself, and the server has done it already."""
    proxy = LosesReply(redis_server, tmp_path / "s", word)
    retry: dict[str, Any] = {"retry": Retry(NoBackoff(), 1)}
    with ShiftedRedis(
        unix_socket_path=proxy.path, retry_on_error=[redis.ConnectionError], **retry
    ) as client:
        first = RedisQuota(shifted, 2, prefix=prefix).take()  # the server knows the scripts
        try:
            quota = RedisQuota(client, 2, prefix=prefix)
            quota.take()  # the last there is
            with pytest.raises(QuotaExceededError):
                quota.take()
            quota.give_back(first)
            seen = state(quota)
        finally:
            client.connection_pool.disconnect()
            proxy.close()
    assert proxy.was_lost.is_set()
    assert seen == (1, 1)


def test_a_server_that_forgot_its_scripts(quota: RedisQuota, redis_client: redis.Redis) -> None:
    for call in (quota.take, quota.used, quota.take, lambda: quota.use_up(UNIT)):
        redis_client.script_flush()
        call()
    assert state(quota) == (2, 0)


def test_without_its_server_nothing_is_allowed(tmp_path: Path) -> None:
    with redis.Redis(
        unix_socket_path=str(tmp_path / "missing.sock"), retry=Retry(NoBackoff(), 0)
    ) as client:
        quota = RedisQuota(client, 3)
        for call in (quota.take, quota.used, lambda: quota.give_back(UNIT)):
            with pytest.raises(redis.ConnectionError):
                call()


@pytest.mark.parametrize(
    "call", [RedisQuota.take, RedisQuota.left, lambda q: q.give_back(QuotaUnit("x", CANARY))]
)
def test_refusals_do_not_repeat_values(
    shifted: ShiftedRedis, prefix: str, call: Callable[[RedisQuota], object]
) -> None:
    shifted.set(f"{prefix}wxidcard:quota:{CANARY}:2031-03-14", CANARY, ex=60)
    shifted.set(f"{prefix}wxidcard:quota:{CANARY}:x", CANARY, ex=60)
    quota = RedisQuota(shifted, 3, prefix=prefix, name=CANARY)
    with pytest.raises(redis.ResponseError, match=r"refused the command: WRONGTYPE$") as caught:
        call(quota)
    assert_secret(caught.value)


@pytest.mark.parametrize(
    "make", [lambda: None, dict, redis.asyncio.Redis, lambda: redis.Redis().pipeline()]
)
def test_what_is_no_client(make: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match=re.escape("write RedisQuota(redis.Redis(host))")):
        RedisQuota(make(), 3)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"limit": "3"}, TypeError, "limit must be an int, not str"),
        ({"limit": 3.0}, TypeError, "limit must be an int, not float"),
        ({"limit": True}, TypeError, "limit must be an int, not bool"),
        ({"limit": -1}, ValueError, "limit must be the recognitions of a day, 0 or more"),
        ({"limit": 3, "name": b"canary"}, TypeError, "name must be a str, not bytes"),
        ({"limit": 3, "prefix": b"canary"}, TypeError, "prefix must be a str, not bytes"),
    ],
)
def test_misuse(
    redis_client: redis.Redis, arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=f"^{text}$"):
        RedisQuota(redis_client, **arguments)


def test_repr_and_limit() -> None:
    with redis.Redis.from_url(f"redis://{CANARY}:{CANARY}@{CANARY}:1/0") as client:
        quota = RedisQuota(client, 100, name=CANARY, prefix=CANARY)
        assert (repr(quota), quota.limit) == ("<wxidcard.RedisQuota: 100 a day>", 100)


def test_without_the_package_redis() -> None:
    program = (
        "import sys\n"
        "sys.modules['redis'] = None\n"
        "import wxidcard\n"
        "try: wxidcard.RedisQuota(1, 2)\n"
        "except TypeError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "must be a redis.Redis" in done.stdout


def test_it_is_public() -> None:
    assert {"RedisQuota", "QuotaUnit"} <= set(wxidcard.__all__)

"""A day's quota in Redis, for all who use one account."""

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from .errors import (
    ConnectError,
    CredentialError,
    Error,
    ImageInputError,
    QuotaExceededError,
    TLSError,
)
from .redis_asking import ask, check_client, check_text

if TYPE_CHECKING:
    import redis
    from redis.commands.core import Script

__all__ = ["QuotaUnit", "RedisQuota"]

BEIJING = timezone(timedelta(hours=8))  # whose days the service counts; it has no summer time
DAY = timedelta(days=1)
# The errors after which the service has certainly recognised nothing: nothing was sent, nobody was
# connected, or no access token was to be had. After all others it may have counted the call.
UNSPENT = (ImageInputError, ConnectError, TLSError, CredentialError)

# A day is a set of its units, as a command that the client sends again after a lost reply is then
# carried out once: adding a member twice, or removing it twice, is doing it once. One more member
# says that the service refused.
USED_UP = "used up"
TAKEN, NONE_LEFT, REFUSED = 1, 0, -1
TAKE = f"""
local day, unit, limit, used_up, seconds = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
if redis.call('SISMEMBER', day, unit) == 1 then
    return {TAKEN}
elseif redis.call('SISMEMBER', day, used_up) == 1 then
    return {REFUSED}
elseif redis.call('SCARD', day) >= limit then
    return {NONE_LEFT}
end
redis.call('SADD', day, unit)
redis.call('EXPIRE', day, seconds)
return {TAKEN}
"""
ADD = """
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
"""
COUNT = """
local refused = redis.call('SISMEMBER', KEYS[1], ARGV[1])
return {redis.call('SCARD', KEYS[1]) - refused, refused}
"""


@dataclass(frozen=True, slots=True)
class QuotaUnit:
    """One recognition of one day in Beijing, as :meth:`RedisQuota.take` gives it; it pickles."""

    day: str
    """``"2026-01-31"``"""
    id: str
    """No other unit has it."""


class RedisQuota:
    """Keeps the workers of all hosts together within a number of recognitions a day.

    The service allows an account so many recognitions a day, 100 without charge, and refuses the
    rest. This counts them in a Redis server, and refuses first, before a picture is sent::

        quota = wxidcard.RedisQuota(redis.Redis("cache.internal", socket_timeout=2), 100)
        client = wxidcard.Client(appid="…", secret="…", max_retries=0)
        with quota.unit():
            card = client.recognize("front.jpg")

    Give the client ``max_retries=0``: a picture that it sends again costs another unit, of which
    nobody is told. ``limit`` is the units of a day, ``name`` the account's, if there are several,
    and ``prefix`` is put before the key. ``redis_client`` is as for :class:`RedisTokenStore`.

    A day ends at midnight in Beijing, by the clock of the Redis server: those of workers differ.
    Its key, such as ``wxidcard:quota:default:2026-01-31``, goes by itself a day later; it takes
    some 85 bytes for each unit. A server that evicts keys, or loses them at a restart, begins the
    day anew.

    Any number of threads may use one quota. All methods raise what the client raises, without what
    it was sent: when the server is away, nothing is recognised. The constructor raises TypeError
    and ValueError for arguments that cannot be right.
    """

    __slots__ = ("_add", "_client", "_count", "_key", "_limit", "_take")

    _client: "redis.Redis"
    _limit: int
    _key: str
    _take: "Script"
    _add: "Script"
    _count: "Script"

    def __init__(
        self, redis_client: "redis.Redis", limit: int, *, name: str = "default", prefix: str = ""
    ) -> None:
        check_client(redis_client, "RedisQuota")
        check_text("name", name)
        check_text("prefix", prefix)
        if not isinstance(limit, int) or isinstance(limit, bool):
            raise TypeError(f"limit must be an int, not {type(limit).__name__}")
        if limit < 0:
            raise ValueError("limit must be the recognitions of a day, 0 or more")
        self._client = redis_client
        self._limit = limit
        self._key = f"{prefix}wxidcard:quota:{name}:"
        self._take = redis_client.register_script(TAKE)
        self._add = redis_client.register_script(ADD)
        self._count = redis_client.register_script(COUNT)

    @property
    def limit(self) -> int:
        """The units of a day."""
        return self._limit

    def take(self) -> QuotaUnit:
        """Take one of today's units.

        Raises :class:`wxidcard.QuotaExceededError`, with no errcode, when none is left, or when the
        service has said so (:meth:`use_up`).
        """
        now = self._now()
        unit = QuotaUnit(now.date().isoformat(), uuid.uuid4().hex)
        answer = self._run(self._take, unit.day, unit.id, self._limit, USED_UP, _life(now))
        if answer != TAKEN:
            raise QuotaExceededError(self._refusal(answer, now))
        return unit

    def give_back(self, unit: QuotaUnit) -> None:
        """Give a unit back that was not needed, to its own day; a second time does nothing."""
        ask(lambda: self._client.srem(self._key + unit.day, unit.id))

    def use_up(self, unit: QuotaUnit) -> None:
        """Let nobody take another unit of this unit's day, since the service refused it."""
        self._run(self._add, unit.day, USED_UP, _life(self._now()))

    @contextmanager
    def unit(self) -> Iterator[QuotaUnit]:
        """Take a unit for one recognition, and settle it by what the recognition raises.

        It is given back after :class:`wxidcard.ImageInputError` and the OSError of a path that
        cannot be read, :class:`wxidcard.ConnectError`, :class:`wxidcard.TLSError` and
        :class:`wxidcard.CredentialError`: the service has recognised nothing. After any other
        error it stays spent, as the service may have counted the call. After a
        :class:`wxidcard.QuotaExceededError` of the service the day is used up for all.

        Put nothing but the call into the block: what else fails there is judged as the call is.
        When Redis does not answer the settling, the logger ``wxidcard`` gets a warning, the unit
        stays spent, and the recognition's own error comes through.

        Raises what :meth:`take` and the block raise.
        """
        unit = self.take()
        try:
            yield unit
        except Exception as error:
            if isinstance(error, QuotaExceededError) and error.errcode is not None:
                self._settle(self.use_up, unit)
            elif _is_unspent(error):
                self._settle(self.give_back, unit)
            raise

    def used(self) -> int:
        """Return how many of today's units have been taken and not given back."""
        return self._today()[0]

    def left(self) -> int:
        """Return how many units can still be taken today: 0, too, once the service has refused."""
        used, is_used_up = self._today()
        return 0 if is_used_up else max(0, self._limit - used)

    def __repr__(self) -> str:
        return f"<wxidcard.{type(self).__name__}: {self._limit} a day>"

    def _now(self) -> datetime:
        seconds, _ = ask(lambda: _untyped(self._client).time())
        return datetime.fromtimestamp(seconds, BEIJING)

    def _today(self) -> tuple[int, bool]:
        used, is_used_up = self._run(self._count, self._now().date().isoformat(), USED_UP)
        return used, bool(is_used_up)

    def _run(self, script: "Script", day: str, *arguments: str | int) -> Any:
        return ask(lambda: script(keys=[self._key + day], args=arguments))

    def _refusal(self, answer: int, now: datetime) -> str:
        again = _next_midnight(now).isoformat()
        if answer == REFUSED:
            return f"the service has said that the day's quota is used up: call again from {again}"
        return (
            f"the {self._limit} recognitions that are allowed a day are used up: call again from "
            f"{again}, or raise the limit if the account has more"
        )

    def _settle(self, how: Callable[[QuotaUnit], None], unit: QuotaUnit) -> None:
        from redis.exceptions import RedisError

        try:
            how(unit)
        except RedisError as error:
            logging.getLogger("wxidcard").warning(
                "the quota's Redis server did not take what became of a unit: %s",
                type(error).__name__,
            )


def _untyped(client: "redis.Redis") -> Any:
    return client  # whose types speak of asyncio, too


def _next_midnight(now: datetime) -> datetime:
    return (now + DAY).replace(hour=0, minute=0, second=0, microsecond=0)


def _life(now: datetime) -> int:
    """Seconds until the day is of no interest: units come back a little after its end, at most."""
    return int((_next_midnight(now) + DAY - now).total_seconds())


def _is_unspent(error: Exception) -> bool:
    if isinstance(error, QuotaExceededError):
        return True  # not the service's: another quota refused first
    if isinstance(error, Error):
        return isinstance(error, UNSPENT)
    # A file that cannot be read has an errno; what failed between here and the service has none.
    return isinstance(error, OSError) and error.errno is not None

"""A token store in Redis."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .stores import TokenStore

if TYPE_CHECKING:
    import redis
    from redis.commands.core import Script

__all__ = ["RedisTokenStore"]

DELETE_IF_EQUAL = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
"""
MILLISECONDS = 1000

R = TypeVar("R")


class RedisTokenStore(TokenStore):
    """Shares access tokens between hosts, through a Redis server.

    ``redis_client`` is a ``redis.Redis`` of the package redis, version 5 or newer, of which pip
    installs one with ``wxidcard[redis]``; it stays the caller's to close. ``prefix`` is put before
    every key::

        store = wxidcard.RedisTokenStore(redis.Redis("cache.internal", socket_timeout=2))

    Any number of threads may use one store. A call waits for as long as the client does: give it a
    ``socket_timeout``.

    What the client raises comes through, but for the text of redis.ResponseError: a server repeats
    in it what it was sent. All methods raise ValueError, without the value, for one that the
    client's encoding cannot write or read. The constructor raises TypeError for anything but such a
    client; asyncio's clients and pipelines are none.
    """

    __slots__ = ("_client", "_delete_if_equal", "_prefix")

    _client: "redis.Redis"
    _delete_if_equal: "Script"
    _prefix: str

    def __init__(self, redis_client: "redis.Redis", *, prefix: str = "") -> None:
        if not _is_client(redis_client):
            kind = type(redis_client)
            raise TypeError(
                f"redis_client must be a redis.Redis, not {kind.__module__}.{kind.__qualname__}; "
                "write RedisTokenStore(redis.Redis(host))"
            )
        if not isinstance(prefix, str):
            raise TypeError(f"prefix must be a str, not {type(prefix).__name__}")
        self._client = redis_client
        self._prefix = prefix
        self._delete_if_equal = redis_client.register_script(DELETE_IF_EQUAL)

    def get(self, key: str) -> str | None:
        """Return the value, or None when there is none or its time has passed."""

        def command() -> str | None:
            found = self._client.get(self._prefix + key)
            # Where the client decodes responses itself, the encoder finds nothing to do.
            encoder: Any = self._client.get_encoder()
            text: str | None = encoder.decode(found, force=True)
            return text

        return _ask(command)

    def set(self, key: str, value: str, ttl: float) -> None:
        """Store the value for ``ttl`` seconds, a millisecond at least; what was there is lost."""
        _ask(lambda: self._client.set(self._prefix + key, value, px=_milliseconds(ttl)))

    def add(self, key: str, value: str, ttl: float) -> bool:
        """Store the value for ``ttl`` seconds if nothing is there; return whether it was.

        True, too, when this very value is there: the client asks again after a lost connection, and
        is then refused for what its first request did.
        """
        name = self._prefix + key
        stored = _ask(lambda: self._client.set(name, value, px=_milliseconds(ttl), nx=True))
        return bool(stored) or self.get(key) == value

    def delete(self, key: str, value: str) -> None:
        """Delete the key if exactly this value is there, in one step."""
        _ask(lambda: self._delete_if_equal(keys=[self._prefix + key], args=[value]))

    def __repr__(self) -> str:
        return f"<wxidcard.{type(self).__name__}>"


def _is_client(candidate: object) -> bool:
    # Imported here, as who has no Redis needs no package for it.
    try:
        import redis
        from redis.client import Pipeline
    except ImportError:
        return False
    # A pipeline would only write down what it is asked for, and say yes to it.
    return isinstance(candidate, redis.Redis) and not isinstance(candidate, Pipeline)


def _milliseconds(ttl: float) -> int:
    return max(1, round(ttl * MILLISECONDS))


def _ask(command: Callable[[], R]) -> R:
    """Run a command, and keep values out of what it raises."""
    from redis.exceptions import ResponseError

    try:
        return command()
    except ResponseError as error:
        # "unknown command 'SET', with args beginning with: 'wxidcard:…' 'the token'"
        error.args = (_refusal(str(error)),)
        raise
    except UnicodeError:
        pass
    # Raised out here, it has no __context__: a UnicodeError has the whole value.
    raise ValueError("a value cannot be written or read in the encoding of the Redis client")


def _refusal(text: str) -> str:
    """What may be said of a server's refusal: its code, such as WRONGTYPE, if it has one."""
    code = text.partition(" ")[0]
    is_code = code.isascii() and code.isalpha() and code.isupper()
    return f"the Redis server refused the command{': ' + code if is_code else ''}"

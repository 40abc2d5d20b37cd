"""A token store in Redis."""

from typing import TYPE_CHECKING, Any

from .redis_asking import ask, check_client, check_text
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
        check_client(redis_client, "RedisTokenStore")
        check_text("prefix", prefix)
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

        return ask(command)

    def set(self, key: str, value: str, ttl: float) -> None:
        """Store the value for ``ttl`` seconds, a millisecond at least; what was there is lost."""
        ask(lambda: self._client.set(self._prefix + key, value, px=_milliseconds(ttl)))

    def add(self, key: str, value: str, ttl: float) -> bool:
        """Store the value for ``ttl`` seconds if nothing is there; return whether it was.

        True, too, when this very value is there: the client asks again after a lost connection, and
        is then refused for what its first request did.
        """
        name = self._prefix + key
        stored = ask(lambda: self._client.set(name, value, px=_milliseconds(ttl), nx=True))
        return bool(stored) or self.get(key) == value

    def delete(self, key: str, value: str) -> None:
        """Delete the key if exactly this value is there, in one step."""
        ask(lambda: self._delete_if_equal(keys=[self._prefix + key], args=[value]))

    def __repr__(self) -> str:
        return f"<wxidcard.{type(self).__name__}>"


def _milliseconds(ttl: float) -> int:
    return max(1, round(ttl * MILLISECONDS))

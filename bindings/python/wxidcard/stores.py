"""What shares one account's access token between processes and hosts."""

from typing import Protocol, runtime_checkable

__all__ = ["AsyncTokenStore", "TokenStore"]


@runtime_checkable
class TokenStore(Protocol):
    """Keeps texts for a time, where all who share an account's access token find them.

    It is asked only when a token is to be renewed, from any thread, and several at once. Keys are
    like ``wxidcard:token:api.weixin.qq.com:wx…:stable_token``. Values are ASCII text of up to some
    5 KB and secret: a store must not log them, nor name them in what it raises.

    :class:`wxidcard.FileTokenStore` and :class:`wxidcard.RedisTokenStore` are two; any object with
    these methods is another.
    """

    __slots__ = ()

    def get(self, key: str) -> str | None:
        """Return the value, or None when there is none or its time has passed."""
        ...

    def set(self, key: str, value: str, ttl: float) -> None:
        """Store the value for ``ttl`` seconds, in the place of any other."""
        ...

    def add(self, key: str, value: str, ttl: float) -> bool:
        """Store the value for ``ttl`` seconds if nothing live is there; return whether it was.

        No two callers at once are told True. So a lock is taken: the value says who owns it, and
        is another each time, for a store may answer True to whom the value there belongs already.
        """
        ...

    def delete(self, key: str, value: str) -> None:
        """Delete the key if exactly this value is there, in one step. So a lock is given back."""
        ...


class AsyncTokenStore(Protocol):
    """The same for :class:`wxidcard.AsyncClient`, with methods that are awaited on its loop."""

    __slots__ = ()

    async def get(self, key: str) -> str | None:
        """Return the value, or None."""
        ...

    async def set(self, key: str, value: str, ttl: float) -> None:
        """Store the value for ``ttl`` seconds."""
        ...

    async def add(self, key: str, value: str, ttl: float) -> bool:
        """Store the value if nothing live is there; return whether it was."""
        ...

    async def delete(self, key: str, value: str) -> None:
        """Delete the key if exactly this value is there."""
        ...

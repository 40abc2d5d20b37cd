"""The keywords of :class:`wxidcard.Client`, for editors and type checkers.

At run time they are read from the core's own table; a test compares the two.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeAlias, TypedDict

from . import _core
from .stores import AsyncTokenStore, TokenStore

__all__ = ["AsyncSettings", "AsyncTokenProvider", "Settings", "TokenProvider"]

TokenProvider: TypeAlias = Callable[[str | None], str]
"""Called with the token that the service refused, or None at first; returns an access token."""

AsyncTokenProvider: TypeAlias = Callable[[str | None], str | Awaitable[str]]
"""The same, or a coroutine function; one that is none is called in a thread."""


class _Common(TypedDict, total=False):
    """How calls are made. None, or leaving it out, takes the library's default.

    Exactly one credential: ``access_token``; ``appid`` with ``secret``; ``token_provider``;
    ``cloudbase_access_token``; ``cloudbase_token_file``; or ``open_service``.
    """

    access_token: str | None
    """An access token in hand."""
    appid: str | None
    """With ``secret``: the account whose tokens the library fetches, shares and renews."""
    secret: str | None
    """The account's app secret."""
    token_endpoint: Literal["stable_token", "token"] | None
    """Where its tokens come from; of ``"token"`` every fetch invalidates the token before."""
    cloudbase_access_token: str | None
    """The access token of WeChat Cloud Base."""
    cloudbase_token_file: str | os.PathLike[str] | bool | None
    """The file in which WeChat Cloud Hosting keeps that token; True for the platform's own."""
    open_service: bool | None
    """True inside WeChat Cloud Hosting with the open API service: no token at all."""
    base_url: str | None
    """Where the service is: https; plain http only on loopback, or with ``open_service``."""
    timeout: float | None
    """Seconds for the whole call, tokens and retries included; 30 when not given."""
    connect_timeout: float | None
    """Seconds for one connection; 5 when not given."""
    max_retries: int | None
    """How often a call is tried again: 0, 1 or 2, which is taken when not given."""
    max_image_bytes: int | None
    """A picture must be smaller than this; 2 MiB when not given."""
    fit: bool | None
    """True makes a larger JPEG or PNG so small, upright and without metadata; False by default."""
    strip_metadata: bool | None
    """True takes metadata out of JPEG and PNG, other formats being refused; False by default."""
    max_connections: int | None
    """Connections of one client at once; 32 when not given."""
    ca_file: str | os.PathLike[str] | None
    """PEM file of the authorities to trust instead of the system's."""
    proxy: str | None
    """URL of an HTTP proxy; none is taken from the environment."""


class Settings(_Common, total=False):
    """The keywords of :class:`wxidcard.Client`."""

    token_store: TokenStore | None
    """How processes share the token: a FileTokenStore, a RedisTokenStore, or one's own."""
    token_provider: TokenProvider | None
    """A function that returns an access token; called in the thread that recognises."""


class AsyncSettings(_Common, total=False):
    """The keywords of :class:`wxidcard.AsyncClient`."""

    token_store: TokenStore | AsyncTokenStore | None
    """The same, or one whose methods are coroutine functions; others are called in a thread."""
    token_provider: AsyncTokenProvider | None
    """A function that returns an access token, or a coroutine function."""


def reduced(client: Any, settings: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """How a client pickles. Raises TypeError for one with a secret."""
    kind = type(client)
    for row in _core.setting_table():
        if row["secret"] and settings.get(row["name"]) is not None:
            raise TypeError(
                f"a {kind.__name__} with {row['name']} does not pickle, since the pickle would "
                f"hold it in clear: make a {kind.__name__} in each process, in a worker's "
                "initializer perhaps"
            )
    return _restored, (kind, settings)


def _restored(kind: Callable[..., Any], settings: Any) -> Any:
    return kind(**settings)

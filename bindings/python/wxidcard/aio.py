"""The client for asyncio."""

import asyncio
import os
import warnings
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack

from . import _core, aio_many
from .aio_driver import Driver
from .cards import Card
from .many import CONCURRENCY, Item
from .settings import AsyncSettings, reduced

if TYPE_CHECKING:
    from .client import Picture

__all__ = ["AsyncClient"]


class AsyncClient:
    """Recognises ID cards on an event loop, any number of them at once.

    The keywords are those of :class:`wxidcard.Settings`; ``token_provider`` and the methods of
    ``token_store`` may be coroutine functions, and those that are not run in a thread::

        async with wxidcard.AsyncClient(appid="…", secret="…") as client:
            card = await client.recognize("front.jpg")

    Requests are carried out by one thread of the client's own, so that the loop never waits for
    them, over ``max_connections`` connections at most; further calls wait for one. A client belongs
    to the loop in which it is first used, and to one process. The token is shared by all clients of
    the process, blocking ones too, that have the same account. It runs on asyncio's loops and on
    uvloop's. A copy of a client is a new one; a client with a secret does not pickle.

    Raises TypeError for a keyword that there is not or a value of the wrong type, and ValueError
    for a value that cannot be right; both say what to write instead.
    """

    __slots__ = ("__weakref__", "_driver", "_session", "_settings")

    _session: _core.Session
    _settings: AsyncSettings
    _driver: Driver

    def __init__(self, **settings: Unpack[AsyncSettings]) -> None:
        self._session = _core.Session(**settings)
        self._settings = settings
        self._driver = Driver(self._session)

    async def recognize(
        self,
        image: "Picture | None" = None,
        *,
        img_url: str | None = None,
        type: Literal["photo", "scan"] | None = None,
    ) -> Card:
        """Recognise one picture and return the card, a plain ``dict`` of the service's own fields.

        The arguments are those of :meth:`Client.recognize`. Paths and file objects are read, and
        pictures are made to ``fit``, in a thread; memory is not copied and must not change until
        the call is over. A cancelled call, as by ``asyncio.timeout``, breaks its transfer off at
        once; the service may have counted it all the same.

        Takes up to ``timeout`` seconds, the wait for a connection included. Raises what
        :meth:`Client.recognize` raises, and RuntimeError in another event loop than before.
        """
        with self._driver.under_way():
            if _is_quick(image, self._settings):
                call = self._driver.new_call(image, img_url, type)
            else:
                call = await asyncio.to_thread(self._driver.new_call, image, img_url, type)
            self._driver.renew_beside()
            await self._driver.drive(call)
            return call.take_card()

    def recognize_many(
        self,
        pictures: Iterable[Item] | AsyncIterable[Item],
        *,
        concurrency: int = CONCURRENCY,
        type: Literal["photo", "scan"] | None = None,
        stop_early: bool = True,
    ) -> AsyncGenerator[tuple[Item, Card | Exception], None]:
        """Recognise many pictures side by side; gives ``(item, outcome)`` as they finish.

        ::

            async for path, outcome in client.recognize_many(paths, concurrency=64):
                ...

        All is as with :meth:`Client.recognize_many`, but that ``pictures`` may be an asynchronous
        iterable, too, and that an iterator which is closed or cancelled breaks its calls in flight
        off. (After a mere ``break`` that is when it is collected: ``contextlib.aclosing`` closes it
        at once.) An iterable that is not asynchronous is taken from on the loop: it must not block.
        """
        self._driver.refuse_if_closed()
        return aio_many.recognize_many(
            self.recognize,
            pictures,
            concurrency=concurrency,
            picture_type=type,
            stop_early=stop_early,
        )

    async def refresh_token(self, *, force: bool = False) -> None:
        """Fetch the token of ``appid`` and ``secret`` anew: :meth:`Client.refresh_token`."""
        with self._driver.under_way():
            call = self._driver.new_refresh(force)
            await self._driver.drive(call)
            call.take_token()

    async def aclose(self) -> None:
        """Refuse new calls, wait until those in flight have ended, and close all connections.

        If it is cancelled meanwhile, the calls in flight are broken off.
        """
        await self._driver.close()

    @property
    def closed(self) -> bool:
        """Whether :meth:`aclose` was called."""
        return self._driver.is_closed

    async def __aenter__(self) -> Self:
        self._driver.enter()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        state = ", closed" if self.closed else ""
        return f"<wxidcard.AsyncClient: {self._session.description}{state}>"

    def __del__(self) -> None:
        driver = getattr(self, "_driver", None)  # none, if the settings were refused
        if driver is not None and driver.end():
            warnings.warn(
                "an AsyncClient was not closed: use it with async with, or await its aclose()",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )

    def __copy__(self) -> Self:
        return type(self)(**self._settings)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.__copy__()

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return reduced(self, self._settings)


def _is_quick(image: object, settings: AsyncSettings) -> bool:
    """Whether a call is made in no time: nothing is read and no picture decoded for it."""
    if settings.get("fit") or settings.get("strip_metadata"):
        return False
    return not isinstance(image, str | os.PathLike) and not hasattr(image, "read")

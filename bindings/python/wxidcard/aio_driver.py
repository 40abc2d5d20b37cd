"""Drives calls on an event loop. What is sent and waited for, the engine's thread does; functions
of the caller's are called here; and what the client does is decided in the core."""

import asyncio
import atexit
import logging
import os
import secrets
import time
import weakref
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, Any

from . import _core

if TYPE_CHECKING:
    from .client import Picture

MILLISECONDS = 1000

_logger = logging.getLogger("wxidcard")


def now_ms() -> int:
    """Milliseconds of the clock that all calls of the process have in common."""
    return int(time.monotonic() * MILLISECONDS)


def unix_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * MILLISECONDS)


def _chance() -> tuple[int, int]:
    """What a new call is told: the time, and 64 random bits."""
    return now_ms(), secrets.randbits(64)


class Driver:
    """The engine of one client, its loop, and what is under way on it."""

    __slots__ = (
        "__weakref__",
        "_apart",
        "_calls",
        "_engine",
        "_idle",
        "_loop",
        "_number",
        "_pid",
        "_session",
        "is_closed",
    )

    _engine: "_core.Engine[asyncio.Future[None]] | None"  # None at the end
    _loop: asyncio.AbstractEventLoop | None
    _number: int  # of the engine's descriptor, which the loop looks at
    _calls: int  # for which somebody waits
    _idle: asyncio.Event  # while there are none
    _apart: "set[asyncio.Task[None]]"  # what goes on although nobody waits for it

    def __init__(self, session: _core.Session) -> None:
        session.share()
        self._session = session
        self._engine = _core.Engine(session)
        self._pid = os.getpid()
        self._loop = None
        self._number = self._engine.fileno()
        self._calls = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._apart = set()
        self.is_closed = False
        _drivers.add(self)

    def refuse_if_closed(self) -> None:
        if self.is_closed:
            raise ValueError("the client is closed: make a new one")

    def enter(self) -> None:
        """Make sure that calls may be made here and now."""
        self.refuse_if_closed()
        running = asyncio.get_running_loop()
        if self._loop is None and self._engine is not None:
            running.add_reader(self._number, _take, weakref.ref(self))
            self._loop = running
        elif self._loop is not running:
            raise RuntimeError(
                "this AsyncClient belongs to another event loop: make one in each loop, inside it"
            )

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """A call is made meanwhile: who closes the client waits for its end."""
        self.enter()
        self._calls += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._calls -= 1
            if self._calls == 0:
                self._idle.set()

    # ---- Calls

    def new_call(
        self, image: "Picture | None", img_url: str | None, type: str | None
    ) -> _core.Call:
        return self._session.recognition(*_chance(), image=image, img_url=img_url, type=type)

    def new_refresh(self, force: bool) -> _core.Call:
        return self._session.refresh(*_chance(), force=force)

    def renew_beside(self) -> None:
        """Have the token renewed beside a call, if it is stale."""
        call = self._session.renewal(*_chance())
        if call is not None:
            self._spawn(self._renew(call))

    async def drive(self, call: _core.Call) -> None:
        """Drive a call to its end, which comes at once when the caller is cancelled."""
        is_apart = False
        try:
            step = call.step(now_ms())
            while step != "done":
                if call.is_fetching:
                    is_apart = True
                    await self._fetch_apart(call)
                    is_apart = False
                else:
                    await self._carry_out(call, step)
                step = call.step(now_ms())
        except BaseException:
            if not is_apart:
                _give_up(call)
            raise

    async def _fetch_apart(self, call: _core.Call) -> None:
        """Others may be waiting for the token; so it is fetched although the caller vanishes."""
        fetch = self._spawn(self._fetch(call))
        try:
            await asyncio.shield(fetch)
        except asyncio.CancelledError:
            fetch.add_done_callback(lambda _: _give_up(call))
            raise

    async def _fetch(self, call: _core.Call) -> None:
        try:
            step = call.step(now_ms())
            while step != "done" and call.is_fetching:
                await self._carry_out(call, step)
                step = call.step(now_ms())
        except BaseException:
            _give_up(call)
            raise

    async def _renew(self, call: _core.Call) -> None:
        """Its errors are remembered in the core, where the next call meets them."""
        try:
            await self._fetch(call)
        except Exception as error:
            _logger.warning("renewing the token failed (%s)", type(error).__name__)
        _give_up(call)

    async def _carry_out(self, call: _core.Call, step: str) -> None:
        if step == "token":
            provider = self._session.token_provider
            assert provider is not None  # else there is no such step
            call.answer_token(await _ask(provider, call.failed_token))
        elif step == "store":
            await self._ask_store(call)
        else:
            await self._send(call)

    async def _send(self, call: _core.Call) -> None:
        if self._engine is None:  # closed by somebody who did not wait for this call
            call.abandon("interrupted", "the client was closed during the call")
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        number = self._engine.start(call, waiter)
        try:
            await waiter
        except BaseException:
            if self._engine is not None:
                self._engine.cancel(number)
            raise

    async def _ask_store(self, call: _core.Call) -> None:
        asked = call.store_request(unix_ms())
        if asked is None:
            return  # the deadline has passed
        action, key, value, life_ms = asked
        arguments: dict[str, tuple[Any, ...]] = {"get": (key,), "delete": (key, value)}
        given = arguments.get(action, (key, value, life_ms / MILLISECONDS))
        answer: dict[str, Any] = {}
        try:
            found = await _ask(getattr(self._session.token_store, action), *given)
            answer = {"value": _text(found)} if action == "get" else {"stored": bool(found)}
        except Exception as error:
            _logger.warning(_core.STORE_WARNING, type(error).__name__)
            answer = {"failed": True}
        call.answer_store(now_ms(), unix_ms(), **answer)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._apart.add(task)
        task.add_done_callback(self._apart.discard)
        return task

    # ---- The end

    async def close(self) -> None:
        """Wait for the calls that are under way, and end what goes on beside them."""
        self.is_closed = True
        try:
            await self._idle.wait()
        finally:
            apart = list(self._apart)
            for task in apart:
                task.cancel()
            self.end()
        if apart:
            await asyncio.wait(apart)

    def end(self) -> bool:
        """Break everything off. Returns whether nobody had closed a client that was used."""
        was_open = self._loop is not None and not self.is_closed
        self.is_closed = True
        if self._pid != os.getpid():
            return False  # all of it is the parent's
        loop, engine = self._loop, self._engine
        self._loop = self._engine = None
        if engine is not None:
            engine.close()
            if loop is not None and not loop.is_closed():
                loop.call_soon_threadsafe(_forget, loop, self._number, engine)
        return was_open


def _take(reference: "weakref.ref[Driver]") -> None:
    driver = reference()
    if driver is not None and driver._engine is not None:
        _tell(driver._engine)


def _tell(engine: "_core.Engine[asyncio.Future[None]]") -> None:
    """Tell those whose calls have come back."""
    while (waiter := engine.take()) is not None:
        if not waiter.done():
            waiter.set_result(None)


def _forget(
    loop: asyncio.AbstractEventLoop, number: int, engine: "_core.Engine[asyncio.Future[None]]"
) -> None:
    """Its descriptor must stay open until the loop does not look at it any more: a loop that went
    on looking would be deaf to the next one of that number."""
    loop.remove_reader(number)
    _tell(engine)


def _give_up(call: _core.Call) -> None:
    """End a call that nobody waits for; one that the engine has ends there."""
    with suppress(RuntimeError):
        call.abandon("interrupted", "the caller ended the call")


async def _ask(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function of the caller's: one that may block, in a thread."""
    if iscoroutinefunction(function):
        return await function(*arguments)
    answer = await asyncio.to_thread(function, *arguments)
    return await answer if isawaitable(answer) else answer


def _text(value: object) -> str | None:
    """What a store has given; what it raises is not shown to anybody."""
    if value is not None and (not isinstance(value, str) or "\0" in value):
        raise TypeError("what token_store.get returns must be a str or None")
    if value is not None:
        value.encode()
    return value


_drivers: "weakref.WeakSet[Driver]" = weakref.WeakSet()
_ended: "list[_core.Engine[Any]]" = []


@atexit.register
def _end_all() -> None:
    """A thread that libcurl runs in must not outlive the interpreter.

    A loop may still run, in a thread that nobody waits for: it is not told of its calls' end.
    """
    for driver in list(_drivers):
        engine, driver._engine = driver._engine, None
        if engine is not None:
            engine.close()
            _ended.append(engine)

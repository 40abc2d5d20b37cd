"""Many pictures at once on an event loop, with a task for each call in flight (see many.py)."""

import asyncio
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
)
from typing import Generic

from .cards import Card
from .many import Intake, Item, Outcome, check_arguments, keywords_of, release_frames


def recognize_many(
    recognize: Callable[..., Awaitable[Card]],
    pictures: Iterable[Item] | AsyncIterable[Item],
    *,
    concurrency: int,
    picture_type: str | None,
    stop_early: bool,
) -> AsyncGenerator[tuple[Item, Outcome], None]:
    """What :meth:`wxidcard.AsyncClient.recognize_many` does, over any ``recognize``."""
    check_arguments(pictures, concurrency, picture_type)
    source = aiter(pictures) if isinstance(pictures, AsyncIterable) else _Awaited(iter(pictures))
    return _outcomes(source, _Calls(recognize, picture_type, Intake(concurrency, stop_early)))


class _Awaited(AsyncIterator[Item]):
    """An iterator, asynchronous; it keeps nothing of what it gave."""

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items

    async def __anext__(self) -> Item:
        try:
            return next(self._items)
        except StopIteration:
            raise StopAsyncIteration from None


async def _outcomes(
    source: AsyncIterator[Item], calls: "_Calls[Item]"
) -> AsyncGenerator[tuple[Item, Outcome], None]:
    # No picture may stay in a variable of this frame, which lives on while the caller works.
    calls.begin(source)
    try:
        while await calls.has_more():
            yield calls.next()
        if calls.intake.problem is not None:
            raise calls.intake.problem
    finally:
        await calls.end()


class _Calls(Generic[Item]):
    """Calls in flight, and their outcomes until somebody wants them."""

    _feeder: asyncio.Task[None]

    def __init__(
        self, recognize: Callable[..., Awaitable[Card]], picture_type: str | None, intake: Intake
    ) -> None:
        self.intake = intake
        self._recognize = recognize
        self._picture_type = picture_type
        self._finished: deque[tuple[Item, Outcome]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self._is_left = False
        self._room = asyncio.Event()
        self._news = asyncio.Event()

    def begin(self, source: AsyncIterator[Item]) -> None:
        """Begin to take pictures, in a task beside: a slow iterable holds no outcome back."""
        self._feeder = asyncio.create_task(self._feed(source))
        self._feeder.add_done_callback(lambda _: self._news.set())

    async def _feed(self, source: AsyncIterator[Item]) -> None:
        try:
            while await self._may_take():
                task = asyncio.create_task(self._run(await anext(source)))
                self.intake.taken()
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                await asyncio.sleep(0)  # hundreds at once would hold the loop up
        except StopAsyncIteration:
            self.intake.end()
        except Exception as problem:
            self.intake.end(problem)
        except BaseException as failure:
            if not self.intake.has_ended:
                self._fail(failure)
            raise

    async def _may_take(self) -> bool:
        while not self.intake.is_open and not self.intake.has_ended:
            self._room.clear()
            await self._room.wait()
        return not self.intake.has_ended

    async def _run(self, item: Item) -> None:
        try:
            self._finish(item, await self._recognize(**keywords_of(item, self._picture_type)))
        except Exception as problem:
            release_frames(problem)
            self._finish(item, problem)
        except BaseException as failure:  # of a token provider that wants the program to end
            self._fail(failure)
            raise
        finally:
            del item  # see release_frames()

    def _finish(self, item: Item, outcome: Outcome) -> None:
        self.intake.finished(outcome)
        self._finished.append((item, outcome))
        self._news.set()
        if self.intake.has_ended:
            self._feeder.cancel()  # it may be waiting for a picture

    def _fail(self, failure: BaseException) -> None:
        if not self._is_left:  # else it is only that the task was cancelled
            self._failure = failure
            self._news.set()

    async def has_more(self) -> bool:
        """Wait for an outcome; False if there will be none any more."""
        await asyncio.sleep(0)  # as many as have finished at once would hold the loop up
        while not self._finished:
            if self._failure is not None:
                raise self._failure
            if self._feeder.done() and self.intake.is_empty:
                return False
            self._news.clear()
            await self._news.wait()
        return True

    def next(self) -> tuple[Item, Outcome]:
        """An outcome, to be handed out: there is room for one more picture."""
        self.intake.consumed()
        self._room.set()
        return self._finished.popleft()

    async def end(self) -> None:
        """Break off what nobody wants any more."""
        self._is_left = True
        under_way = [task for task in (self._feeder, *self._tasks) if not task.done()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

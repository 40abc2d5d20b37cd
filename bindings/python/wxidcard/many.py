"""Many pictures at once: what does not depend on threads or event loops, and the threads.

An *intake* decides whether another picture is to be taken; :func:`keywords_of` and
:func:`release_frames` treat what goes into a call and what comes out of it. Every client that
recognises many uses these.
"""

import itertools
import os
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from . import _core
from .cards import Card
from .errors import CredentialError, PermissionDeniedError, QuotaExceededError

if TYPE_CHECKING:
    from .client import Picture

Item = TypeVar("Item", bound="Picture | Mapping[str, Any]")
Outcome: TypeAlias = Card | Exception
"""What came of one picture."""

CONCURRENCY = 16
"""How many pictures are held at once, unless the caller says."""
# After one of these every further call of the same account would fail as well.
HOPELESS = (CredentialError, PermissionDeniedError, QuotaExceededError)
# A call is made of it, and never sent, so that the core judges what is said of a picture.
NO_PICTURE = b"\xff\xd8\xff"


def check_arguments(pictures: object, concurrency: object, picture_type: str | None) -> None:
    """Raise what is wrong with the arguments of ``recognize_many``: TypeError or ValueError."""
    one = (str, bytes, bytearray, memoryview, Mapping, os.PathLike)
    if isinstance(pictures, one) or hasattr(pictures, "read"):
        raise TypeError(
            f"pictures must be an iterable of pictures, and not one {type(pictures).__name__}; "
            "write [picture]"
        )
    if isinstance(concurrency, bool) or not isinstance(concurrency, int):
        raise TypeError(f"concurrency must be an int, not {type(concurrency).__name__}")
    if concurrency < 1:
        raise ValueError("concurrency must be at least 1: it is how many calls run side by side")
    _core.Session(access_token="unused").recognition(0, 0, image=NO_PICTURE, type=picture_type)


def keywords_of(item: object, picture_type: str | None) -> dict[str, Any]:
    """The keywords of ``recognize`` for an item; those of its own go before ``picture_type``."""
    if isinstance(item, Mapping):
        return {"type": picture_type, **item}
    return {"image": item, "type": picture_type}


def release_frames(problem: BaseException) -> None:
    """Let a traceback keep its lines and not its variables, of which one is the picture.

    It clears frames that have ended. Of one that still runs, or has called these, the picture must
    be deleted by itself: frames hold their callers.
    """
    traceback.clear_frames(problem.__traceback__)


class Intake:
    """Whether another picture may be taken: counts what is held, and knows why to take no more.

    A picture is held from :meth:`taken` until :meth:`consumed`: while its call runs, and while its
    outcome waits for whoever wanted it.
    """

    def __init__(self, concurrency: int, stop_early: bool) -> None:
        self._concurrency = concurrency
        self._stop_early = stop_early
        self._ended = False
        self._held = 0
        self.problem: Exception | None = None
        """What the caller's iterable raised: to be raised when nothing is held any more."""

    @property
    def is_open(self) -> bool:
        """Whether another picture may be taken now."""
        return not self._ended and self._held < self._concurrency

    @property
    def has_ended(self) -> bool:
        """Whether no picture will be taken any more."""
        return self._ended

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held."""
        return self._held == 0

    def taken(self) -> None:
        """A picture was taken."""
        self._held += 1

    def finished(self, outcome: Outcome) -> None:
        """A call has ended, whether or not its outcome was consumed."""
        if self._stop_early and isinstance(outcome, HOPELESS):
            self._ended = True

    def consumed(self) -> None:
        """The outcome of a picture is handed out."""
        self._held -= 1

    def end(self, problem: Exception | None = None) -> None:
        """The iterable has ended, or raised ``problem``."""
        self._ended = True
        self.problem = problem


def recognize_many(
    recognize: Callable[..., Card],
    pictures: Iterable[Item],
    *,
    concurrency: int,
    picture_type: str | None,
    stop_early: bool,
) -> Generator[tuple[Item, Outcome], None, None]:
    """What :meth:`wxidcard.Client.recognize_many` does, over any blocking ``recognize``."""
    check_arguments(pictures, concurrency, picture_type)
    calls: _Calls[Item] = _Calls(recognize, picture_type)
    return _outcomes(iter(pictures), calls, Intake(concurrency, stop_early))


def _outcomes(
    source: Iterator[Item], calls: "_Calls[Item]", intake: Intake
) -> Generator[tuple[Item, Outcome], None, None]:
    # No picture may stay in a variable of this frame, which lives on while the caller works.
    finished: deque[tuple[Item, Outcome]] = deque()
    try:
        while True:
            # For each outcome that was consumed one picture is taken before the next is handed out,
            # so that calls go on while the caller works; and more as long as none has finished, so
            # that a slow iterable holds no outcome back for longer than it takes over one picture.
            _collect(calls, intake, finished)
            _take(source, calls, intake)
            _collect(calls, intake, finished)
            while intake.is_open and not finished:
                _take(source, calls, intake)
                _collect(calls, intake, finished)
            if not finished:
                if intake.is_empty:
                    break
                _collect(calls, intake, finished, wait=True)
            intake.consumed()
            yield finished.popleft()
        if intake.problem is not None:
            raise intake.problem
    finally:
        calls.abandon()


def _take(source: Iterator[Item], calls: "_Calls[Item]", intake: Intake) -> None:
    """Take a picture, if one may be taken and there is one, and begin its call."""
    if not intake.is_open:
        return
    try:
        item = next(source)
    except StopIteration:
        intake.end()
    except Exception as problem:
        intake.end(problem)
    else:
        intake.taken()
        calls.begin(item)


def _collect(
    calls: "_Calls[Item]",
    intake: Intake,
    finished: deque[tuple[Item, Outcome]],
    wait: bool = False,
) -> None:
    """Move all outcomes that are there, after waiting for the first, to ``finished``."""
    for item, outcome in calls.ended(wait):
        intake.finished(outcome)
        finished.append((item, outcome))


class _Calls(Generic[Item]):
    """Calls, each in a thread of its own, which ends with it.

    So there are as many threads as calls in flight, and none that waits for work: nothing has to
    tell it when there will be no more. Starting one costs little beside a call. They are daemons,
    so that after Ctrl-C the process ends without waiting for calls whose outcome nobody wants.
    """

    def __init__(self, recognize: Callable[..., Card], picture_type: str | None) -> None:
        self._recognize = recognize
        self._picture_type = picture_type
        # It has no lock of Python's: a thread may put into it what a garbage collection frees.
        self._ended: SimpleQueue[tuple[Item, Outcome] | BaseException] = SimpleQueue()
        self._names = itertools.count(1)
        self._is_abandoned = False

    def begin(self, item: Item) -> None:
        """Begin a call; that no thread can be had is its outcome."""
        name = f"wxidcard.recognize_many-{next(self._names)}"
        try:
            threading.Thread(target=self._run, args=(item,), name=name, daemon=True).start()
        except RuntimeError as problem:
            self._ended.put((item, problem.with_traceback(None)))  # which has the item in it

    def ended(self, wait: bool) -> Iterator[tuple[Item, Outcome]]:
        """What has ended; with ``wait`` at least one. Raises what is no Exception."""
        while wait or not self._ended.empty():
            wait = False
            ended = self._ended.get()
            if isinstance(ended, BaseException):
                raise ended
            if isinstance(ended[1], Exception):
                release_frames(ended[1])
            yield ended

    def abandon(self) -> None:
        """Nobody wants further outcomes: what has not begun does not begin."""
        self._is_abandoned = True

    def _run(self, item: Item) -> None:
        try:
            if not self._is_abandoned:
                self._ended.put((item, self._call(item)))
        except BaseException as problem:  # of a token provider that wants the program to end
            self._ended.put(problem)
        finally:
            del item  # see release_frames()

    def _call(self, item: Item) -> Outcome:
        try:
            return self._recognize(**keywords_of(item, self._picture_type))
        except Exception as problem:
            return problem

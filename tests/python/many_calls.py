"""What the tests of many calls at once use: iterables that count, and a gate before the answers."""

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from given import JPEG
from scripted import CARD, Reply, Request, ScriptedService, reply


def wait_until(happened: Callable[[], bool]) -> None:
    """Return once it has happened; fail after 20 s."""
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.001)


def threads_of_calls() -> list[threading.Thread]:
    """The threads that recognize_many has begun and that have not ended."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("wxidcard.")]


def named(request: Request) -> Reply:
    """Answers with a card whose name stands behind the picture."""
    return reply({"errcode": 0, "type": "Front", "name": request.picture[len(JPEG) :].decode()})


def card(request: Request) -> Reply:
    """Answers with a card, which is always the same."""
    return reply({"errcode": 0, **CARD})


class Taken:
    """An iterable of pictures that counts what is taken from it, and against ``consumed``."""

    def __init__(self, count: int, before_each: Callable[[], object] = lambda: None) -> None:
        self.taken = 0
        self.consumed = 0
        self.most_held = 0
        self._count = count
        self._before_each = before_each

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self._count):
            self._before_each()
            self.taken += 1
            self.most_held = max(self.most_held, self.taken - self.consumed)
            yield JPEG


class Gate:
    """Holds the answers of a service until it is opened, and counts the requests that wait."""

    def __init__(self, service: ScriptedService, answer: Callable[[Request], Reply] = card) -> None:
        self._condition = threading.Condition()
        self._is_open = False
        self._waiting = 0
        self.most_at_once = 0
        service.otherwise = lambda request: self.pass_through(answer(request))

    def pass_through(self, answer: Reply) -> Reply:
        with self._condition:
            self._waiting += 1
            self.most_at_once = max(self.most_at_once, self._waiting)
            self._condition.notify_all()
            self._condition.wait_for(lambda: self._is_open, 20)
            self._waiting -= 1
        return answer

    def wait_for(self, count: int) -> None:
        """Wait until so many requests wait."""
        with self._condition:
            assert self._condition.wait_for(lambda: self._waiting == count, 20)

    def open(self) -> None:
        with self._condition:
            self._is_open = True
            self._condition.notify_all()

    @contextlib.contextmanager
    def consuming(
        self, outcomes: Generator[Any, None, None], raises: Exception | None = None
    ) -> Iterator[list[Any]]:
        """Consume ``outcomes`` in another thread into the list; all are there in the end."""
        consumed: list[Any] = []
        problems: list[Exception] = []

        def consume() -> None:
            try:
                for pair in outcomes:
                    consumed.append(pair)
            except Exception as problem:
                problems.append(problem)

        thread = threading.Thread(target=consume)
        thread.start()
        try:
            yield consumed
        finally:
            self.open()
            thread.join()
        assert problems == ([] if raises is None else [raises])

"""Each distinct picture is read once, and never on the event loop."""

import asyncio
import threading

import pytest

from wxidcard.sandbox import recognizer, replies
from wxidcard.sandbox.recognizer import Fields, Recognizer
from wxidcard.sandbox.replies import ServiceError

from .support import FRONT, PlainReader


class GatedReader:
    """Reads nothing until the gate opens."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.begun = threading.Semaphore(0)
        self.threads: set[int] = set()
        self.read_count = 0

    def read(self, image: bytes, stopping: threading.Event) -> Fields:
        self.read_count += 1
        self.threads.add(threading.get_ident())
        self.begun.release()
        assert self.gate.wait(20)
        if stopping.is_set():
            raise ServiceError(replies.BUSY)
        return FRONT


def test_same_picture_is_read_once() -> None:
    reader = PlainReader()

    async def run() -> None:
        many = Recognizer(reader)
        await asyncio.gather(*(many.recognize(b"front") for _ in range(50)))
        for _ in range(5):
            with pytest.raises(ServiceError):
                await many.recognize(b"no card")
        many.close()

    asyncio.run(run())
    assert reader.read_count == 2


def test_at_most_two_at_once_and_off_the_loop() -> None:
    reader = GatedReader()

    async def run() -> None:
        many = Recognizer(reader)
        calls = [asyncio.create_task(many.recognize(bytes([number]))) for number in range(6)]
        for _ in range(recognizer.AT_ONCE):
            assert await asyncio.to_thread(reader.begun.acquire, timeout=20)
        assert reader.read_count == recognizer.AT_ONCE
        reader.gate.set()
        await asyncio.gather(*calls)
        many.close()

    asyncio.run(run())
    assert reader.read_count == 6
    assert len(reader.threads) <= recognizer.AT_ONCE
    assert threading.get_ident() not in reader.threads


def test_a_caller_that_leaves_does_not_disturb_the_others() -> None:
    reader = GatedReader()

    async def run() -> None:
        many = Recognizer(reader)
        leaving = asyncio.create_task(many.recognize(b"front"))
        staying = asyncio.create_task(many.recognize(b"front"))
        assert await asyncio.to_thread(reader.begun.acquire, timeout=20)
        leaving.cancel()
        reader.gate.set()
        assert await staying == FRONT
        with pytest.raises(asyncio.CancelledError):
            await leaving
        many.close()

    asyncio.run(run())
    assert reader.read_count == 1


def test_old_outcomes_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognizer, "REMEMBERED", 2)
    reader = PlainReader()

    async def run() -> None:
        many = Recognizer(reader)
        for image in (b"1", b"2", b"1", b"3", b"1", b"2"):
            await many.recognize(image)
        many.close()

    asyncio.run(run())
    assert reader.read_count == 4


def test_what_was_not_read_in_time_is_read_again() -> None:
    class Busy(PlainReader):
        def read(self, image: bytes, stopping: threading.Event) -> Fields:
            super().read(image, stopping)
            raise ServiceError(replies.BUSY)

    reader = Busy()

    async def run() -> None:
        many = Recognizer(reader)
        for _ in range(3):
            with pytest.raises(ServiceError):
                await many.recognize(b"front")
        many.close()

    asyncio.run(run())
    assert reader.read_count == 3

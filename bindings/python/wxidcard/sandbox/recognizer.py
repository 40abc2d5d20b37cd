"""Reading pictures off the event loop, each distinct picture once."""

import asyncio
import hashlib
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from . import replies
from .replies import ServiceError

Fields = dict[str, str]
Outcome = Fields | ServiceError

AT_ONCE = 2
REMEMBERED = 512


class Reader(Protocol):
    """Reads one picture.

    Returns the card's fields, ``type`` among them, or raises ServiceError: 101001 no card,
    101002 not decodable, -1 not read in time. Gives up soon after ``stopping`` is set.
    """

    def read(self, image: bytes, stopping: threading.Event) -> Fields: ...


class Recognizer:
    """Runs a Reader in at most AT_ONCE threads and remembers the newest outcomes.

    Tests send one picture thousands of times; the picture's SHA-256 is the key, and callers
    that come while it is being read wait for the same reading.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._stopping = threading.Event()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="reader")
        self._outcomes: OrderedDict[bytes, Outcome] = OrderedDict()
        self._reading: dict[bytes, asyncio.Future[Outcome]] = {}

    async def recognize(self, image: bytes) -> Fields:
        """Return the fields of the card in ``image``; errors as Reader's."""
        key = hashlib.sha256(image).digest()
        outcome = self._outcomes.get(key)
        if outcome is None:
            outcome = await self._share(key, image)
        else:
            self._outcomes.move_to_end(key)
        if isinstance(outcome, ServiceError):
            # A fresh one, since the raised object collects a traceback for each caller.
            raise ServiceError(outcome.errcode)
        return outcome

    def close(self) -> None:
        """Stop reading; pictures that wait are not begun."""
        self._stopping.set()
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _share(self, key: bytes, image: bytes) -> Outcome:
        future = self._reading.get(key)
        if future is None:
            loop = asyncio.get_running_loop()
            future = asyncio.ensure_future(loop.run_in_executor(self._threads, self._read, image))
            self._reading[key] = future
            future.add_done_callback(lambda done: self._remember(key, done))
        # One caller that goes away must not take the reading from the others.
        return await asyncio.shield(future)

    def _read(self, image: bytes) -> Outcome:
        try:
            return self._reader.read(image, self._stopping)
        except ServiceError as error:
            return error

    def _remember(self, key: bytes, done: asyncio.Future[Outcome]) -> None:
        del self._reading[key]
        if done.cancelled() or done.exception() is not None:
            return
        outcome = done.result()
        if isinstance(outcome, ServiceError) and outcome.errcode == replies.BUSY:
            return
        self._outcomes[key] = outcome
        if len(self._outcomes) > REMEMBERED:
            self._outcomes.popitem(last=False)

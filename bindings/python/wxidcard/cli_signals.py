"""Ctrl-C and SIGTERM: the first lets calls in flight come to their end, the second does not."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Whether the command was told to end, and by which signal."""

    def __init__(self) -> None:
        self.number: int | None = None

    @contextlib.contextmanager
    def watching(self, notify: Callable[[], None], restore: Callable[[], None]) -> Iterator[None]:
        """Note signals meanwhile; ``notify`` is called at the first, ``restore`` at the second.

        Both are called in a signal handler: they may use no stream that is in use outside. A signal
        that was ignored, as in the background of some shells, still is.
        """

        def handle(number: int, frame: FrameType | None) -> None:
            if self.number is None:
                self.number = number
                notify()
                return
            restore()
            # It ends as whoever sent the signal expects, at once, whatever threads are doing.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

        if threading.current_thread() is not threading.main_thread():
            yield  # where signals cannot be handled
            return
        before = {number: signal.getsignal(number) for number in NUMBERS}
        watched = [number for number in NUMBERS if before[number] not in (signal.SIG_IGN, None)]
        try:
            for number in watched:
                signal.signal(number, handle)
            yield
        finally:
            for number in watched:
                signal.signal(number, before[number])

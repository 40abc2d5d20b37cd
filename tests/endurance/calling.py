"""What the drivers of Python have in common: the lines that they read and write, and memory."""

import ctypes
import gc
import json
import os
import sys
import threading
import traceback
from dataclasses import dataclass
from typing import Any

HEAD = b"\xff\xd8\xff\xe0"
_lock = threading.Lock()


def picture_of(call: dict[str, Any]) -> bytes:
    start: bytes = HEAD + call["says"].encode()
    return start.ljust(call["length"], b"x")


def settings_of(task: dict[str, Any]) -> dict[str, Any]:
    """Python's time-outs are seconds."""
    settings = dict(task["settings"])
    for name in ("timeout", "connect_timeout"):
        settings[name] /= 1000
    return settings


def tell(*words: object) -> None:
    """A line on standard output, whole."""
    line = " ".join(map(str, words)) + "\n"
    with _lock:
        os.write(1, line.encode())


def tell_card(call: dict[str, Any], elapsed_ms: float, card: Any) -> None:
    tell(call["number"], elapsed_ms, "card", card["image_crc32"], card["image_length"])


def tell_error(call: dict[str, Any], elapsed_ms: float, error: Any) -> None:
    tell(call["number"], elapsed_ms, "error", error.kind, error.http_status)
    log(call, error)


def tell_raised(call: dict[str, Any], elapsed_ms: float, error: BaseException) -> None:
    tell(call["number"], elapsed_ms, "raised", type(error).__name__)
    log(call, error)


def log(call: dict[str, Any], error: BaseException) -> None:
    """As a program would, with all that the exception shows."""
    shown = f"{call['number']}: {error!r} {vars(error)!r}\n"
    lines = [*traceback.format_exception(error), shown]
    with _lock:
        sys.stderr.writelines(lines)


class Mallinfo2(ctypes.Structure):
    """struct mallinfo2 of <malloc.h>."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
            "fordblks", "keepcost",
        )
    )  # fmt: skip

    hblkhd: int
    uordblks: int


_libc = ctypes.CDLL(None)
_libc.mallinfo2.restype = Mallinfo2


def tell_quiet() -> None:
    """The bytes that malloc has given out, all of Python's with PYTHONMALLOC=malloc."""
    gc.collect()
    _libc.malloc_trim(0)
    info: Mallinfo2 = _libc.mallinfo2()
    tell("quiet", info.uordblks + info.hblkhd)


@dataclass
class Entry:
    """A client, and how many of its tasks are still to come; 0 if it lasts."""

    client: Any
    left: int


class Clients:
    """Those that are open, by their names."""

    def __init__(self, make: Any) -> None:
        self._make = make
        self._entries: dict[str, Entry] = {}
        self._lock = threading.Lock()

    def of(self, task: dict[str, Any]) -> Any:
        with self._lock:
            entry = self._entries.get(task["client"])
            if entry is None:
                entry = Entry(self._make(**settings_of(task)), task["tasks"])
                self._entries[task["client"]] = entry
            return entry.client

    def finished(self, task: dict[str, Any]) -> Any | None:
        """To be told when a task is over: the client, if that was its last."""
        with self._lock:
            entry = self._entries[task["client"]]
            entry.left -= 1
            if entry.left != 0:
                return None
            return self._entries.pop(task["client"]).client

    def take(self, lasting: bool) -> list[Any]:
        """All that are open, when nothing goes on; lasting ones only if that is said."""
        names = [name for name, entry in self._entries.items() if lasting or entry.left > 0]
        return [self._entries.pop(name).client for name in names]


def read_line(line: bytes) -> dict[str, Any]:
    given: dict[str, Any] = json.loads(line)
    return given

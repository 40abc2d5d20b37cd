"""The table of expectations of tests/faults, and what is asserted when a driver meets one of its
cases: the same for all drivers.

tests/c/test_client_faults.c asserts the same of C.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fault_server import FOLDER, FaultServer
from given import JPEG

# Of each call of the table. Retries are off.
TIMEOUT_MS = 600
LATE_MS = 250
# Above the picture, which a caller may hold twice while he makes it.
MEMORY_KIB = 8 << 10
SECRETS = ("canary", "127.0.0.1", "localhost", "/fault/", "1101051949", "北京")
NOTES = "WXIDCARD_FAULT_NOTES"


@dataclass(frozen=True)
class Meeting:
    """A row of the table, met at one of the server's listeners: ``word``, mostly "http" or "https".

    ``length`` is that of the picture in bytes; ``kinds`` are the errors that are right, and without
    any it is the card that is right. ``is_mended``: the fault is met in the first POST only.
    """

    fault: str
    length: int
    word: str
    kinds: tuple[str, ...] = ()
    http_status: int | None = None
    is_mended: bool = False

    @property
    def key(self) -> str:
        return f"{self.fault}/first-1" if self.is_mended else self.fault

    def __str__(self) -> str:
        return f"{self.word} {self.fault} {self.length}"


@dataclass(frozen=True)
class Outcome:
    """What came of a call: a card that is the picture's own (``right``), another's (not ``right``),
    or an error with ``kind``. ``told`` is all that a program can show of the error."""

    elapsed_ms: float
    right: bool | None = None
    kind: str | None = None
    http_status: int | None = None
    told: str = ""


def _words(case: dict[str, Any]) -> tuple[str, ...]:
    if "listener" in case:
        return (case["listener"],)
    return ("http", "https") if case["by_tls"] else ("http",)


def _meetings() -> Iterator[Meeting]:
    table = json.loads((FOLDER / "expectations.json").read_text(encoding="utf-8"))
    for case in table["cases"]:
        for word in _words(case):
            kinds = tuple(case["kinds"])
            yield Meeting(case["fault"], case["length"], word, kinds, case["http_status"], True)
    for case in table["right"]:
        for word in _words(case):
            yield Meeting(case["fault"], case["length"], word)
    for case in table["refused"]:
        yield Meeting("ok", 2000, case["listener"], tuple(case["kinds"]))


MEETINGS = list(_meetings())
each_meeting = pytest.mark.parametrize("meeting", MEETINGS, ids=str)


class Process:
    """What a process holds, by /proc: ``grown_kib`` at most since this was made."""

    def __init__(self, number: int) -> None:
        self._folder = Path(f"/proc/{number}")
        (self._folder / "clear_refs").write_text("5")  # the peak begins anew
        self._resident_kib = self._status("VmRSS")

    def _status(self, name: str) -> int:
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name))

    @property
    def grown_kib(self) -> int:
        return self._status("VmHWM") - self._resident_kib


def descriptors(number: int) -> int:
    return len(os.listdir(f"/proc/{number}/fd"))


def picture_of(length: int, number: int) -> bytes:
    """A picture as far as the library looks, of that many bytes, another for each number."""
    return (JPEG[:-2] + f"{number:012}".encode()).ljust(length, b"x")


def survive(
    driver: str,
    meeting: Meeting,
    server: FaultServer,
    call: Callable[[int, int], Outcome],
    process: int,
) -> None:
    """Meet a fault, and have the next call of the same client succeed once the fault is mended.

    ``call`` is given the length and the number of a picture; its client's base URL has
    ``meeting.key``. ``process`` is the one that calls.
    """
    server.reset()
    memory = Process(process)
    met = call(meeting.length, 1)
    # A sanitizer holds back what was freed.
    if "asan" not in os.environ.get("LD_PRELOAD", ""):
        assert memory.grown_kib <= MEMORY_KIB + 2 * meeting.length // 1024, memory.grown_kib
    assert met.elapsed_ms <= TIMEOUT_MS + LATE_MS, met
    if meeting.kinds:
        assert met.kind in meeting.kinds, met
        assert met.http_status == meeting.http_status, met
        told = [secret for secret in SECRETS if secret in met.told]
        assert not told, f"the error gives away {told}"
    else:
        assert met.right, met
    if meeting.is_mended:
        clean = call(3000, 2)
        assert clean.right, clean
    posts = server.seen(meeting.key)["posts_begun"]
    if meeting.kinds and not meeting.is_mended:
        assert server.seen(f"listener/{meeting.word}")["bytes"] == posts == 0
    else:
        assert posts == 1 + meeting.is_mended, f"{posts} POSTs"
    assert server.seen("listener/other")["bytes"] == 0, "a redirect was followed"
    note(driver, meeting)


def note(driver: str, meeting: object) -> None:
    """For the check that every driver has met every case."""
    if path := os.environ.get(NOTES):
        with open(path, "a", encoding="utf-8") as notes:
            notes.write(f"{driver} {meeting}\n")

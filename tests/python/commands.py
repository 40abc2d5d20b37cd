"""The command as a process of its own, its surroundings, and what it wrote."""

import csv
import io
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from typing import Any

from given import JPEG
from scripted import Reply, Request, reply

# In the background of some shells SIGINT is ignored, which children inherit.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from wxidcard.cli import main
sys.exit(main())
"""
WITHOUT_RICH = "import sys; sys.modules['rich'] = None\n" + PROGRAM


# What changes what a command prints, and how.
CHANGING = (
    *("WXIDCARD_", "LC_", "LANG", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"),
    *("PYTHONUNBUFFERED", "PYTHONUTF8", "PYTHONIOENCODING"),
)


def variables(url: str, **more: str) -> dict[str, str]:
    """The environment of a command that asks the service at ``url``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(CHANGING)}
    own = {"WXIDCARD_BASE_URL": url, "WXIDCARD_ACCESS_TOKEN": "canary_token", "LANG": "C.UTF-8"}
    return {**kept, **own, **more}


@contextmanager
def command(
    url: str, *arguments: str | Path, program: str = PROGRAM, cwd: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """``wxidcard`` with arguments, its output in pipes; it is ended when it is left."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=variables(url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def run(url: str, *arguments: str | Path, program: str = PROGRAM) -> tuple[int, str, str]:
    """Its exit status, and what it said on standard output and error."""
    with command(url, *arguments, program=program) as running:
        output, problems = running.communicate(timeout=60)
    return running.returncode, output, problems


def run_on_terminal(
    url: str,
    width: int,
    *arguments: str | Path,
    program: str = PROGRAM,
    meanwhile: Callable[[subprocess.Popen[bytes]], None] = lambda running: None,
    **more: str,
) -> tuple[int, str]:
    """The same on a terminal; the exit status, and all that the terminal was sent.

    ``meanwhile`` is called with the process before anything is read.
    """
    leader, follower = pty.openpty()
    ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=variables(url, TERM="xterm-256color", **more),
        stdin=follower,
        stdout=follower,
        stderr=follower,
    ) as running:
        os.close(follower)
        try:
            meanwhile(running)
            sent = _read_all(leader)
            return running.wait(timeout=60), sent
        finally:
            running.kill()
            os.close(leader)


def _read_all(leader: int) -> str:
    sent = b""
    deadline = time.monotonic() + 60
    while select.select([leader], [], [], max(deadline - time.monotonic(), 0))[0]:
        try:
            read = os.read(leader, 65536)
        except OSError:  # how a terminal says that nobody has it open any more
            break
        if not read:
            break
        sent += read
    return sent.decode().replace("\r\n", "\n")


def make_folder(folder: Path, count: int, bad: Sequence[int] = ()) -> list[str]:
    """Make pictures, each of other bytes, those of ``bad`` no pictures; the paths, sorted."""
    folder.mkdir()
    for number in range(count):
        content = b"no picture" if number in bad else JPEG + f"number {number}".encode()
        (folder / f"{number:03}.jpg").write_bytes(content)
    return sorted(str(path) for path in folder.iterdir())


def card_of(number: int) -> dict[str, Any]:
    """The card that stands on picture ``number`` of such a folder."""
    return {"type": "Front", "name": f"张{number}", "id": "11010519491231002X"}


def answer_by_number(request: Request) -> Reply:
    """What the service answers to one of them."""
    return reply({"errcode": 0, **card_of(number_of(request))})


def number_of(request: Request) -> int:
    """Which picture of the folder was sent."""
    return int(request.picture.removeprefix(JPEG + b"number "))


def records_in(text: str, form: str) -> list[dict[str, Any]]:
    """The records of a file: picture and card, or picture and error."""
    if form == "csv":
        return [_record_of_row(row) for row in csv.DictReader(io.StringIO(text.lstrip("\ufeff")))]
    if form == "json":
        records: list[dict[str, Any]] = json.loads(text)
        return records
    return [json.loads(line) for line in text.splitlines()]


def _record_of_row(row: dict[str, str]) -> dict[str, Any]:
    if row["error"]:
        return {"picture": row["picture"], "error": {"kind": row["error"]}}
    names = ("type", "name", "id")
    return {"picture": row["picture"], "card": {name: row[name] for name in names}}


def cards_in(path: Path, form: str) -> dict[str, dict[str, Any]]:
    """The cards of a file by picture; none may be there twice."""
    records = [r for r in records_in(path.read_text(encoding="utf-8"), form) if "card" in r]
    cards = {record["picture"]: record["card"] for record in records}
    assert len(cards) == len(records)
    return cards

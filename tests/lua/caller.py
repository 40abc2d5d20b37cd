"""A Lua program that makes the calls which a test in Python asks for."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

from fault_cases import Outcome, descriptors, picture_of

PROGRAM = Path(__file__).with_name("support") / "caller.lua"


class Caller:
    """A Lua program with one client."""

    def __init__(self, lua: str, folder: Path) -> None:
        self.lua = lua
        self.picture = folder / "picture"
        self.process = subprocess.Popen(
            [lua, PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._ask()  # it runs
        self.descriptors = descriptors(self.process.pid)

    def _ask(self, **what: object) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def make_client(self, **settings: object) -> None:
        self._ask(settings=settings)

    def close_client(self) -> None:
        self._ask(closes=True)

    def recognize(self, length: int, number: int) -> Outcome:
        content = picture_of(length, number)
        self.picture.write_bytes(content)
        began = time.monotonic()
        answer = self._ask(picture=str(self.picture))
        elapsed_ms = (time.monotonic() - began) * 1000
        if "kind" in answer:
            return Outcome(elapsed_ms, **answer)
        return Outcome(elapsed_ms, answer.get("crc32") == crc32(content))

    def end(self) -> None:
        """Its standard input ends, and so does it, well."""
        self.process.communicate(timeout=20)
        assert self.process.returncode == 0


@contextmanager
def several_callers(lua: str, count: int, folder: Path) -> Iterator[list[Caller]]:
    """A program makes one call at a time, so for calls side by side there are several."""
    with ExitStack() as stack:
        callers = []
        for number in range(count):
            (folder / str(number)).mkdir()
            callers.append(Caller(lua, folder / str(number)))
            stack.callback(callers[-1].end)
        yield callers

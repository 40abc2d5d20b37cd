"""Each fault of tests/faults, met by plain Lua: a program that makes calls, for each Lua."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from fault_cases import (
    TIMEOUT_MS,
    Meeting,
    Outcome,
    descriptors,
    each_meeting,
    picture_of,
    survive,
)
from fault_server import FaultServer, fault_server
from given import TOKEN

LUAS = ("lua5.1", "luajit", "lua5.3", "lua5.4")
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
        if "crc32" in answer:
            return Outcome(elapsed_ms, answer["crc32"] == crc32(content))
        return Outcome(elapsed_ms, **answer)

    def end(self) -> None:
        """Its standard input ends, and so does it, well."""
        self.process.communicate(timeout=20)
        assert self.process.returncode == 0


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with fault_server() as started:
        yield started


@pytest.fixture(scope="module", params=LUAS)
def caller(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Caller]:
    started = Caller(request.param, tmp_path_factory.mktemp("lua"))
    yield started
    started.end()


@each_meeting
def test_client(meeting: Meeting, server: FaultServer, caller: Caller) -> None:
    caller.make_client(
        access_token=TOKEN,
        base_url=server.url(meeting.key, meeting.word),
        timeout=TIMEOUT_MS,
        connect_timeout=500,
        max_retries=0,
        ca_file=server.words["ca"],
    )
    try:
        survive(caller.lua, meeting, server, caller.recognize, caller.process.pid)
    finally:  # what it holds would be the next one's
        caller.close_client()
    assert descriptors(caller.process.pid) == caller.descriptors

"""Each fault of tests/faults, met by plain Lua: a program that makes calls, for each Lua."""

import queue
from collections.abc import Iterator
from pathlib import Path

import pytest
from caller import Caller, several_callers

import patience
from fault_cases import (
    TIMEOUT_MS,
    Meeting,
    Outcome,
    descriptors,
    each_meeting,
    survive,
)
from fault_server import FaultServer, fault_server
from given import TOKEN

LUAS = ("lua5.1", "luajit", "lua5.3", "lua5.4")


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


@pytest.mark.parametrize("lua", LUAS)
def test_posts(lua: str, server: FaultServer, tmp_path: Path) -> None:
    idle: queue.Queue[Caller] = queue.Queue()

    def call(meeting: patience.Meeting) -> Outcome:
        caller = idle.get()
        caller.make_client(
            access_token=TOKEN,
            base_url=server.url(meeting.fault, meeting.word),
            timeout=patience.TIMEOUT_MS,
            connect_timeout=patience.CONNECT_MS,
            ca_file=server.words["ca"],
        )
        met = caller.recognize(meeting.length, 1)
        caller.close_client()
        idle.put(caller)
        return met

    with several_callers(lua, patience.AT_ONCE, tmp_path) as callers:
        for each in callers:
            idle.put(each)
        patience.meet_side_by_side(lua, server, call)

"""Each fault of tests/faults, met by Client and by AsyncClient."""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from zlib import crc32

import pytest

import canaries
import patience
import wxidcard
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

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with fault_server() as started:
        yield started


def settings_for(meeting: Meeting, server: FaultServer) -> dict[str, Any]:
    return {
        "access_token": TOKEN,
        "base_url": server.url(meeting.key, meeting.word),
        "timeout": TIMEOUT_MS / 1000,
        "connect_timeout": 0.5,
        "max_retries": 0,
        "ca_file": server.words["ca"],
    }


def patient_settings(meeting: patience.Meeting, server: FaultServer) -> dict[str, Any]:
    return {
        "access_token": TOKEN,
        "base_url": server.url(meeting.fault, meeting.word),
        "timeout": patience.TIMEOUT_MS / 1000,
        "connect_timeout": patience.CONNECT_MS / 1000,
        "ca_file": server.words["ca"],
    }


def failed(began: float, error: wxidcard.Error) -> Outcome:
    elapsed_ms = (time.monotonic() - began) * 1000
    told = "\n".join(canaries.texts_of(error))
    return Outcome(elapsed_ms, None, error.kind, error.http_status, told)


def succeeded(began: float, card: Any, picture: bytes) -> Outcome:
    elapsed_ms = (time.monotonic() - began) * 1000
    return Outcome(elapsed_ms, card.get("image_crc32") == crc32(picture))


def outcome_of(recognize: Callable[[bytes], Any], picture: bytes) -> Outcome:
    began = time.monotonic()
    try:
        card = recognize(picture)
    except wxidcard.Error as error:
        return failed(began, error)
    return succeeded(began, card, picture)


async def outcome_of_async(client: wxidcard.AsyncClient, picture: bytes) -> Outcome:
    began = time.monotonic()
    try:
        card = await client.recognize(picture)
    except wxidcard.Error as error:
        return failed(began, error)
    return succeeded(began, card, picture)


@each_meeting
def test_client(meeting: Meeting, server: FaultServer) -> None:
    before = descriptors(os.getpid())
    with wxidcard.Client(**settings_for(meeting, server)) as client:
        survive(
            "python",
            meeting,
            server,
            lambda length, number: outcome_of(client.recognize, picture_of(length, number)),
            os.getpid(),
        )
    assert descriptors(os.getpid()) == before


@pytest.mark.parametrize("run", ["asyncio"], indirect=True)
@each_meeting
def test_async_client(meeting: Meeting, server: FaultServer, run: Run) -> None:
    run(asyncio.sleep(0))  # the loop makes its own with the first thing it runs
    before = descriptors(os.getpid())
    client = wxidcard.AsyncClient(**settings_for(meeting, server))

    def recognize(picture: bytes) -> Any:
        return run(client.recognize(picture))

    try:
        survive(
            "python-async",
            meeting,
            server,
            lambda length, number: outcome_of(recognize, picture_of(length, number)),
            os.getpid(),
        )
    finally:
        run(client.aclose())
    assert descriptors(os.getpid()) == before


def test_posts_of_client(server: FaultServer) -> None:
    def call(meeting: patience.Meeting) -> Outcome:
        with wxidcard.Client(**patient_settings(meeting, server)) as client:
            return outcome_of(client.recognize, picture_of(meeting.length, 1))

    patience.meet_side_by_side("python", server, call)


@pytest.mark.parametrize("run", ["asyncio"], indirect=True)
def test_posts_of_async_client(server: FaultServer, run: Run) -> None:
    async def call(meeting: patience.Meeting, turn: asyncio.Semaphore) -> Outcome:
        picture = picture_of(meeting.length, 1)
        async with turn, wxidcard.AsyncClient(**patient_settings(meeting, server)) as client:
            return await outcome_of_async(client, picture)

    async def meet() -> list[Outcome]:
        turn = asyncio.Semaphore(patience.AT_ONCE)
        return await asyncio.gather(*(call(meeting, turn) for meeting in patience.MEETINGS))

    server.reset()
    patience.check_posts("python-async", server, run(meet()))

"""A second answer to each of ten thousand calls is nobody's card."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any
from zlib import crc32

import pytest

import wxidcard
from fault_cases import Outcome, picture_of
from fault_server import FaultServer, fault_server
from given import TOKEN
from late_answers import AT_ONCE, CLIENTS, FAULT, LENGTH, check_late_answers, numbers_of


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with fault_server() as started:
        yield started


def settings_for(server: FaultServer) -> dict[str, Any]:
    return {
        "access_token": TOKEN,
        "base_url": server.url(FAULT),
        "timeout": 20,
        "max_retries": 0,
    }


def test_client(server: FaultServer) -> None:
    def call_some_times(number: int) -> list[Outcome]:
        with wxidcard.Client(**settings_for(server)) as client:
            return [recognize(client, each) for each in numbers_of(number)]

    def recognize(client: wxidcard.Client, number: int) -> Outcome:
        picture = picture_of(LENGTH, number)
        try:
            card = client.recognize(picture)
        except wxidcard.Error as error:
            return Outcome(0, None, error.kind)
        return Outcome(0, card["image_crc32"] == crc32(picture))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = pool.map(call_some_times, range(CLIENTS))
        check_late_answers(server, chain.from_iterable(outcomes))


@pytest.mark.parametrize("run", ["asyncio"], indirect=True)
def test_async_client(server: FaultServer, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
    async def call_some_times(numbers: Iterator[int]) -> list[Outcome]:
        met = []
        for number in numbers:
            async with wxidcard.AsyncClient(**settings_for(server)) as client:
                met += [await recognize(client, each) for each in numbers_of(number)]
        return met

    async def recognize(client: wxidcard.AsyncClient, number: int) -> Outcome:
        picture = picture_of(LENGTH, number)
        try:
            card = await client.recognize(picture)
        except wxidcard.Error as error:
            return Outcome(0, None, error.kind)
        return Outcome(0, card["image_crc32"] == crc32(picture))

    async def call() -> list[list[Outcome]]:
        numbers = iter(range(CLIENTS))  # each of those side by side takes the next one
        return await asyncio.gather(*(call_some_times(numbers) for _ in range(AT_ONCE)))

    check_late_answers(server, chain.from_iterable(run(call())))

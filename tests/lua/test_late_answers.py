"""A second answer to each of ten thousand calls of plain Lua is nobody's card.

One Lua is enough: who keeps connections, and finds these answers, is libcurl's driver, which all of
them share. Those beside it meet the same in test_faults.py.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from caller import Caller, several_callers

from fault_cases import Outcome
from fault_server import fault_server
from given import TOKEN
from late_answers import AT_ONCE, CLIENTS, FAULT, LENGTH, check_late_answers, numbers_of


def test_luajit(tmp_path: Path) -> None:
    numbers = iter(range(CLIENTS))  # each of them takes the next one

    def call_some_times(caller: Caller) -> Iterator[Outcome]:
        for number in numbers:
            caller.make_client(access_token=TOKEN, base_url=server.url(FAULT), max_retries=0)
            for each in numbers_of(number):
                yield caller.recognize(LENGTH, each)
            caller.close_client()

    with (
        fault_server() as server,
        several_callers("luajit", AT_ONCE, tmp_path) as callers,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        outcomes = pool.map(lambda caller: list(call_some_times(caller)), callers)
        check_late_answers(server, chain.from_iterable(outcomes))

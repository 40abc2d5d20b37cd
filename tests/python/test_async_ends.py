"""How an AsyncClient ends: closed, not closed, with its loop, with the interpreter, in a forked
child. Nothing is left of it, and nobody waits for ever."""

import asyncio
import gc
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import wxidcard
from given import JPEG
from loop_service import card_of, loop_service, picture, until
from test_async_cancel import client_of, descriptors, threads

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def test_aclose_waits_for_calls_in_flight(run: Run) -> None:
    async def main() -> None:
        async with loop_service() as service:
            service.delay = 0.1
            async with client_of(service, max_connections=2) as client:
                tasks = [asyncio.create_task(client.recognize(picture(n))) for n in range(6)]
                await until(lambda: service.posts > 0)
            assert all(task.done() for task in tasks)
            assert [task.result()["name"] for task in tasks] == [
                card_of(picture(number)) for number in range(6)
            ]

    run(main())


def test_aclose_that_is_cancelled_breaks_calls_off(run: Run) -> None:
    async def main() -> None:
        async with loop_service() as service:
            service.stalls = True
            client = client_of(service)
            task = asyncio.create_task(client.recognize(JPEG))
            await until(lambda: service.posts == 1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await client.aclose()
            with pytest.raises(RuntimeError, match="ended the call"):
                await task
            await until(lambda: service.open == 0)

    run(main())


def test_two_close_it_at_once(run: Run) -> None:
    async def main() -> None:
        async with loop_service() as service:
            service.delay = 0.05
            client = client_of(service)
            task = asyncio.create_task(client.recognize(JPEG))
            await until(lambda: service.posts == 1)
            await asyncio.gather(client.aclose(), client.aclose())
            assert task.done()

    run(main())


def test_one_that_was_not_closed_says_so(run: Run) -> None:
    async def main() -> None:
        async with loop_service() as service:
            before = descriptors(), threads()
            client = client_of(service)
            await client.recognize(JPEG)
            with pytest.warns(ResourceWarning, match="async with"):
                del client
                gc.collect()
            await until(lambda: (descriptors(), threads()) == before)

    run(main())


def test_one_that_was_not_used_needs_no_closing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wxidcard.AsyncClient(open_service=True)
        gc.collect()


def test_a_loop_that_ends_breaks_calls_off(run: Run) -> None:
    """asyncio.run() cancels what is still there."""

    async def main() -> None:
        async with loop_service() as service:
            service.stalls = True
            async with client_of(service) as client:
                task = asyncio.create_task(client.recognize(JPEG))
                await until(lambda: service.posts == 1)
                task.cancel()

    run(main())


def test_fifty_times(run: Run) -> None:
    async def cycle(service: Any) -> None:
        async with client_of(service) as client:
            tasks = [asyncio.create_task(client.recognize(picture(n))) for n in range(5)]
            await asyncio.sleep(0.002)
            tasks[0].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def main() -> None:
        async with loop_service() as service:
            await cycle(service)
            await until(lambda: service.open == 0)
            before = descriptors(), threads()
            for _ in range(50):
                await cycle(service)
            await until(lambda: (descriptors(), threads()) == before)

    run(main())


# ---- Of the process

FORKING = """
import asyncio, os, sys
import wxidcard
sys.path.insert(0, {folder!r})
from loop_service import card_of, loop_service, picture

async def main():
    async with loop_service() as service:
        service.delay = 0.002
        async with wxidcard.AsyncClient(access_token="canary", base_url=service.url) as client:
            calls = [asyncio.create_task(client.recognize(picture(n))) for n in range(600)]
            for _ in range(100):
                await asyncio.sleep(0.004)
                child = os.fork()
                if child == 0:
                    os._exit(in_child(client))
                assert os.waitpid(child, 0)[1] == 0
            cards = await asyncio.gather(*calls)
        assert [card["name"] for card in cards] == [card_of(picture(n)) for n in range(600)]
        assert service.posts == 600, service.posts

def in_child(client):
    inherited = client._driver._engine
    call = client._driver.new_call(picture(1), None, None)
    try:
        inherited.start(call, None)
    except ValueError as error:
        assert "another process's" in str(error), error
    else:
        return 1
    inherited.cancel(1)
    inherited.close()
    if inherited.take():
        return 2
    client._driver.end()
    return 0

asyncio.run(main())
print("over")
"""


def test_forks_while_the_engine_runs() -> None:
    folder = os.path.dirname(__file__)
    program = FORKING.format(folder=folder)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "over\n"), done.stderr

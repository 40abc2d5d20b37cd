"""A caller who does not wait any longer: his transfer ends at once, and nothing of it is left."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import wxidcard
from account import Account
from given import JPEG, SECRET, TOKEN
from loop_service import LoopService, card_of, loop_service, picture, until
from scripted import ScriptedService

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def client_of(service: LoopService, **more: Any) -> wxidcard.AsyncClient:
    settings = {"access_token": TOKEN, "base_url": service.url, "timeout": 20, **more}
    return wxidcard.AsyncClient(**settings)


def is_let_go(memory: bytearray) -> bool:
    """Whether nobody reads it any more: else it cannot grow."""
    try:
        memory.append(0)
    except BufferError:
        return False
    return True


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def threads() -> int:
    return len(os.listdir("/proc/self/task"))


def test_a_timeout_breaks_the_transfer_off(run: Run) -> None:
    async def main() -> None:
        async with loop_service() as service, client_of(service) as client:
            service.stalls = True
            content = bytearray(JPEG)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await client.recognize(content)
            await until(lambda: service.open == 0)
            await until(lambda: is_let_go(content))
            service.stalls = False
            assert (await client.recognize(picture(1)))["name"] == card_of(picture(1))

    run(main())


def test_nothing_is_left_of_200_cancelled_calls(run: Run) -> None:
    async def main() -> None:
        async with loop_service() as service:
            before = descriptors(), threads()
            service.stalls = True
            client = client_of(service, max_connections=200)
            contents = [bytearray(picture(number)) for number in range(200)]
            tasks = [asyncio.create_task(client.recognize(content)) for content in contents]
            await until(lambda: service.posts == 200)
            assert service.open == 200
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(result, asyncio.CancelledError) for result in results)
            del task, tasks, results  # tracebacks hold what their functions held
            await until(lambda: service.open == 0)
            await until(lambda: all(map(is_let_go, contents)))
            await client.aclose()
            await until(lambda: (descriptors(), threads()) == before)

    run(main())


def test_one_that_waits_for_its_turn(run: Run) -> None:
    async def main() -> None:
        async with loop_service() as service, client_of(service, max_connections=1) as client:
            service.stalls = True
            first = asyncio.create_task(client.recognize(picture(1)))
            await until(lambda: service.posts == 1)
            queued = [asyncio.create_task(client.recognize(picture(n))) for n in (2, 3)]
            await asyncio.sleep(0.01)
            queued[0].cancel()
            service.stalls = False
            first.cancel()
            assert (await queued[1])["name"] == card_of(picture(3))
            assert service.posts == 2

    run(main())


def test_others_keep_their_calls(run: Run) -> None:
    """Every second one of many is cancelled, at whatever it is doing."""

    async def main() -> None:
        async with loop_service() as service, client_of(service, max_connections=10) as client:
            service.delay = 0.001
            for _ in range(5):
                tasks = [asyncio.create_task(client.recognize(picture(n))) for n in range(100)]
                await asyncio.sleep(0.01)
                for task in tasks[::2]:
                    task.cancel()
                results = await asyncio.gather(*tasks, return_exceptions=True)
                for number, result in enumerate(results):
                    if isinstance(result, asyncio.CancelledError):
                        assert number % 2 == 0
                    else:
                        assert not isinstance(result, BaseException), repr(result)
                        assert result["name"] == card_of(picture(number))

    run(main())


def test_a_fetch_goes_on_for_others(run: Run, service: ScriptedService) -> None:
    """Who fetches the token vanishes in the middle of it."""
    account = Account(service)
    account.gate.clear()

    async def main() -> None:
        async with wxidcard.AsyncClient(
            appid=account.appid, secret=SECRET, base_url=account.url, timeout=20
        ) as client:
            first = asyncio.create_task(client.recognize(JPEG))
            await until(lambda: len(account.fetches) == 1)
            others = [asyncio.create_task(client.recognize(JPEG)) for _ in range(20)]
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            account.gate.set()
            assert {card["type"] for card in await asyncio.gather(*others)} == {"Back"}

    run(main())
    assert len(account.fetches) == 1
    assert len(account.used) == 20  # the one that vanished has sent no picture


def test_while_the_provider_is_asked(run: Run) -> None:
    asked = threading.Event()

    async def provide(failed: str | None) -> str:
        asked.set()
        await asyncio.sleep(20)
        return TOKEN

    async def main() -> None:
        async with (
            loop_service() as service,
            wxidcard.AsyncClient(token_provider=provide, base_url=service.url) as client,
        ):
            content = bytearray(JPEG)
            task = asyncio.create_task(client.recognize(content))
            await until(asked.is_set)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            del task
            await until(lambda: is_let_go(content))
            assert service.accepted == 0

    run(main())

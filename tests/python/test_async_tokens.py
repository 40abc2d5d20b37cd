"""Tokens of an AsyncClient: fetched once for all, asked of coroutines and functions, kept in
stores of either sort."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import wxidcard
from account import Account, DictStore
from given import JPEG, SECRET
from loop_service import until
from scripted import ScriptedService

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def account(service: ScriptedService) -> Iterator[Account]:
    made = Account(service)
    yield made
    made.gate.set()


def client_of(account: Account, **more: Any) -> wxidcard.AsyncClient:
    return wxidcard.AsyncClient(
        appid=account.appid, secret=SECRET, base_url=account.url, timeout=20, **more
    )


class LoopStore:
    """A store whose methods are coroutine functions."""

    def __init__(self) -> None:
        self.inner = DictStore()
        self.threads: set[threading.Thread] = set()

    async def get(self, key: str) -> str | None:
        self.threads.add(threading.current_thread())
        await asyncio.sleep(0)
        return self.inner.get(key)

    async def set(self, key: str, value: str, ttl: float) -> None:
        self.inner.set(key, value, ttl)

    async def add(self, key: str, value: str, ttl: float) -> bool:
        return self.inner.add(key, value, ttl)

    async def delete(self, key: str, value: str) -> None:
        self.inner.delete(key, value)


async def recognize_many(client: wxidcard.AsyncClient, number: int) -> None:
    cards = await asyncio.gather(*(client.recognize(JPEG) for _ in range(number)))
    assert all(card["type"] == "Back" for card in cards)


def test_one_fetch_for_all(run: Run, account: Account) -> None:
    async def main() -> None:
        async with client_of(account) as client:
            await recognize_many(client, 100)

    run(main())
    assert len(account.fetches) == 1


def test_one_renewal_for_all(run: Run, account: Account) -> None:
    async def main() -> None:
        async with client_of(account) as client:
            await recognize_many(client, 1)
            account.good.clear()  # the service has taken the token back
            await recognize_many(client, 50)

    run(main())
    assert len(account.fetches) == 2


def test_one_fetch_for_it_and_for_threads(run: Run, account: Account) -> None:
    blocking = wxidcard.Client(appid=account.appid, secret=SECRET, base_url=account.url, timeout=20)
    account.gate.clear()

    async def main() -> None:
        with ThreadPoolExecutor(10) as pool:
            async with client_of(account) as client:
                calls = [asyncio.create_task(recognize_many(client, 10))]
                loop = asyncio.get_running_loop()
                threads = [loop.run_in_executor(pool, blocking.recognize, JPEG) for _ in range(10)]
                await until(lambda: len(account.fetches) == 1)
                account.gate.set()
                await asyncio.gather(*calls, *threads)

    run(main())
    assert len(account.fetches) == 1
    blocking.close()


def test_a_stale_token_is_renewed_beside(run: Run, account: Account) -> None:
    store = DictStore()
    store.values[account.key()] = account.record("canary-old-token-0123456789", 200)
    account.gate.clear()  # a call that waited for the renewal would not end

    async def main() -> None:
        async with client_of(account, token_store=store) as client:
            await client.recognize(JPEG)
            await client.recognize(JPEG)
            await until(lambda: len(account.fetches) == 1)
            account.gate.set()
            await until(lambda: store.calls.count("set") == 1)
            await client.recognize(JPEG)

    run(main())
    assert account.used[0] == "canary-old-token-0123456789"
    assert account.used[-1] == "canary-token-1-0123456789"


def test_a_renewal_ends_with_the_client(run: Run, account: Account) -> None:
    store = DictStore()
    store.values[account.key()] = account.record("canary-old-token-0123456789", 200)
    account.gate.clear()

    async def main() -> None:
        async with client_of(account, token_store=store) as client:
            await client.recognize(JPEG)
            await until(lambda: len(account.fetches) >= 0)

    run(main())


@pytest.mark.parametrize("make", [DictStore, LoopStore], ids=["functions", "coroutines"])
def test_stores(run: Run, account: Account, make: Callable[[], Any]) -> None:
    store = make()

    async def main() -> None:
        async with client_of(account, token_store=store) as client:
            await recognize_many(client, 20)

    run(main())
    inner = getattr(store, "inner", store)
    assert len(account.fetches) == 1
    assert inner.calls.count("set") == 1
    assert account.key() in inner.values
    if store is not inner:
        assert store.threads == {threading.main_thread()}


def test_a_store_that_fails(run: Run, account: Account, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(DictStore):
        def get(self, key: str) -> str | None:
            raise OSError("canary-password is wrong")

    async def main() -> None:
        async with client_of(account, token_store=Broken()) as client:
            await client.recognize(JPEG)

    with caplog.at_level(logging.WARNING, "wxidcard"):
        run(main())
    assert {record.getMessage() for record in caplog.records} == {
        "the token store failed (OSError): going on with this process's own token"
    }


@pytest.mark.parametrize("given", [b"canary-bytes", 17, "canary\0nul", "canary\udc80surrogate"])
def test_a_store_that_gives_something_else(
    run: Run, account: Account, caplog: pytest.LogCaptureFixture, given: Any
) -> None:
    class Odd(DictStore):
        def get(self, key: str) -> Any:
            return given

    async def main() -> None:
        async with client_of(account, token_store=Odd()) as client:
            await client.recognize(JPEG)

    with caplog.at_level(logging.WARNING, "wxidcard"):
        run(main())
    assert len(account.fetches) == 1
    assert caplog.records
    assert not any("canary" in record.getMessage() for record in caplog.records)


def providers(asked: list[Any]) -> dict[str, Any]:
    def blocking(failed: str | None) -> str:
        asked.append((failed, threading.current_thread() is threading.main_thread()))
        return "canary-good-token-0123456789"

    async def waiting(failed: str | None) -> str:
        asked.append((failed, threading.current_thread() is threading.main_thread()))
        await asyncio.sleep(0)
        return "canary-good-token-0123456789"

    class Object:
        async def __call__(self, failed: str | None) -> str:
            return await waiting(failed)

    return {
        "function": blocking,
        "coroutine function": waiting,
        "function that returns a coroutine": lambda failed: waiting(failed),
        "object": Object(),
    }


@pytest.mark.parametrize("name", providers([]))
def test_providers(run: Run, account: Account, name: str) -> None:
    asked: list[Any] = []
    account.good = {"canary-good-token-0123456789"}

    async def main() -> None:
        async with wxidcard.AsyncClient(
            token_provider=providers(asked)[name], base_url=account.url
        ) as client:
            await client.recognize(JPEG)

    run(main())
    assert asked == [(None, name != "function")]


def test_a_provider_is_told_what_failed(run: Run, account: Account) -> None:
    asked = []

    async def provide(failed: str | None) -> str:
        asked.append(failed)
        return "canary-bad-token-0123456789" if failed is None else "canary-good-token-0123456789"

    account.good = {"canary-good-token-0123456789"}

    async def main() -> None:
        async with wxidcard.AsyncClient(token_provider=provide, base_url=account.url) as client:
            await client.recognize(JPEG)

    run(main())
    assert asked == [None, "canary-bad-token-0123456789"]


def test_what_a_provider_raises_comes_through(run: Run, account: Account) -> None:
    async def provide(failed: str | None) -> str:
        raise LookupError("no token today")

    async def main() -> None:
        async with wxidcard.AsyncClient(token_provider=provide, base_url=account.url) as client:
            with pytest.raises(LookupError, match="no token today"):
                await client.recognize(JPEG)

    run(main())


def test_refresh_token(run: Run, account: Account) -> None:
    async def main() -> None:
        async with client_of(account) as client:
            await client.refresh_token()
            await client.recognize(JPEG)
            await client.refresh_token(force=True)
            with pytest.raises(wxidcard.RateLimitError):
                await client.refresh_token(force=True)

    run(main())
    assert len(account.fetches) == 2

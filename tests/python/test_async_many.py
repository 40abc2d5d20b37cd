"""AsyncClient.recognize_many: what is taken when, what comes out, and what ends it."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import aclosing
from typing import Any

import pytest

import wxidcard
from given import JPEG, TOKEN
from loop_service import card_of, loop_service, picture, until
from scripted import ScriptedService, reply
from test_async_cancel import client_of
from test_many import REFUSALS

Run = Callable[[Coroutine[Any, Any, Any]], Any]


class Source:
    """Pictures, as an iterable of either sort; counts what was taken, and what is alive of it."""

    def __init__(self, count: int, waits: bool) -> None:
        self.count = count
        self.waits = waits
        self.taken = 0
        self.most_alive = 0
        self.alive = 0

    def make(self) -> "Picture":
        self.taken += 1
        made = Picture(picture(self.taken))
        self.alive += 1
        self.most_alive = max(self.most_alive, self.alive)
        weakref.finalize(made, self.let_go)
        return made

    def let_go(self) -> None:
        self.alive -= 1

    def __iter__(self) -> Iterator["Picture"]:
        while self.taken < self.count:
            yield self.make()

    async def slowly(self) -> AsyncIterator["Picture"]:
        while self.taken < self.count:
            await asyncio.sleep(0)
            yield self.make()

    def pictures(self) -> Any:
        return self.slowly() if self.waits else self


class Picture(bytearray):
    """Memory that can be watched."""


both = pytest.mark.parametrize("waits", [False, True], ids=["iterable", "asynchronous"])


@both
def test_each_has_its_own_card(run: Run, waits: bool) -> None:
    source = Source(1000, waits)

    async def main() -> None:
        async with loop_service() as service, client_of(service) as client:
            seen = set()
            async for item, outcome in client.recognize_many(source.pictures()):
                assert not isinstance(outcome, Exception)
                assert outcome["name"] == card_of(item)
                seen.add(bytes(item))
            assert len(seen) == service.posts == 1000
            assert service.most_open <= 16

    run(main())


@both
def test_no_more_are_held_than_told(run: Run, waits: bool) -> None:
    source = Source(300, waits)

    async def main() -> None:
        async with loop_service() as service, client_of(service) as client:
            consumed = 0
            async for _ in client.recognize_many(source.pictures(), concurrency=8):
                consumed += 1
                if consumed % 50 == 0:
                    await asyncio.sleep(0.02)  # what is in flight finishes, and no more begins
                assert source.taken - consumed <= 8
            assert consumed == 300
        assert source.most_alive <= 8 + 2  # one is the consumer's, and one just ends

    run(main())


@both
@pytest.mark.parametrize("errcode", REFUSALS)
def test_it_stops_when_further_calls_would_fail(
    run: Run, service: ScriptedService, errcode: int, waits: bool
) -> None:
    service.otherwise = reply({"errcode": errcode, "errmsg": "refused"})
    source = Source(50, waits)

    async def main(stop_early: bool) -> list[Any]:
        async with wxidcard.AsyncClient(
            access_token=TOKEN, base_url=service.url, max_retries=0
        ) as client:
            many = client.recognize_many(source.pictures(), concurrency=4, stop_early=stop_early)
            return [outcome async for _, outcome in many]

    outcomes = run(main(stop_early=True))
    assert {type(outcome) for outcome in outcomes} == {REFUSALS[errcode]}
    if REFUSALS[errcode] is wxidcard.CardNotFoundError:
        assert len(outcomes) == 50
    else:
        assert len(outcomes) == source.taken <= 8
        source.taken = 0
        assert len(run(main(stop_early=False))) == 50


def test_a_source_that_waits_for_ever_is_not_waited_for(run: Run, service: ScriptedService) -> None:
    service.otherwise = reply({"errcode": 45009, "errmsg": "used up"})

    async def two() -> AsyncIterator[bytes]:
        yield JPEG
        yield JPEG
        await asyncio.sleep(3600)

    async def main() -> None:
        async with wxidcard.AsyncClient(access_token=TOKEN, base_url=service.url) as client:
            outcomes = [outcome async for _, outcome in client.recognize_many(two())]
            assert 1 <= len(outcomes) <= 2

    run(main())


@both
def test_what_the_iterable_raises_comes_last(run: Run, waits: bool) -> None:
    def broken() -> Iterator[bytes]:
        yield from (JPEG, JPEG)
        raise LookupError("no more")

    async def broken_slowly() -> AsyncIterator[bytes]:
        for item in broken():
            yield item

    async def main() -> None:
        async with loop_service() as service, client_of(service) as client:
            outcomes = []
            with pytest.raises(LookupError, match="no more"):
                pictures: Any = broken_slowly() if waits else broken()
                async for _, outcome in client.recognize_many(pictures):
                    outcomes.append(outcome)
            assert [outcome["type"] for outcome in outcomes] == ["Front", "Front"]

    run(main())


@pytest.mark.parametrize("way", ["aclosing", "cancel", "break"])
def test_it_is_left(run: Run, way: str) -> None:
    """Its calls are broken off, and no further picture is taken."""
    source = Source(100, waits=True)

    async def consume(client: wxidcard.AsyncClient) -> None:
        many = client.recognize_many(source.pictures(), concurrency=4)
        if way == "aclosing":
            async with aclosing(many):
                await asyncio.wait_for(anext(many), 0.1)
        async for _ in many:
            break

    async def main() -> None:
        async with loop_service() as service, client_of(service) as client:
            service.stalls = way != "break"
            task = asyncio.create_task(consume(client))
            await until(lambda: service.posts >= 4)
            if way == "cancel":
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if way != "break":
                taken = source.taken
                await until(lambda: service.open == 0)
                assert source.taken == taken == 4

    run(main())


def test_a_provider_that_ends_the_program(run: Run) -> None:
    async def provide(failed: str | None) -> str:
        raise asyncio.CancelledError

    async def main() -> None:
        async with wxidcard.AsyncClient(
            token_provider=provide, base_url="http://127.0.0.1:9"
        ) as client:
            with pytest.raises(asyncio.CancelledError):
                async for _ in client.recognize_many([JPEG, JPEG]):
                    raise AssertionError("nothing can have come of it")

    run(main())


def test_items_and_arguments(run: Run, service: ScriptedService) -> None:
    items: list[Any] = [JPEG, {"img_url": "https://example.com/a.jpg", "type": "scan"}, 17, "none"]

    async def main() -> None:
        async with wxidcard.AsyncClient(access_token=TOKEN, base_url=service.url) as client:
            for wrong in (JPEG, "path.jpg", {"img_url": "https://example.com"}):
                with pytest.raises(TypeError, match=r"write \[picture\]"):
                    client.recognize_many(wrong)  # type: ignore[arg-type]
            with pytest.raises(ValueError, match="at least 1"):
                client.recognize_many(items, concurrency=0)
            found = {str(item): outcome async for item, outcome in client.recognize_many(items)}
            assert [type(found[str(item)]) for item in items[:2]] == [dict, dict]
            assert isinstance(found["17"], TypeError)
            assert isinstance(found["none"], FileNotFoundError)
            assert [pair async for pair in client.recognize_many([])] == []
        with pytest.raises(ValueError, match="closed"):
            client.recognize_many(items)

    run(main())
    gc.collect()
    assert len(service.requests) == 2

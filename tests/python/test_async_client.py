"""AsyncClient does what Client does, on an event loop of asyncio's or uvloop's."""

import asyncio
import copy
import io
import pickle
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

import wxidcard
from given import JPEG, SECRET, TOKEN
from loop_service import card_of, loop_service, picture
from scripted import Reply, ScriptedService
from test_vectors import check_outcome, each

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def settings_of(service: ScriptedService, **more: Any) -> Any:
    return {"access_token": TOKEN, "base_url": service.url, "timeout": 20, **more}


@pytest.mark.parametrize(
    "give",
    [bytes, bytearray, memoryview, io.BytesIO],
    ids=["bytes", "bytearray", "memoryview", "file object"],
)
def test_pictures(run: Run, service: ScriptedService, give: Callable[[bytes], Any]) -> None:
    async def main() -> None:
        async with wxidcard.AsyncClient(**settings_of(service)) as client:
            assert (await client.recognize(give(JPEG)))["type"] == "Back"
            assert (await client.recognize(give(JPEG), type="scan"))["type"] == "Back"

    run(main())
    assert [request.picture for request in service.requests] == [JPEG, JPEG]
    assert service.requests[1].query["type"] == ["scan"]


def test_a_path_and_a_url(run: Run, service: ScriptedService, picture: Path) -> None:
    async def main() -> None:
        async with wxidcard.AsyncClient(**settings_of(service)) as client:
            await client.recognize(picture)
            await client.recognize(str(picture))
            await client.recognize(img_url="https://example.com/a.jpg")
            with pytest.raises(FileNotFoundError):
                await client.recognize("nowhere.jpg")

    run(main())
    assert [request.picture for request in service.requests[:2]] == [JPEG, JPEG]
    assert service.requests[2].query["img_url"] == ["https://example.com/a.jpg"]
    assert len(service.requests) == 3


def test_what_may_take_long_is_done_in_a_thread(run: Run, service: ScriptedService) -> None:
    readers = []

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            readers.append(threading.current_thread())
            return super().read(size)

    async def main() -> None:
        async with wxidcard.AsyncClient(**settings_of(service)) as client:
            await client.recognize(Slow(JPEG))

    run(main())
    assert readers and threading.main_thread() not in readers


@each("replies.json")
def test_vectors(service: ScriptedService, case: dict[str, Any]) -> None:
    service.otherwise = Reply(case["body"].encode(), case["http_status"])

    async def main() -> Any:
        async with wxidcard.AsyncClient(**settings_of(service, max_retries=0)) as client:
            return await client.recognize(JPEG)

    check_outcome(case, lambda: asyncio.run(main()))


def test_many_at_once_get_their_own_cards(run: Run) -> None:
    async def main() -> None:
        async with loop_service() as service:
            settings = settings_of(service, max_connections=20)  # type: ignore[arg-type]
            async with wxidcard.AsyncClient(**settings) as client:
                pictures = [picture(number) for number in range(500)]
                cards = await asyncio.gather(*map(client.recognize, pictures))
            assert [card["name"] for card in cards] == [card_of(given) for given in pictures]
            assert service.posts == 500
            assert service.most_open <= 20

    run(main())


def test_a_client_belongs_to_one_loop(service: ScriptedService) -> None:
    client = wxidcard.AsyncClient(**settings_of(service))

    async def use() -> None:
        await client.recognize(JPEG)

    with asyncio.Runner() as first, asyncio.Runner() as second:
        first.run(use())
        with pytest.raises(RuntimeError, match="another event loop: make one in each loop"):
            second.run(use())
        first.run(use())
        first.run(client.aclose())


def test_a_closed_client_says_so(run: Run, service: ScriptedService) -> None:
    async def main() -> None:
        async with wxidcard.AsyncClient(**settings_of(service)) as client:
            assert not client.closed
        assert client.closed
        with pytest.raises(ValueError, match="closed: make a new one"):
            await client.recognize(JPEG)
        with pytest.raises(ValueError, match="closed: make a new one"):
            async with client:
                pass
        await client.aclose()

    run(main())
    assert service.requests == []


def test_wrong_use_is_refused(run: Run, service: ScriptedService) -> None:
    with pytest.raises(TypeError, match="nonsense"):
        wxidcard.AsyncClient(**settings_of(service, nonsense=1))
    with pytest.raises(ValueError, match="credential"):
        wxidcard.AsyncClient(base_url=service.url)

    async def main() -> None:
        async with wxidcard.AsyncClient(**settings_of(service)) as client:
            with pytest.raises((TypeError, ValueError), match="picture"):
                await client.recognize()
            with pytest.raises(TypeError):
                await client.recognize(17)  # type: ignore[arg-type]
            with pytest.raises(wxidcard.ImageInputError):
                await client.recognize(b"no picture")

    run(main())
    assert service.requests == []


def test_repr_copy_and_pickle(service: ScriptedService) -> None:
    client = wxidcard.AsyncClient(appid="wx_of_the_test", secret=SECRET, base_url=service.url)
    assert repr(client).startswith("<wxidcard.AsyncClient: ")
    assert SECRET not in repr(client)
    assert copy.deepcopy(client) is not client
    with pytest.raises(TypeError, match="AsyncClient with secret does not pickle"):
        pickle.dumps(client)
    hosted = wxidcard.AsyncClient(open_service=True)
    assert repr(pickle.loads(pickle.dumps(hosted))) == repr(hosted)

"""What is taken is given back: counted by the allocators and by references."""

import ctypes
import gc
import itertools
import sys
from collections.abc import Callable
from typing import Any

import pytest

import wxidcard
from given import JPEG, TOKEN
from scripted import CARD, Reply, Request, ScriptedService, reply
from wxidcard import _core

OK = b'{"errcode": 0, "type": "Front", "name": "invented", "more": [1, 2.5, {"a": null}, true]}'
REFUSED = b'{"errcode": 101001, "errmsg": "certificate not found hint: [abc] rid: 1-2-3"}'


class Allocated(ctypes.Structure):
    """struct mallinfo2 of <malloc.h>."""

    _fields_ = (
        ("arena", ctypes.c_size_t),
        ("ordblks", ctypes.c_size_t),
        ("smblks", ctypes.c_size_t),
        ("hblks", ctypes.c_size_t),
        ("hblkhd", ctypes.c_size_t),
        ("usmblks", ctypes.c_size_t),
        ("fsmblks", ctypes.c_size_t),
        ("uordblks", ctypes.c_size_t),
        ("fordblks", ctypes.c_size_t),
        ("keepcost", ctypes.c_size_t),
    )


_mallinfo2 = ctypes.CDLL(None).mallinfo2
_mallinfo2.restype = Allocated


def allocated() -> tuple[int, int]:
    """Bytes of C's heap and blocks of Python's."""
    gc.collect()
    info = _mallinfo2()
    return info.uordblks + info.hblkhd, sys.getallocatedblocks()


def card() -> None:
    call = _core.Session(access_token=TOKEN).recognition(0, 1, image=JPEG)
    request = call.request
    assert request is not None
    call.answer_reply(0, 200, OK)
    call.take_card()


def error() -> None:
    call = _core.Session(access_token=TOKEN).recognition(0, 1, image=bytearray(JPEG))
    call.answer_reply(0, 200, REFUSED)
    with pytest.raises(wxidcard.CardNotFoundError):
        call.take_card()


def not_taken() -> None:
    for body in (OK, REFUSED):
        call = _core.Session(token_provider=str).recognition(0, 1, img_url="https://a.b/c.jpg")
        call.answer_token("token")
        call.answer_reply(0, 200, body)


def unanswered() -> None:
    call = _core.Session(access_token=TOKEN).recognition(0, 1, image=memoryview(JPEG * 100))
    request = call.request
    assert request is not None
    call.abandon("network", "cut")


def token() -> None:
    call = _core.Session(access_token=TOKEN).token_fetch(0, 1, appid="wx_a", secret="s")
    call.answer_reply(0, 200, b'{"access_token": "t", "expires_in": 60}')
    call.take_token()


class NoStore:
    """A store that has nothing and takes everything."""

    def get(self, key: str) -> str | None:
        return None

    def set(self, key: str, value: str, ttl: float) -> None: ...

    def add(self, key: str, value: str, ttl: float) -> bool:
        return True

    def delete(self, key: str, value: str) -> None: ...


numbers = itertools.count()


def renewal() -> None:
    appid = f"wx_{next(numbers)}"  # one each: an account's token outlives its sessions
    session = _core.Session(appid=appid, secret="s", token_store=NoStore())
    session.share()
    call = session.recognition(0, 1, image=JPEG)
    while call.step(0) == "store":
        assert call.store_request(0) is not None
        call.answer_store(0, 0, stored=True)
    call.answer_reply(0, 200, b'{"access_token": "t", "expires_in": 60}')
    assert call.step(0) == "store"
    refresh = session.refresh(0, 1, force=True)
    assert session.renewal(60_000, 1) is not None
    del call, refresh


def refused() -> None:
    settings: list[dict[str, Any]] = [
        {},
        {"access_token": ""},
        {"access_token": TOKEN, "timeout": "1"},
        {"access_token": TOKEN, "ca_file": "a\0b"},
        {"access_token": TOKEN, "ca_file": 1},
        {"token_provider": 1},
        {"token_store": 1},
        {"token_store": NoStore(), "access_token": TOKEN},
        {"appid": "wx_a", "secret": ""},
        {"cloudbase_token_file": 1},
        {"open_service": 1},
        {"acces_token": TOKEN},
    ]
    for wrong in settings:
        for made in (wxidcard.Client, _core.Session):
            with pytest.raises((TypeError, ValueError)):
                made(**wrong)
    session = _core.Session(access_token=TOKEN)
    pictures: list[dict[str, Any]] = [
        {"image": b""},
        {"image": "missing.jpg"},
        {"image": 1},
        {"image": JPEG, "type": "x"},
        {"image": JPEG, "img_url": b""},
        {"image": memoryview(JPEG)[::2]},
        {"image": "a", "image_path": "b"},
    ]
    for picture in pictures:
        with pytest.raises((TypeError, ValueError, OSError)):
            session.recognition(0, 1, **picture)


def clients() -> None:
    client = wxidcard.Client(access_token=TOKEN, base_url="http://127.0.0.1:9")
    repr(client)
    client.close()


def tables() -> None:
    _core.kind_table(), _core.errcode_table(), _core.setting_table(), _core.group_table()
    _core.error_classes()


def left_by(work: Callable[[], None]) -> tuple[int, int]:
    """What 500 more times leave behind: the least of three, for caches fill up at some time."""
    left = []
    before = allocated()
    for _ in range(4):
        for _ in range(500):
            work()
        after = allocated()
        left.append((after[0] - before[0], after[1] - before[1]))
        before = after
    return min(c for c, _ in left[1:]), min(python for _, python in left[1:])


@pytest.mark.parametrize(
    "work", [card, error, not_taken, unanswered, token, renewal, refused, clients, tables]
)
def test_nothing_is_left(work: Callable[[], None]) -> None:
    c_bytes, python_blocks = left_by(work)
    # A leak of one object, or of 20 bytes, each time would be past these.
    assert python_blocks < 250
    assert c_bytes < 10_000


def test_nothing_is_left_by_calls(service: ScriptedService) -> None:
    client = wxidcard.Client(access_token=TOKEN, base_url=service.url)

    def work() -> None:
        client.recognize(JPEG)
        service.requests.clear()

    c_bytes, python_blocks = left_by(work)
    assert python_blocks < 250
    assert c_bytes < 10_000
    client.close()


def test_nothing_is_left_by_stores(service: ScriptedService) -> None:
    """A client each time, which looks into its store, fetches, and publishes."""

    def answer(request: Request) -> Reply:
        is_fetch = request.target.startswith("/cgi-bin/")
        return reply({"access_token": "t", "expires_in": 7200} if is_fetch else CARD)

    service.otherwise = answer
    store = NoStore()
    settings = {"appid": "wx_a", "secret": "s", "base_url": service.url}

    def work() -> None:
        with wxidcard.Client(**settings, token_store=store) as client:  # type: ignore[arg-type]
            client.recognize(JPEG)
            client.refresh_token()
        service.requests.clear()
        for thread in service._threads[1:]:
            thread.join()
        del service._threads[1:]

    before = sys.getrefcount(store)
    for _ in range(100):
        work()
    assert sys.getrefcount(store) == before


def test_references_are_given_back(service: ScriptedService) -> None:
    token_of_many, provider = "token-of-many", lambda failed: token_of_many
    image, path, url = bytearray(JPEG), "canary-missing.jpg", "https://example.com/a.jpg"
    objects = [token_of_many, provider, image, path, url, wxidcard.ImageInputError]
    with wxidcard.Client(token_provider=provider, base_url=service.url) as client:

        def work() -> None:
            client.recognize(image)
            client.recognize(img_url=url)
            with pytest.raises(FileNotFoundError):
                client.recognize(path)
            with pytest.raises(wxidcard.ImageInputError):
                client.recognize(b"")

        work()
        gc.collect()
        before = [sys.getrefcount(found) for found in objects]
        for _ in range(100):
            work()
        gc.collect()
        assert [sys.getrefcount(found) for found in objects] == before

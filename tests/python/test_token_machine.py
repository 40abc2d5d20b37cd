"""Renewals through _core.Session and _core.Call: the steps that a driver in Python sees."""

import json
from typing import Any

import pytest

import wxidcard
from account import DictStore
from given import JPEG, SECRET
from scripted import CARD
from wxidcard import _core

APPID = "wx_invented"
NAME = f"api.weixin.qq.com:{APPID}:stable_token"
UNIX_MS = 1_700_000_000_000
CARD_REPLY = json.dumps({"errcode": 0, **CARD}).encode()


def session(**settings: Any) -> _core.Session:
    return _core.Session(appid=APPID, secret=SECRET, **settings)


def token_reply(token: str, life: int = 7200) -> bytes:
    return json.dumps({"access_token": token, "expires_in": life}).encode()


class Store(DictStore):
    """A store as the driver below carries it out, and what it asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str, str | None, int]] = []

    def carry_out(self, call: _core.Call, now_ms: int, unix_ms: int) -> None:
        request = call.store_request(unix_ms)
        assert request is not None
        self.asked.append(request)
        action, key, value, _ = request
        stored = action == "set" or (action == "add" and key not in self.values)
        found = self.values.get(key)
        if stored and value is not None:
            self.values[key] = value
        if action == "delete" and found == value:
            del self.values[key]
        call.answer_store(now_ms, unix_ms, value=found if action == "get" else None, stored=stored)


def recognize(made: _core.Session, store: Store, tokens: list[str], now_ms: int = 0) -> str:
    """Drive one recognition; return the token that it used."""
    call = made.recognition(now_ms, 1, image=JPEG)
    target = ""
    while (step := call.step(now_ms)) != "done":
        if step == "store":
            store.carry_out(call, now_ms, UNIX_MS + now_ms)
            continue
        assert step == "send"
        request = call.request
        assert request is not None
        target = request.target
        is_fetch = target.startswith("/cgi-bin/")
        call.answer_reply(now_ms, 200, token_reply(tokens.pop(0)) if is_fetch else CARD_REPLY)
    assert call.take_card() == CARD
    return target.partition("access_token=")[2]


def test_the_first_use_of_a_store() -> None:
    store = Store()
    made = session(token_store=store)
    assert made.token_store is store
    assert recognize(made, store, ["first"]) == "first"
    token_key, lock_key = f"wxidcard:token:{NAME}", f"wxidcard:lock:{NAME}"
    owner = store.asked[1][2]
    record = '{"access_token":"first","expires_at":1700007200,"expires_in":7200}'
    assert store.asked == [
        ("get", token_key, None, 0),
        ("add", lock_key, owner, 10_000),
        ("get", token_key, None, 0),
        ("set", token_key, record, 7_200_000),
        ("delete", lock_key, owner, 0),
    ]
    assert owner is not None
    assert len(owner) == 16
    assert recognize(session(token_store=store), store, []) == "first"
    assert len(store.asked) == 6  # another session looks, and finds it


def test_a_renewal_beside_calls() -> None:
    store = Store()
    made = session(token_store=store)
    recognize(made, store, ["first"])
    assert made.renewal(6_899_999, 1) is None
    call = made.renewal(6_960_001, 1)
    assert call is not None
    assert made.renewal(6_960_001, 2) is None  # one is under way
    assert recognize(made, store, [], 6_960_001) == "first"
    now = 6_960_001
    while (step := call.step(now)) != "done":
        if step == "store":
            store.carry_out(call, now, UNIX_MS + now)
        else:
            call.answer_reply(now, 200, token_reply("second"))
    assert call.take_token() == ("second", 7200)
    assert recognize(made, store, [], now) == "second"


def test_a_store_that_fails() -> None:
    made = session(token_store=Store())
    call = made.recognition(0, 1, image=JPEG)
    assert call.step(0) == "store"
    call.answer_store(0, UNIX_MS, failed=True)
    assert call.step(0) == "send"
    request = call.request
    assert request is not None
    assert request.target == "/cgi-bin/stable_token"


def test_answers_out_of_turn() -> None:
    call = session().recognition(0, 1, image=JPEG)
    assert call.step(0) == "send"
    assert call.store_request(UNIX_MS) is None
    with pytest.raises(ValueError, match="another step"):
        call.answer_store(0, UNIX_MS)


def test_refresh() -> None:
    made = session()
    call = made.refresh(0, 1, force=True)
    assert call.step(0) == "send"
    request = call.request
    assert request is not None
    assert json.loads(bytes(request.body[0]))["force_refresh"] is True
    call.answer_reply(0, 200, token_reply("forced"))
    assert call.take_token() == ("forced", 7200)
    with pytest.raises(wxidcard.RateLimitError):
        made.refresh(29_999, 1, force=True)
    made.refresh(30_000, 1, force=True)
    with pytest.raises(ValueError, match="appid and secret"):
        _core.Session(access_token="token").refresh(0, 1)


def test_sharing() -> None:
    one, other, apart = session(), session(), session()
    one.share()
    other.share()
    store = Store()
    assert recognize(one, store, ["first"]) == "first"
    assert recognize(other, store, []) == "first"
    assert recognize(apart, store, ["second"]) == "second"


def test_a_dropped_call_does_not_keep_its_lease() -> None:
    made = session()
    call = made.recognition(0, 1, image=JPEG)
    assert call.step(0) == "send"
    waiting = made.recognition(0, 2, image=JPEG)
    assert waiting.step(0) == "wait"
    del call
    waiting.answer_waited(waiting.wait_ms)
    assert waiting.step(waiting.wait_ms) == "send"


@pytest.mark.parametrize("number", [-(2**63), -1, 2**53 + 1, 2**63 - 1])
def test_any_wall_clock(number: int) -> None:
    store = Store()
    made = session(token_store=store)
    call = made.recognition(0, 1, image=JPEG)
    while call.step(0) == "store":
        store.carry_out(call, 0, number)
    call.answer_reply(0, 200, token_reply("first"))
    while call.step(0) == "store":
        store.carry_out(call, 0, number)
    assert call.step(0) == "send"

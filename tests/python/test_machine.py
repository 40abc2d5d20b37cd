"""_core.Session and _core.Call: the machine as a driver in Python sees it."""

import gc
from typing import Any

import pytest

import wxidcard
from given import JPEG, TOKEN
from wxidcard import _core

OK = b'{"errcode": 0, "type": "Back", "valid_date": "20070105-20270105"}'
CARD = {"type": "Back", "valid_date": "20070105-20270105"}
EXPIRED = b'{"errcode": 42001, "errmsg": "access_token expired"}'
BUSY = b'{"errcode": -1, "errmsg": "system error"}'


def start(now_ms: int = 0, image: Any = JPEG, **settings: Any) -> _core.Call:
    if "token_provider" not in settings:
        settings.setdefault("access_token", TOKEN)
    return _core.Session(**settings).recognition(now_ms, 1, image=image)


def test_from_start_to_card() -> None:
    call = start(now_ms=1000)
    assert call.step(1000) == call.step(1001) == "send"
    assert call.time_left_ms(1000) == 30_000
    call.answer_reply(1500, 200, OK)
    assert call.step(1500) == "done"
    assert call.request is None
    assert call.take_card() == CARD
    with pytest.raises(ValueError, match="no card"):
        call.take_card()


def test_asking_for_a_token() -> None:
    call = start(token_provider=str)
    assert call.step(0) == "token"
    assert call.failed_token is None
    call.answer_token("first")
    assert call.step(0) == "send"
    call.answer_reply(0, 200, EXPIRED)
    assert call.step(0) == "token"
    assert call.failed_token == "first"
    call.answer_token("second")
    request = call.request
    assert request is not None
    assert request.target.endswith("access_token=second")
    assert "second" not in repr(request) + repr(call)
    call.answer_reply(0, 200, OK)
    assert call.take_card() == CARD


def test_waiting() -> None:
    call = start()
    assert call.wait_ms == 0
    call.answer_reply(0, 503, b"", retry_after="2")
    assert call.step(0) == "wait"
    assert call.wait_ms == 2000
    call.answer_waited(2000)
    assert call.step(2000) == "send"
    call.answer_reply(
        2000,
        503,
        b"",
        retry_after="Wed, 21 Oct 2015 07:28:03 GMT",
        date="Wed, 21 Oct 2015 07:28:00 GMT",
    )
    assert call.wait_ms == 3000


def test_a_reply_to_half_a_request() -> None:
    call = start()
    call.answer_reply(0, 200, OK, request_incomplete=True)
    with pytest.raises(wxidcard.ProtocolError):
        call.take_card()


def test_the_deadline() -> None:
    call = start(timeout=2)
    assert call.time_left_ms(1999) == 1
    assert call.step(2000) == "done"
    with pytest.raises(wxidcard.RequestTimeoutError):
        call.take_card()


def test_abandoning() -> None:
    call = start()
    call.abandon("interrupted", "the task was cancelled")
    assert call.step(0) == "done"
    with pytest.raises(RuntimeError, match="the task was cancelled"):
        call.take_card()


def test_answers_out_of_turn() -> None:
    call = start()
    with pytest.raises(ValueError, match="step"):
        call.answer_token("x")
    with pytest.raises(ValueError, match="step"):
        call.answer_waited(0)
    call.answer_reply(0, 200, OK)
    with pytest.raises(ValueError, match="step"):
        call.answer_reply(0, 200, OK)
    assert call.take_card() == CARD


def test_arguments_of_the_wrong_type() -> None:
    call: Any = start()
    session: Any = _core.Session(access_token=TOKEN)
    for wrong in (
        lambda: call.step("0"),
        lambda: call.answer_token(b"x"),
        lambda: call.answer_reply(0, "200", b""),
        lambda: call.answer_reply(0, 200, "text"),
        lambda: call.answer_failure(0, 1, False),
        lambda: session.recognition(image=JPEG),
        lambda: session.recognition(0, 1, image=JPEG, image_path=7),
        lambda: session.recognition(0, 1, image="a.jpg", image_path="b.jpg"),
        lambda: session.token_fetch(0, 1, appid=1, secret="s"),
        lambda: _core.Call(),
        lambda: _core.Request(),
    ):
        with pytest.raises(TypeError):
            wrong()


def test_the_callers_picture_is_lent_and_not_copied() -> None:
    image = bytearray(JPEG)
    call = start(image=image)
    request = call.request
    assert request is not None
    lent = request.body[1]
    assert isinstance(lent, memoryview)
    assert lent.readonly
    image[-1] = 0
    assert lent[-1] == 0
    with pytest.raises(BufferError):
        image.append(0)
    # What a driver still holds stays readable, whatever becomes of the call.
    call.answer_reply(0, 200, OK)
    del call, request
    gc.collect()
    assert bytes(lent) == bytes(image)
    with pytest.raises(BufferError):
        image.append(0)
    del lent
    image.append(0)


def test_a_picture_of_the_cores_outlives_the_call(tmp_path: Any) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG * 1000)
    call = _core.Session(access_token=TOKEN).recognition(0, 1, image_path=path)
    request = call.request
    assert request is not None
    call.answer_reply(0, 200, OK)
    del call
    assert bytes(request.body[1]) == JPEG * 1000


def test_a_session_lives_as_long_as_its_calls() -> None:
    session = _core.Session(access_token=TOKEN)
    calls = [session.recognition(0, seed, image=JPEG) for seed in range(10)]
    del session
    gc.collect()
    for call in calls:
        call.answer_reply(0, 200, BUSY)
        assert call.step(0) == "wait"
        call.answer_waited(call.wait_ms)
        call.answer_reply(0, 200, OK)
        assert call.take_card() == CARD


def test_cycles_through_the_provider_are_collected() -> None:
    class Owner:
        def __init__(self) -> None:
            self.session = _core.Session(token_provider=self.provide)
            self.client = wxidcard.Client(token_provider=self.provide)
            self.call = self.session.recognition(0, 1, image=JPEG)

        def provide(self, failed: str | None) -> str:
            return TOKEN

    def count() -> int:
        gc.collect()
        return sum(isinstance(found, Owner) for found in gc.get_objects())

    for _ in range(5):
        Owner()
    assert count() == 0


def test_fetching_a_token() -> None:
    session = _core.Session(access_token=TOKEN)
    call = session.token_fetch(0, 1, appid="wx_invented", secret="canary_secret")
    request = call.request
    assert request is not None
    assert (request.method, request.target) == ("POST", "/cgi-bin/stable_token")
    call.answer_reply(0, 200, b'{"access_token": "fetched", "expires_in": 7200}')
    assert call.take_token() == ("fetched", 7200)
    with pytest.raises(ValueError):
        call.take_card()


def test_names() -> None:
    assert _core.STEPS == ("token", "send", "wait", "store", "done")
    assert len(_core.FAILURES) == len(set(_core.FAILURES)) == 7
    assert (_core.MAX_REPLY_BODY, _core.MAX_REPLY_HEADERS) == (65536, 32768)

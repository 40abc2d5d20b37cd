"""The vectors that every language runs: tests/vectors/*.json."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

import wxidcard
from given import JPEG, MakeClient
from scripted import Reply, ScriptedService
from wxidcard import _core

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


def load(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((VECTORS / name).read_text(encoding="utf-8"))["cases"]
    return cases


def each(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", load(name), ids=lambda case: case["name"])


def note_run(file: str) -> None:
    """One more case of a file ran: for the check that all languages ran as many."""
    if path := os.environ.get("WXIDCARD_VECTOR_COUNTS"):
        with open(path, "a", encoding="utf-8") as counts:
            counts.write(f"python {file} 1\n")


def session_of(case: dict[str, Any]) -> _core.Session:
    return _core.Session(**case.get("settings", {"access_token": "token", "max_retries": 0}))


def check_error(error: Exception, expected: dict[str, Any], status: int) -> None:
    """``expected``: kind, and errcode, hint and rid where the reply has them."""
    row = next(row for row in _core.kind_table() if row["name"] == expected["kind"])
    assert type(error) is getattr(wxidcard, row["class_name"])
    assert isinstance(error, wxidcard.Error)
    assert error.kind == expected["kind"]
    assert error.http_status == status
    assert error.errcode == expected.get("errcode")
    if "errcode" in expected:
        assert (error.hint, error.rid) == (expected["hint"], expected["rid"])


def check_outcome(case: dict[str, Any], get: Any) -> None:
    expected = case["expect"]
    if "error" not in expected:
        wanted = expected.get("card") or (expected["token"], expected["expires_in"])
        assert get() == wanted
        return
    with pytest.raises(wxidcard.Error) as caught:
        get()
    check_error(caught.value, expected["error"], case["http_status"])


def answer(call: _core.Call, case: dict[str, Any]) -> None:
    assert call.step(0) == "send"
    call.answer_reply(0, case["http_status"], case["body"].encode())
    assert call.step(0) == "done"


@each("replies.json")
def test_reply_through_the_machine(case: dict[str, Any]) -> None:
    call = session_of({}).recognition(0, 1, image=JPEG)
    answer(call, case)
    check_outcome(case, call.take_card)


@each("tokens.json")
def test_token_through_the_machine(case: dict[str, Any]) -> None:
    call = session_of({}).token_fetch(0, 1, appid="wx_invented", secret="invented_secret")
    answer(call, case)
    check_outcome(case, call.take_token)
    note_run("tokens")


def test_replies_through_the_client(service: ScriptedService, make_client: MakeClient) -> None:
    client = make_client(max_retries=0)
    cases = load("replies.json")
    for case in cases:
        service.script.append(
            Reply(case["body"].encode(), case["http_status"], case["content_type"])
        )
        check_outcome(case, lambda: client.recognize(JPEG))
        note_run("replies")
    assert len(service.requests) == len(cases)


def start(case: dict[str, Any]) -> _core.Call:
    seed = int(case["seed"])
    if "token_fetch" in case:
        return session_of(case).token_fetch(0, seed, **case["token_fetch"])
    recognition = dict(case["recognition"])
    if "image_base64" in recognition:
        recognition["image"] = base64.b64decode(recognition.pop("image_base64"))
    return session_of(case).recognition(0, seed, **recognition)


def check_request(case: dict[str, Any]) -> None:
    expected = case["expect"]
    call = start(case)
    assert call.step(0) == "send"
    request = call.request
    assert request is not None
    for name in ("method", "scheme", "host", "port", "target", "body_length"):
        assert getattr(request, name) == expected[name], name
    head = expected["head"].replace("{version}", wxidcard.__version__)
    assert request.head == head.encode()
    assert "".join(f"{name}: {value}\r\n" for name, value in request.headers).encode() == (
        request.head.partition(b"\r\n")[2].removesuffix(b"\r\n")
    )
    image = base64.b64decode(case.get("recognition", {}).get("image_base64", ""))
    body = [image if part == "image" else part.encode() for part in expected["body"]]
    assert [bytes(part) for part in request.body] == body
    assert request.body_length == sum(map(len, body))


def check_refusal(case: dict[str, Any]) -> None:
    expected = case["expect"]["error"]
    wanted = {"usage": ValueError, "image_input": wxidcard.ImageInputError}[expected["kind"]]
    with pytest.raises(wanted) as caught:
        start(case)
    assert type(caught.value) is wanted
    assert expected["says"] in str(caught.value)


@each("requests.json")
def test_request(case: dict[str, Any]) -> None:
    if "error" in case["expect"]:
        check_refusal(case)
    else:
        check_request(case)
    note_run("requests")

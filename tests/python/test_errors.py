"""The exception classes: made from the core's table, raised in one place, whole after a pickle."""

import builtins
import copy
import json
import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest

import wxidcard
from given import JPEG, TOKEN, MakeClient
from scripted import ScriptedService, reply
from wxidcard import _core

KINDS = _core.kind_table()
CLASSES = _core.error_classes()
ATTRIBUTES = ("kind", "errcode", "errmsg", "hint", "rid", "http_status", "retryable")


def raised(**answer: Any) -> wxidcard.Error:
    """What a recognition raises that was answered so."""
    call = _core.Session(access_token=TOKEN, max_retries=0).recognition(0, 1, image=JPEG)
    assert call.step(0) == "send"
    if "failure" in answer:
        call.answer_failure(0, answer["failure"], False, answer.get("detail"))
    else:
        call.answer_reply(0, answer["status"], answer["body"])
    with pytest.raises(wxidcard.Error) as caught:
        call.take_card()
    return caught.value


def abandoned(kind: str) -> BaseException:
    call = _core.Session(access_token=TOKEN).recognition(0, 1, image=JPEG)
    call.abandon(kind, "as the test wants it")
    with pytest.raises(BaseException) as caught:
        call.take_card()
    return caught.value


@pytest.mark.parametrize(
    "row", [row for row in KINDS if row["class_name"]], ids=lambda row: row["name"]
)
def test_every_kind_has_its_class(row: dict[str, Any]) -> None:
    found = CLASSES[row["class_name"]]
    assert getattr(wxidcard, row["class_name"]) is found
    assert (found.__module__, found.__qualname__) == ("wxidcard", row["class_name"])
    assert issubclass(found, CLASSES[row["base_name"]])
    assert issubclass(found, wxidcard.Error)
    if row["also"]:
        assert issubclass(found, getattr(builtins, row["also"]))
    assert (found.kind, found.retryable) == (row["name"], row["retryable"])
    assert found.__doc__
    assert type(abandoned(row["name"])) is found


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("usage", ValueError),
        ("system", OSError),
        ("memory", MemoryError),
        ("interrupted", RuntimeError),
    ],
)
def test_the_language_has_the_other_kinds_itself(kind: str, expected: type[Exception]) -> None:
    assert type(abandoned(kind)) is expected
    assert {row["name"] for row in KINDS if not row["class_name"]} == {
        "usage",
        "system",
        "memory",
        "interrupted",
    }


def test_groups() -> None:
    for group in _core.group_table():
        assert issubclass(CLASSES[group["class_name"]], wxidcard.Error)
    assert wxidcard.TransportError.kind is None


def test_every_errcode_raises_its_kind() -> None:
    for row in _core.errcode_table():
        errmsg = "as documented hint: [h-1.2!] rid: a-b-c"
        body = json.dumps({"errcode": row["errcode"], "errmsg": errmsg})
        error = raised(status=200, body=body.encode())
        assert (error.kind, error.errcode) == (row["kind"], row["errcode"])
        assert (error.hint, error.rid) == ("h-1.2!", "a-b-c")
        assert error.errmsg == errmsg


def test_an_unknown_errcode_is_an_api_error() -> None:
    error = raised(status=200, body=b'{"errcode": 987654, "errmsg": "new"}')
    assert type(error) is wxidcard.APIError
    assert (error.kind, error.errcode, error.retryable) == ("api", 987654, False)


def test_what_does_not_apply_is_none() -> None:
    error = raised(failure="connect", detail="connection refused")
    assert isinstance(error, ConnectionError)
    assert {name: getattr(error, name) for name in ATTRIBUTES} == {
        "kind": "connect",
        "errcode": None,
        "errmsg": None,
        "hint": None,
        "rid": None,
        "http_status": None,
        "retryable": True,
    }
    assert "connection refused" in str(error)


def every_error() -> list[Exception]:
    errors: list[Exception] = [raised(failure=name) for name in ("connect", "timeout", "tls")]
    errors += [raised(status=200, body=b""), raised(status=502, body=b"<html>")]
    for row in _core.errcode_table():
        document = {"errcode": row["errcode"], "errmsg": "没有 rid: 1-2"}
        errors.append(raised(status=200, body=json.dumps(document).encode()))
    return errors


@pytest.mark.parametrize(
    "duplicate",
    [
        copy.copy,
        copy.deepcopy,
        *(
            lambda error, protocol=protocol: pickle.loads(pickle.dumps(error, protocol))
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
        ),
    ],
)
def test_errors_pickle_and_copy(duplicate: Any) -> None:
    for error in every_error():
        again = duplicate(error)
        assert type(again) is type(error)
        assert again.args == error.args
        assert str(again) == str(error)
        for name in ATTRIBUTES:
            assert getattr(again, name) == getattr(error, name)


def test_users_can_raise_them_in_their_own_tests() -> None:
    with pytest.raises(TimeoutError):
        raise wxidcard.RequestTimeoutError("too slow")
    error = wxidcard.CardNotFoundError("nothing there")
    assert (str(error), error.kind, error.errcode) == ("nothing there", "no_card", None)


def test_a_failure_has_a_name_that_is_known() -> None:
    call = _core.Session(access_token=TOKEN).recognition(0, 1, image=JPEG)
    for name in _core.FAILURES:
        assert raised_kind(name)
    with pytest.raises(ValueError, match="gremlins"):
        call.answer_failure(0, "gremlins", False)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="gremlins"):
        call.abandon("gremlins", "")


def raised_kind(failure: str) -> str:
    call = _core.Session(access_token=TOKEN, max_retries=0).recognition(0, 1, image=JPEG)
    call.answer_failure(0, failure, True)  # type: ignore[arg-type]
    with pytest.raises((wxidcard.Error, OSError, MemoryError)) as caught:
        call.take_card()
    return str(caught.value) or type(caught.value).__name__


def assert_no_canary(error: BaseException) -> None:
    shown = [str(error), repr(error), *traceback.format_exception(error), repr(vars(error))]
    for text in shown:
        for canary in (TOKEN, "canary-path", "invented", "JFIF"):
            assert canary not in text


def test_no_message_shows_a_secret(
    service: ScriptedService, make_client: MakeClient, picture: Path
) -> None:
    client = make_client(max_retries=0)
    assert TOKEN not in repr(client)
    answers = [
        reply({"errcode": 40001, "errmsg": f"invalid credential {TOKEN}"}),
        reply({"errcode": -1, "errmsg": f"access_token={TOKEN} rid: {TOKEN}"}),
        reply({"type": "Front", "errcode": 0.5}),
        reply({"access_token": TOKEN}, 403),
    ]
    for answer in answers:
        service.script.append(answer)
        with pytest.raises(wxidcard.Error) as caught:
            client.recognize(picture)
        assert_no_canary(caught.value)
    missing = picture.with_name("canary-path-that-is-missing.jpg")
    with pytest.raises(FileNotFoundError) as not_found:
        client.recognize(missing)
    assert not_found.value.filename is None
    assert_no_canary(not_found.value)
    with pytest.raises(ValueError, match="token") as usage:
        wxidcard.Client(access_token=f"{TOKEN}\n")
    assert_no_canary(usage.value)
    with pytest.raises(ValueError, match="surrogates") as surrogate:
        wxidcard.Client(access_token=f"{TOKEN}\udc80")
    assert_no_canary(surrogate.value)

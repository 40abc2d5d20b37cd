"""The sandbox's own endpoints: the list of requests, replies to play, reset."""

import base64
import hashlib
import json
import time
from typing import Any

import pytest

from wxidcard.sandbox.journal import MAX_CHARACTERS, MAX_ENTRIES, Journal, make_entry
from wxidcard.sandbox.scripted import MAX_QUEUED
from wxidcard.sandbox.server import MAX_BODY_BYTES

from .conftest import StartSandbox
from .support import (
    DISPOSITION,
    MULTIPART,
    PART_TYPE,
    RECOGNIZE,
    WITH_TOKEN,
    RunningSandbox,
    multipart,
    request,
    send,
)


def test_upload_in_the_list(sandbox: RunningSandbox) -> None:
    body = multipart(b"front")
    headers = ["x-OTHER: a  b", f"content-TYPE: {MULTIPART}", f"Content-Length: {len(body)}"]
    sandbox.raw(request(f"{WITH_TOKEN}&type=photo", [*headers, "Connection: close"], body))
    (entry,) = sandbox.requests()
    assert entry.pop("connection") == 1
    assert 0 < entry.pop("peer_port") < 65536
    assert entry == {
        "method": "POST",
        "target": "/cv/ocr/idcard?access_token=***&type=photo",
        "headers": [
            ["Host", "localhost"],
            ["x-OTHER", "a  b"],
            ["content-TYPE", MULTIPART],
            ["Content-Length", str(len(body))],
            ["Connection", "close"],
        ],
        "body_length": len(body),
        "part": {
            "name": "img",
            "file_name": "card.jpg",
            "content_type": "image/jpeg",
            "length": 5,
            "sha256": hashlib.sha256(b"front").hexdigest(),
        },
    }


def test_faulty_part_in_the_list(sandbox: RunningSandbox) -> None:
    body = multipart(part_headers=['Content-Disposition: form-data; name="image"'])
    sandbox.call("POST", WITH_TOKEN, body, {"Content-Type": MULTIPART})
    part = sandbox.requests()[0]["part"]
    assert (part["name"], part["file_name"], part["content_type"]) == ("image", None, None)


@pytest.mark.parametrize("name", ['\\"a\\".jpg', "名.jpg"])
def test_file_name_in_the_list(sandbox: RunningSandbox, name: str) -> None:
    disposition = DISPOSITION.replace("card.jpg", name)
    body = multipart(part_headers=[disposition, PART_TYPE])
    assert sandbox.call("POST", WITH_TOKEN, body, {"Content-Type": MULTIPART}).errcode == 0
    assert sandbox.requests()[0]["part"]["file_name"] == name.replace("\\", "")


def test_address_stays_as_it_was_encoded(sandbox: RunningSandbox) -> None:
    sandbox.call("POST", f"{RECOGNIZE}?img_url=http%3a%2F%2F127.0.0.1%3A1&access_token=x")
    assert sandbox.requests()[0]["target"] == (
        f"{RECOGNIZE}?img_url=http%3a%2F%2F127.0.0.1%3A1&access_token=***"
    )


def test_connections_are_numbered(sandbox: RunningSandbox) -> None:
    connection = sandbox.connection()
    for _ in range(2):
        send(connection, "POST", WITH_TOKEN)
    connection.close()
    sandbox.call("POST", WITH_TOKEN)
    first, second, third = sandbox.requests()
    assert first["connection"] == second["connection"] != third["connection"]
    assert first["peer_port"] == second["peer_port"]


CANARY = "canary_0123456789"


def test_no_token_in_the_list(sandbox: RunningSandbox) -> None:
    token = sandbox.post_json(
        "/cgi-bin/stable_token",
        {"grant_type": "client_credential", "appid": "wx_sandbox", "secret": "sandbox_secret"},
    ).json()["access_token"]
    disposition = DISPOSITION.replace("card.jpg", f"{CANARY}.jpg")
    body = multipart(part_headers=[disposition, PART_TYPE])
    headers = {"Content-Type": MULTIPART, "Referer": f"http://localhost/?x={CANARY}"}
    for name in ("access_token", "cloudbase_access_token", "secret", "access%5Ftoken", "SECRET"):
        sandbox.call("POST", f"{RECOGNIZE}?{name}={CANARY}", body, headers)
    sandbox.call("GET", f"/cgi-bin/token?appid=wx_sandbox&secret={CANARY}")
    for header in ("X-WX-CLOUDBASE-ACCESS-TOKEN", "Authorization", "Cookie"):
        sandbox.call("POST", RECOGNIZE, headers={header: CANARY})
    sandbox.call("POST", f"{RECOGNIZE}?access_token={token}")
    sandbox.call("POST", f"/unknown?access_token={CANARY}")
    listed = json.dumps(sandbox.requests())
    assert len(sandbox.requests()) == 12
    assert "***" in listed
    for hidden in (CANARY, token, "sandbox_secret"):
        assert hidden not in listed


def test_list_is_bounded() -> None:
    journal = Journal()
    for number in range(MAX_ENTRIES + 5):
        journal.append(
            make_entry(connection=1, peer_port=1, method="GET", target=f"/{number}", raw_headers=())
        )
    listed = journal.documents()
    assert len(listed) == MAX_ENTRIES
    assert (listed[0]["target"], listed[-1]["target"]) == ("/5", f"/{MAX_ENTRIES + 4}")


def test_list_is_bounded_in_characters() -> None:
    journal = Journal()
    value = b"x" * (MAX_CHARACTERS // 10)
    for _ in range(20):
        journal.append(
            make_entry(
                connection=1, peer_port=1, method="GET", target="/", raw_headers=((b"a", value),)
            )
        )
    assert len(journal.documents()) == 9


def play(sandbox: RunningSandbox, *replies: dict[str, Any]) -> None:
    assert sandbox.post_json("/sandbox/replies", list(replies)).status == 200


def test_replies_are_played_in_order(sandbox: RunningSandbox) -> None:
    play(
        sandbox,
        {"status": 503, "headers": {"Retry-After": "2", "Content-Type": "text/html"}, "body": "no"},
        {"body": '{"errcode": 45009, "errmsg": "名"}'},
        {
            "body_base64": base64.b64encode(b"\xff\x00").decode(),
            "headers": [["A", "1"], ["A", "2"]],
        },
    )
    first, second, third, fourth = (sandbox.upload() for _ in range(4))
    assert (first.status, first.body, first.headers["retry-after"]) == (503, b"no", "2")
    assert first.headers["content-type"] == "text/html"
    assert second.errcode == 45009
    assert second.headers["content-type"] == "application/json; encoding=utf-8"
    assert (third.status, third.body) == (200, b"\xff\x00")
    assert fourth.errcode == 0
    assert len(sandbox.requests()) == 4


def test_replies_go_before_everything_else(sandbox: RunningSandbox) -> None:
    play(sandbox, *({"body": f'{{"errcode": {number}}}'} for number in range(4)))
    chunked = request(RECOGNIZE, ["Transfer-Encoding: chunked", "Connection: close"], b"0\r\n\r\n")
    assert b'{"errcode": 0}' in sandbox.raw(chunked)
    assert sandbox.call("GET", RECOGNIZE).json() == {"errcode": 1}
    # The token endpoints are no recognitions.
    assert sandbox.call("GET", "/cgi-bin/stable_token").errcode == 43002
    assert sandbox.call("POST", RECOGNIZE, b"x", {"Content-Type": MULTIPART}).json() == {
        "errcode": 2
    }
    too_large = request(RECOGNIZE, [f"Content-Length: {MAX_BODY_BYTES + 1}"], b"")
    assert b'{"errcode": 3}' in sandbox.raw(too_large)


def test_reply_that_waits(sandbox: RunningSandbox) -> None:
    play(sandbox, {"status": 204, "delay_ms": 50})
    started = time.monotonic()
    assert sandbox.upload().status == 204
    assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize(
    "document",
    [
        {"status": 200},
        ["text"],
        [{"status": "200"}],
        [{"status": 99}],
        [{"status": 100}],
        [{"status": True}],
        [{"status": 200.5}],
        [{"delay_ms": -1}],
        [{"delay_ms": "1"}],
        [{"body": {"errcode": 0}}],
        [{"body": "a", "body_base64": "YQ=="}],
        [{"body_base64": "!"}],
        [{"body_base64": 1}],
        [{"headers": "text"}],
        [{"headers": [["a"]]}],
        [{"headers": {"a b": "c"}}],
        [{"headers": {"a": "b\r\nc: d"}}],
        [{"headers": {"a": 1}}],
        [{"headers": {"Content-Length": "5"}}],
        [{"unknown": 1}],
        [{}, {"status": None}],
        [{}] * (MAX_QUEUED + 1),
    ],
)
def test_replies_that_cannot_be_played(sandbox: RunningSandbox, document: object) -> None:
    answer = sandbox.post_json("/sandbox/replies", document)
    assert answer.status == 400
    assert answer.json()["error"]
    # None of them is played, the good ones before the faulty one included.
    assert sandbox.upload().errcode == 0


def test_replies_must_be_json(sandbox: RunningSandbox) -> None:
    assert sandbox.call("POST", "/sandbox/replies", b"[").status == 400


def test_reset(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    account = {
        "grant_type": "client_credential",
        "appid": "wx_sandbox",
        "secret": "sandbox_secret",
        "force_refresh": True,
    }
    token = sandbox.post_json("/cgi-bin/stable_token", account).json()["access_token"]
    play(sandbox, {"status": 500})
    assert sandbox.call("POST", "/sandbox/reset").status == 200
    assert sandbox.requests() == []
    assert sandbox.upload().errcode == 0
    assert sandbox.upload(target=f"{RECOGNIZE}?access_token={token}").errcode == 40001
    # The half minute between forced refreshes is forgotten as well.
    assert "access_token" in sandbox.post_json("/cgi-bin/stable_token", account).json()


def test_own_endpoints_are_not_in_the_list(sandbox: RunningSandbox) -> None:
    sandbox.call("POST", "/sandbox/expire")
    sandbox.requests()
    assert sandbox.requests() == []

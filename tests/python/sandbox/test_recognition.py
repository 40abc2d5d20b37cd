"""POST /cv/ocr/idcard: the answers that docs/service.md records, for uploads and credentials."""

import json
import re
import socket
import time

import pytest

from wxidcard.sandbox.server import MAX_BODY_BYTES, MAX_IMAGE_BYTES, Settings

from .conftest import StartSandbox
from .support import (
    BACK,
    BOUNDARY,
    DISPOSITION,
    FRONT,
    MULTIPART,
    PART_TYPE,
    RECOGNIZE,
    WITH_TOKEN,
    RunningSandbox,
    multipart,
    request,
)

ERRMSG = re.compile(r"[a-zA-Z_, ]+ hint: \[[^\]]+\] rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}")


def test_front(sandbox: RunningSandbox) -> None:
    answer = sandbox.upload()
    assert answer.status == 200
    assert answer.json() == {"errcode": 0, "errmsg": "ok", **FRONT, "card_property": 4}
    assert answer.headers["content-type"] == "application/json; encoding=utf-8"


def test_back(sandbox: RunningSandbox) -> None:
    assert sandbox.upload(b"back").json() == {"errcode": 0, "errmsg": "ok", **BACK}


@pytest.mark.parametrize(
    ("image", "errcode"), [(b"no card", 101001), (b"damaged", 101002), (b"", 41005)]
)
def test_picture_without_a_card(sandbox: RunningSandbox, image: bytes, errcode: int) -> None:
    answer = sandbox.upload(image)
    assert answer.errcode == errcode
    assert ERRMSG.fullmatch(answer.json()["errmsg"])


def test_size_limit(sandbox: RunningSandbox) -> None:
    assert sandbox.upload(b"x" * (MAX_IMAGE_BYTES - 1)).errcode == 0
    assert sandbox.upload(b"x" * MAX_IMAGE_BYTES).errcode == 101002


def test_body_too_large_for_the_gateway(sandbox: RunningSandbox) -> None:
    head = request(WITH_TOKEN, [f"Content-Length: {MAX_BODY_BYTES + 1}"], b"")
    answer = sandbox.raw(head)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"text/html" in answer


@pytest.mark.parametrize("expect", [[], ["Expect: 100-continue"]])
def test_chunked_request(sandbox: RunningSandbox, expect: list[str]) -> None:
    headers = [f"Content-Type: {MULTIPART}", "Transfer-Encoding: chunked", *expect]
    body = multipart()
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    answer = sandbox.raw(request(WITH_TOKEN, headers, chunks))
    answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    head, _, received = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 412 Precondition Failed")
    assert received == b""


@pytest.mark.parametrize(
    "part_headers",
    [
        ['Content-Disposition: form-data; name="image"; filename="card.jpg"', PART_TYPE],
        ['Content-Disposition: form-data; filename="card.jpg"', PART_TYPE],
        ['Content-Disposition: form-data; name="img"', PART_TYPE],
        ['Content-Disposition: form-data; name="img"; filename=""', PART_TYPE],
        ['Content-Disposition: form-data; name="img"; filename=card.jpg', PART_TYPE],
        ["Content-Disposition: form-data; name=\"img\"; filename*=utf-8''card.jpg", PART_TYPE],
        ['Content-Disposition: attachment; name="img"; filename="card.jpg"', PART_TYPE],
        [PART_TYPE],
        [DISPOSITION],
        [DISPOSITION, "Content-Type:"],
        [DISPOSITION, PART_TYPE, "no colon here"],
    ],
)
def test_part_not_as_the_service_wants_it(sandbox: RunningSandbox, part_headers: list[str]) -> None:
    body = multipart(part_headers=part_headers)
    answer = sandbox.call("POST", WITH_TOKEN, body, {"Content-Type": MULTIPART})
    assert answer.errcode == 41005
    assert ERRMSG.fullmatch(answer.json()["errmsg"])


@pytest.mark.parametrize(
    "content_type",
    [
        f'multipart/form-data; boundary="{BOUNDARY}"',
        f"multipart/form-data; boundary={BOUNDARY}; charset=utf-8",
        f"multipart/form-data; charset=utf-8; boundary={BOUNDARY}",
        "multipart/form-data; boundary=another",
        "multipart/form-data",
        f"multipart/mixed; boundary={BOUNDARY}",
        "image/jpeg",
        "application/x-www-form-urlencoded",
    ],
)
def test_content_type_not_as_the_service_wants_it(
    sandbox: RunningSandbox, content_type: str
) -> None:
    answer = sandbox.call("POST", WITH_TOKEN, multipart(), {"Content-Type": content_type})
    assert answer.errcode == 41005


def test_two_content_types(sandbox: RunningSandbox) -> None:
    body = multipart()
    headers = [f"Content-Type: {MULTIPART}"] * 2
    headers += [f"Content-Length: {len(body)}", "Connection: close"]
    answer = sandbox.raw(request(WITH_TOKEN, headers, body))
    # Newer releases of aiohttp refuse it before the sandbox sees it.
    assert b'"errcode": 41005' in answer or answer.startswith(b"HTTP/1.0 400 ")


@pytest.mark.parametrize(
    "body",
    [
        multipart()[:-1],
        b"preamble\r\n" + multipart(),
        multipart().replace(b"--\r\n", b"\r\n"),
        multipart() + b"trailing",
        multipart().replace(f"\r\n--{BOUNDARY}".encode(), f"\r\n--{BOUNDARY}x".encode()),
        f"--{BOUNDARY}\r\n{DISPOSITION}\r\n--{BOUNDARY}--\r\n".encode(),
        f"--{BOUNDARY}--\r\n".encode(),
    ],
)
def test_multipart_that_does_not_fit_its_length(sandbox: RunningSandbox, body: bytes) -> None:
    answer = sandbox.call("POST", WITH_TOKEN, body, {"Content-Type": MULTIPART})
    assert answer.errcode == 41005


def test_two_pictures(sandbox: RunningSandbox) -> None:
    body = multipart()[: -len(f"--{BOUNDARY}--\r\n")] + multipart()
    answer = sandbox.call("POST", WITH_TOKEN, body, {"Content-Type": MULTIPART})
    assert answer.errcode == 41005


def test_too_many_parts(sandbox: RunningSandbox) -> None:
    part = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n".encode()
    answer = sandbox.call("POST", WITH_TOKEN, part * 40, {"Content-Type": MULTIPART})
    assert answer.errcode == 41005


def test_a_part_beside_the_picture_is_ignored(sandbox: RunningSandbox) -> None:
    other = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'.encode()
    answer = sandbox.call("POST", WITH_TOKEN, other + multipart(), {"Content-Type": MULTIPART})
    assert answer.errcode == 0


@pytest.mark.parametrize("difference", [-1, -20, -len(multipart()) // 2])
def test_content_length_too_short(sandbox: RunningSandbox, difference: int) -> None:
    body = multipart(b"x" * 500)
    length = len(body) + difference
    headers = [f"Content-Type: {MULTIPART}", f"Content-Length: {length}"]
    answer = sandbox.raw(request(WITH_TOKEN, headers, body))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"errcode": 41005' in answer


def test_content_length_too_long(sandbox: RunningSandbox) -> None:
    body = multipart()
    headers = [f"Content-Type: {MULTIPART}", f"Content-Length: {len(body) + 10}"]
    started = time.monotonic()
    answer = sandbox.raw(request(WITH_TOKEN, headers, body))
    assert b'"errcode": 41005' in answer
    assert time.monotonic() - started < 10


def test_peer_that_leaves_in_mid_body(sandbox: RunningSandbox) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=20) as wire:
        wire.sendall(request(WITH_TOKEN, ["Content-Length: 1000"], b"only this"))
    assert sandbox.upload().errcode == 0


def test_neither_picture(sandbox: RunningSandbox) -> None:
    assert sandbox.call("POST", WITH_TOKEN).errcode == 41005


def test_both_pictures(sandbox: RunningSandbox) -> None:
    target = f"{WITH_TOKEN}&img_url=http%3A%2F%2F127.0.0.1%2Fa.jpg"
    assert sandbox.upload(target=target).errcode == 41005


def test_image_url_in_a_json_body(sandbox: RunningSandbox) -> None:
    answer = sandbox.post_json(WITH_TOKEN, {"img_url": "https://example.com/a.jpg"})
    assert answer.errcode == 41005


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods(sandbox: RunningSandbox, method: str) -> None:
    assert sandbox.call(method, WITH_TOKEN).errcode == 43002


@pytest.mark.parametrize(
    ("query", "errcode"),
    [
        ("type=photo", 0),
        ("type=scan", 0),
        ("type=MODE", 40097),
        ("type=", 40097),
        ("type=photo&type=x", 40097),
        ("unknown=1", 0),
    ],
)
def test_type(sandbox: RunningSandbox, query: str, errcode: int) -> None:
    assert sandbox.upload(target=f"{WITH_TOKEN}&{query}").errcode == errcode


@pytest.mark.parametrize(
    ("query", "errcode"),
    [
        ("", 41001),
        ("?access_token=", 41001),
        ("?cloudbase_access_token=", 41001),
        ("?Access_Token=sandbox_token", 41001),
        ("?access_token=wrong", 40001),
        ("?access_token=sandbox_token&access_token=sandbox_token", 40001),
        ("?access_token=sandbox_token&cloudbase_access_token=sandbox_cloudbase_token", 40001),
        ("?access_token=sandbox_cloudbase_token", 40001),
        ("?cloudbase_access_token=sandbox_token", 40001),
        ("?cloudbase_access_token=sandbox_cloudbase_token", 0),
        ("?access_token=sandbox%5Ftoken", 0),
    ],
)
def test_credentials(sandbox: RunningSandbox, query: str, errcode: int) -> None:
    assert sandbox.upload(target=RECOGNIZE + query).errcode == errcode


def test_open_service(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(settings=Settings(open_service=True))
    assert sandbox.upload(target=RECOGNIZE).errcode == 0
    assert sandbox.upload(target=f"{RECOGNIZE}?access_token=wrong").errcode == 40001


def test_quota(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(settings=Settings(quota=2))
    assert [sandbox.upload(image).errcode for image in (b"front", b"no card")] == [0, 101001]
    # A call without a valid token takes nothing from the account.
    assert sandbox.upload(target=RECOGNIZE).errcode == 41001
    assert sandbox.upload().errcode == 45009
    sandbox.clock.now += 86_400
    assert sandbox.upload().errcode == 0


def test_latency(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(settings=Settings(latency=0.05))
    started = time.monotonic()
    assert sandbox.upload().errcode == 0
    assert time.monotonic() - started >= 0.05


def test_failure_of_the_sandbox_itself(
    sandbox: RunningSandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = sandbox.upload(b"sandbox fails")
    assert answer.errcode == -1
    assert ERRMSG.fullmatch(answer.json()["errmsg"])
    logged = capfd.readouterr().err
    assert "ZeroDivisionError" in logged
    assert "secret text" not in logged


def test_malformed_request_is_not_logged(
    sandbox: RunningSandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = sandbox.raw(b"POST /cv/ocr/idcard?access_token=canary HTTP/nonsense\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 400 ") or answer.startswith(b"HTTP/1.1 400 ")
    captured = capfd.readouterr()
    assert "canary" not in captured.out + captured.err


def test_unknown_path(sandbox: RunningSandbox) -> None:
    assert sandbox.call("POST", "/cv/ocr/bankcard").status == 404


def test_reply_is_utf8_json(sandbox: RunningSandbox) -> None:
    assert "样本" in sandbox.upload().body.decode()
    assert json.loads(sandbox.upload().body)["name"] == "样本"

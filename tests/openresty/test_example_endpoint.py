"""POST /idcard of the example application: what it takes, and what it answers."""

import hashlib
import io
import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from example import BOUNDARY, FORM_TYPE, Answer, Example, Sandbox, form, part
from PIL import Image

LIMIT = 2 * 1024 * 1024
MOST = 10 * 1024 * 1024
CARD = {"errcode": 0, "errmsg": "ok", "type": "Back", "valid_date": "20200101-20400101"}
PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00invented\xff\xd9"
IN_MEMORY, IN_A_FILE = 100_000, 1_500_000


def truth(specimens: Path, name: str) -> dict[str, str]:
    fields: dict[str, str] = json.loads((specimens / "specimens.json").read_text())[name]
    return fields


@pytest.mark.parametrize("name", ["front-01.jpg", "back-01.png"])
def test_card_is_read(example: Example, sandbox: Sandbox, specimens: Path, name: str) -> None:
    answer = example.upload((specimens / name).read_bytes())
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    card, report = answer.json["card"], answer.json["report"]
    card.pop("card_property", None)
    assert card == truth(specimens, name)
    assert report["ok"] is True
    assert isinstance(report["findings"], list)  # an empty one, too


@pytest.mark.parametrize("size", [IN_MEMORY, IN_A_FILE])
def test_picture_arrives_as_it_is(example: Example, sandbox: Sandbox, size: int) -> None:
    sandbox.play(CARD)
    picture = PICTURE + bytes(range(256)) * (size // 256)
    assert example.upload(picture).json["card"]["type"] == "Back"
    (arrived,) = sandbox.pictures()
    assert arrived["sha256"] == hashlib.sha256(picture).hexdigest()
    assert example.comes_to_keep(0)


def test_file_is_kept_no_longer_than_the_request(example: Example, sandbox: Sandbox) -> None:
    sandbox.play_raw([{"body": json.dumps(CARD), "delay_ms": 300}])
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(example.upload, PICTURE + bytes(IN_A_FILE))
        assert example.comes_to_keep(1)
        assert answer.result().status == 200
    assert example.comes_to_keep(0)


def photograph(least: int) -> bytes:
    """A JPEG of that many bytes and some more, which nothing can make smaller but scaling."""
    random = np.random.default_rng(5)
    side = int(least**0.5)  # a pixel of noise takes about a byte
    noise = Image.fromarray(random.integers(0, 255, (side, side, 3), np.uint8))
    encoded = io.BytesIO()
    noise.save(encoded, "JPEG", quality=95)
    assert least < len(encoded.getvalue()) < 2 * least
    return encoded.getvalue()


def test_photograph_is_made_to_fit(example: Example, sandbox: Sandbox) -> None:
    sandbox.play(CARD)
    assert example.upload(photograph(5_000_000)).status == 200
    (arrived,) = sandbox.pictures()
    assert LIMIT / 2 < arrived["length"] < LIMIT
    assert arrived["content_type"] == "image/jpeg"
    assert example.comes_to_keep(0)


def test_large_file_that_is_no_picture(example: Example, sandbox: Sandbox) -> None:
    assert example.upload(bytes(3_000_000)).problem == (422, "image_input")
    assert example.upload(b"GIF89a" + bytes(3_000_000)).problem == (422, "image_input")
    assert example.upload(b"").problem == (422, "image_input")
    assert sandbox.pictures() == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("target", ["/idcard", "/check"])
def test_other_methods(example: Example, method: str, target: str) -> None:
    answer = example.send(method, target)
    assert answer.problem == (405, "method")
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("target", ["/idcard", "/check"])
def test_other_sites(example: Example, target: str) -> None:
    answer = example.send("POST", target, b"", {**FORM_TYPE, "Sec-Fetch-Site": "cross-site"})
    assert answer.problem == (403, "cross_site")
    for site in ("same-origin", "none"):
        headers = {**FORM_TYPE, "Sec-Fetch-Site": site}
        assert example.send("POST", target, b"", headers).status in (400, 415)


@pytest.mark.parametrize(
    ("content_type", "problem"),
    [
        (None, (415, "content_type")),
        ("", (415, "content_type")),
        ("image/jpeg", (415, "content_type")),
        ("application/x-www-form-urlencoded", (415, "content_type")),
        (f"multipart/mixed; boundary={BOUNDARY}", (415, "content_type")),
        ("multipart/form-data", (400, "malformed")),
        ("multipart/form-data; boundary=", (400, "malformed")),
        (f"multipart/form-data; boundary={'x' * 71}", (400, "malformed")),
        (f"multipart/form-data; boundary={BOUNDARY}; boundary=other", (400, "malformed")),
        ("multipart/form-data; boundary=other", (400, "malformed")),
    ],
)
def test_content_types(
    example: Example, content_type: str | None, problem: tuple[int, str]
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert example.send("POST", "/idcard", form(part(PICTURE)), headers).problem == problem


@pytest.mark.parametrize(
    "content_type",
    [
        f'multipart/form-data; boundary="{BOUNDARY}"',
        f"Multipart/Form-Data ;charset=utf-8; BOUNDARY={BOUNDARY};",
    ],
)
def test_content_types_written_otherwise(
    example: Example, sandbox: Sandbox, content_type: str
) -> None:
    sandbox.play(CARD)
    headers = {"Content-Type": content_type}
    assert example.send("POST", "/idcard", form(part(PICTURE)), headers).status == 200


def test_part_is_missing(example: Example) -> None:
    for body in (form(), form(part(PICTURE, "image")), form(part(PICTURE), part(PICTURE))):
        assert example.send("POST", "/idcard", body, FORM_TYPE).problem == (400, "missing_part")


def test_other_parts_are_passed_over(example: Example, sandbox: Sandbox) -> None:
    sandbox.play(CARD)
    body = form(part(b"invented", "user"), part(PICTURE), part(b"", "more"))
    assert example.send("POST", "/idcard", body, FORM_TYPE).status == 200
    assert sandbox.pictures()[0]["length"] == len(PICTURE)


@pytest.mark.parametrize("body", [b"", b"invented", form(part(PICTURE))[:-8], part(PICTURE)])
def test_malformed_body(example: Example, body: bytes) -> None:
    assert example.send("POST", "/idcard", body, FORM_TYPE).problem == (400, "malformed")


def chunks(size: int) -> Iterator[bytes]:
    return itertools.repeat(bytes(65536), size // 65536)


def is_too_large(answer: Answer) -> bool:
    return answer.problem == (413, "too_large") and "10 MB" in answer.json["error"]["message"]


def test_too_large(example: Example) -> None:
    """A picture of a byte too many, and bodies that nginx itself does not take."""
    assert is_too_large(example.upload(bytes(MOST + 1)))
    assert example.upload(bytes(MOST)).problem == (422, "image_input")
    assert is_too_large(example.send("POST", "/idcard", b"", {"Content-Length": str(MOST * 2)}))
    assert is_too_large(example.send("POST", "/idcard", chunks(MOST * 11 // 10), FORM_TYPE))
    assert example.comes_to_keep(0)


def test_headers(example: Example) -> None:
    for target in ("/", "/idcard", "/style.css"):
        headers = example.send("GET", target).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Server"] == "nginx"

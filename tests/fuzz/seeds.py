#!/usr/bin/env python3
"""Writes what the fuzz targets begin with: the cases of tests/vectors, in each target's own form.

Its argument is the folder, which gets one folder for each target. Names are hashes of contents, as
libFuzzer names its own. How an input is read stands at the head of each fuzz_*.c.
"""

import base64
import hashlib
import io
import json
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
NUL = b"\0"
# The places of statuses in the tables of fuzz_reply.c and fuzz_token_reply.c.
REPLY_STATUSES = (200, 0, 0, 0, 400, 401, 403, 404, 412, 429, 500, 502, 503, 504)
TOKEN_STATUSES = (200, 0, 0, 0, 400, 404, 412, 429, 500, 502, 503, 504)
FIELDS = ("type", "name", "gender", "nationality", "birth", "addr", "id", "valid_date")
CREDENTIALS = ("access_token", "cloudbase_access_token", "open_service", "", "appid")
TYPES = (None, "photo", "scan")
NUMBER = bytes(range(8))
CLOCK = bytes(8) + b"\1"


def cases(name: str) -> list[dict[str, Any]]:
    document = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = document["cases"]
    return found


def bodies() -> Iterator[tuple[int, bytes]]:
    for case in (*cases("replies"), *cases("tokens")):
        yield case["http_status"], str(case["body"]).encode("utf-8", "surrogatepass")
    for case in cases("invalid"):
        yield 200, base64.b64decode(case["document_base64"])


def reply() -> Iterator[bytes]:
    for status, body in bodies():
        yield bytes([REPLY_STATUSES.index(status)]) + body


def token_reply() -> Iterator[bytes]:
    for status, body in bodies():
        place = TOKEN_STATUSES.index(status) if status in TOKEN_STATUSES else 0
        yield bytes([place, len(body) % 2]) + body


def request() -> Iterator[bytes]:
    for case in cases("requests"):
        settings = case["settings"]
        fetch = case.get("token_fetch", settings)
        recognition = case.get("recognition", {})
        credential = next((n for n, key in enumerate(CREDENTIALS) if settings.get(key)), 3)
        flags = ("base_url" in settings) | ("img_url" in recognition) << 1
        flags |= (fetch.get("endpoint", fetch.get("token_endpoint")) == "token") << 2
        flags |= bool(fetch.get("force_refresh")) << 3
        kind = recognition.get("type")
        texts = (
            settings.get("access_token", settings.get("cloudbase_access_token", "token")),
            settings.get("base_url", ""),
            fetch.get("appid", "wx0123456789abcdef"),
            fetch.get("secret", "secret"),
            recognition.get("img_url", ""),
        )
        yield (
            bytes([flags, 4 if "token_fetch" in case else credential])
            + bytes([TYPES.index(kind) if kind in TYPES else 3])
            + struct.pack("<Q", int(case.get("seed", "1")) % 2**64)
            + b"".join(str(text).encode("utf-8", "surrogatepass") + NUL for text in texts)
            + base64.b64decode(recognition.get("image_base64", ""))
        )


def boundary() -> Iterator[bytes]:
    for pieces in ([], [64], [66, 65], [64, 65, 66, 67], [3, 1, 2, 3, 70, 0, 255], [68, 1, 48]):
        yield NUMBER + bytes(pieces)


def texts() -> Iterator[str]:
    for case in (*cases("cards"), *cases("masks")):
        for card in (case.get("front"), case.get("back"), case.get("card")):
            yield from (text for text in (card or {}).values() if isinstance(text, str))
    for _, body in bodies():
        yield body.decode("utf-8", "replace")


def text() -> Iterator[bytes]:
    for number, one in enumerate(texts()):
        yield bytes([number % 64]) + one[:12].encode() + NUL + one.encode("utf-8", "surrogatepass")


def date() -> Iterator[bytes]:
    for case in cases("cards"):
        front, back = case["front"] or {}, case["back"] or {}
        birth = front.get("birth") or case.get("today")
        period = back.get("valid_date") or front.get("valid_date")
        if isinstance(birth, str) and isinstance(period, str):
            yield NUMBER + birth.encode() + NUL + period.encode()
    yield NUMBER + b"Sun, 06 Nov 1994 08:49:37 GMT" + NUL


def number() -> Iterator[bytes]:
    for case in cases("numbers"):
        given = case.get("number", case.get("convert"))
        if isinstance(given, str):
            yield NUL + given.encode("utf-8", "surrogatepass")
        elif "number_base64" in case:
            yield NUL + base64.b64decode(case["number_base64"])


def fields(side: int, card: dict[str, Any] | None) -> bytes:
    return b"".join(
        bytes([side, FIELDS.index(name) if name in FIELDS else 8, 0])
        + value.encode("utf-8", "surrogatepass")
        + NUL
        for name, value in (card or {}).items()
        if isinstance(value, str)
    )


def card() -> Iterator[bytes]:
    for case in cases("cards"):
        sides = (case["front"], case["back"])
        if all(side is None or isinstance(side, dict) for side in sides):
            yield NUL + fields(0, sides[0]) + fields(1, sides[1])
    for case in cases("masks"):
        yield NUL + fields(0, case["card"])


def pictures() -> Iterator[bytes]:
    """Small ones, in the kinds that decoders tell apart."""
    for size in ((1, 1), (16, 16), (33, 17), (64, 40)):
        for mode in ("RGB", "L", "CMYK", "RGBA", "P", "1", "I;16"):
            picture = Image.effect_noise(size, 40).convert("L")
            picture = picture if mode == "I;16" else picture.convert(mode)
            exif = Image.Exif()
            exif[0x0112] = 6
            kinds: list[dict[str, Any]] = []
            if mode in ("RGB", "L", "CMYK"):
                kinds += [{"format": "JPEG"}, {"format": "JPEG", "progressive": True}]
                kinds += [{"format": "JPEG", "subsampling": 0, "exif": exif, "comment": b"text"}]
            if mode != "CMYK":
                kinds += [{"format": "PNG"}, {"format": "PNG", "exif": exif}]
            for kind in kinds:
                into = io.BytesIO()
                picture.save(into, **kind)
                yield into.getvalue()


def picture() -> Iterator[bytes]:
    for file in pictures():
        yield bytes([2 if file.startswith(b"\x89PNG") else 1]) + file
    for start in (b"GIF89a", b"RIFF0000WEBP", b"BM" + bytes(12), b"0000ftypheic", b"%PDF", b"http"):
        yield NUL + start


def fit() -> Iterator[bytes]:
    for file in pictures():
        for choice in (63, 40):
            yield bytes([choice]) + file


def exchange() -> Iterator[bytes]:
    for status, body in bodies():
        head = f"HTTP/1.1 {status} X\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n".encode()
        by_length = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
        by_close = head + b"\r\n" + body
        chunk = b"%x\r\n" % len(body) + body + b"\r\n" if body else b""
        chunked = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n"
        for arrival in (by_length, by_close, chunked):
            yield bytes([len(body) % 2, 0]) + NUMBER + arrival


def retry_after() -> Iterator[bytes]:
    dates = (b"Sun, 06 Nov 1994 08:49:37 GMT", b"Wed, 01 Mar 2000 00:00:01 GMT", b"")
    for asked in (b"0", b"30", b"99999999999999999999", b"-1", b"soon", *dates):
        for day in dates:
            yield NUL + asked + NUL + day


def record() -> Iterator[bytes]:
    token = b'{"access_token":"token","expires_at":1768440000,"expires_in":7200}'
    failure = b'{"failed":"busy","errcode":-1,"failures":2,"retry_at_ms":1768435204000}'
    for one in (token, failure, *(body for _, body in bodies())):
        yield NUL + CLOCK + one
        yield b"\1" + CLOCK + one
    for one in (b"token", b" token\n", b"to ken", b"", b"t\0"):
        yield b"\2" + one + NUL + b"another\r\n"


def call() -> Iterator[bytes]:
    """Sessions of each credential, and calls that are answered in order."""
    for credential in range(5):
        for options in (0, 4, 8, 12):
            for answers in (b"", b"\6\0\0" * 8, b"\4\0\0" * 8, b"\1\0\0\0" * 12, b"\3\0\1\0" * 12):
                yield bytes([options, credential, 0, 1, 0, 7]) + answers


TARGETS = (
    reply, token_reply, request, boundary, text, date, number, card, picture, fit, exchange,
    retry_after, record, call,
)  # fmt: skip


def write(folder: Path, seeds: Iterable[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (folder / hashlib.sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)


def main() -> None:
    for target in TARGETS:
        write(Path(sys.argv[1]) / target.__name__, target())


if __name__ == "__main__":
    main()

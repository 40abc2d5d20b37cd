#!/usr/bin/env python3
"""Writes requests.json: what must go onto the wire for what a caller asks, byte by byte.

An implementation of its own, in another language and from the service's documentation, so that the
vectors are no copy of what the core happens to do. Run it after a change of the contract:

    python3 tests/vectors/generate_requests.py

A test compares the file with what this prints. `{version}` stands for the library's version.
"""

import base64
import json
import pathlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

TOKEN = "78_invented-token_for.tests~0123456789"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00invented\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR invented"
MASK = (1 << 64) - 1


def random_numbers(seed: int) -> Iterator[int]:
    """splitmix64."""
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        yield mixed ^ (mixed >> 31)


def boundary_for(image: bytes, seed: int) -> str:
    numbers = random_numbers(seed)
    while True:
        boundary = f"wxid{next(numbers):016x}{next(numbers):016x}"
        if boundary.encode() not in image:
            return boundary


def head(method: str, target: str, authority: str, content_type: str | None, length: int) -> str:
    lines = [
        f"{method} {target} HTTP/1.1",
        f"Host: {authority}",
        "User-Agent: wxidcard/{version}",
        "Accept: */*",
    ]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    if method == "POST":
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""])


def target_of(prefix: str, parameters: dict[str, str]) -> str:
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    return f"{prefix}/cv/ocr/idcard" + (f"?{query}" if query else "")


def case(
    name: str,
    expect: dict[str, Any],
    *,
    seed: int = 1,
    settings: dict[str, Any] | None = None,
    **operation: Any,
) -> dict[str, Any]:
    return {
        "name": name,
        "settings": settings or {"access_token": TOKEN},
        **operation,
        "seed": str(seed),
        "expect": expect,
    }


def upload(
    name: str,
    image: bytes,
    kind: str,
    *,
    seed: int = 1,
    type: str | None = None,
    credential: dict[str, Any] | None = None,
    base: tuple[str, str, int, str, str] | None = None,
) -> dict[str, Any]:
    """base: scheme, host, port, authority, prefix."""
    scheme, host, port, authority, prefix = base or (
        "https",
        "api.weixin.qq.com",
        443,
        "api.weixin.qq.com",
        "",
    )
    boundary = boundary_for(image, seed)
    file_name = {"jpeg": "image.jpg"}.get(kind, f"image.{kind}")
    first = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="img"; filename="{file_name}"\r\n'
        f"Content-Type: image/{kind}\r\n\r\n"
    )
    last = f"\r\n--{boundary}--\r\n"
    settings = credential or {"access_token": TOKEN}
    tokens = {name: value for name, value in settings.items() if name.endswith("access_token")}
    target = target_of(prefix, tokens | ({"type": type} if type else {}))
    length = len(first) + len(image) + len(last)
    if base and not settings.get("open_service"):
        settings["base_url"] = f"{scheme}://{authority}{prefix}"
    return case(
        name,
        {
            "method": "POST",
            "scheme": scheme,
            "host": host,
            "port": port,
            "target": target,
            "head": head(
                "POST", target, authority, f"multipart/form-data; boundary={boundary}", length
            ),
            "body": [first, "image", last],
            "body_length": length,
        },
        seed=seed,
        settings=settings,
        recognition={"image_base64": base64.b64encode(image).decode()}
        | ({"type": type} if type else {}),
    )


def by_url(
    name: str, url: str, type: str | None = None, open_service: bool = False
) -> dict[str, Any]:
    token = {} if open_service else {"access_token": TOKEN}
    target = target_of("", token | ({"type": type} if type else {}) | {"img_url": url})
    return case(
        name,
        {
            "method": "POST",
            "scheme": "http" if open_service else "https",
            "host": "api.weixin.qq.com",
            "port": 80 if open_service else 443,
            "target": target,
            "head": head("POST", target, "api.weixin.qq.com", None, 0),
            "body": [],
            "body_length": 0,
        },
        settings={"open_service": True} if open_service else None,
        recognition={"img_url": url} | ({"type": type} if type else {}),
    )


def token_fetch(name: str, fetch: dict[str, Any]) -> dict[str, Any]:
    appid, secret = fetch["appid"], fetch["secret"]
    if fetch.get("endpoint") == "token":
        method, body, content_type = "GET", "", None
        target = (
            "/cgi-bin/token?grant_type=client_credential"
            f"&appid={quote(appid, safe='')}&secret={quote(secret, safe='')}"
        )
    else:
        method, content_type, target = "POST", "application/json", "/cgi-bin/stable_token"
        force = "true" if fetch.get("force_refresh") else "false"
        body = (
            f'{{"grant_type":"client_credential","appid":"{appid}","secret":"{secret}",'
            f'"force_refresh":{force}}}'
        )
    return case(
        name,
        {
            "method": method,
            "scheme": "https",
            "host": "api.weixin.qq.com",
            "port": 443,
            "target": target,
            "head": head(method, target, "api.weixin.qq.com", content_type, len(body)),
            "body": [body] if body else [],
            "body_length": len(body),
        },
        token_fetch=fetch,
    )


def refused(
    name: str, kind: str, says: str, *, settings: dict[str, Any] | None = None, **recognition: Any
) -> dict[str, Any]:
    """says: a word of the message, which tells what to write instead."""
    image = recognition.pop("image", None)
    if image is not None:
        recognition["image_base64"] = base64.b64encode(image).decode()
    return case(
        name, {"error": {"kind": kind, "says": says}}, settings=settings, recognition=recognition
    )


def accepted_cases() -> Iterator[dict[str, Any]]:
    yield upload("upload_jpeg", JPEG, "jpeg")
    yield upload("upload_png", PNG, "png", seed=2)
    yield upload("upload_gif", b"GIF89a invented", "gif", seed=3)
    yield upload("upload_gif_87", b"GIF87a invented", "gif", seed=4)
    yield upload("upload_bmp", b"BM\x40\x00\x00\x00\x00\x00\x00\x00 invented", "bmp", seed=5)
    yield upload("upload_webp", b"RIFF\x10\x00\x00\x00WEBPVP8 invented", "webp", seed=6)
    yield upload("upload_type_photo", JPEG, "jpeg", seed=7, type="photo")
    yield upload("upload_type_scan", JPEG, "jpeg", seed=MASK, type="scan")
    yield upload(
        "upload_image_with_nul_and_crlf", JPEG + b"\x00\r\n--\r\n\x00" * 20, "jpeg", seed=8
    )
    first = boundary_for(b"", 9)
    yield upload(
        "upload_boundary_stands_in_image", JPEG + f"\r\n--{first}--\r\n".encode(), "jpeg", seed=9
    )
    yield upload(
        "upload_token_of_512_characters",
        JPEG,
        "jpeg",
        seed=10,
        credential={"access_token": "A1-_" * 128},
    )
    yield upload(
        "upload_token_is_percent_encoded",
        JPEG,
        "jpeg",
        seed=11,
        credential={"access_token": "a+b/c=d&e%20#?"},
    )
    yield upload(
        "upload_loopback",
        JPEG,
        "jpeg",
        seed=12,
        base=("http", "127.0.0.1", 8080, "127.0.0.1:8080", ""),
    )
    yield upload(
        "upload_loopback_ipv6", JPEG, "jpeg", seed=13, base=("http", "::1", 8080, "[::1]:8080", "")
    )
    yield upload(
        "upload_base_url_with_path",
        JPEG,
        "jpeg",
        seed=14,
        base=("https", "gateway.example", 443, "gateway.example", "/wechat/api"),
    )
    cloud = {"cloudbase_access_token": TOKEN}
    yield upload("upload_cloudbase", JPEG, "jpeg", seed=15, credential=cloud)
    yield upload("upload_cloudbase_scan", JPEG, "jpeg", seed=16, credential=cloud, type="scan")
    inside = ("http", "api.weixin.qq.com", 80, "api.weixin.qq.com", "")
    for seed, type in enumerate((None, "photo"), 17):
        yield upload(
            f"upload_open_service_{type or 'plain'}",
            JPEG,
            "jpeg",
            seed=seed,
            credential={"open_service": True},
            base=inside,
            type=type,
        )
    yield by_url("img_url", "https://example.com/a.jpg")
    yield by_url("img_url_open_service", "https://example.com/a.jpg", open_service=True)
    yield by_url("img_url_open_service_scan", "https://a.example/b.jpg", "scan", open_service=True)
    yield by_url(
        "img_url_with_query_and_type", "https://example.com/a.jpg?x=1&y=%20 ".strip(), "photo"
    )
    yield by_url("img_url_not_ascii", "https://example.com/身份证.jpg")
    yield by_url("img_url_signed", "http://example.com/p?sign=q-a%3Dsha1%26x&t=1;2,3+4=='()*!~")
    yield token_fetch("stable_token", {"appid": "wx_invented-1", "secret": "invented_secret_00"})
    yield token_fetch(
        "stable_token_forced",
        {"appid": "wx_invented-1", "secret": "s&e+c/r=t", "force_refresh": True},
    )
    yield token_fetch(
        "token", {"appid": "wx_invented-1", "secret": "s&e+c/r=t", "endpoint": "token"}
    )


def refused_cases() -> Iterator[dict[str, Any]]:
    for name, token in {
        "empty": "",
        "with_crlf": "abc\r\nX-Other: 1",
        "with_space": "abc def",
        "with_quote": 'abc"def',
        "not_ascii": "口令",
        "too_long": "a" * 4097,
    }.items():
        yield refused(
            f"refused_token_{name}",
            "usage",
            "access_token",
            settings={"access_token": token},
            image=JPEG,
        )
    yield refused(
        "refused_no_credential", "usage", "access_token", settings={"timeout": 1}, image=JPEG
    )
    app = {"appid": "wx_invented-1", "secret": "invented_secret_00"}
    for name, says, settings in (
        ("two_credentials", "more than one credential", {"access_token": TOKEN, **app}),
        (
            "token_and_cloudbase",
            "more than one",
            {"access_token": TOKEN, "cloudbase_access_token": TOKEN},
        ),
        ("token_and_open_service", "more than one", {"access_token": TOKEN, "open_service": True}),
        ("appid_alone", "secret", {"appid": "wx_invented-1"}),
        ("secret_alone", "appid", {"secret": "invented_secret_00"}),
        ("appid_with_quote", "appid", {**app, "appid": 'wx"1'}),
        ("appid_with_crlf", "appid", {**app, "appid": "wx1\r\n"}),
        ("secret_with_backslash", "secret", {**app, "secret": "a\\b"}),
        ("endpoint", "stable_token", {**app, "token_endpoint": "refresh"}),
        (
            "endpoint_without_appid",
            "token_endpoint",
            {"access_token": TOKEN, "token_endpoint": "token"},
        ),
        ("cloudbase_token_with_space", "cloudbase_access_token", {"cloudbase_access_token": "a b"}),
        ("token_file_empty", "cloudbase_token_file", {"cloudbase_token_file": ""}),
    ):
        yield refused(f"refused_credential_{name}", "usage", says, settings=settings, image=JPEG)
    for name, url in {
        "plain_http": "http://api.weixin.qq.com",
        "no_scheme": "api.weixin.qq.com",
        "with_user": "https://u:p@example.com",
        "with_query": "https://example.com/?a=1",
        "with_crlf": "https://example.com\r\nX: 1",
        "bad_port": "https://example.com:0",
        "no_host": "https://",
        "ftp": "ftp://example.com",
        "looks_like_loopback": "http://127.0.0.1.example.com",
        "is_no_address_of_loopback": "http://127.999.1.1",
    }.items():
        yield refused(
            f"refused_base_url_{name}",
            "usage",
            "https://",
            settings={"access_token": TOKEN, "base_url": url},
            image=JPEG,
        )
    yield refused("refused_no_picture", "usage", "img_url")
    yield refused(
        "refused_two_pictures",
        "usage",
        "exactly one",
        image=JPEG,
        img_url="https://example.com/a.jpg",
    )
    yield refused("refused_type", "usage", "photo", image=JPEG, type="Photo")
    for name, url, says in (
        ("file", "file:///etc/passwd", "upload"),
        ("path", "/tmp/a.jpg", "upload"),
        ("no_scheme", "example.com/a.jpg", "https://"),
        ("encoded", "https%3A%2F%2Fexample.com%2Fa.jpg", "encoded"),
        ("user", "https://user:password@example.com/a.jpg", "without"),
        ("space", "https://example.com/a b.jpg", "%20"),
        ("crlf", "https://example.com/\r\n", "%20"),
        ("no_host", "https:///a.jpg", "host"),
        ("too_long", "https://example.com/" + "a" * 2048, "2,048"),
    ):
        yield refused(f"refused_img_url_{name}", "usage", says, img_url=url)
    for name, image, says in (
        ("empty", b"", "empty"),
        ("text", b"hello world, no picture", "JPEG"),
        ("heic", b"\x00\x00\x00\x18ftypheic\x00\x00", "HEIC"),
        ("pdf", b"%PDF-1.7", "PDF"),
        ("base64", base64.b64encode(JPEG + bytes(8)), "base64"),
        ("one_byte", b"\xff", "JPEG"),
        ("bmp_by_two_letters", b"BMW is a make of cars", "JPEG"),
    ):
        yield refused(f"refused_image_{name}", "image_input", says, image=image)
    small = {"access_token": TOKEN, "max_image_bytes": len(JPEG)}
    yield refused(
        "refused_image_at_limit", "image_input", "max_image_bytes", settings=small, image=JPEG
    )
    for name, setting in {
        "timeout_zero": {"timeout": 0},
        "retries_three": {"max_retries": 3},
        "retries_negative": {"max_retries": -1},
        "connections_zero": {"max_connections": 0},
        "image_bytes_zero": {"max_image_bytes": 0},
        "proxy_without_scheme": {"proxy": "127.0.0.1:3128"},
        "ca_file_empty": {"ca_file": ""},
        "ca_file_with_newline": {"ca_file": "/tmp/a\nb"},
    }.items():
        yield refused(
            f"refused_{name}",
            "usage",
            next(iter(setting)),
            settings={"access_token": TOKEN, **setting},
            image=JPEG,
        )


def document() -> str:
    about = (
        "Requests, byte by byte. settings: timeouts in seconds. recognition.image_base64: the "
        "picture; seed: a decimal string of 64 bits; expect.head: the whole head, {version} "
        'standing for the library\'s version; expect.body: the fragments, "image" standing for '
        "the picture; expect.error: the kind, and a word that the message has. Kind usage is the "
        "language's own argument error. Made by generate_requests.py."
    )
    cases = [*accepted_cases(), *refused_cases()]
    return json.dumps({"about": about, "cases": cases}, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    pathlib.Path(__file__).with_name("requests.json").write_text(document(), encoding="utf-8")

"""Replies that a test has asked for, played before the sandbox thinks for itself."""

import base64
import binascii
import re
from dataclasses import dataclass

from .replies import CONTENT_TYPE

MAX_QUEUED = 10_000
MAX_DELAY_MS = 600_000

_FIELDS = frozenset({"status", "headers", "body", "body_base64", "delay_ms"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# The sandbox frames its answers itself; a false frame is the work of a fault server.
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class ScriptedReply:
    """One reply to play: status, headers, body in bytes, seconds to wait before it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delay: float


def read_replies(document: object) -> list[ScriptedReply]:
    """Read what was posted to ``/sandbox/replies``.

    ``document`` is the decoded JSON. Raises ValueError with a message that says which entry
    is wrong and how it should be.
    """
    if not isinstance(document, list):
        raise ValueError("the body must be a JSON list of {status, headers, body, delay_ms}")
    replies: list[ScriptedReply] = []
    for number, item in enumerate(document):
        try:
            replies.append(_read_reply(item))
        except ValueError as error:
            raise ValueError(f"reply {number}: {error}") from error
    return replies


def _read_reply(item: object) -> ScriptedReply:
    if not isinstance(item, dict):
        raise ValueError("must be an object")
    unknown = sorted(set(item) - _FIELDS)
    if unknown:
        raise ValueError(f"unknown field {unknown[0]}")
    status = _number(item.get("status", 200), "status", 200, 599)
    delay_ms = _number(item.get("delay_ms", 0), "delay_ms", 0, MAX_DELAY_MS)
    return ScriptedReply(
        status=int(status),
        headers=_read_headers(item.get("headers", {})),
        body=_read_body(item),
        delay=delay_ms / 1000,
    )


def _number(value: object, name: str, low: int, high: int) -> float:
    exact = (int,) if name == "status" else (int, float)
    if isinstance(value, bool) or not isinstance(value, exact) or not low <= value <= high:
        raise ValueError(f"{name} must be a number from {low} to {high}")
    return value


def _read_headers(value: object) -> tuple[tuple[str, str], ...]:
    pairs = list(value.items()) if isinstance(value, dict) else value
    if not isinstance(pairs, list):
        raise ValueError("headers must be an object or a list of [name, value]")
    headers: list[tuple[str, str]] = []
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError("headers must be an object or a list of [name, value]")
        name, text = pair
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise ValueError("a header's name must be a token")
        if name.lower() in _FRAMING:
            raise ValueError(f"{name} is set by the sandbox")
        if not isinstance(text, str) or any(sign in text for sign in "\r\n\0"):
            raise ValueError(f"the value of {name} must be a string of one line")
        headers.append((name, text))
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", CONTENT_TYPE))
    return tuple(headers)


def _read_body(item: dict[str, object]) -> bytes:
    if "body_base64" in item:
        encoded = item["body_base64"]
        if "body" in item or not isinstance(encoded, str):
            raise ValueError("give either body or body_base64, as a string")
        try:
            return base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ValueError("body_base64 is not base64") from error
    body = item.get("body", "")
    if not isinstance(body, str):
        raise ValueError("body must be a string; write JSON as text")
    return body.encode("utf-8", "surrogatepass")

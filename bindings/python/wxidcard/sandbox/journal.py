"""The list of requests that came in, without the tokens and secrets they carried."""

import hashlib
from collections import deque
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from .upload import Part

MAX_ENTRIES = 20_000
# Characters over all entries, so that long targets and headers cannot fill the memory.
MAX_CHARACTERS = 32 * 1024 * 1024

HIDDEN = "***"
_SECRET_PARAMETERS = frozenset({"access_token", "cloudbase_access_token", "secret"})
_SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "proxy-authorization", "x-wx-cloudbase-access-token"}
)


@dataclass(slots=True)
class Entry:
    """One request as it came, in the order of arrival.

    ``connection`` numbers the TCP connections from 1; ``body_length`` counts the body's bytes
    that were read. ``part`` describes the picture's part, or is None.
    """

    connection: int
    peer_port: int
    method: str
    target: str
    headers: list[tuple[str, str]]
    body_length: int = 0
    part: dict[str, object] | None = None
    secrets: frozenset[str] = field(default_factory=frozenset, repr=False)

    def set_part(self, part: Part) -> None:
        """Describe ``part``: names, content type, length in bytes, SHA-256 in hexadecimal."""
        self.part = {
            "name": self._hide(part.name),
            "file_name": self._hide(part.file_name),
            "content_type": self._hide(part.content_type),
            "length": len(part.content),
            "sha256": hashlib.sha256(part.content).hexdigest(),
        }

    def document(self) -> dict[str, object]:
        """Return the entry as ``GET /sandbox/requests`` lists it."""
        return {
            "method": self.method,
            "target": self.target,
            "headers": [list(header) for header in self.headers],
            "body_length": self.body_length,
            "part": self.part,
            "connection": self.connection,
            "peer_port": self.peer_port,
        }

    def size(self) -> int:
        """Return the characters it takes, roughly."""
        return len(self.target) + sum(len(name) + len(value) for name, value in self.headers)

    def _hide(self, text: str | None) -> str | None:
        return None if text is None else hide(text, self.secrets)


class Journal:
    """The newest requests, at most MAX_ENTRIES of them."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._characters = 0

    def append(self, entry: Entry) -> None:
        """Add ``entry``, and forget the oldest beyond the bounds."""
        self._entries.append(entry)
        self._characters += entry.size()
        while len(self._entries) > MAX_ENTRIES or (
            self._characters > MAX_CHARACTERS and len(self._entries) > 1
        ):
            self._characters -= self._entries.popleft().size()

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._characters = 0

    def documents(self) -> list[dict[str, object]]:
        """Return the entries as JSON objects, oldest first."""
        return [entry.document() for entry in self._entries]


def make_entry(
    *,
    connection: int,
    peer_port: int,
    method: str,
    target: str,
    raw_headers: tuple[tuple[bytes, bytes], ...],
) -> Entry:
    """Return the entry of a request, tokens and secrets replaced by ``***``.

    ``target`` is the request target as it was sent, ``raw_headers`` the names and values in
    the order and spelling in which they came.
    """
    shown, secrets = _hide_parameters(target)
    headers: list[tuple[str, str]] = []
    for raw_name, raw_value in raw_headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("utf-8", "replace")
        if name.lower() in _SECRET_HEADERS:
            secrets.add(value)
        headers.append((name, value))
    hidden = frozenset(secret for secret in secrets if secret)
    return Entry(
        connection=connection,
        peer_port=peer_port,
        method=method,
        target=hide(shown, hidden),
        headers=[(name, hide(value, hidden)) for name, value in headers],
        secrets=hidden,
    )


def hide(text: str, secrets: frozenset[str]) -> str:
    """Return ``text`` with every occurrence of one of ``secrets`` replaced by ``***``."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _hide_parameters(target: str) -> tuple[str, set[str]]:
    path, mark, query = target.partition("?")
    secrets: set[str] = set()
    shown: list[str] = []
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        if unquote_plus(name).lower() in _SECRET_PARAMETERS and value:
            # The value itself may turn up again, in a header for instance.
            secrets.update((value, unquote_plus(value)))
            pair = f"{name}{equals}{HIDDEN}"
        shown.append(pair)
    return path + mark + "&".join(shown), secrets

"""Splitting what a connection receives at the ends of the requests.

When Content-Length is too short, the rest of the body stands where the next request should.
The service answers the first request (41005) before it stumbles over that; aiohttp, given
both in one piece, answers only the stumble. So it is given one request at a time.
"""

import asyncio
import re

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,12})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"
# A head longer than this is refused by aiohttp; it need not be kept here.
MAX_HEAD_BYTES = 256 * 1024


class Splitter:
    """Finds the ends of requests in a stream of bytes, without holding any of them back."""

    def __init__(self) -> None:
        self._head = b""
        self._body_left = 0
        self._lost = False

    def split(self, data: bytes) -> list[bytes]:
        """Return ``data`` in pieces, none of which reaches into a second request."""
        pieces: list[bytes] = []
        rest = data
        while rest:
            length = len(rest) if self._lost else self._length_in_request(rest)
            pieces.append(rest[:length])
            rest = rest[length:]
        return pieces

    def _length_in_request(self, data: bytes) -> int:
        """Return how many bytes of ``data`` belong to the present request, and step over them."""
        taken = 0
        if self._body_left == 0:
            known = len(self._head)
            head = self._head + data
            end = head.find(_END_OF_HEAD, max(0, known - len(_END_OF_HEAD)))
            if end < 0:
                self._head = head
                self._lost = len(head) > MAX_HEAD_BYTES
                return len(data)
            end += len(_END_OF_HEAD)
            self._head = b""
            # After a chunked request the connection is closed: no need to look for its end.
            self._lost = _CHUNKED.search(head, 0, end) is not None
            found = _LENGTH.search(head, 0, end)
            self._body_left = int(found[1]) if found else 0
            taken = len(data) if self._lost else end - known
        body = min(self._body_left, len(data) - taken)
        self._body_left -= body
        return taken + body


class FramedProtocol(asyncio.Protocol):
    """Hands a connection's bytes to ``inner`` one request at a time, and all else as it comes."""

    def __init__(self, inner: asyncio.Protocol) -> None:
        self._inner = inner
        self._splitter = Splitter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Pass the transport on: the inner protocol writes to it directly."""
        self._inner.connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Pass the end on."""
        self._inner.connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Pass ``data`` on, in a call for each request it touches."""
        for piece in self._splitter.split(data):
            self._inner.data_received(piece)

    def eof_received(self) -> bool | None:
        """Pass on that the peer sends no more."""
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        """Pass on that the peer reads slowly."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that the peer reads again."""
        self._inner.resume_writing()

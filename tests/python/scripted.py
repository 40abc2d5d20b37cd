"""A service on loopback that answers as the test says and remembers what came in.

Raw sockets, so that it can also stop answering, and so that connections can be counted.
"""

import contextlib
import json
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """What came in. A test that fails prints it, so secrets are not in its repr."""

    method: str
    target: str = field(repr=False)
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, strict_parsing=True)

    @property
    def picture(self) -> bytes:
        """The bytes of the part: what stands between its head and the closing boundary."""
        boundary = self.headers["content-type"].partition("boundary=")[2]
        after_head = self.body.partition(b"\r\n\r\n")[2]
        return after_head.removesuffix(f"\r\n--{boundary}--\r\n".encode())


@dataclass(frozen=True)
class Reply:
    body: bytes
    status: int = 200
    content_type: str | None = "application/json"

    def wire(self) -> bytes:
        head = f"HTTP/1.1 {self.status} Scripted\r\nContent-Length: {len(self.body)}\r\n"
        if self.content_type is not None:
            head += f"Content-Type: {self.content_type}\r\n"
        return head.encode() + b"\r\n" + self.body


def reply(document: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(document, ensure_ascii=False).encode(), status)


CARD = {"type": "Back", "valid_date": "20070105-20270105"}
STALL = object()
"""Instead of a reply: none comes until the service ends."""

Answer = Reply | object | Callable[[Request], Reply]


class ScriptedService:
    """Answers with what is in ``script``, one after the other, then always with ``otherwise``.

    ``requests`` are those that were read whole; ``connections`` counts what was accepted;
    ``stalled`` is set once a request is left without an answer.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.script: deque[Answer] = deque()
        self.otherwise: Answer = reply({"errcode": 0, "errmsg": "ok", **CARD})
        self.stalled = threading.Event()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._ended.set()
        with self._lock:
            for open_socket in (self._listener, *self._sockets):
                # A mere close() would leave the threads in accept() and recv(). The peer may
                # have gone.
                with contextlib.suppress(OSError):
                    open_socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._sockets.add(connection)
                self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        # Each answer goes out at once: Nagle's algorithm would hold the second of a connection.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with connection.makefile("rb") as stream:
                while (request := read_request(stream)) is not None:
                    self._answer(connection, request)
        except OSError:
            pass  # the client has gone, as it may
        finally:
            with self._lock:
                self._sockets.discard(connection)
                connection.close()

    def _answer(self, connection: socket.socket, request: Request) -> None:
        with self._lock:
            self.requests.append(request)
            answer = self.script.popleft() if self.script else self.otherwise
        if answer is STALL:
            self.stalled.set()
            self._ended.wait()
            return
        made = answer if isinstance(answer, Reply) else answer(request)  # type: ignore[operator]
        connection.sendall(made.wire())


def read_request(stream: Any) -> Request | None:
    """The next request; None when the client has gone, be it in the middle of one."""
    line = stream.readline()
    if not line:
        return None
    method, target, _ = line.decode("ascii").split(" ")
    headers = {}
    while (line := stream.readline().decode("ascii").rstrip("\r\n")) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    body = stream.read(length)
    return Request(method, target, headers, body) if len(body) == length else None

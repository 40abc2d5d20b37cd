"""A server of the test's own, which does on each of its connections what the test says."""

import contextlib
import select
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scripted import CARD, Request, read_request, reply


class Visit:
    """A connection that came, the first of which has the number 1. ``is_over`` is set when the
    test's function has returned: as a rule, because the client has closed it."""

    def __init__(self, number: int, connection: socket.socket) -> None:
        self.number = number
        self.connection = connection
        self.requests: list[Request] = []
        self.is_over = threading.Event()
        self._stream = connection.makefile("rb")

    def read(self) -> Request | None:
        """The next request, or None if there is none."""
        request = read_request(self._stream)
        if request is not None:
            self.requests.append(request)
        return request

    def has_more(self) -> bool:
        """Whether a request has begun to come, of which little is read; waits for that."""
        return bool(self._stream.peek())

    def answer(self, request: Request, head: str = "HTTP/1.1 200 OK\r\n") -> None:
        """The right card, behind the first lines of the head."""
        picture = request.picture if request.body else b""
        card = reply({"errcode": 0, **CARD, "image_crc32": zlib.crc32(picture)}).body
        self.send(f"{head}Content-Length: {len(card)}\r\n\r\n".encode() + card)

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def serve_well(self) -> None:
        while request := self.read():
            self.answer(request)

    def wait_until_closed(self) -> None:
        with contextlib.suppress(ConnectionError):
            while self._stream.read(65536):
                pass

    def wait_until_gone(self) -> None:
        """The same, without reading what it sends."""
        poller = select.poll()
        poller.register(self.connection, select.POLLRDHUP)
        poller.poll()

    def say_no_more(self) -> None:
        self.connection.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Ends it without order, whatever has not been read or sent yet."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        self._stream.close()
        self.connection.close()


Serve = Callable[[Visit], None]


class Peer:
    def __init__(self, serve: Serve, window: int | None) -> None:
        self.visits: list[Visit] = []
        self._serve = serve
        self._listener = socket.socket()
        if window is not None:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def base(self, scheme: str = "http", host: str = "localhost") -> str:
        return f"{scheme}://{host}:{self.port}"

    def requests(self) -> list[int]:
        """How many have come over each connection."""
        return [len(visit.requests) for visit in self.visits]

    def close(self) -> None:
        for open_socket in (self._listener, *(visit.connection for visit in self.visits)):
            with contextlib.suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def over(self) -> list[int]:
        """The numbers of the connections that are over."""
        return [visit.number for visit in self.visits if visit.is_over.is_set()]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.visits.append(Visit(len(self.visits) + 1, connection))
            self._threads.append(threading.Thread(target=self._visit, args=self.visits[-1:]))
            self._threads[-1].start()

    def _visit(self, visit: Visit) -> None:
        with contextlib.closing(visit), contextlib.suppress(OSError):
            self._serve(visit)
        visit.is_over.set()


@contextmanager
def peer(serve: Serve = Visit.serve_well, window: int | None = None) -> Iterator[Peer]:
    """Start one; when it ends, so do its connections. ``window``: so many bytes, or some more, the
    system takes of what it has not read yet."""
    made = Peer(serve, window)
    try:
        yield made
    finally:
        made.close()

"""A sandbox in a thread, a clock that a test moves, and requests written by hand."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wxidcard.sandbox import replies
from wxidcard.sandbox.listening import listen
from wxidcard.sandbox.recognizer import Fields
from wxidcard.sandbox.replies import ServiceError
from wxidcard.sandbox.server import Sandbox, Settings

RECOGNIZE = "/cv/ocr/idcard"
WITH_TOKEN = f"{RECOGNIZE}?access_token=sandbox_token"
BOUNDARY = "boundary-0123456789"
FRONT: Fields = {
    "type": "Front",
    "name": "样本",
    "id": "110199199003070011",
    "addr": "样本路1号",
    "gender": "男",
    "nationality": "汉",
    "birth": "1990-03-07",
}
BACK: Fields = {"type": "Back", "valid_date": "20190520-长期"}


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class PlainReader:
    """Takes the bytes themselves for the picture, so that the contract is tested without OCR."""

    def __init__(self) -> None:
        self.read_count = 0

    def read(self, image: bytes, stopping: threading.Event) -> Fields:
        self.read_count += 1
        if image == b"back":
            return BACK
        if image == b"no card":
            raise ServiceError(replies.NO_CARD)
        if image == b"damaged":
            raise ServiceError(replies.DECODE_FAILED)
        if image == b"sandbox fails":
            raise ZeroDivisionError("secret text")
        return FRONT


@dataclass(frozen=True)
class Answer:
    """A response: status, headers in lower case, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def errcode(self) -> int:
        assert self.status == 200
        errcode = self.json()["errcode"]
        assert isinstance(errcode, int)
        return errcode


class RunningSandbox:
    """A sandbox on a free loopback port, served by a thread of its own."""

    def __init__(
        self,
        reader: Any = None,
        settings: Settings | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.reader = reader or PlainReader()
        self.clock = clock or Clock()
        # A test of a body that never comes must not wait long for the answer.
        self._settings = settings or Settings(idle_seconds=0.3, fetch_seconds=0.5)
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._started.wait(20)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        sandbox = Sandbox(self.reader, self._settings, self.clock)
        async with listen(sandbox, "127.0.0.1", 0) as (_, self.port):
            self._started.set()
            await self._ended.wait()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def call(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request on a connection of its own."""
        connection = self.connection()
        try:
            return send(connection, method, target, body, headers)
        finally:
            connection.close()

    def raw(self, data: bytes) -> bytes:
        """Send ``data`` as it is, and return what came until the server closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as wire:
            wire.sendall(data)
            return b"".join(iter(lambda: wire.recv(65536), b""))

    def upload(self, image: bytes = b"front", target: str = WITH_TOKEN) -> Answer:
        return self.call("POST", target, multipart(image), {"Content-Type": MULTIPART})

    def post_json(self, target: str, document: object) -> Answer:
        headers = {"Content-Type": "application/json"}
        return self.call("POST", target, json.dumps(document).encode(), headers)

    def requests(self) -> list[dict[str, Any]]:
        listed = self.call("GET", "/sandbox/requests").json()
        assert isinstance(listed, list)
        return listed


def send(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send one request on ``connection``, which stays open if the server lets it."""
    sent = {"Content-Length": str(len(body)), **(headers or {})}
    connection.request(method, target, body, sent)
    response = connection.getresponse()
    received = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, received, response.read())


MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
DISPOSITION = 'Content-Disposition: form-data; name="img"; filename="card.jpg"'
PART_TYPE = "Content-Type: image/jpeg"


def multipart(
    image: bytes = b"front",
    part_headers: Iterable[str] = (DISPOSITION, PART_TYPE),
    boundary: str = BOUNDARY,
) -> bytes:
    """Return a multipart body with one part."""
    head = "\r\n".join([f"--{boundary}", *part_headers, "", ""])
    return head.encode() + image + f"\r\n--{boundary}--\r\n".encode()


def request(target: str, headers: Iterable[str], body: bytes, method: str = "POST") -> bytes:
    """Return the bytes of a request with exactly these headers."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers, "", ""]
    return "\r\n".join(lines).encode() + body

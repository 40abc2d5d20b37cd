"""A service on the test's own event loop: answers each picture with a card that only it can have,
or leaves it without an answer; and counts connections."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from given import JPEG


def picture(number: int, length: int = 2000) -> bytes:
    return JPEG + f"{number:08}".encode() + b"\0" * length


def card_of(content: bytes) -> str:
    """What is read from a picture: the name on the card."""
    return f"canary-name-{hashlib.sha256(content).hexdigest()[:16]}"


def good_reply(head: bytes, body: bytes) -> bytes:
    """The reply to a multipart request: what stands between the part's head and the boundary."""
    boundary = head.partition(b"boundary=")[2].partition(b"\r\n")[0]
    content = body.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n--" + boundary + b"--\r\n")
    document = {"errcode": 0, "errmsg": "ok", "type": "Front", "name": card_of(content)}
    text = json.dumps(document).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text


class LoopService:
    """``posts`` that came in whole, connections that are ``open`` now and the ``most_open``."""

    def __init__(self) -> None:
        self.posts = self.open = self.most_open = self.accepted = 0
        self.stalls = False
        self.delay = 0.0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            while await self.answer(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has gone, as it may
        finally:
            self.open -= 1
            writer.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        self.posts += 1
        if self.stalls:
            return await reader.read(1) != b""
        await asyncio.sleep(self.delay)
        writer.write(good_reply(head, body))
        await writer.drain()
        return True


@asynccontextmanager
async def loop_service() -> AsyncIterator[LoopService]:
    service = LoopService()
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0, backlog=1024)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        server.close()
        await server.wait_closed()
        await until(lambda: service.open == 0)


async def until(done: Callable[[], bool]) -> None:
    """Wait until something is so, on a busy machine perhaps for long."""
    async with asyncio.timeout(20):
        while not done():
            await asyncio.sleep(0.002)

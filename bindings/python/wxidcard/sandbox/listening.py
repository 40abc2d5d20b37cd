"""Serving a sandbox on a port."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from aiohttp import web

from .framing import FramedProtocol
from .server import Sandbox

# Room for an img_url of 2,048 bytes, each percent-encoded, and a long token beside it.
MAX_LINE_BYTES = 32_768
BACKLOG = 1024
# How long bytes that nobody wants any more are read before a connection is closed.
LINGERING_SECONDS = 2.0
# How long requests in progress may go on when the sandbox ends.
SHUTDOWN_SECONDS = 1.0


@contextlib.asynccontextmanager
async def listen(sandbox: Sandbox, host: str, port: int) -> AsyncIterator[tuple[str, int]]:
    """Serve ``sandbox`` while the context lasts; gives the address and port it listens on.

    ``port`` 0 takes a free one. Raises OSError when it cannot be bound.
    """
    runner = web.AppRunner(
        sandbox.application(),
        access_log=None,
        logger=_silent_logger(),
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_LINE_BYTES,
        # The body is judged as it was sent, and a compressed one could be a bomb.
        auto_decompress=False,
        lingering_time=LINGERING_SECONDS,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    await runner.setup()
    try:
        handlers = runner.server
        assert handlers is not None
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: FramedProtocol(handlers()), host, port, backlog=BACKLOG
        )
        try:
            address = server.sockets[0].getsockname()
            yield address[0], address[1]
        finally:
            server.close()
    finally:
        await runner.cleanup()


def _silent_logger() -> logging.Logger:
    # aiohttp quotes malformed request lines in its log, and a token may stand in them.
    logger = logging.getLogger("wxidcard.sandbox.http")
    logger.disabled = True
    return logger

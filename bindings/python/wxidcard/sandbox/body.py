"""Reading a request's body within bounds of size and time."""

import asyncio

import aiohttp
from aiohttp import web


class BodyTooLargeError(Exception):
    """The body is larger than the gateway lets through."""


class BodyIncompleteError(Exception):
    """The body ended, or paused for too long, before Content-Length was reached."""


async def read_body(
    request: web.Request, *, limit: int, idle_seconds: float, total_seconds: float
) -> bytes:
    """Return the whole body.

    ``limit`` is the most bytes accepted; the body may pause for ``idle_seconds`` at a time
    and take ``total_seconds`` in all. Raises BodyTooLargeError or BodyIncompleteError.
    """
    if request.content_length is not None and request.content_length > limit:
        raise BodyTooLargeError
    body = bytearray()
    try:
        async with asyncio.timeout(total_seconds):
            while piece := await asyncio.wait_for(request.content.readany(), idle_seconds):
                body += piece
                if len(body) > limit:
                    raise BodyTooLargeError
    except (TimeoutError, OSError, aiohttp.ClientError) as error:
        raise BodyIncompleteError from error
    return bytes(body)

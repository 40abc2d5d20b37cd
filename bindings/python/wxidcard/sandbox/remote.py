"""Fetching the picture that ``img_url`` names, as the service does from its own side."""

import ipaddress
from urllib.parse import unquote_to_bytes

import aiohttp
from yarl import URL

from . import replies
from .replies import ServiceError

MAX_REDIRECTS = 3
# The service was seen to refuse :81 and :8443.
PORTS = frozenset({80, 443})
# Characters that the URL standard leaves out of every part of a URL.
_FORBIDDEN = frozenset(' "<>\\^`{|}')


def check_image_url(raw: str) -> URL:
    """Return the URL that ``raw``, the value of ``img_url`` as it stands in the query, encodes.

    Raises ServiceError: -1 when it was not percent-encoded at all, 101000 when it was encoded
    twice, is no http or https URL, holds a user name, or names a port the service refuses.
    """
    if "://" in raw:
        raise ServiceError(replies.BUSY)
    try:
        text = unquote_to_bytes(raw.replace("+", " ")).decode()
        url = URL(text, encoded=True)
        port = url.port
    except ValueError as error:
        raise ServiceError(replies.INVALID_IMAGE_URL) from error
    if not text.lower().startswith(("http://", "https://")) or not url.host:
        raise ServiceError(replies.INVALID_IMAGE_URL)
    if any(character in _FORBIDDEN or not character.isprintable() for character in text):
        raise ServiceError(replies.INVALID_IMAGE_URL)
    if url.user is not None or url.password is not None:
        raise ServiceError(replies.INVALID_IMAGE_URL)
    if port not in PORTS and not _is_loopback(url.host):
        raise ServiceError(replies.INVALID_IMAGE_URL)
    return url


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def fetch_image(session: aiohttp.ClientSession, url: URL, limit: int) -> bytes:
    """Return the body behind ``url``.

    ``limit`` is the size in bytes the picture must stay under. The time limit is the
    session's own. Raises ServiceError: 101000 when it cannot be fetched, 101002 when it is
    too large.
    """
    pieces: list[bytes] = []
    length = 0
    try:
        async with session.get(url, max_redirects=MAX_REDIRECTS) as answer:
            if answer.status != 200:
                raise ServiceError(replies.INVALID_IMAGE_URL)
            async for piece in answer.content.iter_any():
                length += len(piece)
                if length >= limit:
                    raise ServiceError(replies.DECODE_FAILED)
                pieces.append(piece)
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        raise ServiceError(replies.INVALID_IMAGE_URL) from error
    return b"".join(pieces)

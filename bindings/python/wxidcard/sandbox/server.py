"""The service as an aiohttp application: routes, and the order in which requests are judged."""

import asyncio
import json
import sys
import time
import traceback
import weakref
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from . import replies, tokens, upload
from .body import BodyIncompleteError, BodyTooLargeError, read_body
from .journal import Entry, Journal, make_entry
from .query import Query
from .recognizer import Fields, Reader, Recognizer
from .remote import check_image_url, fetch_image
from .replies import ServiceError
from .scripted import MAX_QUEUED, ScriptedReply, read_replies
from .tokens import Allowance, Clock, Tokens

# The picture must be smaller. Documented as "2M"; the larger reading is taken.
MAX_IMAGE_BYTES = 2 * 1024 * 1024
# Beyond it a gateway answers 413 with HTML instead of the service.
MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_JSON_BYTES = 1024 * 1024
TOTAL_BODY_SECONDS = 120.0

_Connections = weakref.WeakKeyDictionary[asyncio.BaseTransport, int]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the sandbox behaves.

    ``quota`` is the recognitions allowed a day (None: no limit), ``token_ttl`` the life of a
    token in seconds, ``latency`` the seconds every recognition is made to wait,
    ``idle_seconds`` how long a body may pause, ``fetch_seconds`` how long the picture behind
    ``img_url`` may take in all. ``open_service`` accepts calls without a token, as inside
    WeChat Cloud Hosting.
    """

    quota: int | None = None
    token_ttl: float = tokens.DEFAULT_LIFE
    latency: float = 0.0
    idle_seconds: float = 5.0
    fetch_seconds: float = 5.0
    open_service: bool = False


class Sandbox:
    """State and handlers of one running sandbox."""

    def __init__(
        self, reader: Reader, settings: Settings | None = None, clock: Clock = time.monotonic
    ) -> None:
        self._settings = settings or Settings()
        self._clock = clock
        self._recognizer = Recognizer(reader)
        self._journal = Journal()
        self._scripted: deque[ScriptedReply] = deque()
        self._connections: _Connections = weakref.WeakKeyDictionary()
        self._connected = 0
        self._session: aiohttp.ClientSession | None = None
        self._reset()

    def application(self) -> web.Application:
        """Return the application that serves this sandbox."""
        application = web.Application(middlewares=[_guard])
        application.cleanup_ctx.append(self._resources)
        router = application.router
        router.add_get("/sandbox/requests", self._list_requests, allow_head=False)
        router.add_post("/sandbox/replies", self._take_replies)
        router.add_post("/sandbox/expire", self._expire_tokens)
        router.add_post("/sandbox/reset", self._handle_reset)
        router.add_route("*", "/cv/ocr/idcard", self._recognize)
        router.add_route("*", "/cgi-bin/stable_token", self._stable_token)
        router.add_route("*", "/cgi-bin/token", self._plain_token)
        router.add_route("*", "/{path:.*}", self._unknown)
        return application

    async def _resources(self, _application: web.Application) -> AsyncIterator[None]:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._settings.fetch_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        yield
        await self._session.close()
        await asyncio.to_thread(self._recognizer.close)

    def _reset(self) -> None:
        self._journal.clear()
        self._scripted.clear()
        self._tokens = Tokens(self._clock, self._settings.token_ttl)
        quota = self._settings.quota
        self._quota = None if quota is None else Allowance(quota, tokens.DAY, self._clock)

    # The service.

    async def _recognize(self, request: web.Request) -> web.StreamResponse:
        entry = self._record(request)
        parts: list[upload.Part] | ServiceError = []
        refusal: web.Response | None = None
        if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
            # The gateway refuses it before it has read any of the body.
            refusal = _closing(web.Response(status=412))
        else:
            try:
                parts = await self._read_parts(request, entry)
            except BodyTooLargeError:
                refusal = _gateway_error(413, "Request Entity Too Large")
        if self._scripted:
            reply = await _play(self._scripted.popleft())
            return (
                _closing(reply) if refusal is not None or isinstance(parts, ServiceError) else reply
            )
        if refusal is not None:
            return refusal
        if self._settings.latency:
            await asyncio.sleep(self._settings.latency)
        try:
            return replies.card_response(await self._judge(request, parts))
        except ServiceError as error:
            answer = replies.recognition_error(error.errcode)
            # Bytes of a body that was cut short would be read as the next request.
            return _closing(answer) if isinstance(parts, ServiceError) else answer

    async def _read_parts(
        self, request: web.Request, entry: Entry
    ) -> list[upload.Part] | ServiceError:
        """Return the parts of an upload, none for any other body, or what is wrong with it."""
        missing = ServiceError(replies.MEDIA_MISSING)
        try:
            body = await self._read_body(request, MAX_BODY_BYTES)
            entry.body_length = len(body)
            content_types = request.headers.getall("Content-Type", [])
            if not any(upload.is_multipart(value) for value in content_types):
                return []
            if len(content_types) > 1:
                return missing
            parts = upload.read_parts(content_types[0], body)
        except (BodyIncompleteError, upload.UploadError):
            return missing
        if parts:
            named = [part for part in parts if part.name == "img"]
            entry.set_part((named or parts)[0])
        return parts

    async def _judge(self, request: web.Request, parts: list[upload.Part] | ServiceError) -> Fields:
        """Return the fields of the card, or raise ServiceError for the first thing wrong."""
        if request.method != "POST":
            raise ServiceError(replies.POST_REQUIRED)
        query = Query(request.raw_path)
        self._check_credentials(query)
        if self._quota is not None and not self._quota.take():
            raise ServiceError(replies.DAILY_QUOTA)
        if any(value not in ("photo", "scan") for value in query.values("type")):
            raise ServiceError(replies.INVALID_ARGUMENTS)
        return await self._recognizer.recognize(await self._picture(query, parts))

    def _check_credentials(self, query: Query) -> None:
        plain = query.values("access_token")
        cloudbase = query.values("cloudbase_access_token")
        if self._settings.open_service and not plain and not cloudbase:
            return
        if not any(plain) and not any(cloudbase):
            raise ServiceError(replies.TOKEN_MISSING)
        if len(plain) + len(cloudbase) != 1:
            raise ServiceError(replies.INVALID_CREDENTIAL)
        if plain:
            self._tokens.check(plain[0])
        elif cloudbase[0] != tokens.CLOUDBASE_TOKEN:
            raise ServiceError(replies.INVALID_CREDENTIAL)

    async def _picture(self, query: Query, parts: list[upload.Part] | ServiceError) -> bytes:
        if isinstance(parts, ServiceError):
            raise parts
        urls = query.raw("img_url")
        if len(urls) + bool(parts) != 1:
            raise ServiceError(replies.MEDIA_MISSING)
        if urls:
            assert self._session is not None
            return await fetch_image(self._session, check_image_url(urls[0]), MAX_IMAGE_BYTES)
        try:
            image = upload.picture(parts).content
        except upload.UploadError as error:
            raise ServiceError(replies.MEDIA_MISSING) from error
        if len(image) >= MAX_IMAGE_BYTES:
            raise ServiceError(replies.DECODE_FAILED)
        return image

    async def _stable_token(self, request: web.Request) -> web.StreamResponse:
        self._record(request)
        try:
            if request.method != "POST":
                raise ServiceError(replies.POST_REQUIRED)
            document = await self._read_json(request)
            if not isinstance(document, dict):
                raise ServiceError(replies.DATA_FORMAT)
            force = document.get("force_refresh", False)
            if not isinstance(force, bool):
                raise ServiceError(replies.DATA_FORMAT)
            check_names = ("grant_type", "appid", "secret")
            tokens.check_account(*(document.get(name) for name in check_names))
            return replies.json_response(self._tokens.stable_token(force))
        except ServiceError as error:
            return replies.token_error(error.errcode)

    async def _plain_token(self, request: web.Request) -> web.StreamResponse:
        self._record(request)
        try:
            if request.method != "GET":
                raise ServiceError(replies.GET_REQUIRED)
            query = Query(request.raw_path)
            tokens.check_account(
                query.first("grant_type"), query.first("appid"), query.first("secret")
            )
            return replies.json_response(self._tokens.plain_token())
        except ServiceError as error:
            return replies.token_error(error.errcode)

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        self._record(request)
        return _gateway_error(404, "Not Found")

    # The sandbox's own endpoints.

    async def _list_requests(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(self._journal.documents())

    async def _take_replies(self, request: web.Request) -> web.StreamResponse:
        try:
            added = read_replies(await self._read_json(request))
            if len(self._scripted) + len(added) > MAX_QUEUED:
                raise ValueError(f"more than {MAX_QUEUED} replies would wait")
        except ServiceError:
            return web.json_response({"error": "the body must be JSON"}, status=400)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        self._scripted.extend(added)
        return web.json_response({"waiting": len(self._scripted)})

    async def _expire_tokens(self, _request: web.Request) -> web.StreamResponse:
        self._tokens.expire()
        return web.json_response({})

    async def _handle_reset(self, _request: web.Request) -> web.StreamResponse:
        self._reset()
        return web.json_response({})

    # Helpers.

    def _record(self, request: web.Request) -> Entry:
        transport = request.transport
        peer = transport.get_extra_info("peername") if transport else None
        entry = make_entry(
            connection=self._number_of(transport),
            peer_port=peer[1] if peer else 0,
            method=request.method,
            target=request.raw_path,
            raw_headers=request.raw_headers,
        )
        self._journal.append(entry)
        return entry

    def _number_of(self, transport: asyncio.BaseTransport | None) -> int:
        """Return the connection's number; 0 when the peer has already gone."""
        if transport is None:
            return 0
        if transport not in self._connections:
            self._connected += 1
            self._connections[transport] = self._connected
        return self._connections[transport]

    async def _read_body(self, request: web.Request, limit: int) -> bytes:
        return await read_body(
            request,
            limit=limit,
            idle_seconds=self._settings.idle_seconds,
            total_seconds=TOTAL_BODY_SECONDS,
        )

    async def _read_json(self, request: web.Request) -> object:
        try:
            document: object = json.loads(await self._read_body(request, MAX_JSON_BYTES))
        except (BodyIncompleteError, BodyTooLargeError, ValueError, RecursionError) as error:
            raise ServiceError(replies.DATA_FORMAT) from error
        return document


async def _play(reply: ScriptedReply) -> web.Response:
    if reply.delay:
        await asyncio.sleep(reply.delay)
    response = web.Response(status=reply.status, body=reply.body)
    # aiohttp has put a content type of its own there.
    response.headers.clear()
    for name, value in reply.headers:
        response.headers.add(name, value)
    return response


def _closing(response: web.Response) -> web.Response:
    response.force_close()
    return response


def _gateway_error(status: int, reason: str) -> web.Response:
    page = f"<html><head><title>{status} {reason}</title></head><body>{reason}</body></html>\r\n"
    return _closing(web.Response(status=status, text=page, content_type="text/html"))


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer -1 when the sandbox itself fails, and say where without quoting the request."""
    try:
        return await handler(request)
    except (web.HTTPException, ConnectionError):
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.filename}:{place.lineno}"
        print(f"wxidcard sandbox: {type(error).__name__} at {where}", file=sys.stderr, flush=True)
        return replies.recognition_error(replies.BUSY)

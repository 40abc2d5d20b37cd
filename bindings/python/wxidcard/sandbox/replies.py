"""What the service answers: error texts in the recorded grammar, and card replies.

The recorded grammar of ``errmsg`` is ``<text> hint: [xxx] rid: a-b-c``; the token endpoints
were seen to write ``<text>, rid: a-b-c`` instead.
"""

import json
import secrets
import string
import time
from collections.abc import Mapping

from aiohttp import web

BUSY = -1
INVALID_CREDENTIAL = 40001
WRONG_GRANT_TYPE = 40002
WRONG_APPID = 40013
INVALID_ARGUMENTS = 40097
WRONG_SECRET = 40125
TOKEN_MISSING = 41001
APPID_MISSING = 41002
SECRET_MISSING = 41004
MEDIA_MISSING = 41005
TOKEN_EXPIRED = 42001
GET_REQUIRED = 43001
POST_REQUIRED = 43002
DAILY_QUOTA = 45009
MINUTE_QUOTA = 45011
DATA_FORMAT = 47001
INVALID_IMAGE_URL = 101000
NO_CARD = 101001
DECODE_FAILED = 101002

TEXTS: Mapping[int, str] = {
    BUSY: "system error",
    INVALID_CREDENTIAL: "invalid credential, access_token is invalid or not latest",
    WRONG_GRANT_TYPE: "invalid grant_type",
    WRONG_APPID: "invalid appid",
    INVALID_ARGUMENTS: "invalid args",
    WRONG_SECRET: "invalid appsecret",
    TOKEN_MISSING: "access_token missing",
    APPID_MISSING: "appid missing",
    SECRET_MISSING: "appsecret missing",
    MEDIA_MISSING: "media data missing",
    TOKEN_EXPIRED: "access_token expired",
    GET_REQUIRED: "require GET method",
    POST_REQUIRED: "require POST method",
    DAILY_QUOTA: "reach max api daily quota limit",
    MINUTE_QUOTA: "api minute-quota reach limit must slower retry next minute",
    DATA_FORMAT: "data format error",
    INVALID_IMAGE_URL: "invalid image url",
    NO_CARD: "certificate not found",
    DECODE_FAILED: "decode image failed",
}

# One of the content types recorded from the service; clients must not decide by it.
CONTENT_TYPE = "application/json; encoding=utf-8"

# Seen in a recorded reply. What it means is unknown, so it never varies here.
CARD_PROPERTY = 4


class ServiceError(Exception):
    """An outcome the service reports by errcode.

    ``errcode`` is a key of :data:`TEXTS`.
    """

    def __init__(self, errcode: int) -> None:
        super().__init__(f"errcode {errcode}: {TEXTS[errcode]}")
        self.errcode = errcode


def make_rid() -> str:
    """Return a request id in the recorded form: three groups of eight hexadecimal digits."""
    return f"{int(time.time()):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"


def make_hint() -> str:
    """Return a hint in the recorded form: letters and digits, 14 characters."""
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(14))


def json_response(document: Mapping[str, object]) -> web.Response:
    """Return HTTP 200 with ``document`` as JSON in UTF-8, as every answer of the service is."""
    body = json.dumps(document, ensure_ascii=False).encode()
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})


def recognition_error(errcode: int) -> web.Response:
    """Return the answer of the recognition endpoint for ``errcode``."""
    message = f"{TEXTS[errcode]} hint: [{make_hint()}] rid: {make_rid()}"
    return json_response({"errcode": errcode, "errmsg": message})


def token_error(errcode: int) -> web.Response:
    """Return the answer of a token endpoint for ``errcode``."""
    return json_response({"errcode": errcode, "errmsg": f"{TEXTS[errcode]}, rid: {make_rid()}"})


def card_response(fields: Mapping[str, str]) -> web.Response:
    """Return a successful recognition.

    ``fields`` holds ``type`` and the fields of that side, all strings.
    """
    document: dict[str, object] = {"errcode": 0, "errmsg": "ok", **fields}
    if fields["type"] == "Front":
        document["card_property"] = CARD_PROPERTY
    return json_response(document)

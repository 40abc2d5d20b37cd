#!/usr/bin/env python3
"""A service that plays what it is told to by the path before /cv/ocr/idcard, for the Lua tests.

    /case/NAME   the case of tests/vectors/replies.json
    /raw/NAME    a body of BODIES
    /echo        a card of what came in: the token and the parameter that carried it ("" without
                 one), the picture's length and SHA-256
    /renew       40001 for every token that does not begin with "fresh"
    /gone        closes the connection without an answer
    /silent      no answer, until the client goes away
    /app/CODE    a card of an account's valid token, and CODE for another; has token endpoints
    /stuck       40001 for every token of an account; has token endpoints
    /revoke/ID   makes another token of the account ID the valid one
    /counts/ID   how often the account ID fetched a token and sent a picture

Its URL goes to the file (a named pipe) that is its argument. It ends when its standard input does,
and so never outlives the tests.
"""

import hashlib
import json
import pathlib
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from accounts import Accounts

ROOT = pathlib.Path(__file__).resolve().parents[3]
CASES = {
    case["name"]: case
    for case in json.loads((ROOT / "tests/vectors/replies.json").read_text())["cases"]
}
FRONT = {"errcode": 0, "errmsg": "ok", "type": "Front"}


def nested(depth: int) -> str:
    """A card of that depth, itself included."""
    return json.dumps(FRONT)[:-1] + ', "x": ' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


ACCOUNTS = Accounts()
BODIES = {
    "types": json.dumps(FRONT)[:-1]
    + ', "name": null, "small": 4, "negative": -7, "large": 9007199254740991,'
    ' "id": "440524188001010014", "half": 0.5, "huge": 1e300, "yes": true, "no": false,'
    ' "list": [1, "two", [3]], "holes": [1, null, 3], "inside": {"a": {"b": 1}, "c": null},'
    ' "empty": "", "nothing": {}}',
    "long_number": json.dumps(FRONT)[:-1] + ', "id": 440524188001010014}',
    "depth_64": nested(64),
    "depth_65": nested(65),
    "name_of_60_kb": json.dumps(FRONT | {"name": "张" * 20480}, ensure_ascii=False),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A head and a body are written apart, and the body would wait until the head is acknowledged.
    disable_nagle_algorithm = True

    def log_message(self, *arguments: Any) -> None:
        pass

    def reply(self, status: int, body: bytes | str | dict, content_type: str | None = None) -> None:
        if isinstance(body, dict):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def play(self, what: str, name: str, token: str, body: bytes) -> None:
        if what == "case":
            case = CASES[name]
            self.reply(case["http_status"], case["body"], case["content_type"])
        elif what == "raw":
            self.reply(200, BODIES[name])
        elif what == "echo":
            carried = {"token": token, "parameter": self.parameter}
            self.reply(200, FRONT | carried | picture_of(body))
        elif what == "app" and ACCOUNTS.accepts(token):
            self.reply(200, FRONT | {"token": token})
        elif what == "app":
            self.reply(200, {"errcode": int(name), "errmsg": f"not valid: {token} rid: 1-2-3"})
        elif what == "stuck":
            ACCOUNTS.accepts(token)
            self.reply(200, {"errcode": 40001, "errmsg": f"not valid: {token} rid: 1-2-3"})
        elif what == "revoke":
            ACCOUNTS.revoke(name)
            self.reply(200, FRONT)
        elif what == "counts":
            self.reply(200, FRONT | ACCOUNTS.counts(name))
        elif what == "renew" and token.startswith("fresh"):
            self.reply(200, FRONT)
        elif what == "renew":
            self.reply(200, {"errcode": 40001, "errmsg": f"invalid credential {token} rid: 1-2-3"})
        elif what == "gone":
            self.close_connection = True
        elif what == "silent":
            self.close_connection = True
            self.rfile.read(1)
        else:
            self.reply(404, "")

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.reply(200, ACCOUNTS.fetch(query["appid"][0], query["secret"][0], is_new=True))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = urlsplit(self.path)
        if target.path.endswith("/cgi-bin/stable_token"):
            asked = json.loads(body)
            is_new = asked.get("force_refresh", False)
            self.reply(200, ACCOUNTS.fetch(asked["appid"], asked["secret"], is_new))
            return
        what, _, name = target.path.removesuffix("/cv/ocr/idcard").strip("/").partition("/")
        query = [pair for pair in parse_qsl(target.query) if pair[0] != "type"]
        self.parameter, token = query[0] if query else ("", "")
        self.play(what, name, token, body)


def picture_of(body: bytes) -> dict[str, Any]:
    """Of a multipart body with one part; nothing of an empty one."""
    if not body:
        return {}
    picture = body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]
    return {"length": len(picture), "sha256": hashlib.sha256(picture).hexdigest()}


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pathlib.Path(sys.argv[1]).write_text(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdin.read()


if __name__ == "__main__":
    main()

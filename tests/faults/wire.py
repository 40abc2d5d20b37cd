"""HTTP/1.1 off a raw socket, as strictly or as badly as a fault wants it."""

import contextlib
import json
import re
import select
import socket
import struct
import time
import zlib
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

REASONS = {200: "OK", 204: "No Content", 413: "Payload Too Large", 503: "Service Unavailable"}


class Gone(Exception):
    """The client has gone; there is nobody left to misbehave to."""


class Request:
    def __init__(self, head):
        self.head = head
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, self.version = ([*lines[0].split(" ", 2), "", ""])[:3]
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self.length = int(self.headers.get("content-length", "0") or 0)
        self.body = None

    def key(self):
        """What stands between /fault/ and the service's own path."""
        path = urlsplit(self.target).path
        for suffix in ("/cv/ocr/idcard", "/cgi-bin/stable_token", "/cgi-bin/token"):
            if path.endswith(suffix):
                path = path[: -len(suffix)]
        return path.removeprefix("/fault/").strip("/") or "ok"

    def image(self):
        """The bytes of the multipart body's one part, or the img_url."""
        boundary = re.search(r"boundary=([^;]+)", self.headers.get("content-type", ""))
        if boundary is None or not self.body:
            return parse_qs(urlsplit(self.target).query).get("img_url", [""])[0].encode()
        _, _, rest = self.body.partition(b"\r\n\r\n")
        return rest[: rest.rfind(b"\r\n--" + boundary.group(1).encode())]

    def card(self, **more):
        """A right answer, which tells whose picture it is the answer to."""
        image = self.image()
        fields = {
            "errcode": 0,
            "errmsg": "ok",
            "type": "Front",
            "name": sha256(image).hexdigest(),
            "id": "11010519491231002X",
            "addr": "北京市朝阳区某路1号",
            "gender": "女",
            "nationality": "汉",
            "image_crc32": zlib.crc32(image),
            "image_length": len(image),
            **more,
        }
        return json.dumps(fields, ensure_ascii=False).encode()


class Connection:
    def __init__(self, sock, label, counters):
        self.sock = sock
        self.label = label
        self.counters = counters
        self.key = None
        self.pending = b""
        self.waiting_bytes = 0
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # ---- beginning and end

    def start_tls(self, context):
        self.sock.settimeout(10)
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.sock.settimeout(None)

    def belongs_to(self, key):
        if self.key is None:
            self.key = key
            self.counters.add(key, connections=1)
        if self.waiting_bytes:
            self.counters.add(key, bytes=self.waiting_bytes)
            self.waiting_bytes = 0

    def finish(self):
        with contextlib.suppress(OSError):
            self.sock.close()

    def reset(self):
        """Ends the connection with RST, whatever lies in its buffers."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if hasattr(self.sock, "unwrap"):  # no TLS goodbye either
            self.sock = socket.socket(fileno=self.sock.detach())
        self.sock.close()
        raise Gone

    # ---- reading

    def receive(self, most=65536):
        piece = self.pending[:most] if self.pending else self.sock.recv(most)
        if self.pending:
            self.pending = self.pending[most:]
            return piece
        self.counters.add("listener/" + self.label, bytes=len(piece))
        if self.key is None:
            self.waiting_bytes += len(piece)
        else:
            self.counters.add(self.key, bytes=len(piece))
        return piece

    def peek(self, length):
        """So many of the next bytes, and what came with them; they are still to be read."""
        peeked, self.pending = self.pending, b""
        while len(peeked) < length:
            piece = self.receive(4096)
            if not piece:
                raise Gone
            peeked += piece
        self.pending = peeked
        return peeked

    def read_head(self):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.receive(4096)  # little of the body, so that the window is what it is
            if not piece:
                return None
            head += piece
        head, _, rest = head.partition(b"\r\n\r\n")
        self.pending = rest + self.pending
        return Request(head)

    def read_body(self, request, most=None):
        """Reads the body, or its first bytes; counts it when it is whole."""
        wanted = request.length if most is None else min(most, request.length)
        pieces = []
        while wanted > 0:
            piece = self.receive(min(wanted, 65536))
            if not piece:
                raise Gone
            pieces.append(piece)
            wanted -= len(piece)
        request.body = b"".join(pieces)
        if len(request.body) == request.length and request.method == "POST":
            self.counters.add(self.key, posts_whole=1)
        return request.body

    def wait_until_gone(self, seconds=30):
        """Reads nothing and waits until the client closes: poll() asks for the hang-up only."""
        poller = select.poll()
        poller.register(self.sock, select.POLLRDHUP)
        poller.poll(seconds * 1000)

    def drain(self, seconds=30):
        """Reads and answers nothing, until the client closes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.receive():
            pass

    # ---- writing

    def send(self, data):
        self.sock.sendall(data)

    def trickle(self, data, pause=1.0):
        for i in range(len(data)):
            self.send(data[i : i + 1])
            time.sleep(pause)

    def reply(self, status, body, *headers, length=True, close=False):
        self.send(compose(status, body, *headers, length=length, close=close))

    def reply_card(self, request, close=False):
        type_of_it = "Content-Type: application/json; encoding=utf-8"
        self.reply(200, request.card(), type_of_it, close=close)


def compose(status, body, *headers, length=True, close=False):
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

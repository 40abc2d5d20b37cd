"""Replies that are whole, and what they say is at fault: the service's own errors, and JSON that is
none."""

import json
from pathlib import Path

from wire import compose

VECTORS = Path(__file__).resolve().parents[1] / "vectors/replies.json"
# As deep as the bytes that are read of a reply allow.
DEPTH = 60_000


def plays(status, body, content_type="application/json; encoding=utf-8"):
    def answer(connection, request):
        connection.read_body(request)
        headers = [f"Content-Type: {content_type}"] if content_type else []
        connection.send(compose(status, body, *headers))
        return True

    return answer


def vectors():
    """The replies of tests/vectors, as vector-NAME."""
    for case in json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]:
        body = case["body"].encode()
        yield f"vector-{case['name']}", plays(case["http_status"], body, case["content_type"])


CARD = '{"errcode":0,"errmsg":"ok","type":"Back","valid_date":"20070105-20270105"'
FAULTS = {
    "json-nested": plays(200, CARD.encode() + b',"x":' + b"[" * DEPTH),
    "json-in-gbk": plays(200, (CARD + ',"name":"张三"}').encode("gbk")),
    "json-invalid": plays(200, CARD.encode() + b",}"),
    **dict(vectors()),
}

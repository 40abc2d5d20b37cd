"""``img_url``: how it must be encoded, and what happens when it is fetched."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest

from wxidcard.sandbox.remote import check_image_url
from wxidcard.sandbox.replies import ServiceError
from wxidcard.sandbox.server import MAX_IMAGE_BYTES

from .support import FRONT, WITH_TOKEN, Answer, RunningSandbox


class Pictures(BaseHTTPRequestHandler):
    """Serves "pictures" under the names of what is to happen."""

    # Set by the fixture; ends the answer that never ends.
    ended: threading.Event

    def do_GET(self) -> None:
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/front.jpg")
            self.end_headers()
        elif self.path == "/loop":
            self.send_response(302)
            self.send_header("Location", "/loop")
            self.end_headers()
        elif self.path == "/never":
            self.ended.wait(20)
        elif self.path == "/large":
            self._answer(200, b"x" * MAX_IMAGE_BYTES)
        elif self.path == "/missing":
            self._answer(404, b"front")
        elif self.path.startswith(("/front.jpg", "/a%20b?x=1&y=%2F")):
            self._answer(200, b"front")
        else:
            self._answer(200, b"no card")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def pictures() -> Iterator[str]:
    """The base URL of a loopback server of pictures."""
    ended = threading.Event()
    handler = type("PicturesOfThisTest", (Pictures,), {"ended": ended})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    ended.set()
    server.shutdown()
    server.server_close()
    thread.join(20)


def recognize(sandbox: RunningSandbox, raw: str) -> Answer:
    """Send ``raw`` as it is for the value of img_url."""
    return sandbox.call("POST", f"{WITH_TOKEN}&img_url={raw}")


def test_picture_is_fetched(sandbox: RunningSandbox, pictures: str) -> None:
    answer = recognize(sandbox, quote(f"{pictures}/front.jpg", safe=""))
    assert answer.json()["name"] == FRONT["name"]


def test_address_is_decoded_once(sandbox: RunningSandbox, pictures: str) -> None:
    answer = recognize(sandbox, quote(f"{pictures}/a%20b?x=1&y=%2F", safe=""))
    assert answer.errcode == 0


def test_picture_without_a_card(sandbox: RunningSandbox, pictures: str) -> None:
    assert recognize(sandbox, quote(f"{pictures}/other", safe="")).errcode == 101001


def test_not_encoded(sandbox: RunningSandbox, pictures: str) -> None:
    assert recognize(sandbox, f"{pictures}/front.jpg").errcode == -1
    # What follows an unencoded & is another parameter.
    assert recognize(sandbox, f"{pictures}/front.jpg?x=1&y=2").errcode == -1


def test_encoded_twice(sandbox: RunningSandbox, pictures: str) -> None:
    twice = quote(quote(f"{pictures}/front.jpg", safe=""), safe="")
    assert recognize(sandbox, twice).errcode == 101000


def test_redirects(sandbox: RunningSandbox, pictures: str) -> None:
    assert recognize(sandbox, quote(f"{pictures}/redirect", safe="")).errcode == 0
    assert recognize(sandbox, quote(f"{pictures}/loop", safe="")).errcode == 101000


@pytest.mark.parametrize(
    ("path", "errcode"), [("/missing", 101000), ("/never", 101000), ("/large", 101002)]
)
def test_picture_that_cannot_be_had(
    sandbox: RunningSandbox, pictures: str, path: str, errcode: int
) -> None:
    assert recognize(sandbox, quote(pictures + path, safe="")).errcode == errcode


def test_nobody_listens(sandbox: RunningSandbox) -> None:
    assert recognize(sandbox, quote("http://127.0.0.1:1/a.jpg", safe="")).errcode == 101000


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.jpg",
        "/home/user/a.jpg",
        "C:\\a.jpg",
        "file:///etc/passwd",
        "ftp://example.com/a.jpg",
        "wxfile://tmp/a.jpg",
        "http://",
        "http:///a.jpg",
        "http://user:password@example.com/a.jpg",
        "https://example.com:81/a.jpg",
        "https://example.com:8443/a.jpg",
        "http://example.com:99999/a.jpg",
        "http://[::1/a.jpg",
        "http://example.com/a b.jpg",
        "http://example.com/a\n.jpg",
        'http://example.com/"a".jpg',
    ],
)
def test_odd_address(url: str) -> None:
    with pytest.raises(ServiceError) as refused:
        check_image_url(quote(url, safe=""))
    assert refused.value.errcode == 101000


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(ServiceError) as refused:
        check_image_url("http%3A%2F%2Fexample.com%2F%FF.jpg")
    assert refused.value.errcode == 101000


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.jpg",
        "http://example.com:80/a.jpg",
        "HTTPS://example.com/a.jpg?x=%26&y=1",
        "http://localhost:8081/a.jpg",
        "http://[::1]:8081/a.jpg",
    ],
)
def test_address_that_is_fetched(url: str) -> None:
    assert str(check_image_url(quote(url, safe=""))).lower() == url.lower().replace(":80/", "/")

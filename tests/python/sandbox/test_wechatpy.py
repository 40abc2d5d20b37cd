"""A client of another make, wechatpy, works against the sandbox as against the service."""

import importlib
import threading
import warnings
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from wxidcard.sandbox.drawing import draw_back, draw_front
from wxidcard.sandbox.people import PEOPLE
from wxidcard.sandbox.reader import TesseractReader
from wxidcard.sandbox.specimens import encode_jpeg
from wxidcard.sandbox.tesseract import find_tesseract

from .conftest import StartSandbox
from .support import RunningSandbox

PERSON = PEOPLE[1]


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def reading_sandbox(start_sandbox: StartSandbox) -> RunningSandbox:
    path = find_tesseract()
    assert path is not None, "install tesseract-ocr and tesseract-ocr-chi-sim"
    return start_sandbox(reader=TesseractReader(path))


@pytest.fixture
def served_folder(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the URL under which its files are had."""
    handler = partial(QuietHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield tmp_path, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(20)


@pytest.fixture
def make_client(reading_sandbox: RunningSandbox) -> Iterator[Any]:
    """Make clients that take the sandbox for the service."""
    with warnings.catch_warnings():
        # What it imports is not this project's to mend.
        warnings.simplefilter("ignore")
        wechatpy = importlib.import_module("wechatpy")

    made: list[Any] = []

    def fetch_access_token(client: Any) -> Any:
        parameters = {"grant_type": "client_credential", "appid": client.appid}
        parameters["secret"] = client.secret
        return client._fetch_access_token(f"{reading_sandbox.url}/cgi-bin/token", parameters)

    def make(**options: Any) -> Any:
        client = wechatpy.WeChatClient("wx_sandbox", "sandbox_secret", **options)
        client.wxa.API_BASE_URL = f"{reading_sandbox.url}/"
        # Of the token endpoint the address stands in the method.
        client.fetch_access_token = partial(fetch_access_token, client)
        made.append(client)
        return client

    yield make
    for client in made:
        client._http.close()


def test_upload_with_a_token_it_fetches(make_client: Any) -> None:
    card = make_client().wxa.ocr_idcard(
        filename="front.jpg", file_bytes=encode_jpeg(draw_front(PERSON)), mime_type="image/jpeg"
    )
    assert card.pop("card_property") == 4
    assert card == {"errcode": 0, "errmsg": "ok", **PERSON.front()}


def test_image_url(make_client: Any, served_folder: tuple[Path, str]) -> None:
    folder, url = served_folder
    (folder / "a back.jpg").write_bytes(encode_jpeg(draw_back(PERSON)))
    client = make_client(access_token="sandbox_token")
    card = client.wxa.ocr_idcard(mode="scan", img_url=f"{url}/a%20back.jpg?x=1&y=2")
    assert card == {"errcode": 0, "errmsg": "ok", **PERSON.back()}


def test_token_that_expired(make_client: Any, reading_sandbox: RunningSandbox) -> None:
    client = make_client()
    image = encode_jpeg(draw_back(PERSON))
    arguments = {"filename": "back.jpg", "file_bytes": image, "mime_type": "image/jpeg"}
    client.wxa.ocr_idcard(**arguments)
    reading_sandbox.call("POST", "/sandbox/expire")
    # It fetches another one by itself and tries again.
    assert client.wxa.ocr_idcard(**arguments)["valid_date"] == PERSON.back()["valid_date"]


def test_error(make_client: Any) -> None:
    client = make_client(access_token="sandbox_token")
    refusal = importlib.import_module("wechatpy.exceptions").WeChatClientException
    with pytest.raises(refusal) as refused:
        client.wxa.ocr_idcard(filename="a.jpg", file_bytes=b"text", mime_type="image/jpeg")
    assert refused.value.errcode == 101002
    assert "hint: [" in refused.value.errmsg

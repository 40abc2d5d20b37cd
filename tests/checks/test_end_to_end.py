"""The examples of every language against a sandbox that really reads: what comes out, and what the
sandbox says came in; and what a new user runs into: a wrong token, no card, no server."""

import contextlib
import functools
import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from repository import BUILD, HEADERS, ROOT, run, version

LUAS = ("lua5.1", "luajit", "lua5.3", "lua5.4")
LANGUAGES = ("c", "python", *LUAS)
FLAT = ("front-01.jpg", "back-01.png", "front-02.png")


@contextlib.contextmanager
def start_sandbox(*options: str) -> Iterator[str]:
    command = [sys.executable, "-m", "wxidcard.sandbox", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()
        assert process.wait(timeout=30) == 0


@pytest.fixture(scope="module")
def specimens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("specimens")
    run(sys.executable, "-m", "wxidcard.sandbox", "--specimens", folder, "--people", "2")
    return folder


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    with start_sandbox() as url:
        yield url


@pytest.fixture(scope="module")
def c_example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("c") / "recognize"
    library = [f"-L{BUILD}", "-lwxidcard", f"-Wl,-rpath,{BUILD}"]
    source = ROOT / "examples/c/recognize.c"
    run("cc", "-Wall", "-Wextra", "-Werror", f"-I{HEADERS}", source, "-o", program, *library)
    return program


@pytest.fixture(params=LANGUAGES)
def example(request: pytest.FixtureRequest, c_example: Path) -> list[str]:
    """The command that runs a language's example."""
    if request.param == "c":
        return [str(c_example)]
    if request.param == "python":
        return [sys.executable, str(ROOT / "examples/python/recognize.py")]
    return [request.param, str(ROOT / "examples/lua/recognize.lua")]


def recognize(
    example: list[str], url: str, *pictures: Path, token: str = "sandbox_token"
) -> subprocess.CompletedProcess[str]:
    variables = {"WXIDCARD_ACCESS_TOKEN": token, "WXIDCARD_BASE_URL": url}
    return subprocess.run(
        [*example, *map(str, pictures)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )


def cards_in(output: str) -> list[dict[str, Any]]:
    """The cards of any example: lines of JSON behind a tab, or C's indented fields."""
    cards: list[dict[str, Any]] = []
    for line in output.splitlines():
        if "\t" in line:
            cards.append(json.loads(line.split("\t", 1)[1]))
        elif line.startswith("  "):
            name, value = line.strip().split(": ", 1)
            cards[-1][name] = int(value) if name == "card_property" else value
        else:
            cards.append({})
    return cards


def journal(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/sandbox/requests", timeout=20) as answer:
        entries: list[dict[str, Any]] = json.load(answer)
    return entries


def entries_for(url: str, picture: Path) -> list[dict[str, Any]]:
    """What came in with just this picture, tests beside this one or not."""
    digest = hashlib.sha256(picture.read_bytes()).hexdigest()
    return [e for e in journal(url) if e["part"] and e["part"]["sha256"] == digest]


def test_cards_are_read(example: list[str], sandbox: str, specimens: Path) -> None:
    truth = json.loads((specimens / "specimens.json").read_text(encoding="utf-8"))
    done = recognize(example, sandbox, *(specimens / name for name in FLAT))
    assert done.returncode == 0, done.stderr
    cards = cards_in(done.stdout)
    for card in cards:
        card.pop("card_property", None)  # recorded, and of unknown meaning: no specimen has it
    assert cards == [truth[name] for name in FLAT]


def test_request_is_what_the_service_wants(
    example: list[str], sandbox: str, specimens: Path, tmp_path: Path
) -> None:
    # A picture that nobody else sends: the specimen, and something behind its end.
    picture = tmp_path / "mine.jpg"
    marker = os.urandom(16) + "".join(example).encode()
    picture.write_bytes((specimens / "front-01.jpg").read_bytes() + marker)
    assert recognize(example, sandbox, picture).returncode == 0
    (entry,) = entries_for(sandbox, picture)
    headers = {name.lower(): value for name, value in entry["headers"]}
    assert len(headers) == len(entry["headers"])
    assert set(headers) == {"host", "user-agent", "accept", "content-type", "content-length"}
    assert entry["method"] == "POST"
    assert entry["target"] == "/cv/ocr/idcard?access_token=***"
    assert headers["host"] == sandbox.removeprefix("http://")
    assert headers["user-agent"] == f"wxidcard/{version()}"
    assert headers["content-type"].startswith("multipart/form-data; boundary=wxid")
    assert int(headers["content-length"]) == entry["body_length"] > picture.stat().st_size
    assert entry["part"]["name"] == "img"
    assert entry["part"]["file_name"] == "image.jpg"
    assert entry["part"]["content_type"] == "image/jpeg"
    assert entry["part"]["length"] == picture.stat().st_size


def test_what_goes_wrong_is_said(
    example: list[str], sandbox: str, specimens: Path, tmp_path: Path
) -> None:
    large, text = tmp_path / "large.jpg", tmp_path / "text.jpg"
    large.write_bytes((specimens / "front-01.jpg").read_bytes() + bytes(5_000_000))
    text.write_text("no picture at all")
    for picture, kind in (
        (specimens / "no-card.jpg", "no_card"),
        (large, "image_input"),
        (text, "image_input"),
    ):
        done = recognize(example, sandbox, picture)
        assert done.returncode == 1
        assert f"{kind}: " in done.stdout + done.stderr
    assert entries_for(sandbox, large) == entries_for(sandbox, text) == []


def test_wrong_token_is_said_and_not_shown(
    example: list[str], sandbox: str, specimens: Path
) -> None:
    done = recognize(example, sandbox, specimens / "back-01.jpg", token="canary_token_0123")
    assert done.returncode == 1
    assert "token: " in done.stdout + done.stderr
    assert "canary_token_0123" not in done.stdout + done.stderr


def test_no_server(example: list[str], specimens: Path) -> None:
    with start_sandbox() as url:
        pass  # a port on which nobody listens any more
    done = recognize(example, url, specimens / "back-01.jpg")
    assert done.returncode == 1
    assert "connect: " in done.stdout + done.stderr


def test_quota(example: list[str], specimens: Path) -> None:
    with start_sandbox("--quota", "1") as url:
        done = recognize(example, url, specimens / "back-01.jpg", specimens / "back-01.jpg")
    assert done.returncode == 1
    assert "quota: " in done.stdout + done.stderr


@pytest.fixture(scope="module")
def pictures_url(specimens: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(specimens))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


BY_URL = {
    "python": (
        "import sys, wxidcard\n"
        "base, url = sys.argv[1:]\n"
        "with wxidcard.Client(access_token='sandbox_token', base_url=base) as client:\n"
        "    print(client.recognize(img_url=url, type='scan')['valid_date'])"
    ),
    "lua": (
        "local base, url = arg[1], arg[2]\n"
        "local wxidcard = require 'wxidcard'\n"
        "local client = wxidcard.new{ access_token = 'sandbox_token', base_url = base }\n"
        "print(client:recognize{ img_url = url, type = 'scan' }.valid_date)"
    ),
}


@pytest.mark.parametrize("language", ["python", *LUAS])
def test_img_url(language: str, sandbox: str, pictures_url: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(BY_URL["python" if language == "python" else "lua"])
    program = sys.executable if language == "python" else language
    # What a signed URL has in it must arrive as it is.
    url = f"{pictures_url}/back-01.jpg?sign=a%2Fb&t=1;2+3"
    assert run(program, script, sandbox, url).strip() == "20190520-20390520"

"""``python -m wxidcard.sandbox`` as a process."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from wxidcard.sandbox import cli
from wxidcard.sandbox.drawing import draw_back
from wxidcard.sandbox.people import PEOPLE
from wxidcard.sandbox.specimens import encode_jpeg

from .support import MULTIPART, WITH_TOKEN, Answer, multipart, send

COMMAND = [sys.executable, "-m", "wxidcard.sandbox"]
FIRST_LINE = re.compile(r"wxidcard sandbox: http://127\.0\.0\.1:(\d+)\n")


@contextmanager
def running(
    *arguments: str, path: str | None = None
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start the sandbox, with ``path`` for PATH if given; gives the process and its port."""
    environment = dict(os.environ) if path is None else {**os.environ, "PATH": path}
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        found = FIRST_LINE.fullmatch(process.stdout.readline())
        assert found is not None
        yield process, int(found[1])
    finally:
        process.kill()
        process.communicate()


def upload(port: int, image: bytes, target: str = WITH_TOKEN) -> Answer:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        return send(connection, "POST", target, multipart(image), {"Content-Type": MULTIPART})
    finally:
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_reads_and_ends(number: signal.Signals) -> None:
    with running() as (process, port):
        answer = upload(port, encode_jpeg(draw_back(PEOPLE[0])))
        assert answer.json() == {"errcode": 0, "errmsg": "ok", **PEOPLE[0].back()}
        # A connection that stays open must not keep the process.
        idle = HTTPConnection("127.0.0.1", port, timeout=60)
        send(idle, "POST", WITH_TOKEN)
        process.send_signal(number)
        output, errors = process.communicate(timeout=20)
        idle.close()
    assert process.returncode == 0
    assert (output, errors) == ("", "")


def test_it_ends_in_the_middle_of_a_call() -> None:
    with running("--latency", "60000") as (process, port):
        waiting = HTTPConnection("127.0.0.1", port, timeout=60)
        waiting.request("POST", WITH_TOKEN, b"")
        # The answer to a later request shows that the first one has arrived.
        probe = HTTPConnection("127.0.0.1", port, timeout=60)
        while b"POST" not in send(probe, "GET", "/sandbox/requests").body:
            pass
        probe.close()
        started = time.monotonic()
        process.terminate()
        process.communicate(timeout=20)
        waiting.close()
    assert process.returncode == 0
    assert time.monotonic() - started < 10


def test_options_reach_the_service() -> None:
    with running("--quota", "0", "--token-ttl", "90", "--open-service") as (_, port):
        assert upload(port, b"x", "/cv/ocr/idcard").errcode == 45009
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        account = "grant_type=client_credential&appid=wx_sandbox&secret=sandbox_secret"
        answer = send(connection, "GET", f"/cgi-bin/token?{account}")
        connection.close()
        assert answer.json()["expires_in"] == 90


def test_without_tesseract(tmp_path: Path) -> None:
    fields = {**PEOPLE[0].back()}
    card = draw_back(PEOPLE[0])
    with running(path=str(tmp_path)) as (process, port):
        assert upload(port, encode_jpeg(card, False, fields)).json() == {
            "errcode": 0,
            "errmsg": "ok",
            **fields,
        }
        assert upload(port, encode_jpeg(card)).errcode == 101001
        assert upload(port, b"no picture").errcode == 101002
        process.terminate()
        _, errors = process.communicate(timeout=20)
    assert errors == cli.NO_TESSERACT + "\n"


def test_tesseract_without_chinese(tmp_path: Path) -> None:
    lone = tmp_path / "tesseract"
    lone.write_text("#!/bin/sh\necho eng\n", encoding="utf-8")
    lone.chmod(0o755)
    with running(path=f"{tmp_path}:{os.environ['PATH']}") as (process, _):
        process.terminate()
        _, errors = process.communicate(timeout=20)
    assert errors == cli.NO_TESSERACT + "\n"


def test_specimens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "specimens"
    assert cli.main(["--specimens", str(folder), "--people", "1"]) == 0
    assert capsys.readouterr().out.endswith(f"into {folder}\n")
    assert (folder / "front-01.jpg").is_file()


def test_specimens_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    assert cli.main(["--specimens", str(blocked), "--people", "1"]) == 1
    assert str(blocked) in capsys.readouterr().err


def test_port_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    with running() as (_, port):
        done = subprocess.run(
            [*COMMAND, "--port", str(port)], capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("wxidcard sandbox: cannot listen")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "65536"],
        ["--port", "x"],
        ["--quota", "-1"],
        ["--quota", "1.5"],
        ["--latency", "-1"],
        ["--latency", "nan"],
        ["--token-ttl", "0"],
        ["--people", "0"],
        ["--por", "1"],
        ["--unknown"],
        ["argument"],
    ],
)
def test_wrong_arguments(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2


def test_missing_extra() -> None:
    code = "import sys; sys.modules['aiohttp'] = None; import runpy; "
    code += "runpy.run_module('wxidcard.sandbox', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "wxidcard sandbox: aiohttp is missing; install wxidcard[sandbox]\n"

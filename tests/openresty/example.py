"""The example application as a user starts it, and a sandbox behind it."""

import http.client
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
SERVE = ROOT / "examples/openresty/serve"
BOUNDARY = "----invented-0123456789"
PATIENCE = 60


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def problem(self) -> tuple[int, str]:
        """The status, and the kind of the error."""
        return self.status, self.json["error"]["kind"]


def send(
    url: str,
    method: str,
    target: str,
    body: bytes | Iterator[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request on a connection of its own. An iterator as the body is sent in chunks."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    try:
        connection.request(method, target, body, dict(headers or {}))
        reply = connection.getresponse()
        return Answer(reply.status, dict(reply.getheaders()), reply.read().decode())
    finally:
        connection.close()


def part(data: bytes, name: str = "img", file_name: str = "picture.jpg") -> bytes:
    """A part of a form as wx.uploadFile writes it."""
    head = f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
    return head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + data


def form(*parts: bytes) -> bytes:
    delimiter = f"--{BOUNDARY}\r\n".encode()
    return b"".join(delimiter + each + b"\r\n" for each in parts) + f"--{BOUNDARY}--\r\n".encode()


FORM_TYPE = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


@dataclass(frozen=True)
class Example:
    """One that runs: where it is, its folder for temporary files, and what it logs."""

    url: str
    process: subprocess.Popen[str]
    folder: Path
    log_file: Path

    def send(
        self,
        method: str,
        target: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return send(self.url, method, target, body, headers)

    def upload(self, picture: bytes, **names: str) -> Answer:
        return self.send("POST", "/idcard", form(part(picture, **names)), FORM_TYPE)

    def post_json(self, target: str, document: object) -> Answer:
        body = json.dumps(document).encode()
        return self.send("POST", target, body, {"Content-Type": "application/json"})

    def comes_to_keep(self, count: int) -> bool:
        """Whether nginx has so many bodies of requests in files, now or soon: the last one goes a
        moment after its answer."""
        deadline = time.monotonic() + PATIENCE
        while sum(path.is_file() for path in self.folder.glob("*/body/*")) != count:
            if time.monotonic() > deadline:
                return False
            os.sched_yield()
        return True

    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")


@contextmanager
def running(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Example]:
    """Start one that keeps its temporary files in ``folder``."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith("WXIDCARD_")}
    log_file = folder / "log"
    temporary = folder / "temporary"
    temporary.mkdir()
    with (
        log_file.open("w") as log,
        subprocess.Popen(
            [SERVE, "--port", "0"],
            env={**variables, **(environment or {}), "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            assert line.startswith("wxidcard example: http://"), log_file.read_text()
            url = line.removeprefix("wxidcard example: ")
            yield Example(url, process, temporary, log_file)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def account_at(url: str) -> dict[str, str]:
    """The environment for the sandbox's account."""
    return {
        "WXIDCARD_APPID": "wx_sandbox",
        "WXIDCARD_SECRET": "sandbox_secret",
        "WXIDCARD_BASE_URL": url,
    }


@dataclass(frozen=True)
class Sandbox:
    url: str

    def play(self, *replies: Mapping[str, object]) -> None:
        """What the next recognitions are answered: JSON objects of the service's."""
        played = [{"body": json.dumps(reply)} for reply in replies]
        self.post("replies", json.dumps(played).encode())

    def play_raw(self, replies: Sequence[Mapping[str, object]]) -> None:
        self.post("replies", json.dumps(replies).encode())

    def post(self, what: str, body: bytes = b"") -> None:
        with urllib.request.urlopen(f"{self.url}/sandbox/{what}", body, PATIENCE) as answer:
            answer.read()

    def pictures(self) -> list[dict[str, Any]]:
        """The parts that came in since the last reset."""
        with urllib.request.urlopen(f"{self.url}/sandbox/requests", timeout=PATIENCE) as answer:
            entries = json.load(answer)
        return [entry["part"] for entry in entries if entry["part"]]


@contextmanager
def running_sandbox() -> Iterator[Sandbox]:
    command = [sys.executable, "-m", "wxidcard.sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Sandbox(process.stdout.readline().split()[-1])
        finally:
            process.terminate()
            process.wait(PATIENCE)

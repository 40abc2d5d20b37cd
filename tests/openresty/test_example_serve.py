"""examples/openresty/serve starts what it needs, and ends all of it."""

import os
import select
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from example import PATIENCE, SERVE, running


def children(process: int) -> list[int]:
    """The processes below one."""
    direct = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [found for child in map(int, direct) for found in (child, *children(child))]


def wait_for_end(descriptor: int) -> bool:
    ended, _, _ = select.select([descriptor], [], [], PATIENCE)
    os.close(descriptor)
    return bool(ended)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_and_ends(tmp_path: Path, number: signal.Signals) -> None:
    """Without an account it has a sandbox of its own. Nothing stays, neither programs nor files."""
    with running(tmp_path) as example:
        page = example.send("GET", "/")
        assert page.status == 200
        assert '<html lang="zh-CN">' in page.text
        assert example.upload(b"invented").problem == (422, "image_input")
        # A sandbox, nginx, and two workers.
        below = [os.pidfd_open(process) for process in children(example.process.pid)]
        assert len(below) == 4
        example.process.send_signal(number)
        assert example.process.wait(PATIENCE) == 0
        assert all(wait_for_end(descriptor) for descriptor in below)
        assert list(example.folder.iterdir()) == []
        assert example.log() == ""


def test_it_ends_with_nginx(tmp_path: Path) -> None:
    with running(tmp_path, {"WXIDCARD_ACCESS_TOKEN": "invented"}) as example:
        (nginx, *workers) = children(example.process.pid)
        assert len(workers) == 2
        os.kill(nginx, signal.SIGTERM)
        assert example.process.wait(PATIENCE) == 0
        assert list(example.folder.iterdir()) == []


def test_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [SERVE, "--port", str(port)],
            env={**os.environ, "TMPDIR": str(tmp_path), "WXIDCARD_ACCESS_TOKEN": "invented"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("wxidcard example: ")
    assert "Address already in use" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_nginx_that_does_not_start(tmp_path: Path) -> None:
    """What nginx says of its configuration is on standard error."""
    done = subprocess.run(
        [SERVE, "--port", "0"],
        env={
            **os.environ,
            "TMPDIR": str(tmp_path),
            "WXIDCARD_ACCESS_TOKEN": "invented",
            "LUA_PATH": "'; invented 'x;;",
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "nginx: [emerg]" in done.stderr
    assert "wxidcard example: nginx did not start" in done.stderr
    assert list(tmp_path.iterdir()) == []

"""What is refused costs nothing: not a byte of it reaches anybody.

What each refusal says is asserted elsewhere: by test_vectors.py, and of paths by test_pictures.py.
"""

import asyncio
import base64
import os
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

import wxidcard
from fault_server import FaultServer, fault_server
from test_vectors import load

REFUSED = (ValueError, OSError)  # an ImageInputError is a ValueError
CASES = [
    case
    for case in load("requests.json")
    if "error" in case["expect"] and "token_fetch" not in case
]
NOBODY = {"connections": 0, "bytes": 0}


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with fault_server() as started:
        yield started


def arguments_of(case: dict[str, Any]) -> dict[str, Any]:
    arguments = dict(case["recognition"])
    if "image_base64" in arguments:
        arguments["image"] = base64.b64decode(arguments.pop("image_base64"))
    return arguments


def paths_of(folder: Path) -> list[Path]:
    os.mkfifo(folder / "fifo")
    (folder / "text").write_text("no picture")
    return [folder / "fifo", folder / "text", folder, folder / "missing", Path("/dev/zero")]


def attempts(folder: Path, server: FaultServer) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Settings of a client and arguments of its call, together refused."""
    settings = {"base_url": server.url("ok", "chain"), "ca_file": server.words["ca"]}
    for case in CASES:
        yield settings | case["settings"], arguments_of(case)
    for path in paths_of(folder):
        yield settings | {"access_token": "canary_token"}, {"image": path}


def seen_of(server: FaultServer) -> dict[str, int]:
    counted = server.seen("listener/chain")
    return {name: counted[name] for name in NOBODY}


def test_client(server: FaultServer, tmp_path: Path) -> None:
    for settings, arguments in attempts(tmp_path, server):
        with pytest.raises(REFUSED), wxidcard.Client(**settings) as client:
            client.recognize(**arguments)
    assert seen_of(server) == NOBODY


@pytest.mark.parametrize("run", ["asyncio"], indirect=True)
def test_async_client(
    server: FaultServer, tmp_path: Path, run: Callable[[Coroutine[Any, Any, Any]], Any]
) -> None:
    async def call(settings: dict[str, Any], arguments: dict[str, Any]) -> None:
        async with wxidcard.AsyncClient(**settings) as client:
            await asyncio.wait_for(client.recognize(**arguments), 10)

    for settings, arguments in attempts(tmp_path, server):
        with pytest.raises(REFUSED):
            run(call(settings, arguments))
    assert seen_of(server) == NOBODY


def test_what_is_not_refused_is_counted(server: FaultServer) -> None:
    """Else the others could not fail."""
    settings = {"base_url": server.url("ok", "chain"), "ca_file": server.words["ca"]}
    with wxidcard.Client(access_token="canary_token", **settings) as client:
        client.recognize(base64.b64decode("/9j/4AAQSkZJRgBpbnZlbnRlZP/Z"))
    assert seen_of(server)["connections"] == 1

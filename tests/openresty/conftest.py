"""Fixtures: one fault server and one nginx for the tests of a process, and of the example
application and what is behind and before it one each, too."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser import Page, chromium
from example import Example, Sandbox, running, running_sandbox
from faults import Caller, caller
from selenium import webdriver

from fault_server import FaultServer, fault_server


@pytest.fixture(scope="session")
def server() -> Iterator[FaultServer]:
    with fault_server() as started:
        yield started


@pytest.fixture(scope="session")
def calls(server: FaultServer) -> Iterator[Caller]:
    """Of an nginx that other tests use, too, with what they left: connections, and mistrust."""
    with _caller(server) as made:
        yield made


@pytest.fixture
def fresh_calls(server: FaultServer) -> Iterator[Caller]:
    """Of an nginx that has kept no connection yet."""
    with _caller(server) as made:
        yield made


@contextmanager
def _caller(server: FaultServer) -> Iterator[Caller]:
    # pytest's own folders have names too long for a socket.
    with (
        tempfile.TemporaryDirectory(prefix="wxidcard-nginx-") as folder,
        caller(Path(folder), server) as made,
    ):
        yield made


@pytest.fixture(scope="session")
def specimens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("specimens")
    command = [sys.executable, "-m", "wxidcard.sandbox", "--specimens", str(folder)]
    subprocess.run([*command, "--people", "2"], check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="session")
def started_sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as started:
        yield started


@pytest.fixture
def sandbox(started_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox behind the example, with nothing left of the tests before."""
    started_sandbox.post("reset")
    yield started_sandbox
    started_sandbox.post("reset")


@pytest.fixture(scope="session")
def example(
    tmp_path_factory: pytest.TempPathFactory, started_sandbox: Sandbox
) -> Iterator[Example]:
    # A token that outlives what the tests do to the sandbox. Those that need an account start an
    # example of their own.
    account = {"WXIDCARD_ACCESS_TOKEN": "sandbox_token", "WXIDCARD_BASE_URL": started_sandbox.url}
    with running(tmp_path_factory.mktemp("example"), account) as started:
        yield started


@pytest.fixture(scope="session")
def driver() -> Iterator[webdriver.Chrome]:
    with chromium() as started:
        yield started


@pytest.fixture(params=[1280, 360], ids=["desktop", "telephone"])
def page(
    request: pytest.FixtureRequest, driver: webdriver.Chrome, example: Example, tmp_path: Path
) -> Iterator[Page]:
    """The page, fresh. Wide or narrow, nothing may stand beyond its edge, and the browser has
    nothing to complain of."""
    opened = Page(driver, example.url, request.param)
    yield opened
    opened.picture(tmp_path / "page.png")
    assert not opened.scrolls_sideways()
    assert opened.complaints() == []

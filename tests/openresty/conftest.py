"""Fixtures: one fault server and one nginx for the tests of a process."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from faults import Caller, FaultServer, caller, fault_server


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

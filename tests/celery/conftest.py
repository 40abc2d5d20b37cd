"""Fixtures: an installation of the example, and a watch for what it must not tell."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from installation import CardService, Installation, servers

import canaries
from scripted import ScriptedService


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report = yield
    canaries.search_output(report)
    return report


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    scripted = ScriptedService()
    with servers() as (broker, store):
        made = Installation(tmp_path, broker, store, CardService(scripted))
        try:
            yield made
        finally:
            made.service.ended.set()
            made.end()
            scripted.close()

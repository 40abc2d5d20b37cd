"""What the sandbox's tests share."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .support import RunningSandbox

StartSandbox = Callable[..., RunningSandbox]


@pytest.fixture
def start_sandbox() -> Iterator[StartSandbox]:
    """Start sandboxes with a reader, settings or clock of the test's own."""
    running: list[RunningSandbox] = []

    def start(**options: Any) -> RunningSandbox:
        running.append(RunningSandbox(**options))
        return running[-1]

    yield start
    for each in running:
        each.close()


@pytest.fixture
def sandbox(start_sandbox: StartSandbox) -> RunningSandbox:
    """A sandbox with the plain reader and a clock that stands still."""
    return start_sandbox()

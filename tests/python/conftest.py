"""What every test of the Python binding may use."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

import canaries
import wxidcard
from given import JPEG, TOKEN, MakeClient
from redis_server import RedisServer
from scripted import ScriptedService
from storing import CANARY


@pytest.fixture(autouse=True)
def watch_for_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    canaries.watch(monkeypatch)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report = yield
    canaries.search_output(report)
    return report


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    started = ScriptedService()
    yield started
    started.close()


@pytest.fixture
def client(service: ScriptedService) -> Iterator[wxidcard.Client]:
    with wxidcard.Client(access_token=TOKEN, base_url=service.url, timeout=20) as made:
        yield made


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "canary-path.jpg"
    path.write_bytes(JPEG)
    return path


@pytest.fixture
def make_client(service: ScriptedService) -> Iterator[MakeClient]:
    """Makes clients of the service, with an access token unless a provider is given."""
    made: list[wxidcard.Client] = []

    def make(**settings: object) -> wxidcard.Client:
        if "token_provider" not in settings:
            settings.setdefault("access_token", TOKEN)
        settings.setdefault("timeout", 20)
        made.append(wxidcard.Client(base_url=service.url, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One for all tests of a worker; each uses keys of its own."""
    with RedisServer() as started:
        yield started


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """Where a FileTokenStore may write; the file is not there yet."""
    (tmp_path / f"{CANARY}-folder").mkdir()
    return tmp_path / f"{CANARY}-folder/tokens.json"


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Runs a coroutine on a loop of each make; the loop's last errors are the test's."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else None
    complaints: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: complaints.append(context))
        yield runner.run
    assert complaints == []

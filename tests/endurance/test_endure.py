"""The command, for a few seconds with all drivers; and drivers that die."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from judge import Outcome, findings
from plan import Call, Task
from ports import Died, Program
from report import Result
from rounds import Driver, Stalls

ENDURE = Path(__file__).resolve().parents[2] / "scripts/endure"
DRIVERS = ["c", "python", "asyncio", "lua", "openresty"]
SECONDS = 3
TASK = Task("steady-1", 1, {}, (Call(1, "http", "ok", 2000, 1000),))


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(ENDURE), "--logs", str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_all_drivers_endure(tmp_path: Path) -> None:
    done = run(tmp_path, "--seconds", str(SECONDS), "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, told["findings"]
    assert list(told["drivers"]) == DRIVERS
    assert not any(told["findings"].values())
    for name, figures in told["drivers"].items():
        assert figures["calls"] > 20, name
        assert figures["outcomes"]["card"] > 10, name
        assert figures["mismatches"] == figures["wrong"] == figures["late"] == 0
        assert figures["descriptors"][0] < figures["descriptors"][1]
        assert len(figures["looks"]) == 5
    assert f"seed {told['seed']}\n" in done.stderr
    # They met faults, and said so where a program would.
    assert (tmp_path / "c.log").read_text() and (tmp_path / "openresty.log").read_text()


def test_a_table_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drivers = [Driver("c", [], [], 1), Driver("lua", [], [], 1)]
    drivers[0].tally.take(TASK.calls[0], Outcome(1, 1.0, "card", ("5", "2000")))
    drivers[1].tally.take(TASK.calls[0], Outcome(1, 1.0, "error", ("network", "0")))
    found = {driver.name: findings(driver.tally) for driver in drivers}
    Result(7, 60.0, 12.3, drivers, found).show(tmp_path)
    shown = " ".join(capsys.readouterr().out.split())
    assert "│ c │ 1 │ 1 │ 0 │ 1 │ 0 │ 0 │ 0 │ 0 │" in shown
    assert "│ lua │ 1 │ 0 │ 1 │ 0 │ 1 │ 0 │ 0 │ 0 │" in shown
    assert "Seed 7, 60 s. The processor was waited for up to 12 ms." in shown
    assert "c: 1 calls got another call's card" in shown
    assert "lua: 1 calls came to what they must not: call 1, http ok, 2000 bytes" in shown
    assert str(tmp_path) in shown


@pytest.mark.parametrize("options", [("--drivers", "ada"), ("--seconds", "0"), ("--break", "c")])
def test_what_is_no_option(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert run(tmp_path, *options).returncode == 2


# It is asked what it holds, and given a task.
STARTS = "import sys\nsys.stdin.readline()\nprint('quiet 1000', flush=True)\nsys.stdin.readline()\n"


class OneTask:
    """A plan of the same task again and again."""

    def __next__(self) -> Task:
        return TASK

    def forget_clients(self) -> None:
        pass


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("exit(3)", "it ended with status 3"),
        (STARTS + "exit(4)", "it ended with status 4"),
        (STARTS + "print('nonsense', flush=True); sys.stdin.read()", "no outcome"),
        (STARTS + "print('2 1.0 cancelled', flush=True); sys.stdin.read()", "no outcome"),
        ("import sys; print('quiet 1\\nquiet 1', flush=True); sys.stdin.read()", "no outcome"),
        (STARTS + "sys.stdin.read()", "did not end within"),
    ],
)
def test_a_driver_that_dies_or_hangs_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, told: str
) -> None:
    if told == "did not end within":
        monkeypatch.setattr("rounds.PATIENCE_SECONDS", 2)

    async def driven() -> Driver:
        port = await Program.start(tmp_path / "log", sys.executable, "-c", program)
        driver = Driver("invented", [port], [OneTask()], 1)
        await driver.run([time.monotonic() + 60])
        return driver

    driver = asyncio.run(driven())
    assert not driver.is_alive
    assert any(told in problem for problem in driver.tally.problems), driver.tally.problems


def test_stalls_are_forgotten_after_a_while() -> None:
    stalls = Stalls()
    assert stalls.lately_ms() == 0
    stalls.note(100.0, 300.0)
    stalls.note(109.0, 20.0)
    assert stalls.lately_ms() == 300
    stalls.note(111.0, 5.0)
    assert (stalls.lately_ms(), stalls.worst_ms) == (20, 300)


def test_a_driver_that_ends_badly_is_a_finding(tmp_path: Path) -> None:
    async def ended() -> None:
        program = "import sys; sys.stdin.read(); exit(5)"
        port = await Program.start(tmp_path / "log", sys.executable, "-c", program)
        await port.end()

    with pytest.raises(Died, match="status 5"):
        asyncio.run(ended())

"""Running a suite: its preparations, its steps, and their counts."""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from .counting import Counts, count_junit, count_tap

# No step takes a third of it. A suite that hangs must not hang the build.
STEP_SECONDS = 600
TAIL_LINES = 40


@dataclass(frozen=True, slots=True)
class Step:
    """A command that runs tests.

    ``kind`` says how they are counted: "tap" on its standard output, "junit" in a file whose name
    the command gets appended, "status" is one test, passed when the command ends with 0.

    What sanitizers report, each process of the step writes to a file of its own, if
    ``environment`` has options for them: nobody may look at its output or at how it ended.
    """

    command: Sequence[str]
    kind: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suite:
    """Some commands that must succeed first, and then steps, made when those have succeeded.

    ``at_once`` is how many of the steps run side by side. A suite that is ``beside`` the others
    runs while they do, with what processor time they leave; one that ``reads_logs`` begins when
    all others have ended.
    """

    name: str
    steps: Callable[["Environment"], Sequence[Step]]
    prepare: Sequence[Sequence[str]] = ()
    at_once: int = 1
    beside: bool = False
    reads_logs: bool = False


@dataclass(frozen=True, slots=True)
class Environment:
    root: Path
    logs: Path
    variables: Mapping[str, str]
    running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    is_ending: threading.Event = field(default_factory=threading.Event)
    prefix: Sequence[str] = ()  # of every step's command

    def log_of(self, suite: Suite) -> Path:
        return self.logs / f"{suite.name}.log"

    def end(self) -> None:
        """End all that runs, and let nothing begin any more."""
        self.is_ending.set()
        for process in tuple(self.running):
            _end(process)


@dataclass(slots=True)
class Outcome:
    counts: Counts = field(default_factory=Counts)
    problems: list[str] = field(default_factory=list)

    def __iadd__(self, other: "Outcome") -> "Outcome":
        self.counts += other.counts
        self.problems += other.problems
        return self

    def fail(self, problem: str) -> None:
        """Count something that is no test of the suite's own as one that failed."""
        self.counts += Counts(failed=1)
        self.problems.append(problem)

    def is_good(self) -> bool:
        return self.counts.passed > 0 and self.counts.failed == self.counts.skipped == 0

    def line(self) -> str:
        counts = self.counts
        text = f"{counts.passed:5} passed {counts.failed:3} failed {counts.skipped:3} skipped"
        return text + "".join(f"  [{problem}]" for problem in self.problems)

    def closing_line(self) -> str:
        counts = self.counts
        return f"{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped"


def run_suite(suite: Suite, environment: Environment) -> Outcome:
    """Run a suite, its output going to its log. Never raises for what the suite does."""
    outcome = Outcome()
    # Not with what time is left over: until it has been built, a suite beside the others is none.
    preparing = replace(environment, prefix=())
    with environment.log_of(suite).open("ab") as log:
        for command in suite.prepare:
            if _run(command, {}, preparing, log) != 0:
                outcome.fail("it could not be prepared")
                return outcome
        try:
            steps = suite.steps(environment)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            outcome.fail(f"it could not begin: {error}")
            return outcome
        for result, printed in _run_steps(suite, steps, environment):
            outcome += result
            log.write(printed)
    if outcome.counts.total() == 0:
        outcome.fail("it ran no test")
    return outcome


def _run_steps(
    suite: Suite, steps: Sequence[Step], environment: Environment
) -> Iterator[tuple[Outcome, bytes]]:
    """Run steps, some side by side; give what came of each and what it printed, in their order."""

    def run_numbered(number: int, step: Step) -> tuple[Outcome, bytes]:
        with tempfile.TemporaryFile() as own:
            result = _run_step(step, f"{suite.name}-{number}", environment, own)
            own.seek(0)
            return result, own.read()

    with ThreadPoolExecutor(suite.at_once) as pool:
        try:
            for future in [pool.submit(run_numbered, *numbered) for numbered in enumerate(steps)]:
                # The system may give a signal to another thread, and then it is Python's only when
                # this one wakes.
                while not future.done():
                    wait([future], timeout=1)
                yield future.result()
        except BaseException:  # a signal: what still runs would be waited for
            pool.shutdown(wait=False, cancel_futures=True)
            environment.end()
            raise


def _run_step(step: Step, name: str, environment: Environment, log: BinaryIO) -> Outcome:
    outcome = Outcome()
    command = list(step.command)
    junit = environment.logs / f"{name}.xml"
    output = environment.logs / f"{name}.tap"
    reports = environment.logs / f"{name}.reports"
    variables = _with_reports(step.environment, reports)
    if step.kind == "junit":
        command.append(f"--junitxml={junit}")
    if step.kind == "tap":
        with output.open("wb") as sink:
            status = _run(command, variables, environment, log, sink)
        text = output.read_text(encoding="utf-8", errors="replace")
        log.write(text.encode())
        log.flush()
        counts = count_tap(text)
    else:
        status = _run(command, variables, environment, log)
        counts = count_junit(junit) if step.kind == "junit" else _count_status(status)
    for report in sorted(reports.parent.glob(f"{reports.name}.*")):
        log.write(report.read_bytes())
        outcome.fail(f"a sanitizer reported on {_short(command)}")
    if counts is None:
        outcome.fail(f"{_short(command)} ended with {status} and without counts")
        return outcome
    outcome.counts += counts
    # pytest ends with 1 and cmocka with their number when tests failed; busted's own errors, a leak
    # under valgrind or a sanitizer's finding show in the status alone.
    if status != 0 and counts.failed == 0:
        outcome.fail(f"{_short(command)} ended with {status}")
    return outcome


def _with_reports(variables: Mapping[str, str], reports: Path) -> dict[str, str]:
    """Have sanitizers append their reports to files: this path, a dot, and a process's number."""
    return {
        name: f"{value}:log_path={reports}" if name.endswith("SAN_OPTIONS") else value
        for name, value in variables.items()
    }


def _run(
    command: Sequence[str],
    variables: Mapping[str, str],
    environment: Environment,
    log: BinaryIO,
    output: BinaryIO | None = None,
) -> int:
    """Run one command in a group of its own, which is ended with it; return its status."""
    log.write(
        f"\n$ {' '.join(f'{k}={v}' for k, v in variables.items())} {' '.join(command)}\n".encode()
    )
    log.flush()
    if environment.is_ending.is_set():
        return -signal.SIGTERM
    process = subprocess.Popen(
        [*environment.prefix, *command],
        cwd=environment.root,
        env={**environment.variables, **variables},
        stdin=subprocess.DEVNULL,
        stdout=output or log,
        stderr=subprocess.STDOUT if output is None else log,
        start_new_session=True,
    )
    environment.running.add(process)
    if environment.is_ending.is_set():  # it began meanwhile
        _end(process)
    try:
        return process.wait(STEP_SECONDS)
    except subprocess.TimeoutExpired:
        log.write(f"\nended after {STEP_SECONDS} s\n".encode())
        return -signal.SIGALRM
    finally:
        # What the step started and did not end, or the whole of it after a time-out.
        _end(process)
        process.wait()
        environment.running.discard(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _count_status(status: int) -> Counts:
    return Counts(passed=1) if status == 0 else Counts(failed=1)


def _short(command: Sequence[str]) -> str:
    return " ".join(Path(word).name if word.startswith("/") else word for word in command[:4])


def show_log(path: Path) -> None:
    """Print what failed according to a log, and its end."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    failed = False
    print(f"---- {path}")
    for line in lines[:-TAIL_LINES]:
        # In TAP the comments after a result say why.
        failed = line.startswith("not ok") or (failed and line.startswith("#"))
        if failed:
            print(line)
    print(*lines[-TAIL_LINES:], sep="\n")
    print("----", flush=True)

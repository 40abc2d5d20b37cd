"""The runner counts rightly: a suite that died or ran nothing does not look as if it passed."""

import contextlib
import os
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT, run

sys.path.insert(0, str(ROOT / "tests"))

from runner.counting import Counts, count_junit, count_tap
from runner.order import run_all
from runner.running import Environment, Outcome, Step, Suite, run_suite
from runner.suites import all_suites


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("1..2\nok 1 - a\nok 2 - b\n", Counts(2)),
        ("ok 1 - a b\nok 2 - # SKIP a c\nnot ok 3 - a d\n# why\n1..3\n", Counts(1, 1, 1)),
        ("1..2\nok 1 - a\nnot ok 2 # SKIP b\n1..1\nnot ok 1 - c\n# not ok - g\n", Counts(1, 1, 1)),
        ("1..2\nok 1 - a\nSegmentation fault\n", None),
        ("ok 1 - a\n", None),
        ("1..0\n", None),
        ("", None),
    ],
)
def test_tap(text: str, counts: Counts | None) -> None:
    assert count_tap(text) == counts


def test_junit(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    assert count_junit(path) is None
    path.write_text("<testsuites><testsuite tests='9' failures='1' errors='2' skipped='3'/>")
    assert count_junit(path) is None
    path.write_text(path.read_text() + "</testsuites>")
    assert count_junit(path) == Counts(3, 3, 3)
    path.write_text("<testsuites><testsuite tests='0'/></testsuites>")
    assert count_junit(path) is None


def outcome_of(folder: Path, program: str, kind: str = "tap") -> Outcome:
    step = Step([sys.executable, "-c", program], kind)
    environment = Environment(folder, folder, {})
    return run_suite(Suite("invented", lambda _: [step]), environment)


@pytest.mark.parametrize(
    ("program", "good", "counts"),
    [
        ("print('1..1\\nok 1 - a')", True, Counts(1)),
        ("print('1..1\\nok 1 - a'); exit(99)", False, Counts(1, 1)),
        ("print('1..1\\nnot ok 1 - a'); exit(1)", False, Counts(0, 1)),
        ("print('1..1\\nok 1 # SKIP a')", False, Counts(0, 0, 1)),
        ("print('1..2\\nok 1 - a')", False, Counts(0, 1)),
        ("import os; os.abort()", False, Counts(0, 1)),
    ],
)
def test_outcome(tmp_path: Path, program: str, good: bool, counts: Counts) -> None:
    outcome = outcome_of(tmp_path, program)
    assert (outcome.is_good(), outcome.counts) == (good, counts)


def test_a_report_on_a_child_is_seen(tmp_path: Path) -> None:
    """Although nobody looks how the child ended."""
    source = (
        "#include <stdlib.h>\n"
        "#include <sys/wait.h>\n"
        "#include <unistd.h>\n"
        "int main(void) {\n"
        "    char *bytes = malloc(8);\n"
        "    pid_t child = fork();\n"
        "    free(bytes);\n"
        "    return child == 0 ? bytes[0] : waitpid(child, NULL, 0) != child;\n"
        "}\n"
    )
    (tmp_path / "program.c").write_text(source)
    program = tmp_path / "program"
    run("gcc", "-fsanitize=address", "-w", tmp_path / "program.c", "-o", program)
    options = {"ASAN_OPTIONS": "detect_leaks=0"}
    suite = Suite("forking", lambda _: [Step([str(program)], "status", options)])
    environment = Environment(tmp_path, tmp_path, dict(os.environ))
    outcome = run_suite(suite, environment)
    assert outcome.counts == Counts(1, 1)
    assert "a sanitizer reported" in outcome.line()
    assert "heap-use-after-free" in environment.log_of(suite).read_text()


def test_suite_without_tests_fails(tmp_path: Path) -> None:
    outcome = run_suite(Suite("empty", lambda _: []), Environment(tmp_path, tmp_path, {}))
    assert not outcome.is_good()
    assert outcome.closing_line() == "0 passed, 1 failed, 0 skipped"


def test_suite_that_cannot_be_prepared_fails(tmp_path: Path) -> None:
    suite = Suite("unprepared", lambda _: [Step(["true"], "status")], [["false"]])
    assert not run_suite(suite, Environment(tmp_path, tmp_path, {})).is_good()


def test_nothing_is_left_running(tmp_path: Path) -> None:
    """What a step started and forgot is ended with it."""
    program = (
        "import subprocess\n"
        "process = subprocess.Popen(['sleep', '600'])\n"
        "open('pid', 'w').write(str(process.pid))\n"
    )
    assert outcome_of(tmp_path, program, "status").is_good()
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(int((tmp_path / "pid").read_text()))
        ended, _, _ = select.select([descriptor], [], [], 10)
        os.close(descriptor)
        assert ended


def test_steps_at_once_keep_their_order_in_the_log(tmp_path: Path) -> None:
    """The first ends only when the second has begun."""
    os.mkfifo(tmp_path / "pipe")
    programs = ("print(open('pipe').read())", "print('second', file=open('pipe', 'w'))")
    steps = [
        Step([sys.executable, "-c", program + f"; print('end {n}')"], "status")
        for n, program in enumerate(programs)
    ]
    environment = Environment(tmp_path, tmp_path, {})
    suite = Suite("both", lambda _: steps, at_once=2)
    assert run_suite(suite, environment).counts == Counts(2)
    lines = environment.log_of(suite).read_text().splitlines()
    assert [line for line in lines if line and line[0] != "$"] == ["second", "end 0", "end 1"]


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_signal_ends_what_runs(tmp_path: Path, at_once: int) -> None:
    program = (
        "import signal\n"
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT / 'tests')!r})\n"
        "from pathlib import Path\n"
        "from runner.running import Environment, Step, Suite, run_suite\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "here = Path.cwd()\n"
        "steps = [Step(['sh', '-c', 'echo $$ > pipe; exec sleep 600'], 'status')] * 2\n"
        f"suite = Suite('slow', lambda _: steps, at_once={at_once})\n"
        "run_suite(suite, Environment(here, here, {'PATH': '/usr/bin:/bin'}))\n"
    )
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path) as process:
        try:
            (tmp_path / "pipe").read_text()
            process.terminate()
            assert process.wait(20) == 7
        finally:
            process.kill()


def told(folder: Path, *suites: Suite) -> list[str]:
    """What is told of suites while they run: their names, and the outcome of each."""
    words: list[str] = []
    total = run_all(
        suites,
        Environment(folder, folder, {"PATH": os.environ["PATH"]}),
        lambda suite: words.append(suite.name),
        lambda _, outcome, seconds: words.append(f"{outcome.closing_line()} {seconds >= 0}"),
    )
    return [*words, total.closing_line()]


def suite_of(name: str, program: str, beside: bool = False, reads_logs: bool = False) -> Suite:
    step = Step([sys.executable, "-c", program], "status")
    return Suite(name, lambda _: [step], beside=beside, reads_logs=reads_logs)


def test_a_suite_beside_the_others_is_told_of_when_they_have_ended(tmp_path: Path) -> None:
    """It waits for the one that comes after it, and has what processor time that leaves."""
    os.mkfifo(tmp_path / "pipe")
    waiting = "import os; print('nice', os.nice(0), open('pipe').read())"
    reading = "assert 'nice 19 begun' in open('waiting.log').read()"
    if Path("/proc/self/autogroup").exists():
        waiting += "; print('group:', open('/proc/self/autogroup').read())"
        reading += (
            "; import re; assert re.search('group: (.* nice 19)?\\n', open('waiting.log').read())"
        )
    words = told(
        tmp_path,
        suite_of("reading", reading, reads_logs=True),
        suite_of("waiting", waiting, beside=True),
        suite_of("in turn", "import os; open('pipe', 'w').write('begun'); assert os.nice(0) < 19"),
    )
    good = "1 passed, 0 failed, 0 skipped True"
    assert words == [
        *("in turn", good, "waiting", good, "reading", good),
        "3 passed, 0 failed, 0 skipped",
    ]


def test_a_suite_beside_the_others_counts_when_it_fails(tmp_path: Path) -> None:
    words = told(
        tmp_path,
        suite_of("failing", "exit(1)", beside=True),
        suite_of("in turn", "pass"),
    )
    assert words[-1] == "1 passed, 1 failed, 0 skipped"


@pytest.mark.parametrize("is_prepared", [True, False])
def test_a_signal_ends_what_runs_beside(tmp_path: Path, is_prepared: bool) -> None:
    """While a suite in turn runs, or is being prepared; nothing begins after that."""
    program = (
        "import signal\n"
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT / 'tests')!r})\n"
        "from pathlib import Path\n"
        "from runner.order import run_all\n"
        "from runner.running import Environment, Step, Suite\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "here = Path.cwd()\n"
        "def slow(pipe):\n"
        "    return ['sh', '-c', f'echo $$ >> pids; echo > {pipe}; exec sleep 600']\n"
        "beside = Suite('beside', lambda _: [Step(slow('one'), 'status')] * 3, beside=True)\n"
        f"first = [] if {is_prepared} else [slow('other')]\n"
        "in_turn = Suite('in turn', lambda _: [Step(slow('other'), 'status')], first)\n"
        "environment = Environment(here, here, {'PATH': '/usr/bin:/bin'})\n"
        "run_all([in_turn, beside], environment, print, print)\n"
    )
    for pipe in ("one", "other"):
        os.mkfifo(tmp_path / pipe)
    with subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path) as process:
        try:
            for pipe in ("one", "other"):
                (tmp_path / pipe).read_text()
            pids = (tmp_path / "pids").read_text().split()
            process.terminate()
            assert process.wait(20) == 7
            assert (tmp_path / "pids").read_text().split() == pids
            assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
        finally:
            process.kill()


def test_every_fuzz_target_is_run(tmp_path: Path) -> None:
    [suite] = [suite for suite in all_suites() if suite.name == "fuzz"]
    steps = suite.steps(Environment(ROOT, tmp_path, {}))
    listed = run(sys.executable, ROOT / "tests/fuzz/run.py", "--list").split()
    sources = {path.stem.removeprefix("fuzz_") for path in (ROOT / "tests/fuzz").glob("fuzz_*.c")}
    assert suite.beside
    assert {step.command[-1] for step in steps} == {*listed} == sources
    assert len(steps) == len(listed) == len(sources) > 10
    assert all(step.kind == "status" for step in steps)


def test_every_folder_of_tests_is_run() -> None:
    names = {suite.name for suite in all_suites()}
    languages = {"c", "python", "lua"}
    assert names >= languages | {
        "nginx",
        "openresty",
        "celery",
        "endurance",
        "fuzz",
        "checks",
        "lint",
        "analysis",
        "without-curl",
        "valgrind-c",
        "valgrind-client",
        "tsan-client",
        "vectors",
        "faults",
        "lua-faults",
        "lua-allocations",
        "sanitize-lua-allocations",
        "sanitize-lua-faults",
        "sanitize-nginx",
        "sanitize-openresty",
    }
    assert names >= {f"sanitize-{language}" for language in languages}


def test_elsewhere_packages_are_named_and_nothing_is_installed(tmp_path: Path) -> None:
    """On a system without apt: here one whose PATH has only a few programs."""
    for name in ("bash", "dirname", "sed"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    program = (
        "import subprocess, sys\n"
        "options = {'env': {'PATH': sys.argv[1]}, 'capture_output': True, 'text': True}\n"
        "done = subprocess.run(sys.argv[2:], **options)\n"
        "print(done.returncode, done.stderr)\n"
    )
    script = ROOT / "scripts/install-packages"
    printed = run(sys.executable, "-c", program, tmp_path, "/usr/bin/bash", script)
    assert printed.startswith("1 ")
    assert "nothing was installed" in printed
    for missing in ("cmake", "lua5.4", "libcjson (development files)", "libcurl4-openssl-dev"):
        assert missing in printed


@pytest.mark.parametrize(
    ("text", "found"),
    [("plain", False), ("ok 1 - test_canaries", False), ("a canary_token", True)],
)
def test_secrets_are_found_in_logs(tmp_path: Path, text: str, found: bool) -> None:
    (tmp_path / "one.log").write_text("plain")
    (tmp_path / "two.log").write_text(text)
    script = str(ROOT / "tests/runner/canaries.py")
    done = subprocess.run(
        [sys.executable, script, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode == 1) is found
    assert count_tap(done.stdout) == Counts(2 - found, int(found))
    assert "canary" not in done.stdout


def compared_faults(notes: Path) -> tuple[int, str]:
    script = str(ROOT / "tests/runner/faults.py")
    done = subprocess.run(
        [sys.executable, script, str(notes)], capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout


def test_faults_that_a_driver_did_not_meet_are_named(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    status, printed = compared_faults(notes)
    drivers = re.findall(r"^not ok \d+ - (\S+) met 0 of \d+ cases", printed, re.MULTILINE)
    missing = set(re.findall(r"^# missing: (.+)$", printed, re.MULTILINE))
    assert (status, len(drivers) > 5, len(missing) > 50) == (1, True, True)
    lines = [f"{driver} {meeting}\n" for driver in drivers for meeting in missing]
    notes.write_text("".join(lines) + lines[0])
    status, printed = compared_faults(notes)
    assert (status, count_tap(printed)) == (0, Counts(len(drivers)))
    notes.write_text("".join(lines[1:]) + "c http unheard-of 2000\nada http ok 2000\n")
    status, printed = compared_faults(notes)
    assert (status, count_tap(printed)) == (1, Counts(len(drivers) - 1, 2))
    assert f"# missing: {lines[0].partition(' ')[2]}" in printed
    assert "# unknown: http unheard-of 2000\n" in printed

"""The search for secrets finds some."""

import subprocess
import sys
from pathlib import Path

import pytest

import canaries
import wxidcard

TESTS = str(Path(__file__).parent)


def chained() -> BaseException:
    error = wxidcard.APIError("plain")
    error.__cause__ = OSError("canary")
    return error


def with_attribute() -> BaseException:
    error = wxidcard.APIError("plain")
    error.errmsg = "canary"  # type: ignore[misc]
    return error


@pytest.mark.parametrize(
    "make",
    [lambda: wxidcard.APIError("a canary"), lambda: KeyError(b"canary"), chained, with_attribute],
)
def test_in_an_exception(make: object) -> None:
    with pytest.raises(AssertionError, match="tells a secret"):
        canaries.search(make())  # type: ignore[operator]
    canaries.search(wxidcard.APIError("plain"))


@pytest.mark.parametrize(
    ("line", "passes"),
    [
        ("print('a canary')", False),
        ("import sys; sys.stderr.write('a canary')", False),
        ("import logging; logging.getLogger('wxidcard').warning('a canary')", False),
        ("print('nothing')", True),
    ],
)
def test_in_what_is_printed_and_logged(tmp_path: Path, line: str, passes: bool) -> None:
    (tmp_path / "conftest.py").write_text(
        f"import sys; sys.path.insert(0, {TESTS!r})\n"
        "import canaries, pytest\n"
        "@pytest.hookimpl(wrapper=True)\n"
        "def pytest_runtest_makereport():\n"
        "    report = yield\n"
        "    canaries.search_output(report)\n"
        "    return report\n"
    )
    (tmp_path / "test_it.py").write_text(f"def test_it():\n    {line}\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, cwd=tmp_path, timeout=60)
    assert (ended.returncode == 0) is passes

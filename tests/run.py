#!/usr/bin/env python3
"""Runs the suites and closes with one line ``N passed, N failed, N skipped`` over all of them.

The exit status is not 0 when a test failed or was skipped, when a suite ended without saying how
many tests it ran, or when it ran none. Logs go to build/test-logs.
"""

import argparse
import os
import shutil
import signal
import sys
from fnmatch import fnmatch
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from runner.order import run_all
from runner.running import Environment, Outcome, Suite, show_log
from runner.suites import all_suites

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    suites = all_suites()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        help="only these suites; NAME may have wildcards: " + ", ".join(s.name for s in suites),
    )
    parser.add_argument("--list", action="store_true", help="name the suites, and end")
    options = parser.parse_args()
    patterns = options.only or ["*"]
    chosen = [suite for suite in suites if any(fnmatch(suite.name, p) for p in patterns)]
    if options.list:
        print(*(suite.name for suite in chosen), sep="\n")
        return 0

    # As an exception, so that what is running is ended on the way out.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    logs = ROOT / "build/test-logs"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    environment = Environment(ROOT, logs, dict(os.environ))

    def begin(suite: Suite) -> None:
        print(f"{suite.name:<26}", end="", flush=True)

    def end(suite: Suite, outcome: Outcome, seconds: float) -> None:
        print(f"{outcome.line()}  {seconds:6.1f} s", flush=True)
        if not outcome.is_good():
            show_log(environment.log_of(suite))

    total = run_all(chosen, environment, begin, end)
    print(total.closing_line())
    return 0 if chosen and total.is_good() else 1


if __name__ == "__main__":
    sys.exit(main())

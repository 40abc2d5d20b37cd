#!/usr/bin/env python3
"""Runs fuzz targets that scripts/build-fuzz has built, each for some time or so many executions.

First the inputs in tests/fuzz/findings, which were findings once, then what the target begins with
(seeds of tests/vectors, and what earlier runs found worth keeping, in build/fuzz/corpus), and then
mutations. It fails on whatever ends a target, and on a target that did not execute its seeds.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/fuzz"
FINDINGS = ROOT / "tests/fuzz/findings"
# An input that takes longer by the clock is a finding. The machine may have much else to do.
LONGEST_SECONDS = 60
MEMORY_MB = 1024
DEFAULT_SECONDS = 60
TAIL_LINES = 60
# Memory that was freed is kept for so long only, which is quicker; and stacks that nobody prints
# need not be deep.
ASAN_OPTIONS = "quarantine_size_mb=8:malloc_context_size=8:detect_stack_use_after_return=1"


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    dictionary: str
    longest: int = 2048  # bytes of an input


TARGETS = (
    Target("reply", "json"),
    Target("token_reply", "json"),
    Target("request", "http"),
    Target("boundary", "http", 512),
    Target("text", "json"),
    Target("date", "card", 256),
    Target("number", "card", 64),
    Target("card", "card"),
    Target("picture", "picture", 4096),
    Target("fit", "picture", 4096),
    Target("exchange", "http"),
    Target("retry_after", "http", 256),
    Target("record", "json"),
    Target("call", "json", 512),
)


@dataclass(frozen=True, slots=True)
class Bounds:
    seconds: int
    runs: int  # -1: as many as there is time for


def count_executions(output: str) -> int:
    """How many inputs a target says that it executed; 0 if it does not say."""
    found = re.search(r"^stat::number_of_executed_units: (\d+)$", output, re.MULTILINE)
    return int(found[1]) if found else 0


def environment() -> dict[str, str]:
    return {**os.environ, "ASAN_OPTIONS": ASAN_OPTIONS, "UBSAN_OPTIONS": "print_stacktrace=1"}


def execute(target: Target, arguments: Sequence[str]) -> tuple[int, str]:
    """Run a target's program in the folder where it leaves its findings."""
    folder = BUILD / "found" / target.name
    folder.mkdir(parents=True, exist_ok=True)
    limits = [f"-timeout={LONGEST_SECONDS}", f"-rss_limit_mb={MEMORY_MB}", "-print_final_stats=1"]
    done = subprocess.run(
        [str(BUILD / "tests/fuzz" / f"fuzz_{target.name}"), *limits, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode(errors="backslashreplace")


def fuzz(target: Target, bounds: Bounds) -> bool:
    """Whether nothing was found; says so."""
    regressions = [str(path) for path in sorted((FINDINGS / target.name).glob("*"))]
    if regressions:
        status, output = execute(target, regressions)
        if status != 0:
            return say(target, False, f"a finding of old came back\n{output}")
    corpus = BUILD / "corpus" / target.name
    seeds = BUILD / "seeds" / target.name
    corpus.mkdir(parents=True, exist_ok=True)
    least = len(list(seeds.iterdir()))
    arguments = [
        f"-max_total_time={bounds.seconds}",
        f"-runs={bounds.runs}",
        f"-max_len={target.longest}",
        f"-dict={ROOT}/tests/fuzz/dictionaries/{target.dictionary}.dict",
        str(corpus),
        str(seeds),
    ]
    status, output = execute(target, arguments)
    executions = count_executions(output)
    if status != 0:
        return say(target, False, f"ended with {status}\n{output}")
    if least == 0 or executions < least:
        return say(target, False, f"{executions} executions, fewer than its {least} seeds")
    return say(target, True, f"{executions} executions, nothing found")


def say(target: Target, is_good: bool, text: str) -> bool:
    lines = text.splitlines()
    shown = [lines[0], *lines[1:][-TAIL_LINES:]]
    print(f"{target.name}: " + "\n".join(shown), flush=True)
    return is_good


def read_options() -> argparse.Namespace:
    names = [target.name for target in TARGETS]
    parser = argparse.ArgumentParser(description=__doc__, prog="scripts/fuzz")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all by default: see --list")
    parser.add_argument("--list", action="store_true", help="name the targets, and end")
    parser.add_argument(
        "--seconds",
        type=int,
        default=None,
        help=f"of each target, {DEFAULT_SECONDS} by default; no limit with --runs",
    )
    parser.add_argument("--runs", type=int, default=-1, help="executions of each target")
    parser.add_argument("--jobs", type=int, default=1, help="targets side by side")
    parser.add_argument("--afresh", action="store_true", help="forget what earlier runs kept")
    options = parser.parse_args()
    unknown = sorted({*options.targets} - {*names})
    if unknown:
        parser.error(f"there is no target {', '.join(unknown)}: see --list")
    options.targets = [t for t in TARGETS if t.name in (options.targets or names)]
    if options.seconds is None:
        options.seconds = 0 if options.runs >= 0 else DEFAULT_SECONDS
    return options


def main() -> int:
    options = read_options()
    if options.list:
        print(*(target.name for target in options.targets), sep="\n")
        return 0
    if options.afresh:
        shutil.rmtree(BUILD / "corpus", ignore_errors=True)
    bounds = Bounds(options.seconds, options.runs)
    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda target: fuzz(target, bounds), options.targets))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

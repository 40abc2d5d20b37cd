#!/usr/bin/env python3
"""Prints which part of the core the C tests go through, from a summary that gcovr wrote as JSON.

    python3 tests/runner/coverage.py build/coverage/coverage.json

The exit status is 1 when it is too small a part, and 2 when nothing was counted.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Part:
    """How many of so many lines, or branches, were gone through."""

    covered: int
    total: int

    @classmethod
    def of(cls, row: dict[str, Any], what: str) -> Self:
        return cls(row[f"{what}_covered"], row[f"{what}_total"])

    def is_enough(self, percent: int) -> bool:
        return 100 * self.covered >= percent * self.total

    def tenths(self) -> int:
        """Of a percent; rounded down, so that what is not all of it does not read 100.0 %."""
        return 1000 * self.covered // self.total if self.total else 1000

    def __str__(self) -> str:
        tenths = self.tenths()
        return f"{tenths // 10:3}.{tenths % 10} % of {self.total:4}"


WANTED = {"line": 95, "branch": 85}  # percent
PLURALS = {"line": "lines", "branch": "branches"}


def table(summary: dict[str, Any]) -> Iterator[str]:
    """A line for each file, what was gone through least first, and one for all of them."""
    rows = [
        (Path(row["filename"]).name, Part.of(row, "line"), Part.of(row, "branch"))
        for row in summary["files"]
    ]
    rows.sort(key=lambda row: (row[2].tenths(), row[0]))
    rows.append(("all of them", Part.of(summary, "line"), Part.of(summary, "branch")))
    yield f"{'':30} {'lines':>15}   {'branches':>15}"
    for name, lines, branches in rows:
        yield f"{name:30} {lines}   {branches}"


def main(arguments: Sequence[str]) -> int:
    summary = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    if not summary["line_total"] or not summary["branch_total"]:
        print("nothing was counted", file=sys.stderr)
        return 2
    print(*table(summary), sep="\n")
    is_enough = True
    for what, percent in WANTED.items():
        if not Part.of(summary, what).is_enough(percent):
            print(f"too little: {percent} % of the {PLURALS[what]} are wanted", file=sys.stderr)
            is_enough = False
    return 0 if is_enough else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

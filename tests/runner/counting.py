"""Reading how many tests ran out of what a tool wrote."""

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree


@dataclass(frozen=True, slots=True)
class Counts:
    """Tests that passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def total(self) -> int:
        return self.passed + self.failed + self.skipped


def count_tap(text: str) -> Counts | None:
    """Counts of TAP, as cmocka and busted write it; None when it broke off or never began.

    cmocka writes ``not ok 2 # SKIP name`` for a test that was skipped, and a plan for each group.
    """
    planned = sum(int(number) for number in re.findall(r"^1\.\.(\d+)$", text, re.MULTILINE))
    passed = failed = skipped = 0
    for result, rest in re.findall(r"^(ok|not ok) \d+(.*)$", text, re.MULTILINE):
        if re.match(r" (- )?# SKIP\b", rest):
            skipped += 1
        elif result == "ok":
            passed += 1
        else:
            failed += 1
    counts = Counts(passed, failed, skipped)
    return counts if planned == counts.total() > 0 else None


def count_junit(path: Path) -> Counts | None:
    """Counts of the JUnit file that pytest writes; None when it is missing or broken."""
    try:
        document = ElementTree.parse(path)
    except (OSError, ElementTree.ParseError):
        return None
    total = failed = skipped = 0
    for suite in document.iter("testsuite"):
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    # A test that failed and whose teardown failed too counts twice among the failures.
    return Counts(max(total - failed - skipped, 0), failed, skipped) if total else None

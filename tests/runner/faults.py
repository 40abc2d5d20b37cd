#!/usr/bin/env python3
"""Compares, as TAP, the cases of tests/faults that each driver met with those in its table.

Its argument is the file to which the suites appended lines ``DRIVER LISTENER FAULT LENGTH``.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
TABLE = TESTS / "faults/expectations.json"
REPLIES = TESTS / "vectors/replies.json"
DRIVERS = (
    "c", "c-engine", "python", "python-async", "lua5.1", "luajit", "lua5.3", "lua5.4", "openresty"
)  # fmt: skip


def meetings() -> Iterator[str]:
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    for case in (*table["cases"], *table["right"], *table["refused"]):
        for word in ("http", "https")[: 1 + case.get("by_tls", False)]:
            listener = case.get("listener", word)
            yield f"{listener} {case.get('fault', 'ok')} {case.get('length', 2000)}"


def patient_meetings() -> Iterator[str]:
    """Those with retries: each fault once, in its first case, and the vectors' replies."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    lengths: dict[str, int] = {}
    for case in table["cases"]:
        lengths.setdefault(case["fault"], case["length"])
    for case in json.loads(REPLIES.read_text(encoding="utf-8"))["cases"]:
        lengths[f"vector-{case['name']}"] = 2000
    yield from (f"patient http {fault} {length}" for fault, length in lengths.items())
    yield from (f"patient {case['listener']} ok 2000" for case in table["refused"])


def main() -> int:
    path = Path(sys.argv[1])
    met: defaultdict[str, set[str]] = defaultdict(set)
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        driver, _, meeting = line.partition(" ")
        met[driver].add(meeting)
    wanted = {*meetings(), *patient_meetings()}
    drivers = (*DRIVERS, *sorted(met.keys() - {*DRIVERS}))
    print(f"1..{len(drivers)}")
    failed = 0
    for number, driver in enumerate(drivers, start=1):
        is_right = driver in DRIVERS and met[driver] == wanted
        failed += not is_right
        result = "ok" if is_right else "not ok"
        found = len(met[driver] & wanted)
        print(f"{result} {number} - {driver} met {found} of {len(wanted)} cases of faults")
        for meeting in sorted(met[driver] ^ wanted):
            print(f"# {'missing' if meeting in wanted else 'unknown'}: {meeting}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

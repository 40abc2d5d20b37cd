#!/usr/bin/env python3
"""Compares, as TAP, the cases of tests/faults that each driver met with those in its table.

Its argument is the file to which the suites appended lines ``DRIVER LISTENER FAULT LENGTH``.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TABLE = Path(__file__).resolve().parents[1] / "faults/expectations.json"
DRIVERS = (
    "c", "c-engine", "python", "python-async", "lua5.1", "luajit", "lua5.3", "lua5.4", "openresty"
)  # fmt: skip


def meetings() -> Iterator[str]:
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    for case in (*table["cases"], *table["right"], *table["refused"]):
        for word in ("http", "https")[: 1 + case.get("by_tls", False)]:
            listener = case.get("listener", word)
            yield f"{listener} {case.get('fault', 'ok')} {case.get('length', 2000)}"


def main() -> int:
    path = Path(sys.argv[1])
    met: defaultdict[str, set[str]] = defaultdict(set)
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        driver, _, meeting = line.partition(" ")
        met[driver].add(meeting)
    wanted = set(meetings())
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

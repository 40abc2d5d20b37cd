#!/usr/bin/env python3
"""Compares, as TAP, the cases that each language ran with those in tests/vectors.

Its argument is the file to which the suites appended lines ``LANGUAGE FILE N``.
"""

import json
import sys
from collections import Counter
from pathlib import Path

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
LANGUAGES = ("c", "python", "lua5.1", "luajit", "lua5.3", "lua5.4", "nginx")
FILES = ("replies", "tokens", "requests", "numbers", "cards", "masks")


def main() -> int:
    path = Path(sys.argv[1])
    ran: Counter[tuple[str, str]] = Counter()
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        language, what, count = line.split()
        ran[language, what] += int(count)
    print(f"1..{len(LANGUAGES) * len(FILES)}")
    number = failed = 0
    for name in FILES:
        cases = len(json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))["cases"])
        for language in LANGUAGES:
            number += 1
            found = ran[language, name]
            failed += found != cases
            result = "ok" if found == cases else "not ok"
            print(f"{result} {number} - {language} ran {found} of {cases} cases of {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

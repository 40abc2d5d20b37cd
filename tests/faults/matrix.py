#!/usr/bin/env python3
"""Writes the table of docs/reliability.md from rows.json, expectations.json and the vectors.

    python3 tests/faults/matrix.py          writes it
    python3 tests/faults/matrix.py --check  says with its status whether it is up to date

tests/checks/test_fault_matrix.py sees to it that what the rows name is there.
"""

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
PAGE = ROOT / "docs/reliability.md"
BEGIN = "<!-- Written by tests/faults/matrix.py, from tests/faults/rows.json. -->\n"
END = "<!-- As far as here. -->\n"
AS_C, OWED, NONE = "as C", "owed: ", "none: "
# In the place of a class.
A_CARD = ""
# Without a token that can be renewed T is as N.
POSTS_OF_VECTORS = {A_CARD: 1, "N": 1, "T": 1, "B": 3}


@dataclass(frozen=True)
class Cell:
    """What shows that a driver survives a fault: numbers of meetings of expectations.json and of
    vectors, and what the row lists."""

    meetings: int
    vectors: int
    listed: tuple[str, ...]

    @property
    def tests(self) -> list[str]:
        """Each as FILE::NAME or FILE."""
        return [entry for entry in self.listed if entry.startswith("tests/")]

    def reasons(self, mark: str) -> list[str]:
        """What stands behind "owed: " or "none: "."""
        return [entry.removeprefix(mark) for entry in self.listed if entry.startswith(mark)]

    @property
    def state(self) -> str:
        """ "owed", "none", "as C", "shown", or "" for an empty cell."""
        if self.reasons(OWED):
            return "owed"
        if self.meetings or self.vectors or self.tests:
            return "shown"
        if AS_C in self.listed:
            return AS_C
        return "none" if self.reasons(NONE) else ""

    def __str__(self) -> str:
        counted = {"case": self.meetings, "vector": self.vectors, "test": len(self.tests)}
        parts = [
            f"{count} {what}{'s' if count > 1 else ''}" for what, count in counted.items() if count
        ]
        if self.state == "none":
            parts.append("–")
        elif self.state in (AS_C, "owed"):
            parts.append(AS_C if self.state == AS_C else "**owed**")
        return ", ".join(parts)


@dataclass(frozen=True)
class Row:
    number: int
    fault: str
    expected: str
    posts: str
    vectors: tuple[str, ...]
    cells: dict[str, Cell]


def _read(name: str) -> dict:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def drivers() -> dict[str, str]:
    """Their names in rows.json, and those for readers."""
    return _read("rows.json")["drivers"]


def meetings_by_row() -> Counter[int]:
    """How often each driver meets a row's faults: by HTTP, and by TLS where the table says so."""
    found: Counter[int] = Counter()
    table = _read("expectations.json")
    for case in (*table["cases"], *table["right"], *table["refused"]):
        found[case["row"]] += 1 + case.get("by_tls", False)
    return found


def _counts_by_row() -> dict[int, dict[str, set[int]]]:
    """How many POSTs the server counts for a row's faults, with retries, by class."""
    found: dict[int, dict[str, set[int]]] = {}
    table = _read("expectations.json")
    for case in table["cases"]:
        classes = found.setdefault(case["row"], {})
        for name, posts in zip(case["retry"], case["posts"], strict=True):
            classes.setdefault(name, set()).add(posts)
    for case in table["refused"]:
        for name in case["retry"]:
            found.setdefault(case["row"], {}).setdefault(name, set()).add(0)
    for case in table["right"]:
        found.setdefault(case["row"], {}).setdefault(A_CARD, set()).add(1)
    return found


def _classes_of_vectors() -> dict[str, str]:
    path = ROOT / "tests/vectors/replies.json"
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return {case["name"]: case.get("retry", A_CARD) for case in cases}


def posts_by_row() -> dict[int, str]:
    """What the table shows of it: "A: 2", "B: 1 to 3", or several of them. For rows whose tests are
    others, what rows.json says."""
    counts = _counts_by_row()
    classes = _classes_of_vectors()
    shown = {}
    for row in _read("rows.json")["rows"]:
        found = counts.get(row["row"], {})
        for name in row.get("vectors", ()):
            if name in classes:
                posts = POSTS_OF_VECTORS[classes[name]]
                found.setdefault(classes[name], set()).add(posts)
        parts = [
            f"{name}: {' to '.join(map(str, sorted({min(posts), max(posts)})))}"
            for name, posts in sorted(found.items())
            if name != A_CARD
        ]
        of_cards = "1" if A_CARD in found else ""
        shown[row["row"]] = row.get("posts") or ", ".join(parts) or of_cards
    return shown


def rows() -> list[Row]:
    meetings = meetings_by_row()
    posts = posts_by_row()
    read = []
    for row in _read("rows.json")["rows"]:
        number, vectors = row["row"], tuple(row.get("vectors", ()))
        cells = {
            driver: Cell(meetings[number], len(vectors), tuple(row.get(driver, ())))
            for driver in drivers()
        }
        read.append(Row(number, row["fault"], row["expected"], posts[number], vectors, cells))
    return read


def table() -> str:
    """The table, how many cells are what, and the reasons of those that are not shown."""
    names = drivers()
    read = rows()
    lines = [f"| # | fault | expected | POSTs | {' | '.join(names.values())} |"]
    lines.append("|---" * (4 + len(names)) + "|")
    for row in read:
        cells = " | ".join(str(row.cells[driver]) for driver in names)
        lines.append(f"| {row.number} | {row.fault} | {row.expected} | {row.posts} | {cells} |")
    states = Counter(cell.state for row in read for cell in row.cells.values())
    lines += [
        "",
        f"Of {sum(states.values())} cells {states['shown']} have cases, vectors or tests of their "
        f"own, {states[AS_C]} are as C, {states['none']} make no sense and "
        f"**{states['owed'] or 'none'} {'is' if states['owed'] < 2 else 'are'} owed**.",
        "",
    ]
    for title, mark in (("Owed", OWED), ("Makes no sense", NONE)):
        if reasons := _reasons(read, mark):
            lines += [f"{title}:", "", *reasons, ""]
    return "\n".join(lines)


def _reasons(read: list[Row], mark: str) -> list[str]:
    names = drivers()
    lines = []
    for row in read:
        by_reason: dict[str, list[str]] = {}
        for driver, cell in row.cells.items():
            for reason in cell.reasons(mark):
                by_reason.setdefault(reason, []).append(names[driver])
        for reason, of in by_reason.items():
            lines.append(f"- {row.number}, {', '.join(of)}: {reason}.")
    return lines


def page() -> str:
    """The page as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    made = page()
    if sys.argv[1:] == ["--check"]:
        return int(made != PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

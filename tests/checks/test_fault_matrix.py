"""tests/faults/rows.json is whole, names what is there, and docs/reliability.md shows it."""

import json
import re
import sys
from collections.abc import Iterator

import pytest
from repository import ROOT, files

sys.path.insert(0, str(ROOT / "tests"))

from faults import matrix

ROWS = matrix.rows()
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)
DEFINITIONS = {
    ".c": r"\bcmocka_unit_test\w*\(\s*{}\b",
    ".py": r"^(?:async )?def {}\(",
    ".lua": r'^\s*it\("{}", function\(\)',
}
# Where each driver's own tests are. Those of plain Lua run inside nginx, too.
FOLDERS = {
    "c": ("tests/c/",),
    "python": ("tests/python/",),
    "python-async": ("tests/python/",),
    "lua": ("tests/lua/",),
    "openresty": ("tests/openresty/", "tests/lua/"),
}


def is_excluded_inside_nginx(spec: str, test: str) -> bool:
    text = (ROOT / "tests/openresty/exclusions.lua").read_text(encoding="utf-8")
    found = re.findall(r'file = "([^"]+)",\s*test = "([^"]+)"', text)
    assert len(found) == text.count("file =") > 0
    return any(file == spec and part in test for file, part in found)


def names_of_vectors() -> Iterator[str]:
    for path in files("tests/vectors", endings=(".json",)):
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            yield case["name"]


def test_every_row_is_there_once() -> None:
    assert [row.number for row in ROWS] == list(range(1, 71))
    assert all(row.fault and row.expected for row in ROWS)


MOST_POSTS = {"N": 1, "S": 0, "A": 2, "B": 3, "T": 2}


def test_the_posts_of_each_case_are_those_of_its_class() -> None:
    """Or fewer, where the time that a call has is over before."""
    table = json.loads((ROOT / "tests/faults/expectations.json").read_text(encoding="utf-8"))
    for case in table["cases"]:
        assert len(case["kinds"]) == len(case["retry"]) == len(case["posts"]), case
        for kind, name, posts in zip(case["kinds"], case["retry"], case["posts"], strict=True):
            takes_time = kind == "timeout" or "/retry-after-" in case["fault"]
            most = MOST_POSTS[name]
            assert posts == most or (takes_time and 1 <= posts < most), case


@each_row
def test_a_row_has_its_posts(row: matrix.Row) -> None:
    assert row.posts


def test_every_case_has_its_row() -> None:
    assert matrix.meetings_by_row().keys() <= {row.number for row in ROWS}


def test_every_vector_is_there() -> None:
    assert {name for row in ROWS for name in row.vectors} <= set(names_of_vectors())


@each_row
def test_no_cell_is_empty(row: matrix.Row) -> None:
    assert [driver for driver, cell in row.cells.items() if not cell.state] == []


@each_row
def test_entries_are_of_a_known_form(row: matrix.Row) -> None:
    for driver, cell in row.cells.items():
        reasons = [*cell.reasons(matrix.OWED), *cell.reasons(matrix.NONE)]
        assert all(reasons)
        marks = cell.listed.count(matrix.AS_C)
        assert len(cell.listed) == len(cell.tests) + len(reasons) + marks
        if marks:
            assert (driver != "c", row.cells["c"].state) == (True, "shown")
        if cell.reasons(matrix.NONE):
            assert len(cell.listed) == 1


@each_row
def test_every_test_is_there(row: matrix.Row) -> None:
    for driver, cell in row.cells.items():
        for entry in cell.tests:
            name, _, test = entry.partition("::")
            assert name.startswith(FOLDERS[driver]), entry
            path = ROOT / name
            if not test:  # a program that is a test as a whole
                assert path.is_file(), entry
                continue
            pattern = DEFINITIONS[path.suffix].format(re.escape(test))
            assert re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE), entry
            if driver == "openresty":
                assert not is_excluded_inside_nginx(path.name, test), entry


def test_the_page_is_up_to_date() -> None:
    """Else tests/faults/matrix.py has to be run."""
    assert matrix.page() == matrix.PAGE.read_text(encoding="utf-8")

"""docs/checks.md says what the core does: its tables are compared with the core's."""

import ctypes
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from repository import BUILD, ROOT, run

import wxidcard
from wxidcard import _core

PAGE = (ROOT / "docs/checks.md").read_text(encoding="utf-8")
VECTORS = ROOT / "tests/vectors"
# What stands above the tables that have no heading of their own.
NUMBER_REPORT = "`check_id` gives:"
CARD_REPORT = "`check` gives:"
CANDIDATES = "number that is valid and differs in one character, which OCR is known to mistake."


def rows_below(line: str) -> list[list[str]]:
    """The cells of the first table after a line, without its heading."""
    after = PAGE.split(f"\n{line}\n", 1)[1]
    table = re.search(r"(?:^\|.*\n)+", after, re.MULTILINE)
    assert table is not None
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names_below(line: str) -> list[str]:
    return [row[0].strip("`") for row in rows_below(line)]


def card_fields() -> Iterator[str]:
    core = ctypes.CDLL(str(BUILD / "libwxidcard.so"))
    core.wxid_card_field_at.restype = ctypes.c_char_p
    core.wxid_card_field_at.argtypes = [ctypes.c_size_t]
    index = 0
    while (name := core.wxid_card_field_at(index)) is not None:
        yield name.decode()
        index += 1


def test_findings_are_the_core_s() -> None:
    """Row by row, in its order, both sentences to the letter."""
    columns = ("code", "field", "level", "message", "message_zh")
    table = [[str(row[column]) for column in columns] for row in _core.finding_table()]  # type: ignore[literal-required]
    for row in table:
        row[:2] = [f"`{name}`" for name in row[:2]]
    assert rows_below("## Findings") == table


def test_every_field_of_cards_is_described() -> None:
    fields = list(card_fields())
    assert len(fields) == 8
    assert names_below("## What is checked") == fields
    assert {name.strip("`") for name in names_below("## Masks")} == {*fields, "anything else"}
    findings = {row["field"] for row in _core.finding_table()}
    assert findings == set(fields) - {"type"}


def test_reports_are_described() -> None:
    assert names_below(NUMBER_REPORT) == list(wxidcard.check_id("1"))
    assert names_below(CARD_REPORT) == list(wxidcard.check({"name": "张样本"}))


@pytest.mark.parametrize("row", rows_below("## Masks"), ids=" ".join)
def test_masks_are_as_described(row: list[str]) -> None:
    field, given, masked = (cell.strip("`") for cell in row)
    assert wxidcard.mask({field: given}) == {field: masked}


def test_confusions_are_as_described() -> None:
    """Each pair is a vector's."""
    pairs = {
        (read, row[1].strip("`"))
        for row in rows_below(CANDIDATES)
        for read in re.findall("`(.)`", row[0])
    }
    cases = json.loads((VECTORS / "numbers.json").read_text(encoding="utf-8"))["cases"]
    found = (re.fullmatch("candidate_(.)_read_for_(.)", case["name"]) for case in cases)
    assert pairs == {(name[1], name[2]) for name in found if name}


@pytest.mark.parametrize("name", ["numbers", "cards", "masks"])
def test_vectors_are_what_the_generators_give(name: str, tmp_path: Path) -> None:
    for source in VECTORS.glob("*.py"):
        (tmp_path / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    run(sys.executable, tmp_path / f"generate_{name}.py", cwd=tmp_path)
    made = (tmp_path / f"{name}.json").read_text(encoding="utf-8")
    assert made == (VECTORS / f"{name}.json").read_text(encoding="utf-8")

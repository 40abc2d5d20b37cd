"""`make coverage` prints what was counted, and fails when it is too little."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from repository import ROOT

sys.path.insert(0, str(ROOT / "tests"))

from runner.coverage import main

Judge = Callable[..., tuple[int, str, str]]


@pytest.fixture
def judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Judge:
    """Judges a summary of gcovr's; returns the status, and what was printed and complained of."""

    def judge(all_of_them: dict[str, int], *files: dict[str, Any]) -> tuple[int, str, str]:
        path = tmp_path / "summary.json"
        path.write_text(json.dumps({**all_of_them, "files": files}))
        status = main([str(path)])
        return status, *capsys.readouterr()

    return judge


def counted(lines: int, branches: int, of: int = 1000) -> dict[str, int]:
    return {
        "line_covered": lines,
        "line_total": of,
        "branch_covered": branches,
        "branch_total": of,
    }


TOO_FEW_LINES = "too little: 95 % of the lines are wanted\n"
TOO_FEW_BRANCHES = "too little: 85 % of the branches are wanted\n"


@pytest.mark.parametrize(
    ("lines", "branches", "problems"),
    [
        (950, 850, ""),
        (949, 850, TOO_FEW_LINES),
        (950, 849, TOO_FEW_BRANCHES),
        (0, 0, TOO_FEW_LINES + TOO_FEW_BRANCHES),
    ],
)
def test_bounds(judge: Judge, lines: int, branches: int, problems: str) -> None:
    status, _, complaints = judge(counted(lines, branches))
    assert (status, complaints) == (1 if problems else 0, problems)


def test_table(judge: Judge) -> None:
    status, printed, complaints = judge(
        counted(999, 1000),
        {"filename": "core/src/whole.c", **counted(7, 7, 7)},
        {"filename": "core/src/half.c", **counted(2, 1, 3)},
        {"filename": "core/src/straight.c", **counted(4, 0, 4), "branch_total": 0},
    )
    assert (status, complaints) == (0, "")
    assert [" ".join(line.split()) for line in printed.splitlines()] == [
        "lines branches",
        "half.c 66.6 % of 3 33.3 % of 3",
        "straight.c 100.0 % of 4 100.0 % of 0",
        "whole.c 100.0 % of 7 100.0 % of 7",
        "all of them 99.9 % of 1000 100.0 % of 1000",
    ]


def test_nothing_counted(judge: Judge) -> None:
    assert judge(counted(0, 0, 0)) == (2, "", "nothing was counted\n")

"""The vectors of numbers, cards and masks, which every language runs: tests/vectors/*.json."""

import base64
from typing import Any

import pytest

import wxidcard
from test_vectors import each, load, note_run
from wxidcard import _core

Case = dict[str, Any]
FINDINGS = {row["code"]: row for row in _core.finding_table()}


def full(report: Any) -> Any:
    """An expected report, in which findings are codes, with the findings as the table has them."""
    if not isinstance(report, dict):
        return report
    whole = {name: full(value) for name, value in report.items()}
    whole["findings"] = [FINDINGS[code] for code in report["findings"]]
    return whole


def assert_report(report: Any, expected: Case) -> None:
    whole = full(expected)
    assert report == whole
    assert list(report) == list(whole), "the order of its fields"
    if isinstance(report.get("id"), dict):
        assert list(report["id"]) == list(whole["id"])


def number_of(case: Case) -> str:
    if "number" in case:
        return str(case["number"])
    # What is no text comes with surrogates, as a file's name would.
    return base64.b64decode(case["number_base64"]).decode("utf-8", "surrogateescape")


def refusal(call: Any, *arguments: Any) -> str:
    with pytest.raises((ValueError, TypeError)) as caught:
        call(*arguments)
    assert type(caught.value) in (ValueError, TypeError)
    assert "canary" not in str(caught.value)
    return str(caught.value)


def assert_no_other_is_valid(number: str, today: str) -> int:
    """Replace each character by each other one; return how many numbers that made."""
    count = 0
    for place, character in enumerate(number):
        for other in "0123456789Xx" if place == 17 else "0123456789X":
            if other != character:
                mistaken = number[:place] + other + number[place + 1 :]
                assert wxidcard.check_id(mistaken, today)["valid"] is False, mistaken
                count += 1
    return count


@each("numbers.json")
def test_number(case: Case) -> None:
    number, expected = number_of(case), case["expect"]
    if case.get("convert"):
        if "error" in expected:
            assert expected["error"] in refusal(wxidcard.convert_id, number)
        else:
            assert wxidcard.convert_id(number) == expected["converted"]
    elif "error" in expected:
        assert expected["error"] in refusal(wxidcard.check_id, number, case["today"])
    elif case.get("every_error"):
        assert wxidcard.check_id(number, case["today"])["valid"] is True
        assert assert_no_other_is_valid(number, case["today"]) == 17 * 10 + 11
    else:
        assert_report(wxidcard.check_id(number, case["today"]), expected)
    note_run("numbers")


@each("cards.json")
def test_card(case: Case) -> None:
    front, back, today = case.get("front"), case.get("back"), case["today"]
    expected = case["expect"]
    if "error" in expected:
        assert expected["error"] in refusal(wxidcard.check, front, back, today)
    else:
        report = wxidcard.check(front, back, today)
        assert_report(report, expected)
        assert wxidcard.check(back, front, today) == report
    note_run("cards")


@each("masks.json")
def test_mask(case: Case) -> None:
    masked = wxidcard.mask(case["card"])
    assert list(masked.items()) == list(case["expect"].items())
    note_run("masks")


def test_every_finding_is_found() -> None:
    """Each row of the table is expected by some case."""
    expected = [case["expect"] for name in ("numbers", "cards") for case in load(f"{name}.json")]
    assert {code for report in expected for code in report.get("findings", ())} == set(FINDINGS)

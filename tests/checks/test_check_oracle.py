"""Numbers by two implementations of other makes: python-stdnum and id-validator."""

import random
import re
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from itertools import product

import pytest
from id_validator import data
from stdnum.cn import ric

from wxidcard import _core

TODAY = date(2026, 1, 15)
CHARACTERS = "0123456789X"
PARTS = 20
NUMBERS_OF_A_PART = 50_000


def counties_of_stdnum() -> Iterator[tuple[str, bool]]:
    """Each code with whether it is valid whenever somebody was born."""
    province = ""
    for line in files("stdnum.cn").joinpath("loc.dat").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"(\d\d) province=", line):
            province = found[1]
        elif found := re.match(r' +(\d{4}) county="(.*)"', line):
            names = re.split(r",(?=\[|[^\d])", found[2])
            yield province + found[1], any(not name.startswith("[") for name in names)


STDNUM = dict(counties_of_stdnum())
ALWAYS_VALID = [code for code, always in STDNUM.items() if always]


def verdict(number: str) -> tuple[bool, set[str]]:
    report = _core.check_id(number, TODAY.isoformat())
    return report["valid"], {finding["code"] for finding in report["findings"]}


def made_up(county: str) -> str:
    number = county + "199001010010"
    return number[:17] + ric.calc_check_digit(number)


def test_county_codes() -> None:
    """What either of them knows is known, and nothing else."""
    timelines = data.get_address_code_timeline(), data.get_additional_address_code_timeline()
    theirs = STDNUM.keys() | data.get_address_code().keys() | set().union(*timelines)
    assert len(theirs) > 7000
    known = set()
    for prefix in map("".join, product("0123456789", repeat=2)):
        if "id_region" in verdict(made_up(f"{prefix}0000"))[1]:
            continue
        for rest in map("".join, product("0123456789", repeat=4)):
            valid, codes = verdict(made_up(prefix + rest))
            assert valid
            assert codes <= {"id_county"}
            if not codes:
                known.add(prefix + rest)
    assert known == theirs


def numbers(seed: int) -> Iterator[str]:
    """Some with a date that there is not, and about a ninth with the right check character."""
    choose = random.Random(seed).random
    first, days = date(1900, 1, 1), (date(2025, 12, 31) - date(1900, 1, 1)).days
    for _ in range(NUMBERS_OF_A_PART):
        county = ALWAYS_VALID[int(choose() * len(ALWAYS_VALID))]
        birth = (first + timedelta(int(choose() * days))).strftime("%Y%m%d")
        if choose() < 0.1:
            birth = birth[:4] + f"{int(choose() * 1400):04}"
        body = f"{county}{birth}{int(choose() * 1000):03}"
        if choose() < 0.03:
            yield body + ric.calc_check_digit(body + "0")
        else:
            yield body + CHARACTERS[int(choose() * 11)]


@pytest.mark.parametrize("part", range(PARTS))
def test_verdict(part: int) -> None:
    """A million in all."""
    today = TODAY.isoformat()
    right = 0
    for number in numbers(part):
        valid = _core.check_id(number, today)["valid"]
        assert valid is ric.is_valid(number), number
        right += valid
    assert 0.05 < right / NUMBERS_OF_A_PART < 0.25


@pytest.mark.parametrize("character", CHARACTERS)
def test_check_characters(character: str) -> None:
    """Of every sequence with every check character."""
    for sequence in range(1000):
        number = f"11010519900101{sequence:03}{character}"
        valid, codes = verdict(number)
        right = ric.calc_check_digit(number) == character
        assert valid is right
        assert codes == (set() if right else {"id_checksum"})

"""From text that Tesseract read to values."""

from datetime import date

import pytest

from wxidcard.sandbox import fields
from wxidcard.sandbox.drawing import MAX_ADDRESS_LINES, wrap_address
from wxidcard.sandbox.people import PEOPLE, check_character

NUMBER = "440524188001010014"


@pytest.mark.parametrize(
    ("texts", "number"),
    [
        ([NUMBER], NUMBER),
        (["公民身份号码 “440524188001010014"], NUMBER),
        (["44O524I88OO1O1OOl4"], NUMBER),
        (["码 9440524188001010014"], NUMBER),
        (["11010519491231002X"], "11010519491231002X"),
        (["440524188001010019", NUMBER], NUMBER),
        # A number that does not check is handed out as it was read.
        (["123456789012345678"], "123456789012345678"),
        (["4405241880010100"], None),
        (["号码", ""], None),
        ([], None),
    ],
)
def test_number(texts: list[str], number: str | None) -> None:
    assert fields.number_in(texts) == number


@pytest.mark.parametrize(
    ("text", "birth"),
    [
        ("出生 1990 年 3 月 7 日", "1990-03-07"),
        ("出生 “1987 年 12 月 31 目", "1987-12-31"),
        ("出生 1990 年 13 月 7 日", None),
        ("出生 199 年 3 月 7 日", None),
        ("", None),
    ],
)
def test_birth(text: str, birth: str | None) -> None:
    assert fields.birth_in(text) == birth


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("有效期限 2019.05.20-2039.05.20", "20190520-20390520"),
        ("有 效 期 限 2018.03.15- 长 期", "20180315-长期"),
        ("有效期限 2019.05.20", None),
        ("有效期限 2039.05.20-2019.05.20", None),
        ("有效期限 2019.02.30-2039.02.28", None),
        ("签发机关", None),
        ("", None),
    ],
)
def test_period(text: str, period: str | None) -> None:
    assert fields.period_in(text) == period


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("张 样本", "张样本"),
        ("” 欧阳 虚拟 _", "欧阳虚拟"),
        ("阿依古丽. 样本", "阿依古丽·样本"),
        ("阿依古丽…样本·", "阿依古丽·样本"),
        ("李·范", "李范"),
        ("", ""),
    ],
)
def test_name(text: str, name: str) -> None:
    assert fields.name_in(text) == name


def test_nationalities() -> None:
    assert len(fields.NATIONALITIES) == 56
    assert fields.nationality_in("，维吾尔 ") == "维吾尔"
    assert fields.nationality_in("土家") == "土家"
    assert fields.nationality_in("某") == ""


def test_address() -> None:
    assert fields.address_in(["“广东省 样本", "路]号"]) == "广东省样本路1号"


def test_people_are_consistent() -> None:
    assert len(PEOPLE) >= 20
    assert len({person.number for person in PEOPLE}) == len(PEOPLE)
    for person in PEOPLE:
        number = person.number
        assert len(number) == 18
        assert check_character(number[:17]) == number[17]
        # No county has such a code, so nobody has such a number.
        assert number[4:6] == "99"
        assert person.nationality in fields.NATIONALITIES
        age = person.issued.year - person.birth.year
        age -= (person.issued.month, person.issued.day) < (person.birth.month, person.birth.day)
        wanted = 5 if age < 16 else 10 if age < 26 else 20 if age < 46 else None
        assert person.years == wanted, person.name
        assert person.birth < person.issued < date(2026, 1, 1)


def test_people_cover_what_cards_show() -> None:
    assert sum(person.number.endswith("X") for person in PEOPLE) >= 3
    assert {person.years for person in PEOPLE} == {5, 10, 20, None}
    assert {len(wrap_address(person.address)) for person in PEOPLE} == {1, 2, MAX_ADDRESS_LINES}
    assert {person.gender for person in PEOPLE} == {"男", "女"}
    assert {"汉", "壮", "维吾尔", "藏"} <= {person.nationality for person in PEOPLE}
    with pytest.raises(ValueError, match="too long"):
        wrap_address("路" * 60)

"""What the generators of numbers, cards and masks share: an implementation of GB 11643 of its own.

It is written from the standard and from what the documentation says of the checks, in another
language than the core, so that the vectors are no copy of what the core happens to do.
"""

import datetime
import json
import pathlib
from collections.abc import Iterator
from typing import Any

TODAY = "2026-01-15"
PROVINCES = {
    "11": "北京市",
    "12": "天津市",
    "13": "河北省",
    "14": "山西省",
    "15": "内蒙古自治区",
    "21": "辽宁省",
    "22": "吉林省",
    "23": "黑龙江省",
    "31": "上海市",
    "32": "江苏省",
    "33": "浙江省",
    "34": "安徽省",
    "35": "福建省",
    "36": "江西省",
    "37": "山东省",
    "41": "河南省",
    "42": "湖北省",
    "43": "湖南省",
    "44": "广东省",
    "45": "广西壮族自治区",
    "46": "海南省",
    "50": "重庆市",
    "51": "四川省",
    "52": "贵州省",
    "53": "云南省",
    "54": "西藏自治区",
    "61": "陕西省",
    "62": "甘肃省",
    "63": "青海省",
    "64": "宁夏回族自治区",
    "65": "新疆维吾尔自治区",
    "71": "台湾省",
    "81": "香港特别行政区",
    "82": "澳门特别行政区",
    "83": "台湾省",
}
PERMITS = {"810000": "hong_kong", "820000": "macao", "830000": "taiwan"}
WARNINGS = {"name_short", "birth_age", "id_county"}
# What was read, and what may have been meant.
CONFUSIONS = ("X8", "x8", "xX", "8X", "17", "71", "O0", "o0", "I1", "l1", "B8")
DIGITS = frozenset("0123456789")


def check_character(seventeen: str) -> str:
    """ISO 7064 MOD 11-2: the one with which the digits, each times a power of 2, make 1."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(seventeen))
    return "0123456789X"[(1 - total) % 11]


def make(county: str, birth: str, sequence: str) -> str:
    """A number whose check character is right; birth with or without hyphens."""
    seventeen = county + birth.replace("-", "") + sequence
    return seventeen + check_character(seventeen)


def with_wrong_check(number: str, character: str = "") -> str:
    """The number with another check character: the given one, or the next digit."""
    wrong = character or str((int(number[17].replace("X", "0")) + 1) % 10)
    return number[:17] + wrong


def day_of(text: str) -> str | None:
    """YYYY-MM-DD of eight digits, if the calendar has that day."""
    try:
        return datetime.date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
    except ValueError:
        return None


def is_valid(number: str, today: str) -> bool:
    """Whether there is no error in a number, by its 18 characters."""
    if len(number) != 18 or not DIGITS.issuperset(number[:17]):
        return False
    birth = day_of(number[6:14])
    return (
        number[:2] in PROVINCES
        and birth is not None
        and "1800-01-01" <= birth <= today
        and number[17] == check_character(number[:17])
    )


def candidates_of(number: str, today: str) -> list[str]:
    """Valid numbers that are one confusion away, in the order of the place."""
    others = (
        number[:place] + meant + number[place + 1 :]
        for place in range(len(number))
        for read, meant in CONFUSIONS
        if number[place] == read
    )
    return [other for other in others if is_valid(other, today)]


def report_of(number: str, findings: tuple[str, ...], today: str = TODAY) -> dict[str, Any]:
    """The report of a number, of which the findings are known."""
    valid = not set(findings) - WARNINGS
    assert valid == is_valid(number, today), number
    report: dict[str, Any] = {
        "valid": valid,
        "birth": None,
        "sex": None,
        "province": None,
        "permit": None,
        "candidates": [],
        "findings": list(findings),
    }
    if {"id_form", "id_checksum"} & set(findings):
        report["candidates"] = candidates_of(number, today)
    if "id_form" in findings:
        return report
    if len(number) == 15:
        century = "18" if number[12:] in ("996", "997", "998", "999") else "19"
        day, sex = century + number[6:12], number[14]
    else:
        day, sex = number[6:14], number[16]
    # Nobody who was born before 1800 has a number: such digits say no birth.
    report["birth"] = day_of(day) if day >= "1800" else None
    report["sex"] = "男" if int(sex) % 2 else "女"
    report["province"] = PROVINCES.get(number[:2])
    report["permit"] = PERMITS.get(number[:6])
    return report


def random_numbers(seed: int) -> Iterator[int]:
    """splitmix64."""
    mask = (1 << 64) - 1
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
        yield mixed ^ (mixed >> 31)


def write(name: str, about: str, cases: list[dict[str, Any]]) -> None:
    """Write a file of vectors beside this one."""
    # Runners print names, and what they print is searched for the mark of a secret.
    cases = [{**case, "name": case["name"].replace("canary", "secret")} for case in cases]
    names = [case["name"] for case in cases]
    twice = sorted({name for name in names if names.count(name) > 1})
    assert not twice, twice
    path = pathlib.Path(__file__).with_name(name)
    lines = ",\n".join("  " + json.dumps(case, ensure_ascii=False) for case in cases)
    head = json.dumps(about, ensure_ascii=False)
    path.write_text(f'{{\n "about": {head},\n "cases": [\n{lines}\n ]\n}}\n', encoding="utf-8")

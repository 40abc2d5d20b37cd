#!/usr/bin/env python3
"""Writes numbers.json: what is said of numbers, and what numbers of 15 digits became.

    python3 tests/vectors/generate_numbers.py

A test compares the file with what this writes.
"""

import base64
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from identity import (
    CONFUSIONS,
    PROVINCES,
    TODAY,
    candidates_of,
    make,
    random_numbers,
    report_of,
    with_wrong_check,
    write,
)

Case = dict[str, Any]
ABOUT = (
    "Numbers. number, or number_base64 where it is no text; today; expect: the report, of "
    "findings their codes, the rest of which is in the table of findings; or expect.error, a word "
    "that the message of an argument error has. every_error: the number is valid, and is not with "
    "any one of its characters replaced by another digit or X (the last one by x, too). convert: "
    "it is given to convert_id, which makes expect.converted of it, or expect.error. "
    "Made by generate_numbers.py."
)
SAMPLE = "11010519491231002X"


def given(number: str | bytes) -> Case:
    """As text, unless it is none or has a NUL, which some readers of JSON take for its end."""
    if isinstance(number, str) and "\0" not in number:
        return {"number": number}
    coded = number if isinstance(number, bytes) else number.encode()
    return {"number_base64": base64.b64encode(coded).decode()}


def case(name: str, number: str | bytes, *findings: str, today: str = TODAY) -> Case:
    text = number if isinstance(number, str) else number.decode("latin-1")
    expect = report_of(text, findings, today)
    return {"name": name, **given(number), "today": today, "expect": expect}


def valid_cases() -> Iterator[Case]:
    # Published examples; the last digits of the two permits are those of invented people.
    for number in (
        SAMPLE,
        "440524188001010014",
        "440308199901101512",
        "810000199408230021",
        "830000199201300022",
    ):
        yield case(f"valid_{number}", number)
    yield case("valid_permit_of_macao", make("820000", "1985-06-15", "013"))
    for prefix in PROVINCES:
        county = prefix + ("0000" if prefix in ("71", "81", "82", "83") else "0102")
        for sequence, sex in (("001", "man"), ("100", "woman")):
            yield case(f"valid_{prefix}_{sex}", make(county, "1987-09-30", sequence))
    for birth in (
        "1800-01-01",
        "1880-01-01",
        "1896-02-29",
        "1999-12-31",
        "2000-02-29",
        "2024-02-29",
    ):
        yield case(f"valid_born_{birth}", make("110105", birth, "123"))
    for character in "0123456789X":
        yield case(f"valid_check_{character}", ending_with(character))
    yield case("born_today", make("310104", TODAY, "018"))
    yield case("born_on_a_today_long_ago", make("310104", "1980-01-01", "018"), today="1980-01-01")
    for county, name in (
        ("110103", "chongwen_until_2010"),
        ("110104", "xuanwu_until_2010"),
        ("310103", "luwan_until_2011"),
        ("510202", "chongqing_in_sichuan_until_1997"),
        ("110000", "a_whole_province"),
        ("440100", "a_whole_city"),
        ("460400", "danzhou_without_counties"),
    ):
        yield case(f"known_{name}", make(county, "1975-05-05", "055"))


def ending_with(character: str) -> str:
    for sequence in range(1000):
        number = make("330106", "1991-11-11", f"{sequence:03}")
        if number[17] == character:
            return number
    raise AssertionError(character)


def wrong_cases() -> Iterator[Case]:
    yield case("official_sample", "123456789012345678", "id_county", "id_birth", "id_checksum")
    yield case("checksum", SAMPLE[:17] + "5", "id_checksum")
    for prefix in (
        "00",
        "10",
        "16",
        "20",
        "24",
        "30",
        "38",
        "40",
        "47",
        "55",
        "60",
        "66",
        "70",
        "72",
        "80",
        "84",
        "90",
        "91",
        "99",
    ):
        yield case(f"region_{prefix}", make(f"{prefix}0101", "1990-01-01", "001"), "id_region")
    for county in ("110199", "119901", "440199", "659999", "810001", "820100", "830101", "710101"):
        yield case(f"county_{county}", make(county, "1990-01-01", "001"), "id_county")
    for name, birth in {
        "month_0": "19900001",
        "month_13": "19901301",
        "day_0": "19900100",
        "day_32": "19900132",
        "31_april": "19900431",
        "29_february_1900": "19000229",
        "29_february_2023": "20230229",
        "30_february": "20240230",
        "31_december_1799": "17991231",
        "year_0": "00000101",
        "zeros": "00000000",
        "nines": "99999999",
    }.items():
        yield case(f"birth_{name}", make("110105", birth, "001"), "id_birth")
    tomorrow = (date.fromisoformat(TODAY) + timedelta(1)).isoformat()
    yield case("born_tomorrow", make("110105", tomorrow, "001"), "id_future")
    yield case("born_next_century", make("110105", "2126-01-15", "001"), "id_future")
    yield case("born_later_than_that_day", SAMPLE, "id_future", today="1949-12-30")
    yield case("region_and_checksum", "99" + SAMPLE[2:17] + "0", "id_region", "id_checksum")
    yield case(
        "all_of_a_number",
        with_wrong_check(make("000000", "19901301", "001")),
        "id_region",
        "id_birth",
        "id_checksum",
    )
    yield case(
        "county_future_and_checksum",
        with_wrong_check(make("110199", tomorrow, "001")),
        "id_county",
        "id_future",
        "id_checksum",
    )


def form_cases() -> Iterator[Case]:
    wide = "".join(chr(ord(character) - ord("0") + 0xFF10) for character in SAMPLE[:17])
    for name, number in {
        "empty": "",
        "one_digit": "1",
        "14_digits": SAMPLE[:14],
        "16_digits": SAMPLE[:16],
        "17_digits": SAMPLE[:17],
        "19_digits": "1101051949123100200",
        "19_with_a_valid_beginning": SAMPLE + "1",
        "twice": SAMPLE * 2,
        "a_thousand_digits": "1" * 1000,
        "space_before": " " + SAMPLE,
        "space_behind": SAMPLE + " ",
        "space_for_a_digit": SAMPLE[:9] + " " + SAMPLE[10:],
        "spaces_between": "110105 19491231 002X",
        "18_spaces": " " * 18,
        "newline_behind": SAMPLE + "\n",
        "hyphen": "110105-49123100255",
        "plus": "+1010519491231002X",
        "full_width": wide + "X",
        "full_width_x": SAMPLE[:17] + "Ｘ",
        "full_width_digit_in_18_bytes": "110105194912" + "１" + "002",
        "arabic_digits": "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X",
        "letter": "A1010519491231002X",
        "x_not_last": "1101051949123100X2",
        "two_x": "1101051949123100XX",
        "chinese": "身份证号码六字",
        "old_with_x": "11010549123100X",
        "old_with_letter": "1101O549123100",
        "old_full_width": "11010549123100１",
    }.items():
        yield case(f"form_{name}", number, "id_form")
    for name, coded in {
        "nul_last": SAMPLE[:17].encode() + b"\x00",
        "nul_first": b"\x00" + SAMPLE[1:].encode(),
        "nul_behind": SAMPLE.encode() + b"\x00",
        "nul_behind_and_more": SAMPLE.encode() + b"\x00\x00" + SAMPLE.encode(),
        "nul_behind_old": b"110105491231002\x00\x00\x00",
        "byte_ff": b"\xff" * 18,
        "byte_80_last": SAMPLE[:17].encode() + b"\x80",
        "cut_in_a_character": SAMPLE[:16].encode() + b"\xe5\xbc",
    }.items():
        yield case(f"form_{name}", coded, "id_form")


def old_cases() -> Iterator[Case]:
    yield case("old", "110105491231002", "id_old_form")
    yield case("old_man", "110105491231001", "id_old_form")
    yield case("old_29_february", "110105480229002", "id_old_form")
    yield case("old_no_29_february", "110105490229002", "id_old_form", "id_birth")
    yield case("old_no_29_february_1900", "110105000229002", "id_old_form", "id_birth")
    yield case("old_region", "990105491231002", "id_old_form", "id_region")
    yield case("old_county", "110199491231002", "id_old_form", "id_county")
    yield case("old_region_and_birth", "000000000000000", "id_old_form", "id_region", "id_birth")
    for sequence in ("995", "996", "997", "998", "999"):
        yield case(f"old_{sequence}", f"310104800606{sequence}", "id_old_form")
    yield case("old_no_29_february_1800", "110105000229996", "id_old_form", "id_birth")
    yield case("old_29_february_1896", "110105960229998", "id_old_form")


def mistaken(read: str, meant: str) -> str:
    """A number with one character read for another, and no other candidate than what it was."""
    for sequence in range(1000):
        number = make("310118", "1978-10-27", f"{sequence:03}")
        for place, character in enumerate(number):
            # A digit mistaken earlier would make another county, or another birth.
            if character == meant and (place >= 14 or read not in "17"):
                wrong = number[:place] + read + number[place + 1 :]
                if candidates_of(wrong, TODAY) == [number]:
                    return wrong
    raise AssertionError(read + meant)


def candidate_cases() -> Iterator[Case]:
    for read, meant in CONFUSIONS:
        finding = "id_checksum" if read in "178" else "id_form"
        if (read, meant) == ("X", "8"):
            # At the end it may be read for 8; before it, it is no form at all.
            last = ending_with("8")[:17] + "X"
            yield case("candidate_of_a_last_X_read_for_8", last, "id_checksum")
            finding = "id_form"
        yield case(f"candidate_{read}_read_for_{meant}", mistaken(read, meant), finding)
    for name, number, findings in searched():
        yield case(name, number, *findings)
    # The check fits, or more than one character is wrong: nothing to propose.
    valid = make("310118", "1978-10-27", "186")
    yield case("no_candidate_of_a_valid_number", valid)
    yield case("no_candidate_of_a_birth", make("110105", "19901301", "001"), "id_birth")
    yield case("no_candidate_of_two_mistakes", valid.replace("0", "O"), "id_form")
    yield case("no_candidate_of_a_mistake_and_a_check", "3I" + ending_with("4")[2:], "id_form")
    yield case("no_candidate_when_too_long", valid + "B", "id_form")
    yield case("no_candidate_when_too_short", valid[:16] + "O", "id_form")
    yield case("no_candidate_of_a_lower_b", valid.replace("8", "b", 1), "id_form")
    yield case("no_candidate_beside_nul", valid[:16] + "\0O", "id_form")
    # What is meant is not valid for another reason.
    future = make("110105", "2026-01-16", "008").replace("0", "O", 1)
    yield case("no_candidate_of_the_future", future, "id_form")
    yield case("candidate_a_day_later", future, "id_form", today="2026-01-16")
    nowhere = make("100105", "1990-01-01", "001").replace("0", "O", 1)
    yield case("no_candidate_without_region", nowhere, "id_form")
    # Of a county that nobody knows: a warning, and so valid.
    unknown = make("110199", "1990-01-01", "008")
    yield case("candidate_of_an_unknown_county", unknown.replace("0", "o", 1), "id_form")


def searched() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Wrong numbers with none, two, three and four candidates, which are rare."""
    wanted = {0: 1, 2: 3, 3: 2, 4: 1}
    for sequence in range(1000):
        for county in ("110107", "110117", "310117"):
            for check in "0123456789X":
                number = make(county, "1971-11-17", f"{sequence:03}")[:17] + check
                count = len(candidates_of(number, TODAY))
                if number == make(county, "1971-11-17", f"{sequence:03}") or not wanted.get(count):
                    continue
                wanted[count] -= 1
                yield f"candidates_{count}_{wanted[count]}", number, ("id_checksum",)
    assert not any(wanted.values()), wanted


def today_cases() -> Iterator[Case]:
    for name, today in {
        "empty": "",
        "no_day": "2026-02-30",
        "no_leap_year": "2023-02-29",
        "without_hyphens": "20260115",
        "week": "2026-W03-4",
        "short": "2026-1-15",
        "slashes": "2026/01/15",
        "space": "2026-01-15 ",
        "time": "2026-01-15T00:00:00",
        "full_width": "２026-01-15",
        "year_0": "0000-01-01",
        "canary": "canary",
    }.items():
        yield {
            "name": f"today_{name}",
            "number": SAMPLE,
            "today": today,
            "expect": {"error": "YYYY-MM-DD"},
        }


def converted(name: str, number: str, birth: str | None) -> Case:
    expect = {"error": "15 digits"}
    if birth is not None:
        expect = {"converted": make(number[:6], birth, number[12:])}
    return {"name": f"convert_{name}", **given(number), "convert": True, "expect": expect}


def convert_cases() -> Iterator[Case]:
    yield converted("plain", "110105491231002", "1949-12-31")  # 11010519491231002X
    yield converted("man", "310104800606011", "1980-06-06")
    yield converted("995", "310104800606995", "1980-06-06")
    for sequence in ("996", "997", "998", "999"):
        yield converted(sequence, f"310104800606{sequence}", "1880-06-06")
    yield converted("29_february", "110105480229002", "1948-02-29")
    yield converted("29_february_1896", "110105960229998", "1896-02-29")
    yield converted("year_0", "110105000101001", "1900-01-01")
    yield converted("without_region", "990105491231002", "1949-12-31")
    for name, number in {
        "no_date": "110105491331002",
        "no_29_february": "110105490229002",
        "no_29_february_1900": "110105000229002",
        "no_29_february_1800": "110105000229996",
        "day_0": "110105491200002",
        "empty": "",
        "14_digits": "11010549123100",
        "16_digits": "1101054912310021",
        "18_characters": SAMPLE,
        "letter": "11010549123100X",
        "space": "11010549123100 ",
        "space_behind": "110105491231002 ",
        "full_width": "11010549123100２",
        "full_width_in_15_bytes": "110105491231" + "２",
        "nul": "11010549123100\x00",
        "nul_behind": "110105491231002\x00",
        "canary": "canary_and_more",
    }.items():
        yield converted(f"refuses_{name}", number, None)


def every_error_cases() -> Iterator[Case]:
    numbers = random_numbers(20260115)
    days = (date(2025, 12, 31) - date(1900, 1, 1)).days
    prefixes = list(PROVINCES)
    for count in range(200):
        prefix = prefixes[count % len(prefixes)]
        birth = date(1900, 1, 1) + timedelta(next(numbers) % days)
        county = f"{prefix}{next(numbers) % 10000:04}"
        number = make(county, birth.isoformat(), f"{next(numbers) % 1000:03}")
        yield {
            "name": f"every_error_{count}",
            "number": number,
            "today": TODAY,
            "every_error": True,
            "expect": {"valid": True},
        }


def main() -> None:
    cases = [
        *valid_cases(),
        *wrong_cases(),
        *form_cases(),
        *old_cases(),
        *candidate_cases(),
        *today_cases(),
        *convert_cases(),
        *every_error_cases(),
    ]
    write("numbers.json", ABOUT, cases)


if __name__ == "__main__":
    main()

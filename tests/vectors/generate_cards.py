#!/usr/bin/env python3
"""Writes cards.json: what is said of cards.

    python3 tests/vectors/generate_cards.py

Findings are written by hand; numbers, ages and days are reckoned here. A test compares the file
with what this writes. The people are invented.
"""

from collections.abc import Iterator

from card_cases import BACK, FRONT, ID, NOTHING, Case, case, changed, of_front, refused, without
from card_periods import age_cases, period_cases
from card_texts import ADDRESSES, NAMES, NATIONALITIES
from identity import TODAY, make, with_wrong_check, write

ABOUT = (
    "Cards. front, back: the arguments, null where there is none; today; expect: the report, of "
    "findings their codes; or expect.error, a word that the message of an argument error has. "
    "Every report is the same with front and back exchanged. Made by generate_cards.py."
)


def side_cases() -> Iterator[Case]:
    yield case("both", FRONT, BACK)
    yield case("front_alone", FRONT, None, period=None)
    yield case("back_alone", None, BACK, born=None)
    front, back = without(FRONT, "type"), without(BACK, "type")
    yield case("both_without_types", front, back)
    yield case("front_without_type", front, None, period=None)
    yield case("back_without_type", None, back, born=None)
    yield case("empty_types", {**front, "type": ""}, {**back, "type": None})
    yield case("type_of_spaces", {**front, "type": "  "}, back)
    merged = {**front, "valid_date": BACK["valid_date"]}
    yield case("merged", {**merged, "type": "Front"}, None)
    yield case("merged_without_type", merged, None)
    yield case("front_s_period_for_an_empty_back", {**merged, "type": "Front"}, {"type": "Back"})
    yield case("front_s_period_for_a_null_back", merged, {"type": "Back", "valid_date": None})
    yield case("back_s_period_first", {**merged, "valid_date": "20000101-20200101"}, BACK)
    yield case(
        "back_s_period_first_though_it_is_none",
        merged,
        {**BACK, "valid_date": "?"},
        "valid_date_form",
        period=None,
    )
    yield case("fields_of_a_front_on_a_back", None, {**front, **BACK}, born=None)
    missing = ("name", "gender", "nationality", "addr", "id")
    yield case(
        "empty_front",
        {"type": "Front"},
        None,
        *(f"{n}_missing" for n in missing),
        born=None,
        period=None,
    )
    yield case("empty_back", None, {"type": "Back"}, "valid_date_missing", born=None, period=None)
    yield case(
        "both_empty",
        {"type": "Front"},
        {"type": "Back"},
        *(f"{n}_missing" for n in (*missing, "valid_date")),
        born=None,
        period=None,
    )
    for name in ("name", "gender", "nationality", "birth", "addr", "id"):
        others = tuple(f"{other}_missing" for other in missing if other != name)
        yield case(
            f"front_by_its_{name}_alone",
            {name: FRONT[name]},
            None,
            *others,
            born=FRONT["birth"] if name in ("birth", "id") else None,
            period=None,
        )
    unknown = {
        "errcode": 0,
        "card_property": 7.5,
        "valid": True,
        "note": None,
        "box": {"left": 1, "points": [1, 2.5, "三", None, {"a": []}]},
        "list": [],
        "Name": 5,
        "ID": "canary",
        "": "no name",
        "备注": "汉字",
    }
    yield case("unknown_fields", {**unknown, **FRONT}, {**BACK, **unknown})
    yield case("unknown_fields_and_no_types", {**front, **unknown}, {**unknown, **back})


def missing_cases() -> Iterator[Case]:
    for name in ("name", "gender", "nationality", "addr", "id"):
        for how, empty in (("absent", NOTHING), ("null", None), ("empty", ""), ("spaces", "   ")):
            yield of_front(f"{name}_{how}", f"{name}_missing", **{name: empty})
    for how, empty in (("absent", NOTHING), ("null", None), ("empty", ""), ("spaces", " ")):
        yield of_front(f"birth_{how}", birth=empty)
        yield case(
            f"valid_date_{how}",
            FRONT,
            changed(BACK, valid_date=empty),
            "valid_date_missing",
            period=None,
        )
    yield of_front("number_and_birth_absent", "id_missing", id=NOTHING, birth=NOTHING, born=None)
    yield of_front("wide_space_is_no_missing_name", "name_characters", name="　")
    yield of_front("tab_is_no_missing_name", "name_characters", name="\t")


def text_cases() -> Iterator[Case]:
    for name, text, *findings in NAMES:
        yield of_front(f"name_{name}", *findings, name=text)
    for name, text, *findings in ADDRESSES:
        yield of_front(f"addr_{name}", *findings, addr=text)
    for text in NATIONALITIES:
        yield of_front(f"nationality_{text}", nationality=text)
        yield of_front(f"nationality_{text}族", nationality=f"{text}族")
    for text in (
        "族",
        "汉族族",
        "漢",
        "中国",
        "日本",
        "汉 ",
        " 汉",
        "汉回",
        "未识别",
        "Han",
        "维吾",
        "土家人",
        "维吾尔族人",
        "?",
    ):
        yield of_front(f"no_nationality_{text}", "nationality_unknown", nationality=text)
    for text in ("男 ", " 女", "M", "male", "男性", "男女", "力", "?", "未知", "１"):
        yield of_front(f"no_gender_{text}", "gender_unknown", gender=text)


def number_cases() -> Iterator[Case]:
    wrong = with_wrong_check(ID, "0")
    yield of_front("gender_of_the_other", "gender_mismatch", gender="女")
    woman = make("440106", "1990-03-07", "002")
    yield of_front("woman", id=woman, gender="女")
    yield of_front("woman_s_number_of_a_man", "gender_mismatch", id=woman)
    yield of_front("no_mismatch_of_an_unknown_gender", "gender_unknown", gender="F")
    yield of_front("no_mismatch_with_a_wrong_number", "id_checksum", id=wrong, gender="女")
    yield of_front(
        "all_of_a_front_in_order",
        "name_characters",
        "gender_mismatch",
        "nationality_unknown",
        "birth_mismatch",
        "addr_characters",
        "id_county",
        name="Zhang",
        gender="女",
        nationality="?",
        birth="1990-03-08",
        addr="?",
        id=make("440199", "1990-03-07", "001"),
    )
    yield of_front("id_county", "id_county", id=make("440199", "1990-03-07", "001"))
    yield of_front("id_region", "id_region", id=make("990101", "1990-03-07", "001"))
    yield of_front("id_birth", "id_birth", id=make("440106", "19900230", "001"))
    yield of_front("id_future", "id_future", id=make("440106", "2026-01-16", "001"))
    yield of_front("id_form", "id_form", id=ID[:17])
    yield of_front("id_with_a_space", "id_form", id=ID[:6] + " " + ID[6:])
    yield of_front("id_old_form", "id_old_form", id="440106900307001")
    yield of_front(
        "id_old_form_and_no_birth", "id_old_form", id="440106900307001", birth=None, born=None
    )
    yield of_front(
        "id_region_and_checksum",
        "id_region",
        "id_checksum",
        id=with_wrong_check(make("990101", "1990-03-07", "001")),
    )
    for permit, county in (("hong_kong", "810000"), ("macao", "820000"), ("taiwan", "830000")):
        number = make(county, "1990-03-07", "001")
        for how, nation in (("none", NOTHING), ("empty", ""), ("han", "汉")):
            yield of_front(f"permit_of_{permit}_nationality_{how}", id=number, nationality=nation)
    permit_wrong = with_wrong_check(make("810000", "1990-03-07", "001"))
    yield of_front(
        "nationality_of_a_wrong_permit",
        "nationality_missing",
        "id_checksum",
        id=permit_wrong,
        nationality=NOTHING,
    )
    permit_number = make("810000", "1990-03-07", "001")
    yield of_front(
        "permit_with_no_nationality_there_is",
        "nationality_unknown",
        id=permit_number,
        nationality="港",
    )


def birth_cases() -> Iterator[Case]:
    yield of_front("birth_of_another_day", "birth_mismatch", birth="1990-03-08")
    yield of_front("birth_of_another_century", "birth_mismatch", birth="1890-03-07")
    for text in (
        "19900307",
        "1990-3-7",
        "1990/03/07",
        "1990年03月07日",
        "1990年3月7日",
        "90-03-07",
        "1990-02-30",
        "1990-13-01",
        "1990-00-01",
        "1990-01-00",
        "1900-02-29",
        "1990-03-07 ",
        " 1990-03-07",
        "1990-03-7",
        "１990-03-07",
        "0000-01-01",
        "?",
        "-",
        "1990-03-071",
        "+990-03-07",
    ):
        yield of_front(f"birth_form_{text}", "birth_form", birth=text)
    no_id = {"id": NOTHING}
    yield of_front("birth_without_a_number", "id_missing", **no_id)
    yield of_front(
        "birth_form_without_a_number", "birth_form", "id_missing", **no_id, birth="1990", born=None
    )
    yield of_front("birth_in_the_future", "id_missing", **no_id, birth="2026-01-16", born=None)
    yield of_front("birth_today", "id_missing", **no_id, birth=TODAY, born=TODAY)
    for birth, *findings in (
        ("1906-01-15",),  # 120 years old
        ("1905-01-16",),  # 121 tomorrow
        ("1905-01-15", "birth_age"),
        ("1799-12-31", "birth_age"),
        ("0001-01-01", "birth_age"),
    ):
        yield of_front(
            f"age_by_birth_{birth}", *findings, "id_missing", **no_id, birth=birth, born=birth
        )
    for birth, *findings in (
        ("1905-01-16",),
        ("1905-01-15", "birth_age"),
        ("1800-01-01", "birth_age"),
    ):
        number = make("440106", birth, "001")
        yield of_front(f"age_by_both_{birth}", *findings, id=number, birth=birth, born=birth)
        yield of_front(f"age_by_number_{birth}", *findings, id=number, birth=NOTHING, born=birth)
    old = make("440106", "1905-01-15", "001")
    yield of_front(
        "mismatch_and_age_in_order", "birth_mismatch", "birth_age", id=old, born="1905-01-15"
    )
    yield of_front(
        "form_and_age_in_order", "birth_form", "birth_age", id=old, birth="?", born="1905-01-15"
    )
    wrong = with_wrong_check(old)
    yield of_front("age_by_birth_when_the_number_is_wrong", "id_checksum", id=wrong)
    leap = make("440106", "2000-02-29", "001")
    for today, expected in (
        ("2000-02-29", 0),
        ("2001-02-28", 0),
        ("2001-03-01", 1),
        ("2004-02-28", 3),
        ("2004-02-29", 4),
        ("2100-02-28", 99),
        ("2100-03-01", 100),
    ):
        front = changed(FRONT, id=leap, birth="2000-02-29")
        made = case(
            f"leap_day_on_{today}", front, None, today=today, born="2000-02-29", period=None
        )
        assert made["expect"]["age"] == expected
        yield made


def candidate_cases() -> Iterator[Case]:
    """Of 110117197111170705's kin: candidates of several births, all of one sex."""
    number = "11011719711117070X"
    plain = ["71011719711117070X", "11011119711117070X", "11011719711117010X", "110117197111170708"]
    births = ["110707197111170003", "110107191111170003"]
    for name, birth, gender in (
        ("of_one_birth", "1971-11-17", "女"),
        ("of_one_birth_and_another_gender", "1971-11-17", "男"),
        ("of_no_birth", None, "女"),
    ):
        front = changed(FRONT, id=number, birth=birth, gender=gender)
        yield case(
            f"candidates_{name}",
            front,
            None,
            "id_checksum",
            born=birth,
            period=None,
            candidates=plain,
        )
    for name, birth, gender, order in (
        ("first_by_birth", "1971-11-17", "女", births),
        ("last_by_birth", "1911-11-17", "女", births[::-1]),
        ("by_birth_though_gender_is_another", "1911-11-17", "男", births[::-1]),
        ("by_another_birth", "1971-11-18", "女", births),
        ("by_a_birth_that_is_none", "19111117", "女", births),
    ):
        found = ("birth_form",) if birth == "19111117" else ()
        yield case(
            f"candidates_{name}",
            changed(FRONT, id="110107197111170003", birth=birth, gender=gender),
            None,
            *found,
            "id_checksum",
            born=None if found else birth,
            period=None,
            candidates=order,
        )


def refused_cases() -> Iterator[Case]:
    yield refused("nothing", "card", None)
    yield refused("two_fronts", "front", FRONT, FRONT)
    yield refused("two_backs", "back", BACK, BACK)
    yield refused("two_fronts_without_types", "front", {"name": "张样本"}, {"id": ID})
    yield refused("two_backs_without_types", "back", *[without(BACK, "type")] * 2)
    yield refused(
        "merged_with_a_front", "front", {**without(FRONT, "type"), **without(BACK, "type")}, FRONT
    )
    yield refused("no_fields", "field", {})
    yield refused("unknown_fields_only", "field", {"number": ID, "surname": "张"})
    yield refused("empty_fields_only", "field", {"name": "", "id": None, "valid_date": " "})
    yield refused("a_back_without_fields", "field", FRONT, {})
    for text in ("front", "FRONT", "Front ", "canary", "正面", "0"):
        yield refused(f"type_{text}", "type", {**FRONT, "type": text})
        yield refused(f"type_of_the_back_{text}", "type", FRONT, {**BACK, "type": text})
    values = {
        "number": 5,
        "fraction": 0.5,
        "true": True,
        "false": False,
        "list": ["canary"],
        "object": {"canary": "canary"},
    }
    for field in ("type", "name", "gender", "nationality", "birth", "addr", "id", "valid_date"):
        for what, value in values.items():
            yield refused(f"{field}_that_is_a_{what}", field, {**FRONT, field: value})
    yield refused("name_of_a_back_that_is_a_number", "name", FRONT, {**BACK, "name": 5})
    yield refused("today", "YYYY-MM-DD", FRONT, BACK, today="2026-02-30")
    yield refused("today_without_hyphens", "YYYY-MM-DD", FRONT, BACK, today="20260130")


def main() -> None:
    cases = [
        *side_cases(),
        *missing_cases(),
        *text_cases(),
        *number_cases(),
        *birth_cases(),
        *period_cases(),
        *age_cases(),
        *candidate_cases(),
        *refused_cases(),
    ]
    write("cards.json", ABOUT, cases)


if __name__ == "__main__":
    main()

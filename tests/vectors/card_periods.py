"""Cases of cards.json: the period of validity, and the age that it goes with."""

from collections.abc import Iterator
from datetime import date

from card_cases import BACK, FRONT, ID, Case, case, changed, without
from card_texts import NO_PERIODS, PERIODS
from identity import make, with_wrong_check


def period_cases() -> Iterator[Case]:
    for text in PERIODS:
        yield case(f"valid_date_form_{text}", FRONT, changed(BACK, valid_date=text))
    for text in NO_PERIODS:
        yield case(
            f"no_valid_date_{text}",
            FRONT,
            changed(BACK, valid_date=text),
            "valid_date_form",
            period=None,
        )
    for text in ("20160401-长期", "20160401-長期", "2016.04.01 至 长 期", "2016年04月01日～長期"):
        yield back(f"for_ever_{text}", text, "2016-04-01", "长期")
    for name, start, end, *findings in (
        ("first_year", "1980-01-01", "2000-01-01", "valid_date_expired"),
        ("last_year", "2179-12-31", "2199-12-31", "valid_date_future"),
        ("expired_yesterday", "2016-01-14", "2026-01-14", "valid_date_expired"),
        ("expires_today", "2016-01-15", "2026-01-15"),
        ("expires_tomorrow", "2016-01-16", "2026-01-16"),
        ("begins_yesterday", "2026-01-14", "2046-01-14"),
        ("begins_today", "2026-01-15", "2046-01-15"),
        ("begins_tomorrow", "2026-01-16", "2046-01-16", "valid_date_future"),
        ("for_ever_from_tomorrow", "2026-01-16", "长期", "valid_date_future"),
        ("5_years", "2023-05-06", "2028-05-06"),
        ("10_years", "2023-05-06", "2033-05-06"),
        ("20_years", "2023-05-06", "2043-05-06"),
        ("4_years", "2023-05-06", "2027-05-06", "valid_date_period"),
        ("6_years", "2023-05-06", "2029-05-06", "valid_date_period"),
        ("15_years", "2023-05-06", "2038-05-06", "valid_date_period"),
        ("25_years", "2023-05-06", "2048-05-06", "valid_date_period"),
        ("100_years", "2023-05-06", "2123-05-06", "valid_date_period"),
        ("a_day_less", "2023-05-06", "2033-05-05", "valid_date_period"),
        ("a_day_more", "2023-05-06", "2033-05-07", "valid_date_period"),
        ("future_and_period", "2026-01-16", "2027-01-16", "valid_date_future", "valid_date_period"),
        (
            "expired_and_period",
            "2010-01-01",
            "2011-01-01",
            "valid_date_expired",
            "valid_date_period",
        ),
        ("one_day", "2026-01-15", "2026-01-16", "valid_date_period"),
        ("same_day", "2026-01-15", "2026-01-15", "valid_date_order"),
        ("backwards", "2036-04-01", "2016-04-01", "valid_date_order", "valid_date_expired"),
        ("backwards_and_to_come", "2036-04-01", "2035-04-01", "valid_date_order"),
        ("leap_28", "2024-02-29", "2029-02-28"),
        ("leap_1_march", "2024-02-29", "2029-03-01"),
        ("leap_2_march", "2024-02-29", "2029-03-02", "valid_date_period"),
        ("leap_27", "2024-02-29", "2029-02-27", "valid_date_period"),
        ("leap_to_leap", "2024-02-29", "2044-02-29"),
        ("leap_to_28_of_leap", "2024-02-29", "2044-02-28", "valid_date_period"),
        ("leap_to_1_march_of_leap", "2024-02-29", "2044-03-01", "valid_date_period"),
        ("28_to_leap", "2023-02-28", "2028-02-29", "valid_date_period"),
        ("28_to_28", "2023-02-28", "2028-02-28"),
        ("1_march_to_leap", "2023-03-01", "2028-02-29", "valid_date_period"),
    ):
        text = f"{start.replace('-', '')}-{end.replace('-', '')}"
        yield back(f"period_{name}", text, start, end, *findings)


def back(name: str, text: str, start: str, end: str, *findings: str) -> Case:
    """A back alone, so that no age is known."""
    card = changed(BACK, valid_date=text)
    return case(name, None, card, *findings, born=None, period=(start, end))


def after(start: str, years: int) -> str:
    """So many years later, 长期 of 0; the 28th where there is no 29 February."""
    if years == 0:
        return "长期"
    end = f"{int(start[:4]) + years}{start[4:]}"
    try:
        return date.fromisoformat(end).isoformat()
    except ValueError:
        return f"{end[:4]}-02-28"


def of_age(
    name: str, born: str, start: str, years: int, *findings: str, county: str = "440106"
) -> Case:
    """A card on the day on which it was issued."""
    number = make(county, born, "001")
    front = changed(FRONT, id=number, birth=born)
    end = after(start, years)
    text = f"{start.replace('-', '')}-{end.replace('-', '')}"
    return case(
        name,
        front,
        changed(BACK, valid_date=text),
        *findings,
        today=start,
        born=born,
        period=(start, end),
    )


AGES = ((0, 5), (16, 10), (26, 20), (46, 0))


def age_cases() -> Iterator[Case]:
    for born, birthdays in (
        (
            "1970-05-06",
            {
                16: ("1986-05-05", "1986-05-06"),
                26: ("1996-05-05", "1996-05-06"),
                46: ("2016-05-05", "2016-05-06"),
            },
        ),
        (
            "1984-02-29",
            {
                16: ("2000-02-28", "2000-02-29"),
                26: ("2010-02-28", "2010-03-01"),
                46: ("2030-02-28", "2030-03-01"),
            },
        ),
    ):
        before = 5
        for age, years in AGES[1:]:
            eve, day = birthdays[age]
            for start, right in ((eve, before), (day, years)):
                for given in (5, 10, 20, 0):
                    findings = () if given == right else ("valid_date_age",)
                    yield of_age(
                        f"born_{born}_on_{start}_for_{given}", born, start, given, *findings
                    )
            before = years
    yield of_age("newborn", "2020-07-08", "2020-07-08", 5)
    yield of_age("newborn_for_10", "2020-07-08", "2020-07-08", 10, "valid_date_age")
    for given in (5, 10, 20, 0):
        findings = () if given == 5 else ("valid_date_permit",)
        yield of_age(
            f"permit_for_{given}", "1970-05-06", "2020-05-06", given, *findings, county="810000"
        )
    yield of_age("child_s_permit", "2015-05-06", "2020-05-06", 5, county="820000")
    yield of_age(
        "permit_for_6", "1970-05-06", "2020-05-06", 6, "valid_date_period", county="830000"
    )
    # The day of the start counts, not today.
    yield case(
        "of_that_age_later",
        FRONT,
        changed(BACK, valid_date="20100401-20200401"),
        "valid_date_expired",
        period=("2010-04-01", "2020-04-01"),
    )
    yield case(
        "expired_and_age",
        FRONT,
        changed(BACK, valid_date="20000401-20200401"),
        "valid_date_expired",
        "valid_date_age",
        period=("2000-04-01", "2020-04-01"),
    )
    yield case(
        "future_and_age",
        FRONT,
        changed(BACK, valid_date="20260401-20310401"),
        "valid_date_future",
        "valid_date_age",
        period=("2026-04-01", "2031-04-01"),
    )
    yield case(
        "begins_before_the_birth",
        FRONT,
        changed(BACK, valid_date="19850401-19900401"),
        "valid_date_expired",
        period=("1985-04-01", "1990-04-01"),
    )
    yield case(
        "begins_before_the_birth_for_20",
        FRONT,
        changed(BACK, valid_date="19850401-20050401"),
        "valid_date_expired",
        "valid_date_age",
        period=("1985-04-01", "2005-04-01"),
    )
    yield case(
        "no_age_when_backwards",
        FRONT,
        changed(BACK, valid_date="20360401-20160401"),
        "valid_date_order",
        "valid_date_expired",
        period=("2036-04-01", "2016-04-01"),
    )
    wrong = changed(FRONT, id=with_wrong_check(ID, "0"))
    short = changed(BACK, valid_date="20230401-20280401")
    period = ("2023-04-01", "2028-04-01")
    yield case("age_by_birth", wrong, short, "id_checksum", "valid_date_age", period=period)
    yield case(
        "no_age_without_a_birth",
        without(wrong, "birth"),
        short,
        "id_checksum",
        born=None,
        period=period,
    )
    yield case(
        "age_by_the_number_first",
        changed(FRONT, birth="2010-03-07"),
        short,
        "birth_mismatch",
        "valid_date_age",
        period=period,
    )
    yield case(
        "merged_age",
        {**FRONT, "valid_date": "20230401-20280401"},
        None,
        "valid_date_age",
        period=period,
    )

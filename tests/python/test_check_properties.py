"""What holds of every number, card and mask, whatever is put in."""

import datetime
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import wxidcard

# The same examples each time, and nothing of them kept: the library keeps no state between them.
each_time = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
FIELDS = ("type", "name", "gender", "nationality", "birth", "addr", "id", "valid_date")
HIDDEN = "***"
REPORT = ["ok", "findings", "id", "age", "valid_from", "valid_until", "days_left"]
ID_REPORT = ["valid", "birth", "sex", "province", "permit", "candidates", "findings"]

# Text as OCR gives it, or with some of what it mistakes; and any text, with surrogates and NUL.
PIECES = st.text(alphabet="0178XxOoIlB -.至年月日长期·张样本男女汉族市区县省路*?１", max_size=30)
ANY_TEXT = st.text(alphabet=st.characters(), max_size=30)
NUMBERS = st.from_regex(r"[1-8][0-9]{5}(19|20)[0-9]{9}[0-9X]", fullmatch=True)
OLD_NUMBERS = st.from_regex(r"[1-8][0-9]{14}", fullmatch=True)
PERIODS = st.from_regex(
    r"20[0-4][0-9](0[1-9]|1[0-2])[0-2][0-9]-20[2-6]0{2}[1-9][12][0-9]", fullmatch=True
)
TEXTS = st.one_of(PIECES, ANY_TEXT, NUMBERS, OLD_NUMBERS, PERIODS)
DAYS = st.dates().map(datetime.date.isoformat)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from((*FIELDS, "note", "other", ""))
CARDS = st.dictionaries(NAMES, st.none() | TEXTS, max_size=9)
# What has a date in it and is right, but for what is put in later.
VALID_BIRTHS = st.dates(datetime.date(1900, 1, 1), datetime.date(2025, 12, 31))
COUNTIES = st.sampled_from(("110105", "440106", "310104", "810000", "830000", "659001"))


def check_character(digits: str) -> str:
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2 % 11
    return "10X98765432"[total]


@st.composite
def valid_numbers(draw: st.DrawFn) -> str:
    birth = draw(VALID_BIRTHS).strftime("%Y%m%d")
    digits = f"{draw(COUNTIES)}{birth}{draw(st.integers(0, 999)):03}"
    return digits + check_character(digits)


def is_report_of_number(report: Any) -> bool:
    codes = [finding["code"] for finding in report["findings"]]
    errors = [finding for finding in report["findings"] if finding["level"] == "error"]
    assert list(report) == ID_REPORT
    assert report["valid"] is not bool(errors)
    assert all(finding["field"] == "id" for finding in report["findings"])
    assert len(codes) == len(set(codes))
    assert report["birth"] is None or datetime.date.fromisoformat(report["birth"])
    assert report["sex"] in ("男", "女", None)
    assert (report["sex"] is None) is ("id_form" in codes)
    return True


def outcome(call: Any, *arguments: Any) -> Any:
    """What comes of a call: a report, or None where the arguments are refused."""
    try:
        return call(*arguments)
    except (ValueError, TypeError) as error:
        assert type(error) in (ValueError, TypeError)
        return None


@each_time
@given(number=TEXTS, today=DAYS)
def test_any_number_has_a_report(number: str, today: str) -> None:
    assert is_report_of_number(wxidcard.check_id(number, today))


@each_time
@given(number=NUMBERS, replaced=st.integers(0, 17), by=st.sampled_from("XxOoIlB0178"), today=DAYS)
def test_candidates(number: str, replaced: int, by: str, today: str) -> None:
    number = number[:17] + check_character(number[:17])
    wrong = number[:replaced] + by + number[replaced + 1 :]
    report = wxidcard.check_id(wrong, today)
    for candidate in report["candidates"]:
        assert not report["valid"]
        assert wxidcard.check_id(candidate, today)["valid"]
        assert len(candidate) == len(wrong)
        assert sum(a != b for a, b in zip(candidate, wrong, strict=True)) == 1
    assert len(report["candidates"]) == len(set(report["candidates"]))


@each_time
@given(number=valid_numbers())
def test_check_character(number: str) -> None:
    assert wxidcard.check_id(number, "2026-01-15")["valid"]
    for other in "0123456789Xx":
        if other != number[17]:
            assert not wxidcard.check_id(number[:17] + other, "2026-01-15")["valid"]


@each_time
@given(number=valid_numbers(), place=st.integers(0, 16), other=st.sampled_from("0123456789"))
def test_a_digit_mistaken(number: str, place: int, other: str) -> None:
    assume(number[place] != other)
    wrong = number[:place] + other + number[place + 1 :]
    codes = [finding["code"] for finding in wxidcard.check_id(wrong, "2026-01-15")["findings"]]
    assert "id_checksum" in codes


@each_time
@given(number=valid_numbers(), place=st.integers(0, 16))
def test_neighbours_exchanged(number: str, place: int) -> None:
    pair = number[place : place + 2]
    assume(pair[0] != pair[1])
    wrong = number[:place] + pair[::-1] + number[place + 2 :]
    assert not wxidcard.check_id(wrong, "2026-01-15")["valid"]


@each_time
@given(number=TEXTS)
def test_conversion(number: str) -> None:
    converted = outcome(wxidcard.convert_id, number)
    report = wxidcard.check_id(number, "2026-01-15")
    codes = {finding["code"] for finding in report["findings"]}
    assert (converted is not None) is ("id_old_form" in codes and "id_birth" not in codes)
    if converted is not None:
        new = wxidcard.check_id(converted, "2026-01-15")
        assert {f["code"] for f in new["findings"]} == codes - {"id_old_form"}
        assert [new[name] for name in ("birth", "sex", "province")] == [  # type: ignore[literal-required]
            report[name]  # type: ignore[literal-required]
            for name in ("birth", "sex", "province")
        ]
        assert converted[:6] + converted[8:17] == number


@each_time
@given(number=TEXTS, today=ANY_TEXT | DAYS)
def test_any_day(number: str, today: str) -> None:
    is_day = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", today) is not None
    if is_day:
        try:
            datetime.date.fromisoformat(today)
        except ValueError:
            is_day = False
    assert (outcome(wxidcard.check_id, number, today) is not None) is is_day


@each_time
@given(front=CARDS, back=st.none() | CARDS, today=DAYS)
def test_any_card_has_a_report_or_is_refused(front: Any, back: Any, today: str) -> None:
    report = outcome(wxidcard.check, front, back, today)
    assert report == outcome(wxidcard.check, back, front, today)
    if report is None:
        return
    assert list(report) == REPORT
    levels = [finding["level"] for finding in report["findings"]]
    assert report["ok"] is ("error" not in levels)
    fields = [finding["field"] for finding in report["findings"]]
    assert fields == sorted(fields, key=FIELDS.index)
    if report["id"] is not None:
        assert is_report_of_number(report["id"])
        of_number = [f for f in report["findings"] if f["field"] == "id"]
        assert of_number == report["id"]["findings"]


@each_time
@given(front=CARDS, back=st.none() | CARDS, others=st.dictionaries(ANY_TEXT, JSON, max_size=5))
def test_unknown_fields_change_nothing(front: Any, back: Any, others: Any) -> None:
    unknown = {
        name: value for name, value in others.items() if name not in FIELDS and is_utf8(name)
    }
    plain = outcome(wxidcard.check, front, back, "2026-01-15")
    assert outcome(wxidcard.check, unknown | front, back, "2026-01-15") == plain
    assert outcome(wxidcard.check, front | unknown, back, "2026-01-15") == plain


def is_utf8(text: str) -> bool:
    try:
        return "\0" not in text and bool(text.encode() or True)
    except UnicodeEncodeError:
        return False


@each_time
@given(card=st.dictionaries(NAMES, JSON | TEXTS, max_size=9))
def test_masks_of_anything(card: dict[str, Any]) -> None:
    masked = wxidcard.mask(card)
    assert list(masked) == list(card)
    for name, value in card.items():
        assert (masked[name] is None) is (value is None)
        if masked[name] is not None and name not in ("type", "name", "addr", "id", "valid_date"):
            assert masked[name] == HIDDEN
    again = wxidcard.mask(masked)
    assert all(again[name] in (masked[name], HIDDEN) for name in card)


HAN = st.text(alphabet="张王李样本欧阳娜吐尔逊\U00020164", min_size=1, max_size=12)


@each_time
@given(first=HAN, dotted=st.booleans(), rest=HAN)
def test_masked_names(first: str, dotted: bool, rest: str) -> None:
    name = f"{first}·{rest}" if dotted else first + rest
    assert wxidcard.mask({"name": name}) == {"name": name[0] + "*" * (len(name) - 1)}


@each_time
@given(number=valid_numbers())
def test_masked_numbers(number: str) -> None:
    masked = wxidcard.mask({"id": number})["id"]
    assert (len(masked), masked[:6], masked[14:]) == (18, number[:6], number[14:])
    assert masked[6:14] == "*" * 8


DISTRICTS = (
    "北京市朝阳区",
    "广东省广州市天河区",
    "内蒙古自治区兴安盟阿尔山市",
    "河北省正定县",
    "东莞市",
)


@each_time
@given(
    district=st.sampled_from(DISTRICTS),
    street=st.text(alphabet="张王李样本东南门", min_size=3, max_size=8),
    way=st.sampled_from("路街巷村镇乡弄"),
    tail=PIECES,
)
def test_masked_addresses(district: str, street: str, way: str, tail: str) -> None:
    assert wxidcard.mask({"addr": district + street + way + tail})["addr"] == district + HIDDEN


@each_time
@given(
    addr=PIECES | ANY_TEXT | st.text(alphabet="北京市东莞省区县旗盟地样本路小城1A *", max_size=30)
)
def test_an_address_is_kept_from_its_beginning(addr: str) -> None:
    masked = wxidcard.mask({"addr": addr})["addr"]
    assert masked == HIDDEN or addr.startswith(masked.removesuffix(HIDDEN))
    assert masked.endswith((HIDDEN, "省", "市", "区", "县", "旗", "盟", "州"))
    assert not re.search("[0-9A-Za-z ]", masked)


@each_time
@given(today=DAYS, number=valid_numbers())
def test_dates_and_texts_are_the_same_day(today: str, number: str) -> None:
    day = datetime.date.fromisoformat(today)
    moment = datetime.datetime.combine(day, datetime.time(23, 59))
    report = wxidcard.check_id(number, today)
    assert wxidcard.check_id(number, day) == report
    assert wxidcard.check_id(number, moment) == report


@each_time
@given(
    start=st.dates(datetime.date(1980, 1, 1), datetime.date(2150, 1, 1)),
    length=st.integers(-9, 9999),
    today=st.dates(),
)
def test_days_left(start: datetime.date, length: int, today: datetime.date) -> None:
    end = start + datetime.timedelta(length)
    text = f"{start:%Y%m%d}-{end:%Y%m%d}"
    if end.year < 1980:
        return
    report = wxidcard.check(None, {"valid_date": text}, today)
    assert report["days_left"] == (end - today).days
    assert (report["valid_from"], report["valid_until"]) == (start.isoformat(), end.isoformat())
    codes = {finding["code"] for finding in report["findings"]}
    assert ("valid_date_expired" in codes) is (end < today)
    assert ("valid_date_order" in codes) is (length <= 0)


@pytest.mark.parametrize("value", [b"11010519491231002X", 5, None, ["1"], object()])
def test_numbers_that_are_no_text(value: Any) -> None:
    with pytest.raises(TypeError):
        wxidcard.check_id(value)
    with pytest.raises(TypeError):
        wxidcard.convert_id(value)


@pytest.mark.parametrize("value", ["canary", 5, [("name", "张")], object(), b"{}"])
def test_cards_that_are_no_dict(value: Any) -> None:
    with pytest.raises(TypeError) as caught:
        wxidcard.check(value)
    assert "canary" not in str(caught.value)
    with pytest.raises(TypeError):
        wxidcard.mask(value)

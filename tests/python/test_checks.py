"""The checks and masks from Python: arguments, reports, errors. tests/vectors has the values."""

import copy
import sys
import types
import typing
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import pytest

import canaries
import wxidcard
from storing import CANARY
from test_memory import left_by
from wxidcard import _core

NUMBER = "11010519491231002X"
OLD_NUMBER = "110105491231002"
TODAY = "2026-11-24"
FRONT: wxidcard.FrontCard = {
    "type": "Front",
    "name": "张三",
    "id": NUMBER,
    "addr": "北京市朝阳区建国路1号",
    "gender": "女",
    "nationality": "汉",
    "birth": "1949-12-31",
}
BACK: wxidcard.BackCard = {"type": "Back", "valid_date": "20160101-长期"}
FIELDS = ["type", "name", "gender", "nationality", "birth", "addr", "id", "valid_date"]
# What is no text.
OTHER_TYPES: list[Any] = [7, True, 1.5, b"\xe5\xbc\xa0", ["张三"], {"a": 1}, object()]


class Text(str):
    """A subclass, which says something else of itself than what it is."""

    def __str__(self) -> str:
        return CANARY

    def encode(self, *_: str) -> bytes:
        raise AssertionError


class Day(date):
    def isoformat(self) -> str:
        return "some day"


class Fields(dict[str, Any]):
    """A subclass that has every field."""

    def __missing__(self, name: str) -> str:
        return CANARY


def codes(report: wxidcard.IdReport | wxidcard.CardReport) -> list[str]:
    return [finding["code"] for finding in report["findings"]]


def refusal(wanted: type[Exception], call: Callable[..., Any], *arguments: Any) -> str:
    """The message of the exception, which must be of this very type and tell no secret."""
    with pytest.raises(wanted) as caught:
        call(*arguments)
    assert type(caught.value) is wanted
    canaries.search(caught.value)
    assert NUMBER not in str(caught.value)
    assert "张" not in str(caught.value)
    return str(caught.value)


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of exactly this type, and a dict's names in this order."""
    kind, parts = typing.get_origin(hint), typing.get_args(hint)
    if typing.is_typeddict(hint):
        hints = typing.get_type_hints(hint)
        named = type(value) is dict and list(value) == list(hints)
        return named and all(fits(value[name], hints[name]) for name in hints)
    if kind is typing.Literal:
        return value in parts
    if kind is list:
        return type(value) is list and all(fits(member, parts[0]) for member in value)
    return any(fits(value, part) for part in parts) if parts else type(value) is hint


def test_reports_are_what_their_types_say() -> None:
    reports = [wxidcard.check(FRONT, BACK, TODAY), wxidcard.check({"type": "Back"}, None, TODAY)]
    assert all(fits(card, wxidcard.CardReport) for card in reports)
    assert [card["ok"] for card in reports] == [True, False]
    assert (reports[0]["age"], reports[0]["valid_from"]) == (76, "2016-01-01")
    assert (reports[0]["valid_until"], reports[0]["days_left"]) == ("长期", None)
    assert (reports[1]["id"], reports[1]["age"], reports[1]["valid_until"]) == (None, None, None)
    for number in (NUMBER, "110105194912310028", "810000199408230021", ""):
        assert fits(wxidcard.check_id(number, TODAY), wxidcard.IdReport)
    report = wxidcard.check_id(NUMBER, TODAY)
    assert report["valid"] is True
    assert (report["sex"], report["birth"], report["permit"]) == ("女", "1949-12-31", None)
    assert (report["candidates"], report["findings"]) == ([], [])


def test_findings_are_the_tables() -> None:
    table = {row["code"]: row for row in _core.finding_table()}
    assert len(table) == len(_core.finding_table()) > 20
    found = [
        *wxidcard.check({"type": "Front"}, {"type": "Back"}, TODAY)["findings"],
        *wxidcard.check_id("99", TODAY)["findings"],
    ]
    assert len(found) == 7
    for finding in found:
        assert finding == table[finding["code"]]
    for row in table.values():
        assert fits(row, wxidcard.Finding)
        assert row["field"] in FIELDS
        assert row["message"].isprintable()
        assert row["message_zh"].isprintable()


@pytest.mark.parametrize(
    "number",
    ["", " ", "0", "\0", f"{NUMBER}\0", f"{NUMBER[:17]}x", f"\ud800{NUMBER}", "\udfff" * 18,
     "１" * 18, "\U0001f600", CANARY, NUMBER * 10_000],
    ids=ascii,
)  # fmt: skip
def test_any_text_gives_a_report(number: str) -> None:
    report = wxidcard.check_id(number, TODAY)
    assert report["valid"] is False
    assert codes(report) == ["id_form"]


def test_a_number_is_read_to_its_end() -> None:
    assert wxidcard.check_id(f"{NUMBER}\0{NUMBER}")["valid"] is False
    assert wxidcard.check_id(Text(NUMBER)) == wxidcard.check_id(NUMBER)
    assert wxidcard.convert_id(Text(OLD_NUMBER)) == NUMBER
    refusal(ValueError, wxidcard.convert_id, f"{OLD_NUMBER}\0")


@pytest.mark.parametrize("function", [wxidcard.check_id, wxidcard.convert_id])
def test_a_number_is_a_text(function: Callable[[Any], Any]) -> None:
    for number in (110105194912310021, -1):
        message = refusal(TypeError, function, number)
        assert "number must be a str, not int" in message
        assert "write it in quotes" in message
    assert "decode" in refusal(TypeError, function, NUMBER.encode())
    for wrong in (None, True, 1.1e17, bytearray(b"1"), [NUMBER], object):
        assert f"not {type(wrong).__name__}" in refusal(TypeError, function, wrong)


def test_an_old_number_is_converted() -> None:
    converted = wxidcard.convert_id(OLD_NUMBER)
    assert type(converted) is str
    assert converted == NUMBER
    for wrong in ("", NUMBER, "110105491331002", OLD_NUMBER[:14], CANARY, "\ud800", "１" * 15):
        refusal(ValueError, wxidcard.convert_id, wrong)


@pytest.mark.parametrize(
    ("today", "is_future"),
    [
        ("1949-12-30", True),
        ("1949-12-31", False),
        (date(1949, 12, 30), True),
        (date(1949, 12, 31), False),
        (datetime(1949, 12, 31, tzinfo=timezone(timedelta(hours=-12))), False),
        (datetime(1949, 12, 30, 23, tzinfo=timezone(timedelta(hours=-12))), True),
        (Day(1949, 12, 30), True),
        (Text("1949-12-30"), True),
    ],
    ids=repr,
)
def test_the_day(today: date | str, is_future: bool) -> None:
    assert ("id_future" in codes(wxidcard.check_id(NUMBER, today))) is is_future
    assert ("id_future" in codes(wxidcard.check_id(NUMBER, today=today))) is is_future
    assert ("id_future" in codes(wxidcard.check(FRONT, today=today))) is is_future


@pytest.mark.parametrize(
    "call",
    [lambda today: wxidcard.check_id(NUMBER, today), lambda day: wxidcard.check(FRONT, BACK, day)],
    ids=["check_id", "check"],
)
def test_a_wrong_day(call: Callable[[Any], Any]) -> None:
    for wrong in (20261124, b"2026-11-24", 1.0, True, time(), timedelta(), (2026, 11, 24)):
        message = refusal(TypeError, call, wrong)
        assert "today must be a" in message
        assert "date" in message
        assert f"not {type(wrong).__name__}" in message
    for text in ("", "2026-11-31", "2026-1-1", "2026-11-24 ", "20261124", f"{TODAY}T00:00"):
        assert "YYYY-MM-DD" in refusal(ValueError, call, text)
    for text in (f"{TODAY}\0", "\ud800", CANARY):
        assert "today" in refusal(ValueError, call, text)


def test_today_is_the_day_in_china() -> None:
    card: dict[str, Any] = {"type": "Back", "valid_date": "20160101-21000101"}

    def day() -> date:
        return datetime.now(timezone(timedelta(hours=8))).date()

    first = day()
    found = wxidcard.check(card)["days_left"]
    # Midnight may have come between.
    assert found in {(date(2100, 1, 1) - today).days for today in (first, day())}
    assert "id_future" in codes(wxidcard.check_id("110105209901010020"))
    assert "id_future" not in codes(wxidcard.check_id("110105209901010020", "2100-01-01"))


def test_either_side_first_or_alone() -> None:
    both = wxidcard.check(FRONT, BACK, TODAY)
    assert wxidcard.check(BACK, FRONT, TODAY) == both
    assert wxidcard.check(back=BACK, front=FRONT, today=TODAY) == both
    assert both["id"] == wxidcard.check_id(NUMBER, TODAY)
    assert wxidcard.check(None, FRONT, TODAY) == wxidcard.check(FRONT, None, TODAY)
    assert wxidcard.check(None, BACK, TODAY)["valid_from"] == "2016-01-01"
    without_type = {name: value for name, value in FRONT.items() if name != "type"}
    assert wxidcard.check(without_type, BACK, TODAY) == both
    assert "front" in refusal(ValueError, wxidcard.check, FRONT, FRONT)
    assert "back" in refusal(ValueError, wxidcard.check, BACK, BACK)
    for nothing in (None, {}, {"note": CANARY}, {"name": " "}, {"type": CANARY}):
        refusal(ValueError, wxidcard.check, nothing, None)


def test_a_card_is_a_dict() -> None:
    for wrong in (f"{CANARY}", [FRONT], types.MappingProxyType(dict(FRONT)), 7, object()):
        name = type(wrong).__name__
        for call, argument in (
            (lambda card: wxidcard.check(card), "front"),
            (lambda card: wxidcard.check(FRONT, card), "back"),
            (lambda card: wxidcard.mask(card), "card"),
        ):
            message = refusal(TypeError, call, wrong)
            assert message.startswith(argument)
            assert f"dict, not {name}" in message
    refusal(TypeError, wxidcard.mask, None)


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_cards_is_a_text(field: str) -> None:
    for value in OTHER_TYPES:
        card = {**FRONT, "valid_date": "20160101-长期", field: value}
        for sides in ((card, None), (BACK, card)):
            message = refusal(TypeError, wxidcard.check, *sides)
            assert field in message
            assert f"not {type(value).__name__}" in message
            assert ("quotes" in message) is (type(value) is int)
        assert wxidcard.mask(card)[field] == "***"
    for text in ("a\0b", "\ud800", f"张三\udfff{CANARY}"):
        assert field in refusal(ValueError, wxidcard.check, {**FRONT, field: text})
        assert wxidcard.mask({**FRONT, field: text})[field] == "***"
    for missing in (None, "", " "):
        wxidcard.check({**FRONT, field: missing})
    assert wxidcard.mask({**FRONT, field: None})[field] is None


def test_other_fields_hold_anything() -> None:
    values = [*OTHER_TYPES, "", "a\0b", "\ud800", CANARY, 10**400, {1: 2}]
    others = {f"other_{number}": value for number, value in enumerate(values)}
    nested: list[Any] = []
    nested.append(nested)
    others["nested"] = nested
    others["nothing"] = None
    assert wxidcard.check({**FRONT, **others}, None, TODAY) == wxidcard.check(FRONT, None, TODAY)
    masked = wxidcard.mask(others)
    assert list(masked) == list(others)
    assert masked.pop("nothing") is None
    assert set(masked.values()) == {"***"}
    assert wxidcard.mask({}) == {}
    assert wxidcard.mask({"名": 1, "": 2, "Name": "张三"}) == {
        "名": "***",
        "": "***",
        "Name": "***",
    }


@pytest.mark.parametrize("call", [wxidcard.check, wxidcard.mask])
def test_the_names_of_fields_are_texts(call: Callable[[Any], Any]) -> None:
    for name in (1, None, b"name", ("name",), 1.5):
        refusal(TypeError, call, {**FRONT, name: CANARY})
    for text in ("\ud800", "na\0me", f"{CANARY}\udfff"):
        refusal(ValueError, call, {**FRONT, text: CANARY})


def test_a_mask() -> None:
    card = {**FRONT, **BACK, "type": "Front", "card_property": 1, "note": CANARY}
    masked = wxidcard.mask(card)
    assert type(masked) is dict
    shown = "Front 张* 110105********002X 北京市朝阳区*** *** *** *** 20160101-长期 *** ***"
    assert " ".join(masked.values()) == shown
    assert list(masked) == list(card)
    backwards = dict(reversed(card.items()))
    assert list(wxidcard.mask(backwards)) == list(backwards)


def test_what_is_given_is_not_changed() -> None:
    card: dict[str, Any] = {**FRONT, "list": [1, {"a": None}], "nothing": None}
    before = copy.deepcopy(card)
    report = wxidcard.check(card, BACK, TODAY)
    masked = wxidcard.mask(card)
    assert card == before
    masked.clear()
    report["findings"].append({"field": "x"})  # type: ignore[typeddict-item]
    assert card == before
    assert wxidcard.check(card, BACK, TODAY)["findings"] == []


def test_subclasses_of_dict() -> None:
    wanted = wxidcard.check(FRONT, BACK, TODAY)
    for made in (OrderedDict(FRONT), defaultdict(lambda: CANARY, FRONT), Fields(FRONT)):
        assert wxidcard.check(made, Fields(BACK), TODAY) == wanted
        masked = wxidcard.mask(made)
        assert type(masked) is dict
        assert masked == wxidcard.mask(FRONT)
        assert len(made) == len(FRONT)
    texts: dict[str, Any] = {Text(name): Text(value) for name, value in FRONT.items()}
    assert wxidcard.check(texts, BACK, TODAY) == wanted
    masked = wxidcard.mask(texts)
    assert {type(text) for item in masked.items() for text in item} == {str}
    ordered = OrderedDict[str, Any](FRONT)
    ordered.move_to_end("type")
    assert list(wxidcard.mask(ordered)) == list(ordered)


def test_nothing_of_a_card_is_told() -> None:
    secret = dict.fromkeys([*FIELDS, "note"], f"{CANARY}张三")
    for card in ({**secret, "type": "Front"}, {**secret, "type": "Back"}):
        report = wxidcard.check(card, None, TODAY)
        assert CANARY not in str(report)
        assert "张" not in str(report)
    assert CANARY not in str(wxidcard.mask(secret))
    assert CANARY not in str(wxidcard.check_id(CANARY))
    for value in OTHER_TYPES:
        refusal(TypeError, wxidcard.check, {**secret, "id": value})
    refusal(ValueError, wxidcard.check, secret)
    refusal(ValueError, wxidcard.check, {**secret, "type": "Front"}, {**secret, "type": "Front"})


def reports() -> None:
    wxidcard.check({**FRONT, "other": [1], "nothing": None}, BACK, date(2026, 11, 24))
    wxidcard.check_id("110105194912310028")
    wxidcard.convert_id(OLD_NUMBER)
    wxidcard.mask({**FRONT, "other": 1.5})
    _core.finding_table()


def refused() -> None:
    cards: list[Any] = [
        None,
        7,
        {},
        {1: 2},
        {"\ud800": 1},
        {"id": 1},
        {"id": "\0"},
        {"id": "\ud800"},
    ]
    for card in cards:
        for call in (wxidcard.check, lambda card: wxidcard.check(FRONT, card), wxidcard.mask):
            try:
                call(card)
            except (TypeError, ValueError):
                continue
    numbers: list[Any] = [7, b"7"]
    for number in numbers:
        for function in (wxidcard.check_id, wxidcard.convert_id):
            with pytest.raises(TypeError):
                function(number)
    for today in ("", "\ud800", 7):
        with pytest.raises((TypeError, ValueError)):
            wxidcard.check(FRONT, BACK, today)  # type: ignore[arg-type]


@pytest.mark.parametrize("work", [reports, refused])
def test_nothing_is_left(work: Callable[[], None]) -> None:
    c_bytes, python_blocks = left_by(work)
    assert python_blocks < 250
    assert c_bytes < 10_000


def test_references_are_given_back() -> None:
    number, day, other, name = f"{NUMBER}0"[:18], f"{TODAY}0"[:10], object(), "-".join(["a", "b"])
    card = {"id": number, name: other}
    objects: list[Any] = [number, day, other, name, card]

    def work() -> None:
        wxidcard.check(card, None, day)
        wxidcard.check_id(number, day)
        wxidcard.mask(card)
        with pytest.raises(TypeError):
            wxidcard.check({**card, "name": other}, None, day)
        with pytest.raises(ValueError):
            wxidcard.check(card, card, day)

    work()
    before = [sys.getrefcount(found) for found in objects]
    for _ in range(100):
        work()
    assert [sys.getrefcount(found) for found in objects] == before

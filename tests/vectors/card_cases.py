"""How a case of cards.json is made: findings are written by hand, ages and days reckoned here."""

from datetime import date
from typing import Any

from identity import TODAY, WARNINGS, make, report_of

Case = dict[str, Any]
Card = dict[str, Any]
ID = make("440106", "1990-03-07", "001")
FRONT: Card = {
    "type": "Front",
    "name": "张样本",
    "gender": "男",
    "nationality": "汉",
    "birth": "1990-03-07",
    "addr": "广东省广州市天河区样本路1号",
    "id": ID,
}
BACK: Card = {"type": "Back", "valid_date": "20160401-20360401"}
NOTHING = object()


def changed(card: Card, **fields: Any) -> Card:
    """The card with other fields; NOTHING takes one away."""
    made = {**card, **fields}
    return {name: value for name, value in made.items() if value is not NOTHING}


def without(card: Card, *names: str) -> Card:
    return {name: value for name, value in card.items() if name not in names}


def whole_years(born: str, today: str) -> int:
    """By how many birthdays there were; 29 February's is 1 March where there is none."""
    return int(today[:4]) - int(born[:4]) - (today[5:] < born[5:])


def case(
    name: str,
    front: Card | None,
    back: Card | None,
    *findings: str,
    today: str = TODAY,
    born: str | None = "1990-03-07",
    period: tuple[str, str] | None = ("2016-04-01", "2036-04-01"),
    candidates: list[str] | None = None,
) -> Case:
    """born: by what age is reckoned. period: what valid_date says. Both None where not known."""
    number = str((front or {}).get("id") or "").strip(" ")
    of_number = tuple(code for code in findings if code.startswith("id_") and code != "id_missing")
    report = report_of(number, of_number, today) if number else None
    if report and candidates is not None:
        assert sorted(report["candidates"]) == sorted(candidates)
        report["candidates"] = candidates
    start, end = period or (None, None)
    counts = end is not None and end != "长期"
    expect = {
        "ok": not set(findings) - WARNINGS,
        "findings": list(findings),
        "id": report,
        "age": whole_years(born, today) if born else None,
        "valid_from": start,
        "valid_until": end,
        "days_left": (date.fromisoformat(str(end)) - date.fromisoformat(today)).days
        if counts
        else None,
    }
    return {"name": name, "front": front, "back": back, "today": today, "expect": expect}


def of_front(name: str, /, *findings: str, born: str | None = "1990-03-07", **fields: Any) -> Case:
    """A front alone, changed."""
    return case(name, changed(FRONT, **fields), None, *findings, born=born, period=None)


def refused(name: str, says: str, front: Any, back: Any = None, today: str = TODAY) -> Case:
    return {
        "name": f"refuses_{name}",
        "front": front,
        "back": back,
        "today": today,
        "expect": {"error": says},
    }

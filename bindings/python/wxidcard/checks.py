"""What comes after a recognition: numbers and cards checked, cards masked for a log.

Nothing here needs the service, a token or the network, and nothing corrects what it is given.
"""

import datetime
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from . import _core

if TYPE_CHECKING:
    from .cards import Card

__all__ = ["CardReport", "Finding", "IdReport", "check", "check_id", "convert_id", "mask"]


class Finding(TypedDict):
    """Something that a check found. A plain ``dict`` at run time; docs/checks.md has all."""

    field: str
    """The field of the card that it is about, ``"id"``."""
    code: str
    """``"id_checksum"``."""
    level: Literal["error", "warning"]
    """A warning is strange, and possible."""
    message: str
    """One sentence, which holds nothing of the card."""
    message_zh: str
    """The same in Chinese."""


class IdReport(TypedDict):
    """What :func:`check_id` says of a number. A plain ``dict`` at run time."""

    valid: bool
    """No finding is an error."""
    birth: str | None
    """``YYYY-MM-DD`` as the digits say, right or wrong; None if they say no date."""
    sex: Literal["男", "女"] | None
    """As a card prints it; None if the number has not the form of one."""
    province: str | None
    """``北京市``; None if none begins with these two digits."""
    permit: Literal["hong_kong", "macao", "taiwan"] | None
    """Of a residence permit of residents from there; None of a citizen's card."""
    candidates: list[str]
    """Valid numbers that OCR is known to mistake for this invalid one, by one character."""
    findings: list[Finding]
    """All of field ``"id"``."""


class CardReport(TypedDict):
    """What :func:`check` says of a card. A plain ``dict`` at run time."""

    ok: bool
    """No finding is an error."""
    findings: list[Finding]
    """In the order in which a card is read."""
    id: IdReport | None
    """Of the front's number, candidates that agree with birth and gender first."""
    age: int | None
    """Whole years."""
    valid_from: str | None
    """``YYYY-MM-DD``."""
    valid_until: str | None
    """``YYYY-MM-DD``, or ``长期``."""
    days_left: int | None
    """Days to the last day, less than 0 once expired; None of ``长期``."""


def check_id(number: str, today: datetime.date | str | None = None) -> IdReport:
    """Check a citizen identity number by GB 11643-1999; any other text is reported, too.

    ``today`` is a date or ``"YYYY-MM-DD"``; without it the day that it is in China.

    Raises TypeError for what is no text, ValueError for a day that is none.
    """
    return _core.check_id(number, _day(today))


def convert_id(number: str) -> str:
    """Return the 18 characters that a number of 15 digits became.

    Raises ValueError for anything but 15 digits with a date in them, TypeError for what is no text.
    """
    return _core.convert_id(number)


def check(
    front: "Card | dict[str, Any] | None" = None,
    back: "Card | dict[str, Any] | None" = None,
    today: datetime.date | str | None = None,
) -> CardReport:
    """Check a card: one side or both, in either order.

    A side is what its ``type`` says, or without one what its fields are. Fields that cards do not
    have are ignored. ``today`` as for :func:`check_id`.

    Raises TypeError for a card that is no dict, has a field that is neither text nor None, or keys
    that are no text; ValueError for two fronts or two backs, none of both, a dict without a field
    of a card, text with a NUL or lone surrogates in such a field or in a key, and a day that is
    none.
    """
    return _core.check(front, back, _day(today))


def mask(card: "Card | dict[str, Any]") -> dict[str, Any]:
    """Return a copy for a log: 张*, 110105********002X, an address up to the district.

    The type and the validity are kept, None stays None, and whatever else there is, of whatever
    type, becomes ``"***"``, as does what has not the form of its field.

    Raises TypeError for what is no dict, or has keys that are no text, and ValueError for a NUL or
    lone surrogates in a key; never because of a value.
    """
    return _core.mask(card)


def _day(today: datetime.date | str | None) -> str | None:
    if isinstance(today, datetime.date):
        # A datetime is a date, too, and would print its time.
        return datetime.date(today.year, today.month, today.day).isoformat()
    if today is None or isinstance(today, str):
        return today
    raise TypeError(
        f"today must be a date or a str YYYY-MM-DD, not {type(today).__name__}: "
        "write datetime.date(2026, 1, 31)"
    )

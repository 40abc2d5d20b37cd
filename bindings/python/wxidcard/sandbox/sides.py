"""The two sides of a card: which line is which, and what is read again by itself.

A value that could not be read is an empty string.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from . import fields
from .layout import PORTRAIT_LEFT, VALUE_LEFT, Line, clean
from .recognizer import Fields
from .sheet import Sheet
from .straighten import CARD_WIDTH

# Where the value of 民族 begins, for when the label itself was not read.
NATIONALITY_LEFT = 0.35 * CARD_WIDTH
# Where the number begins, and on the back the validity, behind their labels.
NUMBER_LEFT = 0.29 * CARD_WIDTH
PERIOD_LEFT = 0.36 * CARD_WIDTH
MIN_NUMBER_DIGITS = 10
MIN_PERIOD_DIGITS = 6


def read_back(sheet: Sheet, lines: list[Line]) -> Fields:
    """Return the fields of the emblem side, whose ``lines`` go from top to bottom."""
    period = next(filter(None, (fields.period_in(line.text) for line in lines)), None)
    if period is None:
        line = _last_with_digits(lines, MIN_PERIOD_DIGITS)
        again = _read_again(sheet, line, PERIOD_LEFT, CARD_WIDTH, fields.PERIOD_ALPHABET)
        period = next(filter(None, map(fields.period_in, again)), None)
    return {"type": "Back", "valid_date": period or ""}


def read_front(sheet: Sheet, lines: list[Line]) -> Fields:
    """Return the fields of the portrait side, whose ``lines`` go from top to bottom."""
    number_line = _last_with_digits(lines, MIN_NUMBER_DIGITS)
    above = [line for line in lines if number_line is None or line.bottom < number_line.top + 4]
    birth_at = _birth_line(above)
    head, tail = above[:birth_at], above[birth_at + 1 :]
    number = _read_number(sheet, number_line) or ""
    birth = fields.birth_in(above[birth_at].text) if birth_at < len(above) else None
    gender, nationality = _read_gender_line(sheet, head)
    if fields.is_checked(number):
        # The number says both once more, and its check character vouches for it.
        birth = birth or fields.birth_of(number)
        gender = gender or fields.gender_of(number)
    return {
        "type": "Front",
        "name": _read_name(sheet, head),
        "id": number,
        "addr": _read_address(tail),
        "gender": gender,
        "nationality": nationality,
        "birth": birth or "",
    }


def _last_with_digits(lines: list[Line], count: int) -> Line | None:
    for line in reversed(lines):
        if sum(sign.isdigit() for sign in line.text) >= count:
            return line
    return None


def _birth_line(lines: list[Line]) -> int:
    """Return the index of the line with the date of birth; len(lines) when there is none."""
    for index, line in enumerate(lines):
        if fields.birth_in(line.text) or "出生" in line.text:
            return index
    return next((index for index, line in enumerate(lines) if "住址" in line.text), len(lines))


def _read_again(
    sheet: Sheet, line: Line | None, left: float, right: float, alphabet: str | None = None
) -> Iterator[str]:
    """Yield readings of what stands in ``line`` right of ``left``; none where nothing does."""
    value = None if line is None else line.from_left(left)
    if value is not None:
        yield from sheet.readings(value, left, right, alphabet)


def _read_number(sheet: Sheet, line: Line | None) -> str | None:
    if line is None:
        return None

    def readings() -> Iterator[str]:
        yield line.text
        yield from _read_again(sheet, line, NUMBER_LEFT, CARD_WIDTH, fields.NUMBER_ALPHABET)

    return fields.number_in(readings())


def _read_name(sheet: Sheet, head: list[Line]) -> str:
    line = next((line for line in head if "姓" in line.text or "名" in line.text), None)
    if line is None and head:
        line = head[0]
    again = _read_again(sheet, line, VALUE_LEFT, PORTRAIT_LEFT)
    value = None if line is None else line.from_left(VALUE_LEFT)
    first = [] if value is None else [value.raw_text]
    return _most_frequent(fields.name_in(text) for text in (*again, *first))


def _most_frequent(texts: Iterable[str]) -> str:
    """Return what most of ``texts`` say, the first of them when they are equal."""
    counted = Counter(text for text in texts if text)
    return max(counted, key=lambda text: counted[text], default="")


def _read_gender_line(sheet: Sheet, head: list[Line]) -> tuple[str, str]:
    line = next((line for line in head if "性别" in line.text or "民族" in line.text), None)
    if line is None and len(head) > 1:
        line = head[-1]
    if line is None:
        return "", ""
    gender = next((sign for sign in line.text if sign in fields.GENDERS), "")
    nationality = clean(line.text.partition("族")[2])
    if nationality not in fields.NATIONALITIES:
        nationality = _read_nationality(sheet, line)
    return gender, nationality


def _read_nationality(sheet: Sheet, line: Line) -> str:
    labels = [word for word in line.words if "族" in word.text]
    left = labels[-1].left + labels[-1].width + 4 if labels else NATIONALITY_LEFT
    for alphabet in (fields.NATIONALITY_ALPHABET, None):
        for text in sheet.readings(line, left, PORTRAIT_LEFT, alphabet):
            if nationality := fields.nationality_in(text):
                return nationality
    return ""


def _read_address(tail: list[Line]) -> str:
    values = (line.from_left(VALUE_LEFT) for line in tail)
    return fields.address_in(value.raw_text for value in values if value is not None)

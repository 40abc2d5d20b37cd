"""Text for people: what a terminal may be shown, and cards in lines."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .cli_check import sentences, spoken

if TYPE_CHECKING:
    from .cli_records import Record

# Controls of a terminal, and of the direction of writing, in a name that somebody else chose.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text with every control character, and every byte that is no UTF-8, as an escape."""
    decoded = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), decoded)


def error_line(picture: str, error: Exception) -> str:
    """What standard error is told of a picture that failed."""
    return f"wxidcard: {picture}: {printable(str(error))}"


def lines_of(record: "Record") -> Iterator[str]:
    """A card that was recognised: its picture, its fields and what was found, a line each."""
    yield record.picture
    fields = fields_of(record)
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        yield f"  {name:{width}}  {value}"
    yield from (f"  - {sentence}" for sentence in findings_of(record))


def fields_of(record: "Record") -> dict[str, str]:
    """The fields of a card, as they may be shown."""
    card = record.card or {}
    return {printable(name): printable(str(value)) for name, value in card.items()}


def findings_of(record: "Record") -> list[str]:
    """The sentences of its check, if it was checked."""
    if record.report is None:
        return []
    return sentences(record.report["findings"]) or [spoken("nothing to object to", "未发现问题")]

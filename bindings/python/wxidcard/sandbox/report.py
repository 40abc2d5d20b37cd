"""``python -m wxidcard.sandbox.report``: how well the specimens are read.

Every picture is drawn, saved as JPEG, and read as one that came by HTTP would be; then the
fields are compared with the truth, character by character.
"""

import sys
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

from rich.console import Console
from rich.table import Table

from .people import PEOPLE
from .reader import TesseractReader
from .recognizer import AT_ONCE, Reader
from .replies import ServiceError
from .specimens import card_pictures, encode_jpeg
from .tesseract import find_tesseract

FRONT_FIELDS = ("name", "id", "addr", "gender", "nationality", "birth")
BACK_FIELDS = ("valid_date",)


@dataclass(frozen=True, slots=True)
class Reading:
    """One picture's outcome: which fields were read without error, of those it has."""

    photographed: bool
    correct: Mapping[str, bool]


def measure(people: int = len(PEOPLE), kinds: Collection[bool] = (False, True)) -> list[Reading]:
    """Read the pictures of the first ``people``, front and back.

    ``kinds`` says which: False for the flat ones, True for the photographs. Raises
    RuntimeError without Tesseract.
    """
    path = find_tesseract()
    if path is None:
        raise RuntimeError("there is no Tesseract with chi_sim to measure")
    reader = TesseractReader(path)

    def read_person(number: int) -> list[Reading]:
        return list(_read_person(reader, number, kinds))

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(chain.from_iterable(threads.map(read_person, range(1, people + 1))))


def _read_person(reader: Reader, number: int, kinds: Collection[bool]) -> Iterator[Reading]:
    for name, picture, truth in card_pictures(number):
        photographed = name.startswith("photo")
        if photographed not in kinds:
            continue
        try:
            found = reader.read(encode_jpeg(picture, photographed), threading.Event())
        except ServiceError:
            found = {}
        wanted = FRONT_FIELDS if truth["type"] == "Front" else BACK_FIELDS
        yield Reading(photographed, {field: found.get(field) == truth[field] for field in wanted})


def rate(readings: Sequence[Reading], photographed: bool) -> float:
    """Return the share of fields, 0 to 1, that were read without error."""
    outcomes = [
        outcome
        for reading in readings
        if reading.photographed == photographed
        for outcome in reading.correct.values()
    ]
    return sum(outcomes) / len(outcomes)


def make_table(readings: Sequence[Reading]) -> Table:
    """Return the reading rates of ``readings``, a row for each field."""
    table = Table(title="Fields read without error")
    table.add_column("field")
    for heading in ("flat", "photographed"):
        table.add_column(heading, justify="right")
    for field in (*FRONT_FIELDS, *BACK_FIELDS):
        table.add_row(field, *(_cell(readings, photo, (field,)) for photo in (False, True)))
    table.add_section()
    for name, group in (
        ("all of the front", FRONT_FIELDS),
        ("all of the back", BACK_FIELDS),
        ("all", FRONT_FIELDS + BACK_FIELDS),
    ):
        table.add_row(name, *(_cell(readings, photo, group) for photo in (False, True)))
    return table


def _cell(readings: Sequence[Reading], photographed: bool, group: Sequence[str]) -> str:
    counted = Counter(
        outcome
        for reading in readings
        if reading.photographed == photographed
        for field, outcome in reading.correct.items()
        if field in group
    )
    total = counted.total()
    return f"{counted[True]} of {total}  {counted[True] / total:6.1%}" if total else "-"


def main() -> int:
    """Print the table; the exit status is 1 without Tesseract or a Chinese font."""
    try:
        readings = measure()
    except RuntimeError as error:
        print(f"wxidcard sandbox: {error}", file=sys.stderr)
        return 1
    Console().print(make_table(readings))
    return 0


if __name__ == "__main__":
    sys.exit(main())

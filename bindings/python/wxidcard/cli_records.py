"""What is known of one picture, and the formats in which files and programs are told of it."""

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from . import checks
from .cards import BackCard, Card, FrontCard
from .cli_text import printable
from .errors import Error


@dataclass(frozen=True, slots=True)
class Record:
    """One picture: its card, or the error. ``picture`` is its path or URL, printable."""

    picture: str
    card: dict[str, Any] | None = None
    report: checks.CardReport | None = None
    error: Exception | None = None


def record_of(picture: str, outcome: Card | Exception, *, check: bool, mask: bool) -> Record:
    """The record of an outcome; what is checked is the card before it is masked."""
    if isinstance(outcome, Exception):
        return Record(printable(picture), error=outcome)
    report = checks.check(outcome) if check else None
    return Record(printable(picture), checks.mask(outcome) if mask else dict(outcome), report)


def _error_fields(error: Exception) -> dict[str, Any]:
    """The kind, the message, and of the service's answer what there is."""
    fields: dict[str, Any] = {"kind": "system" if isinstance(error, OSError) else "usage"}
    if isinstance(error, Error):
        names = ("kind", "errcode", "hint", "rid", "http_status", "retryable")
        fields = {name: getattr(error, name) for name in names}
    fields["message"] = str(error)
    return {name: value for name, value in fields.items() if value is not None}


def _as_json(record: Record) -> bytes:
    document: dict[str, Any] = {"picture": record.picture}
    if record.error is not None:
        document["error"] = _error_fields(record.error)
    else:
        document["card"] = record.card
    if record.report is not None:
        document["findings"] = record.report["findings"]
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _read_json(line: bytes) -> tuple[str, bool]:
    match json.loads(line):
        case {"picture": str(picture), "card": dict()}:
            return picture, True
        case {"picture": str(picture), "error": dict()}:
            return picture, False
    raise ValueError


FIELDS = tuple(dict.fromkeys((*FrontCard.__annotations__, *BackCard.__annotations__)))
"""The columns of a card; fields that are not known stand together in the column ``other``."""
COLUMNS = (
    *("picture", *FIELDS, "other", "ok", "findings"),
    *("error", "errcode", "rid", "message"),
)
# With these a spreadsheet takes a cell for a formula, which a picture or file name could bring in.
FORMULA_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def _cell(value: object) -> str:
    """One cell: on one line, and no formula."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return "'" + printable(value) if value.startswith(FORMULA_SIGNS) else printable(value)


def _row(record: Record) -> dict[str, object]:
    row: dict[str, object] = {"picture": record.picture}
    if record.card is not None:
        row |= {name: value for name, value in record.card.items() if name in FIELDS}
        other = {name: value for name, value in record.card.items() if name not in FIELDS}
        row["other"] = json.dumps(other, ensure_ascii=False) if other else None
    if record.report is not None:
        row["ok"] = record.report["ok"]
        row["findings"] = " ".join(finding["code"] for finding in record.report["findings"])
    if record.error is not None:
        fields = _error_fields(record.error)
        row["error"] = fields["kind"]
        row |= {name: fields.get(name) for name in ("errcode", "rid", "message")}
    return row


def _csv_line(cells: Iterable[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(cells)
    return written.getvalue().encode("utf-8", "backslashreplace")


def _as_csv(record: Record) -> bytes:
    row = _row(record)
    return _csv_line(_cell(row.get(name)) for name in COLUMNS)


def _read_csv(line: bytes) -> tuple[str, bool]:
    try:
        (cells,) = csv.reader([line.decode()], strict=True)
    except csv.Error:
        raise ValueError from None
    row = dict(zip(COLUMNS, cells, strict=True))
    return row["picture"], not row["error"]


@dataclass(frozen=True)
class Format:
    """How records are written, a line each, so that a file can be added to.

    A file is ``head``, the lines with ``between`` between them, and ``foot``; without records it is
    ``empty``. ``read`` takes a line without any of ``trail`` behind it, and gives the picture, as
    ``cell`` writes it, and whether it was recognised, or raises ValueError; every line begins with
    ``begins``.
    """

    name: str
    suffixes: tuple[str, ...]
    write: Callable[[Record], bytes]
    read: Callable[[bytes], tuple[str, bool]]
    cell: Callable[[str], str] = str
    begins: bytes = b""
    head: bytes = b""
    between: bytes = b"\n"
    foot: bytes = b"\n"
    empty: bytes = b""
    trail: bytes = b""


# As json.dumps begins an object of _as_json.
_JSON_BEGINS = b'{"picture": "'
# With the mark before it spreadsheets take the file for UTF-8, and without for who knows what.
_CSV_HEAD = b"\xef\xbb\xbf" + _csv_line(COLUMNS) + b"\n"
FORMATS = (
    Format("jsonl", (".jsonl", ".ndjson"), _as_json, _read_json, begins=_JSON_BEGINS),
    Format(
        "json",
        (".json",),
        _as_json,
        _read_json,
        begins=_JSON_BEGINS,
        head=b"[\n",
        between=b",\n",
        foot=b"\n]\n",
        empty=b"[\n]\n",
        trail=b",]",
    ),
    Format("csv", (".csv",), _as_csv, _read_csv, cell=_cell, head=_CSV_HEAD, empty=_CSV_HEAD),
)

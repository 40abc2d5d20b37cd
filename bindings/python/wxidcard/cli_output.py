"""Where records go: to a file, or in one form or another to standard output."""

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Protocol

from .cli_file import OutputFile
from .cli_records import Format, Record
from .cli_text import lines_of, printable


class Output(Protocol):
    """Takes records, of cards and of errors, as they come."""

    def append(self, record: Record) -> None:
        """Write a record; raises OSError."""

    def close(self) -> None:
        """There are no more."""


class Stream:
    """Records in a format on standard output, always in UTF-8."""

    def __init__(self, form: Format) -> None:
        self._form = form
        self._is_empty = True

    def append(self, record: Record) -> None:
        before = self._form.head if self._is_empty else self._form.between
        self._is_empty = False
        self._write(before + self._form.write(record))

    def close(self) -> None:
        self._write(self._form.empty if self._is_empty else self._form.foot)

    def _write(self, data: bytes) -> None:
        while data:
            # Where Python was told not to buffer, a signal can cut a write short.
            data = data[sys.stdout.buffer.write(data) :]
        sys.stdout.buffer.flush()


class Lines:
    """Cards as plain text, for people who pipe it; of failures standard error tells."""

    def append(self, record: Record) -> None:
        if record.error is None:
            text = "\n".join((*lines_of(record), ""))
            encoding = sys.stdout.encoding
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
            sys.stdout.flush()

    def close(self) -> None:
        pass


class Table:
    """Cards in a table, in the order of ``pictures``.

    It is printed when all are there, since its columns depend on all.
    """

    def __init__(self, pictures: Sequence[str]) -> None:
        self._places = {printable(picture): place for place, picture in enumerate(pictures)}
        self._records: list[Record] = []

    def append(self, record: Record) -> None:
        if record.error is None:
            self._records.append(record)

    def close(self) -> None:
        from .cli_table import print_table

        if self._records:
            print_table(sorted(self._records, key=lambda record: self._places[record.picture]))


def standard_output(form: Format | None, pictures: Sequence[str]) -> Output:
    """What writes to standard output: in a format, as a table on a terminal, or as plain text."""
    if form is not None:
        return Stream(form)
    if sys.stdout.isatty():
        with contextlib.suppress(ModuleNotFoundError):
            import rich  # noqa: F401 - only whether it is there

            return Table(pictures)
    return Lines()


def scrolls(output: Output) -> bool:
    """Whether it prints on a terminal as records come."""
    return not isinstance(output, (OutputFile, Table)) and sys.stdout.isatty()


def stop_writing() -> None:
    """Whoever read standard output has gone: let nothing that is still buffered raise again."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, sys.stdout.fileno())
    os.close(descriptor)

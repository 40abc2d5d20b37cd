"""One run of ``wxidcard recognize``: pictures in, records out, and what is said of it."""

import argparse
import contextlib
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .cli_output import Output, scrolls, stop_writing
from .cli_pictures import item_of
from .cli_progress import progress
from .cli_records import record_of
from .cli_signals import Interruption
from .cli_text import error_line, printable
from .client import Client
from .errors import CredentialError, PermissionDeniedError, TokenError

if TYPE_CHECKING:
    from .cli_bar import Bar
    from .cli_progress import Lines

SOME_FAILED = 1
USAGE = 2
SIGNALLED = 128  # and the number of the signal, as shells have it
# It is the account that is to be put right, and not a picture.
REFUSED = (CredentialError, PermissionDeniedError, TokenError)


class Run:
    """Recognises pictures and writes what comes of them to ``output``, which it closes."""

    def __init__(
        self, client: Client, arguments: argparse.Namespace, given: Sequence[str], output: Output
    ) -> None:
        self._client = client
        self._arguments = arguments
        self._given = given
        self._output = output
        self._interruption = Interruption()
        self._begun = 0
        self._recognised = 0
        self._failed = 0
        self._is_refused = False
        self._has_stopped = False

    def recognize(self, pictures: Sequence[str]) -> int:
        """Recognise ``pictures``, say what happened, and return the exit status."""
        shown = progress(len(pictures), scrolls=scrolls(self._output))
        with self._interruption.watching(shown.finishing, shown.restore):
            try:
                self._recognize(pictures, shown)
            except BrokenPipeError:
                stop_writing()
                self._has_stopped = True
            except OSError as error:
                print(f"wxidcard: a record could not be written: {error}", file=sys.stderr)
                self._has_stopped = True
        left = len(pictures) - self._begun
        with contextlib.suppress(BrokenPipeError):  # whoever read standard error has gone, too
            self._say_what_is_left(len(pictures), left)
        if self._interruption.number is not None and left:
            return SIGNALLED + self._interruption.number
        if self._is_refused:
            return USAGE
        return SOME_FAILED if self._failed or self._has_stopped else 0

    def _recognize(self, pictures: Sequence[str], shown: "Lines | Bar") -> None:
        with contextlib.closing(self._output), shown:
            self._write_outcomes(pictures, shown)

    def _write_outcomes(self, pictures: Sequence[str], shown: "Lines | Bar") -> None:
        outcomes = self._client.recognize_many(
            self._items(pictures),
            concurrency=self._arguments.concurrency,
            type=self._arguments.type,
        )
        with contextlib.closing(outcomes):
            for item, outcome in outcomes:
                picture = item.get("img_url") or item["image"]
                record = record_of(
                    picture, outcome, check=self._arguments.check, mask=self._arguments.mask
                )
                self._output.append(record)
                if isinstance(outcome, Exception):
                    self._failed += 1
                    self._is_refused = self._is_refused or isinstance(outcome, REFUSED)
                    shown.say(error_line(record.picture, outcome))
                else:
                    self._recognised += 1
                shown.advance(isinstance(outcome, Exception))

    def _items(self, pictures: Sequence[str]) -> Iterator[dict[str, Any]]:
        for picture in pictures:
            # A token that was refused is not renewed, or was in vain.
            if self._interruption.number is not None or self._is_refused:
                return
            self._begun += 1
            yield item_of(picture)

    def _say_what_is_left(self, total: int, left: int) -> None:
        if left == 0 and not (total > 1 and sys.stderr.isatty()):
            return
        said = f"{self._recognised} recognised, {self._failed} failed"
        if left:
            said += f", {left} not begun"
        print(f"wxidcard: {said}", file=sys.stderr)
        if left and self._arguments.file is None:
            print("wxidcard: with -o FILE a run can be gone on with", file=sys.stderr)
        elif left or self._failed:
            print(f"wxidcard: to go on: {self._command_to_go_on()}", file=sys.stderr)

    def _command_to_go_on(self) -> str:
        """The command line that was given, with --resume in it."""
        place = self._given.index("recognize") + 1
        before, after = self._given[:place], self._given[place:]
        resume = () if self._arguments.resume else ("--resume",)
        return printable(shlex.join(("wxidcard", *before, *resume, *after)))

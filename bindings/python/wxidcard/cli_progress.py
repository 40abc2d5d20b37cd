"""What is said on standard error while pictures are recognised."""

import contextlib
import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from .cli_bar import Bar

FINISHING = "wxidcard: finishing the calls in flight; once more ends at once\n"


class Lines:
    """Messages alone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def say(self, line: str) -> None:
        """Print a message."""
        print(line, file=sys.stderr, flush=True)

    def advance(self, failed: bool) -> None:
        """A picture is done."""

    def finishing(self) -> None:
        """Say that only the calls in flight go on. May be called in a signal handler."""
        with contextlib.suppress(OSError, ValueError):
            os.write(sys.stderr.fileno(), FINISHING.encode())

    def restore(self) -> None:
        """Leave the terminal as it was found. May be called in a signal handler."""


def progress(total: int, *, scrolls: bool) -> "Lines | Bar":
    """A bar where standard error is a terminal, with more than one picture and with rich.

    ``scrolls``: cards are printed on the terminal meanwhile, through which a bar would run.
    """
    if total > 1 and not scrolls and sys.stderr.isatty():
        with contextlib.suppress(ModuleNotFoundError):
            from .cli_bar import Bar

            return Bar(total)
    return Lines()

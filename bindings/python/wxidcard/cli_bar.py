"""The progress bar. Needs rich."""

import contextlib
import os
import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TimeRemainingColumn
from rich.text import Text

NARROW = 60
SHOW_CURSOR = b"\x1b[?25h\n"


class _Counts(ProgressColumn):
    """Done of all, and failed."""

    def render(self, task: Task) -> Text:
        text = Text(f"{int(task.completed)}/{int(task.total or 0)}")
        if task.fields["failed"]:
            text.append(f" {task.fields['failed']} failed", style="red")
        return text


class _Rate(ProgressColumn):
    """Pictures a second, or a minute where they are few."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.1f}/s" if speed >= 1 else f"{60 * speed:.0f}/min")


class _Left(TimeRemainingColumn):
    """The time that is left, or that the rest is not begun."""

    is_finishing = False

    def render(self, task: Task) -> Text:
        return Text("finishing", style="yellow") if self.is_finishing else super().render(task)


class Bar:
    """A bar with messages above it; what :class:`wxidcard.cli_progress.Lines` is without."""

    def __init__(self, total: int) -> None:
        console = Console(stderr=True, highlight=False)
        self._left = _Left(compact=True)
        bar = () if console.width < NARROW else (BarColumn(bar_width=None),)
        self._progress = Progress(
            *bar, _Counts(), _Rate(), self._left, console=console, expand=bool(bar), transient=True
        )
        self._failed = 0
        self._task = self._progress.add_task("", total=total, failed=0)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def say(self, line: str) -> None:
        """Print a message above the bar."""
        self._progress.console.print(Text(line), soft_wrap=True)

    def advance(self, failed: bool) -> None:
        """A picture is done."""
        self._failed += failed
        self._progress.update(self._task, advance=1, failed=self._failed)

    def finishing(self) -> None:
        """Show that only the calls in flight go on; the bar's own thread draws it."""
        self._left.is_finishing = True

    def restore(self) -> None:
        """Give the cursor back, which a bar hides."""
        with contextlib.suppress(OSError, ValueError):
            os.write(sys.stderr.fileno(), SHOW_CURSOR)

"""How a run is shown: while it goes on, and in the end."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rich.progress
from judge import Tally, grown_in_use, grown_resident
from rich.console import Console
from rich.table import Table
from rounds import Driver

MIB = 2**20
WIDTH = 132  # where the output is no terminal, which has its own


class Progress:
    """A bar on standard error, where that is a terminal."""

    def __init__(self, bar: rich.progress.Progress, seconds: float) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=seconds)

    async def follow(self, drivers: list[Driver]) -> None:
        """Until this is cancelled."""
        while True:
            calls = sum(driver.tally.calls for driver in drivers)
            mismatches = sum(len(driver.tally.mismatches) for driver in drivers)
            told = f"{calls:,} calls, {mismatches} mismatches"
            self._bar.update(self._task, description=told, advance=0.5)
            await asyncio.sleep(0.5)


@contextmanager
def progress(seconds: float) -> Iterator[Progress]:
    console = Console(stderr=True)
    with rich.progress.Progress(
        rich.progress.TextColumn("{task.description}"),
        rich.progress.BarColumn(),
        rich.progress.TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as bar:
        yield Progress(bar, seconds)


@dataclass(frozen=True)
class Result:
    seed: int
    seconds: float
    worst_stall_ms: float
    drivers: list[Driver]
    findings: dict[str, list[str]]

    def as_json(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "seconds": self.seconds,
            "worst_stall_ms": round(self.worst_stall_ms),
            "drivers": {driver.name: _figures(driver.tally) for driver in self.drivers},
            "findings": self.findings,
        }

    def show(self, logs: Path) -> None:
        console = Console(width=None if sys.stdout.isatty() else WIDTH)
        console.print(self._outcomes())
        console.print(self._held())
        console.print(
            f"Seed {self.seed}, {self.seconds:.0f} s. The processor was waited for up to "
            f"{self.worst_stall_ms:.0f} ms."
        )
        for name, found in self.findings.items():
            for finding in found:
                console.print(f"[red]{name}:[/red] ", end="")
                console.print(finding, markup=False, highlight=False)
        if any(self.findings.values()):
            console.print(f"What the drivers said of their errors is in {logs}.")

    def _outcomes(self) -> Table:
        names = sorted({n for d in self.drivers for n in d.tally.outcomes} - {"card"})
        table = Table()
        table.add_column("driver")
        ends = ("mismatches", "wrong", "late", "late by load", "worst ms")
        headings = ("calls", "card", *names, *ends)
        for heading in headings:
            table.add_column(heading, justify="right")
        for driver in self.drivers:
            tally = driver.tally
            table.add_row(
                driver.name,
                f"{tally.calls:,}",
                *(f"{tally.outcomes[name]:,}" for name in ("card", *names)),
                *(str(len(of)) for of in (tally.mismatches, tally.wrong, tally.late)),
                str(tally.late_by_load),
                f"{tally.worst_lateness_ms:.0f}",
            )
        return table

    def _held(self) -> Table:
        table = Table()
        table.add_column("driver")
        for heading in (
            "in use, MiB grown",
            "a 1,000 calls",
            "resident, MiB grown",
            "a 1,000 calls",
            "most",
            "descriptors: first, most, last",
            "threads: first, most, last",
        ):
            table.add_column(heading, justify="right")
        for driver in self.drivers:
            table.add_row(driver.name, *_cells(_figures(driver.tally)))
        return table


def _figures(tally: Tally) -> dict[str, Any]:
    first, last = tally.looks[0] if tally.looks else None, tally.last
    return {
        "calls": tally.calls,
        "outcomes": dict(sorted(tally.outcomes.items())),
        "mismatches": len(tally.mismatches),
        "wrong": len(tally.wrong),
        "late": len(tally.late),
        "late_by_load": tally.late_by_load,
        "worst_lateness_ms": round(tally.worst_lateness_ms),
        **_growth("in_use", grown_in_use(tally)),
        **_growth("resident", grown_resident(tally)),
        "most_resident_mib": round(tally.most_resident / MIB, 1),
        "descriptors": [
            first and first.descriptors, tally.most_descriptors, last and last.descriptors
        ],
        "threads": [first and first.threads, tally.most_threads, last and last.threads],
        "looks": [[look.calls, look.resident, look.in_use] for look in tally.looks],
    }  # fmt: skip


def _growth(name: str, grown: Any) -> dict[str, float | None]:
    return {
        f"{name}_grown_mib": None if grown is None else round(grown.grown / MIB, 2),
        f"{name}_mib_per_1000_calls": None if grown is None else round(grown.slope * 1000 / MIB, 4),
    }


def _cells(figures: dict[str, Any]) -> Iterator[str]:
    for name, digits in (
        ("in_use_grown_mib", 2),
        ("in_use_mib_per_1000_calls", 3),
        ("resident_grown_mib", 2),
        ("resident_mib_per_1000_calls", 3),
        ("most_resident_mib", 0),
    ):
        figure = figures[name]
        yield "-" if figure is None else f"{figure:.{digits}f}"
    for name in ("descriptors", "threads"):
        yield ", ".join("-" if figure is None else str(figure) for figure in figures[name])

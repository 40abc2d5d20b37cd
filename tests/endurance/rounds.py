"""A driver makes calls in rounds. Between them nothing goes on, and what it holds is looked at."""

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from judge import Held, Tally
from plan import Task
from ports import Died, Port

PAGE = os.sysconf("SC_PAGE_SIZE")
# Beyond the time that the calls of a task may take.
PATIENCE_SECONDS = 30
# In which what is being closed at the end may still be open.
CLOSING_SECONDS = 10
SAMPLE_SECONDS = 0.2
STALL_SLEEP_SECONDS = 0.01
LATELY_SECONDS = 10


class Stalls:
    """How late a sleeper wakes: what the machine makes any program wait for the processor."""

    def __init__(self) -> None:
        self.worst_ms = 0.0
        self._lately: deque[tuple[float, float]] = deque()

    async def watch(self) -> None:
        """Until this is cancelled."""
        while True:
            wakes = time.monotonic() + STALL_SLEEP_SECONDS
            await asyncio.sleep(STALL_SLEEP_SECONDS)
            now = time.monotonic()
            self.note(now, (now - wakes) * 1000)

    def note(self, now: float, stall_ms: float) -> None:
        self.worst_ms = max(self.worst_ms, stall_ms)
        self._lately.append((now, stall_ms))
        while self._lately[0][0] < now - LATELY_SECONDS:
            self._lately.popleft()

    def lately_ms(self) -> float:
        return max((stall_ms for _, stall_ms in self._lately), default=0.0)


class AnyPlan(Protocol):
    """What a driver needs of a plan.Plan."""

    def __next__(self) -> Task: ...

    def forget_clients(self) -> None: ...


@dataclass
class Driver:
    """Processes, each with a plan of its own, and so many tasks at once."""

    name: str
    ports: Sequence[Port]
    plans: Sequence[AnyPlan]
    at_once: int
    stalls: Stalls = field(default_factory=Stalls)
    tally: Tally = field(default_factory=Tally)
    is_alive: bool = True

    async def run(self, round_ends: Sequence[float]) -> None:
        """Make calls until the last of these moments (of time.monotonic()). This and the next two
        never raise for what the processes do."""
        await self._safely(self._rounds(round_ends))

    async def close(self) -> None:
        """Have all clients closed."""
        await self._safely(self._pause(closes_all=True))

    async def finish(self) -> None:
        """See what is left, and have the processes end. To be called when the servers have ended:
        an nginx keeps connections that no client has any more."""
        await self._safely(self._finish())

    async def _safely(self, work: Awaitable[object]) -> None:
        try:
            await work
        except* (Died, OSError) as group:
            self.is_alive = False
            self.tally.problems += dict.fromkeys(map(str, _leaves(group)))
            await asyncio.gather(*(port.kill() for port in self.ports))

    # ---- Calls

    async def _rounds(self, round_ends: Sequence[float]) -> None:
        await self._look()
        for ends in round_ends:
            async with asyncio.TaskGroup() as group:
                for port, plan in zip(self.ports, self.plans, strict=True):
                    for _ in range(self.at_once):
                        group.create_task(self._work(port, plan, ends))
            await self._look()
            for plan in self.plans:
                plan.forget_clients()

    async def _work(self, port: Port, plan: AnyPlan, ends: float) -> None:
        while True:
            task = next(plan)
            seconds = sum(call.limit_ms for call in task.calls) / 1000 + PATIENCE_SECONDS
            try:
                async with asyncio.timeout(seconds):
                    outcomes = await port.perform(task)
            except TimeoutError:
                told = ", ".join(call.fault for call in task.calls)
                raise Died(f"calls did not end within {seconds:.0f} s: {told}") from None
            for call, outcome in zip(task.calls, outcomes, strict=True):
                self.tally.take(call, outcome, self.stalls.lately_ms())
            if time.monotonic() >= ends:
                return

    # ---- What the processes hold

    async def _pause(self, closes_all: bool = False) -> int | None:
        """The bytes in use of all processes, if each can tell."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                told = await asyncio.gather(*(port.pause(closes_all) for port in self.ports))
        except TimeoutError:
            raise Died(f"it did not come to rest within {PATIENCE_SECONDS} s") from None
        known = [figure for figure in told if figure is not None]
        return sum(known) if len(known) == len(told) else None

    async def _look(self) -> None:
        self.tally.looks.append(self._held(await self._pause()))

    def _held(self, in_use: int | None = None) -> Held:
        folders = [Path(f"/proc/{port.pid}") for port in self.ports]
        return Held(
            calls=self.tally.calls,
            resident=sum(_resident(folder) for folder in folders),
            in_use=in_use,
            descriptors=sum(len(os.listdir(folder / "fd")) for folder in folders),
            threads=sum(len(os.listdir(folder / "task")) for folder in folders),
        )

    async def sample(self) -> None:
        """Watch the most that they hold, until this is cancelled."""
        tally = self.tally
        while True:
            with contextlib.suppress(OSError):  # one that has died says so itself
                held = self._held()
                tally.most_descriptors = max(tally.most_descriptors, held.descriptors)
                tally.most_threads = max(tally.most_threads, held.threads)
                tally.most_resident = max(tally.most_resident, held.resident)
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _finish(self) -> None:
        first = self.tally.looks[0]
        deadline = time.monotonic() + CLOSING_SECONDS
        while True:
            self.tally.last = held = self._held()
            is_as_at_first = (held.descriptors, held.threads) == (first.descriptors, first.threads)
            if is_as_at_first or time.monotonic() >= deadline:
                break
            await asyncio.sleep(SAMPLE_SECONDS)
        for port in self.ports:
            await port.end()


def _leaves(group: BaseExceptionGroup[Exception]) -> list[Exception]:
    found: list[Exception] = []
    for problem in group.exceptions:
        found += _leaves(problem) if isinstance(problem, BaseExceptionGroup) else [problem]
    return found


def _resident(folder: Path) -> int:
    return int((folder / "statm").read_text().split()[1]) * PAGE

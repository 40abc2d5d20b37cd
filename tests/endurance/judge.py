"""What a driver has come to, and whether that is right: figures in, findings out."""

import itertools
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from plan import Call

LATE_MS = 250
# How often a call may wait for the processor as long as a sleeper did lately: until it is woken,
# and, interrupted, until it goes on.
WAITS = 2
# Findings of one sort that are told; of the others there is the count.
MOST_TOLD = 5
# A block of malloc, the smallest, lost at each call.
MOST_BYTES_A_CALL = 32
# What idle connections of a client that lasts, and their TLS sessions, hold more or less from one
# look to the next; and what malloc, which gives whole pages back or none, and a collector keep.
FREE_IN_USE = 3 << 20
FREE_RESIDENT = 8 << 20
WARM_UP = 0.25  # of the looks


@dataclass(frozen=True)
class Held:
    """What a driver's processes hold while nothing goes on. ``in_use`` is what its allocators have
    given out, in bytes; None where nobody can tell."""

    calls: int
    resident: int
    in_use: int | None
    descriptors: int
    threads: int


@dataclass(frozen=True)
class Outcome:
    """Of a call, by its driver: "card" with checksum and length of the picture that it is of;
    "error" with kind and HTTP status; "cancelled"; or "raised", what the language has against it.
    """

    number: int
    elapsed_ms: float
    what: str
    details: tuple[str, ...] = ()

    @classmethod
    def read(cls, line: str) -> "Outcome":
        number, elapsed_ms, what, *details = line.split()
        return cls(int(number), float(elapsed_ms), what, tuple(details))

    def name(self) -> str:
        """What it is counted as."""
        return self.details[0] if self.what == "error" else self.what

    def __str__(self) -> str:
        return " ".join((self.what, *self.details))


@dataclass
class Tally:
    """Of one driver."""

    outcomes: Counter[str] = field(default_factory=Counter)
    mismatches: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    late_by_load: int = 0
    worst_lateness_ms: float = 0.0
    looks: list[Held] = field(default_factory=list)  # the first before any call
    last: Held | None = None  # when everything has been closed
    most_descriptors: int = 0
    most_threads: int = 0
    most_resident: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def calls(self) -> int:
        return self.outcomes.total()

    def take(self, call: Call, outcome: Outcome, stall_ms: float = 0.0) -> None:
        """Count the outcome of a call, and whether it is one that the call may have. ``stall_ms``
        is what any program has lately been made to wait for the processor."""
        self.outcomes[outcome.name()] += 1
        if outcome.what == "card":
            if outcome.details != (str(call.picture_crc32()), str(call.length)):
                self.mismatches.append(f"{call}: the card of another picture")
            elif not call.may_succeed:
                self.wrong.append(f"{call}: a card")
        elif not _is_allowed(call, outcome):
            self.wrong.append(f"{call}: {outcome}")
        lateness_ms = outcome.elapsed_ms - _limit_ms(call, outcome)
        self.worst_lateness_ms = max(self.worst_lateness_ms, lateness_ms)
        if LATE_MS < lateness_ms <= LATE_MS + WAITS * stall_ms:
            self.late_by_load += 1
        elif lateness_ms > LATE_MS:
            self.late.append(f"{call}: {lateness_ms:.0f} ms after its deadline")

    def warm_looks(self) -> list[Held]:
        return self.looks[max(1, round(len(self.looks) * WARM_UP)) :]


def _is_allowed(call: Call, outcome: Outcome) -> bool:
    if outcome.what == "cancelled":
        return call.cancel_ms is not None
    if outcome.what != "error":
        return False
    kind, status = outcome.details
    if kind not in call.kinds:
        return False
    return call.http_status is None or status == str(call.http_status)


def _limit_ms(call: Call, outcome: Outcome) -> int:
    if outcome.what == "cancelled" and call.cancel_ms is not None:
        return call.cancel_ms
    return call.limit_ms


@dataclass(frozen=True)
class Growth:
    """Bytes from the first look after the warm-up to the last, over so many calls; and bytes a
    call, the median of the slopes between each two looks."""

    calls: int
    grown: int
    slope: float

    def is_leak(self, free: int) -> bool:
        """Both, since one look is chance, and a slope over few calls steep."""
        most = free + MOST_BYTES_A_CALL * self.calls
        return self.grown > most and self.slope * self.calls > most


def growth(looks: Sequence[Held], figures: Sequence[int]) -> Growth:
    points = [(look.calls, figure) for look, figure in zip(looks, figures, strict=True)]
    slopes = [
        (figure - earlier_figure) / (calls - earlier)
        for (earlier, earlier_figure), (calls, figure) in itertools.combinations(points, 2)
        if calls > earlier
    ]
    slope = statistics.median(slopes) if slopes else 0.0
    return Growth(points[-1][0] - points[0][0], figures[-1] - figures[0], slope)


def grown_resident(tally: Tally) -> Growth | None:
    looks = tally.warm_looks()
    return growth(looks, [look.resident for look in looks]) if len(looks) > 1 else None


def grown_in_use(tally: Tally) -> Growth | None:
    looks = [look for look in tally.warm_looks() if look.in_use is not None]
    return growth(looks, [look.in_use or 0 for look in looks]) if len(looks) > 1 else None


# ---- Findings


def findings(tally: Tally) -> list[str]:
    """What is wrong, in sentences; none when all is well."""
    found = [
        *tally.problems,
        *_told("calls got another call's card", tally.mismatches),
        *_told("calls came to what they must not", tally.wrong),
        *_told(f"calls ended more than {LATE_MS} ms after their deadline", tally.late),
        *_memory(tally),
        *_left(tally),
    ]
    if not tally.outcomes["card"]:
        found.append("no call succeeded")
    return found


def _told(what: str, cases: list[str]) -> Iterator[str]:
    if cases:
        yield f"{len(cases)} {what}: " + "; ".join(cases[:MOST_TOLD])


def _memory(tally: Tally) -> Iterator[str]:
    if len(tally.warm_looks()) < 2:
        yield "its memory was looked at too seldom to say anything of it"
    for what, grown, free in (
        ("memory in use", grown_in_use(tally), FREE_IN_USE),
        ("resident memory", grown_resident(tally), FREE_RESIDENT),
    ):
        if grown is not None and grown.is_leak(free):
            yield (
                f"{what} grew by {grown.grown / 2**20:.1f} MiB in {grown.calls} calls, "
                f"{grown.slope:.0f} bytes a call"
            )


def _left(tally: Tally) -> Iterator[str]:
    if tally.last is None:
        yield "it did not come to its end"
        return
    first = tally.looks[0]
    for what in ("descriptors", "threads"):
        before, after = getattr(first, what), getattr(tally.last, what)
        if after != before:
            yield f"{after} {what} when everything is closed, and {before} at the beginning"

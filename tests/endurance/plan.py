"""What is called, by one seed: which clients, which pictures, and what each call may come to.

A task is some calls of one client, which a driver makes one after the other; a fault is always
followed by a call that must succeed. There are these sorts of clients:

- "steady": faults of tests/faults/expectations.json, between right answers;
- "slow": those that take until the call's deadline, which is near, or would have it wait;
- "lasting": the same, but such a client lives as long as its program;
- "ending", "speaking": what may befall connections that are kept. Calls cannot always succeed,
  since a reset or a late answer may cross a request, but no card may be another call's;
- "refused": servers that are not the service.
"""

import json
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "faults/expectations.json"
HEAD = b"\xff\xd8\xff\xe0"
SMALLEST, LARGEST = 2_000, 2_000_000
# From here on the length of a case is part of it: less may be on its way before anybody looks.
LENGTH_MATTERS = 1_000_000

TOKEN = "canary_token_in_hand"
SECRET = "canary_secret"
ACCOUNTS = 3

# Load is no fault: a large picture may take long when everybody else has one. What takes until the
# deadline has a nearer one, and small pictures, unless it needs a large one.
TIMEOUT_MS = 15_000
SLOW_TIMEOUT_MS = 4_000
# Words of the fault server's first line that clients are sent to.
LISTENERS = (
    *("http", "https", "closed", "self-signed", "wrong-host", "expired", "tls11", "plain"),
    "silent",
)
# Where a handshake is never answered each attempt takes all of its time.
SILENT_TIMEOUT_MS = 1_000
# Of the tasks of a client, so many in a thousand.
FAULTS_IN_1000 = 300
CANCELLED_IN_1000 = 60
# What befalls kept connections: they end, or something is said on them that nobody asked for. With
# a small picture a call may be over before what comes late has come, which no client could tell
# from an answer; a large one is on its way still, for the server says it before it reads on.
ENDING = (
    "close-idle", "close-after-20", "close-idle-later", "reset-idle", "reset-on-reuse",
    "close-on-reuse", "chunked", "chunked-with-trailer",
)  # fmt: skip
SPEAKING = (
    "408-on-reuse", "push-408", "push-408-keeps-open", "twice-at-once", "twice-head-apart",
)  # fmt: skip
LATE = (
    "twice-soon", "twice-soon-after", "twice-late", "late-in-next-upload", "late-at-next-head",
)  # fmt: skip
KEPT_KINDS = frozenset({"protocol", "network"})
SORTS = {"steady": 28, "slow": 6, "ending": 6, "speaking": 6, "refused": 1}


@dataclass(frozen=True)
class Addresses:
    """Of a fault server: base URLs by its names for its listeners, and the authorities' file; None
    where clients have them in their configuration."""

    urls: dict[str, str]
    ca_file: str | None


@dataclass(frozen=True)
class Case:
    """A fault and what a call that meets it comes to: one of these kinds, or the card if none."""

    fault: str
    length: int
    kinds: frozenset[str] = frozenset()
    http_status: int | None = None
    by_tls: bool = True

    def is_slow(self) -> bool:
        return self.kinds == {"timeout"} or self.fault.endswith(("retry-after-2", "-date"))


@dataclass(frozen=True)
class Call:
    """One call, and what it may come to. Without ``kinds`` only the picture's own card is right."""

    number: int
    word: str
    fault: str
    length: int
    limit_ms: int
    kinds: frozenset[str] = frozenset()
    http_status: int | None = None
    may_succeed: bool = True
    cancel_ms: int | None = None

    def __str__(self) -> str:
        return f"call {self.number}, {self.word} {self.fault}, {self.length} bytes"

    def says(self) -> str:
        return f" {self.number} {self.fault} "

    def picture_crc32(self) -> int:
        start = HEAD + self.says().encode()
        return zlib.crc32(b"x" * (self.length - len(start)), zlib.crc32(start))


@dataclass(frozen=True)
class Task:
    """``client`` is made by the driver at its first task, and closed after ``tasks`` of them; a
    lasting one, with 0, at the end."""

    client: str
    tasks: int
    settings: dict[str, Any]
    calls: tuple[Call, ...]

    def line(self) -> str:
        """As the drivers read it."""
        calls = [
            {"number": call.number, "says": call.says(), "length": call.length}
            | ({} if call.cancel_ms is None else {"cancel_ms": call.cancel_ms})
            for call in self.calls
        ]
        task = {"client": self.client, "tasks": self.tasks, "settings": self.settings}
        return json.dumps(task | {"calls": calls})


def read_cases() -> tuple[list[Case], list[Case], dict[str, frozenset[str]]]:
    """Faults; what is right although odd; and the kinds of error by listeners that are refused."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    faults = [
        Case(c["fault"], c["length"], frozenset(c["kinds"]), _status_of(c), c["by_tls"])
        for c in table["cases"]
    ]
    right = [
        Case(c["fault"], c["length"], by_tls=c["by_tls"])
        for c in table["right"]
        if "listener" not in c and c["fault"] not in ENDING + SPEAKING
    ]
    return faults, right, {c["listener"]: frozenset(c["kinds"]) for c in table["refused"]}


def _status_of(case: dict[str, Any]) -> int | None:
    """The table's connections are fresh. Over one that was kept, what is left of a reply when it
    ought to be over is a second one, and neither is taken for this call's."""
    status: int | None = None if case["fault"] == "length-too-short" else case["http_status"]
    return status


@dataclass
class _Client:
    name: str
    sort: str
    word: str
    settings: dict[str, Any]
    left: int  # tasks that are still to come; 0 of a lasting one
    tasks: int
    fault: str = ""


@dataclass
class Plan:
    """An endless one, for one process. ``first`` is the number of the first call; ``cancels``
    whether calls of the driver can be cancelled. What speaks out of turn is a server of its own,
    ``speaking``: a client that has met it keeps no connections to it."""

    random: random.Random
    steady: Addresses
    ending: Addresses
    speaking: Addresses
    first: int
    cancels: bool = False
    at_once: int = 4
    _open: list[_Client] = field(default_factory=list)
    _made: int = 0

    def __post_init__(self) -> None:
        self._number = self.first
        faults, self._right, self._refused = read_cases()
        self._slow = [case for case in faults if case.is_slow()]
        self._faults = [case for case in faults if not case.is_slow()]
        self._lasting = [
            self._client("lasting", word, 0, account)
            for word, account in (("http", False), ("https", True))
        ]

    def __iter__(self) -> Iterator[Task]:
        return self

    def __next__(self) -> Task:
        while len(self._open) < self.at_once:
            self._open.append(self._new_client())
        client = self.random.choice([*self._open, *self._lasting])
        if client.left:
            client.left -= 1
            if client.left == 0:
                self._open.remove(client)
        calls = tuple(getattr(self, f"_{client.sort}_calls")(client))
        return Task(client.name, client.tasks, client.settings, calls)

    def forget_clients(self) -> None:
        """Those that are open, but for lasting ones: the driver has closed them."""
        self._open.clear()

    # ---- Clients

    def _new_client(self) -> _Client:
        (sort,) = self.random.choices(list(SORTS), list(SORTS.values()))
        if sort == "refused":
            return self._client(sort, self.random.choice(list(self._refused)), 2)
        word = self.random.choice(("http", "http", "https"))
        if sort == "slow":
            return self._client(sort, word, self.random.randint(1, 3))
        made = self._client(sort, word, self.random.randint(1, 60), self.random.random() < 0.5)
        if sort == "ending":
            made.fault = self.random.choice(ENDING)
        elif sort == "speaking":
            made.fault = self.random.choice(SPEAKING + LATE)
        return made

    def _client(self, sort: str, word: str, tasks: int, account: bool = False) -> _Client:
        self._made += 1
        server = {"ending": self.ending, "speaking": self.speaking}.get(sort, self.steady)
        timeout_ms = SLOW_TIMEOUT_MS if sort == "slow" else TIMEOUT_MS
        timeout_ms = SILENT_TIMEOUT_MS if word == "silent" else timeout_ms
        settings: dict[str, Any] = {
            "base_url": f"{server.urls[word]}/fault/as-told",
            "timeout": timeout_ms,
            "connect_timeout": timeout_ms,
            "max_retries": self.random.choice((2, 2, 1, 0)) if sort == "steady" else 2,
        }
        if server.ca_file is not None:
            settings["ca_file"] = server.ca_file
        if account:
            appid = f"wx_{self.first}_{self.random.randrange(ACCOUNTS)}"
            settings |= {"appid": appid, "secret": SECRET}
        else:
            settings["access_token"] = TOKEN
        return _Client(f"{sort}-{self._made}", sort, word, settings, tasks, tasks)

    # ---- Calls

    def _call(self, client: _Client, fault: str, length: int, **more: Any) -> Call:
        self._number += 1
        if self.cancels and self.random.randrange(1000) < CANCELLED_IN_1000:
            more["cancel_ms"] = self.random.randrange(60)
        limit_ms = client.settings["timeout"]
        return Call(self._number, client.word, fault, length, limit_ms, **more)

    def _some_length(self) -> int:
        """As many of them small as large, by their magnitude."""
        return int(SMALLEST * (LARGEST / SMALLEST) ** self.random.random())

    def _length_of(self, case: Case) -> int:
        if case.length >= LENGTH_MATTERS:
            return case.length - self.random.randrange(1000)
        return SMALLEST if case.is_slow() else self._some_length()

    def _steady_calls(self, client: _Client) -> Iterator[Call]:
        if self.random.randrange(1000) < FAULTS_IN_1000:
            yield self._faulty_call(client, self._faults)
            yield self._call(client, "ok", self._some_length())
            return
        for _ in range(self.random.randint(1, 4)):
            is_odd = self.random.random() < 0.2
            case = self._choose(client, self._right) if is_odd else Case("ok", 0)
            yield self._call(client, case.fault, self._length_of(case))

    _lasting_calls = _steady_calls

    def _slow_calls(self, client: _Client) -> Iterator[Call]:
        yield self._faulty_call(client, self._slow)
        yield self._call(client, "ok", SMALLEST)

    def _choose(self, client: _Client, cases: list[Case]) -> Case:
        return self.random.choice([c for c in cases if client.word == "http" or c.by_tls])

    def _faulty_call(self, client: _Client, cases: list[Case]) -> Call:
        """Half of the faults are gone at the second attempt, if there is one."""
        case = self._choose(client, cases)
        is_mended = self.random.random() < 0.5
        return self._call(
            client,
            case.fault + ("/first-1" if is_mended else ""),
            self._length_of(case),
            kinds=case.kinds,
            http_status=case.http_status,
            may_succeed=is_mended,
        )

    def _kept_calls(self, client: _Client) -> Iterator[Call]:
        for _ in range(self.random.randint(2, 8)):
            small = self.random.randint(SMALLEST, 10 * SMALLEST)
            length = LARGEST if client.fault in LATE else small
            yield self._call(client, client.fault, length, kinds=KEPT_KINDS)

    _ending_calls = _speaking_calls = _kept_calls

    def _refused_calls(self, client: _Client) -> Iterator[Call]:
        kinds = self._refused[client.word]
        yield self._call(client, "ok", self._some_length(), kinds=kinds, may_succeed=False)

"""The table of tests/faults once more, for clients that try again as they do by default: every
attempt meets the fault, and the server counts as many POSTs as the class allows, no more and no
less.

tests/c/test_client_posts.c asserts the same of C.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fault_cases import LATE_MS, SECRETS, Outcome, note
from fault_server import FOLDER, FaultServer

# Of each call. The table's numbers are reckoned with it: an attempt may take all of this time, and
# what is asked for by Retry-After may not fit into it.
TIMEOUT_MS, CONNECT_MS = 2000, 500
# Calls that are made side by side, since most of their time they wait.
AT_ONCE = 16
# Of a vector's class. A token in hand cannot be renewed.
POSTS = {"N": 1, "T": 1, "B": 3}


@dataclass(frozen=True)
class Meeting:
    """A fault that every attempt meets, at one of the server's listeners.

    ``posts`` is how many the server has to count, by the kind of the error; without one it is a
    card that is right, of whichever picture. ``connections`` are counted at a listener that is not
    the service, unless nobody is there.
    """

    fault: str
    length: int
    word: str
    posts: dict[str | None, int]
    connections: int | None = None

    def __str__(self) -> str:
        return f"patient {self.word} {self.fault} {self.length}"

    @property
    def is_long(self) -> bool:
        return "timeout" in self.posts or "/retry-after-" in self.fault


def _meetings() -> Iterator[Meeting]:
    table = json.loads((FOLDER / "expectations.json").read_text(encoding="utf-8"))
    first = {case["fault"]: case for case in reversed(table["cases"])}
    for fault, case in first.items():
        posts = dict(zip(case["kinds"], case["posts"], strict=True))
        yield Meeting(fault, case["length"], "http", posts)
    for case in table["refused"]:
        none = dict.fromkeys(case["kinds"], 0)
        yield Meeting("ok", 2000, case["listener"], none, case["connections"])
    path = FOLDER.parent / "vectors/replies.json"
    for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
        kind = case["expect"]["error"]["kind"] if "error" in case["expect"] else None
        posts = {kind: POSTS[case.get("retry", "N")]}
        yield Meeting(f"vector-{case['name']}", 2000, "http", posts)


# Those first that take long by themselves.
MEETINGS = sorted(_meetings(), key=lambda meeting: not meeting.is_long)


def _problems(meeting: Meeting, met: Outcome, seen: dict[str, dict[str, int]]) -> Iterator[str]:
    if met.kind not in meeting.posts:
        yield f"kind {met.kind}"
    if met.elapsed_ms > TIMEOUT_MS + LATE_MS:
        yield f"{met.elapsed_ms:.0f} ms"
    yield from (f"tells {secret}" for secret in SECRETS if secret in met.told)
    listener = seen.get(f"listener/{meeting.word}", {})
    if meeting.word == "http":
        posts = seen.get(meeting.fault, {}).get("posts_begun", 0)
    else:
        posts = listener.get("bytes", 0)
    if posts != meeting.posts.get(met.kind, posts):
        yield f"{posts} POSTs instead of {meeting.posts[met.kind]}"
    connections = listener.get("connections", 0)
    if meeting.connections not in (None, connections):
        yield f"{connections} connections instead of {meeting.connections}"


def check_posts(driver: str, server: FaultServer, outcomes: list[Outcome]) -> None:
    """That the outcomes of all MEETINGS are right; the server counted nothing but them."""
    seen = server.all_seen()
    problems = []
    for meeting, met in zip(MEETINGS, outcomes, strict=True):
        found = [f"{meeting}: {problem}" for problem in _problems(meeting, met, seen)]
        if not found:
            note(driver, meeting)
        problems += found
    assert not problems, problems
    assert seen.get("listener/other", {}).get("bytes", 0) == 0, "a redirect was followed"


def meet_side_by_side(driver: str, server: FaultServer, call: Callable[[Meeting], Outcome]) -> None:
    """``call`` makes a client, of which only ``timeout`` and ``connect_timeout`` are set beside
    what it needs, and one call; it is called by several threads."""
    server.reset()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(call, MEETINGS))
    check_posts(driver, server, outcomes)

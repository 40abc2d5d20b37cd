"""Ten thousand calls with a second answer to each, at random moments, for any driver.

tests/c/test_client_late.c asserts the same of C.
"""

from collections.abc import Iterable

from fault_cases import Outcome
from fault_server import FaultServer

FAULT = "twice-at-random"
LENGTH = 2000
# A client that has seen one second answer keeps no connection any more: so there are many, and each
# has to find one out. They are made side by side, since most of their time they wait.
CALLS_EACH = 5
CLIENTS = 2000
AT_ONCE = 16


def numbers_of(client: int) -> range:
    """The numbers of a client's pictures."""
    return range(client * CALLS_EACH, (client + 1) * CALLS_EACH)


def count(server: FaultServer, what: str = "") -> int:
    return server.seen(FAULT + what)["posts_begun"]


def check_late_answers(server: FaultServer, outcomes: Iterable[Outcome]) -> None:
    """That each call got its own card, and nothing was sent twice for it; but for what a stall of
    the server may have done, which no caution of a client's can help."""
    met = [(outcome.right, outcome.kind) for outcome in outcomes]
    wrong = [outcome for outcome in met if outcome != (True, None)]
    calls = CLIENTS * CALLS_EACH
    stalled = count(server, "/stalled")
    assert len(met) == calls
    assert len(wrong) <= stalled, wrong[:10]
    assert calls <= count(server) <= calls + stalled
    # Else this says little: the server was stalled all the time.
    assert stalled + count(server, "/skipped") < calls / 2

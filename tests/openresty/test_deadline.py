"""The end of a call's time holds, however its answer comes."""

import itertools
import time
from collections.abc import Iterable

import pytest
from faults import Caller
from peer import Visit, peer

from fault_cases import TIMEOUT_MS


@pytest.mark.parametrize(
    "pauses",
    [itertools.repeat(0.05), itertools.repeat(0.0002), [TIMEOUT_MS / 1000 * 0.75]],
    ids=["slowly", "quickly", "once"],
)
def test_bytes_that_come_one_by_one_do_not_outlive_the_call(
    calls: Caller, pauses: Iterable[float]
) -> None:
    """Each long before the one before it would have been late; so fast that there is always one to
    be read; or one, and then nothing."""

    def trickle(visit: Visit) -> None:
        visit.read()
        visit.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
        for pause in pauses:  # until the client has gone
            time.sleep(pause)
            visit.send(b"x")
        visit.wait_until_closed()

    with peer(trickle) as server:
        (met,) = calls.series_at(server.base(), timeout=TIMEOUT_MS)
        assert (met["kind"], met["elapsed_ms"] <= TIMEOUT_MS + 250) == ("timeout", True), met

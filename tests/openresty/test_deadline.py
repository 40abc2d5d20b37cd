"""The end of a call's time holds, however its answer comes."""

import time

from faults import TIMEOUT_MS, Caller
from peer import Visit, peer


def trickle(visit: Visit, pause: float) -> None:
    visit.read()
    visit.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:  # until the client has gone
        visit.send(b"x")
        time.sleep(pause)


def test_bytes_that_come_one_by_one_do_not_outlive_the_call(calls: Caller) -> None:
    """Each long before the one before it would have been late; or so fast that there is always one
    to be read."""
    for pause in (0.05, 0.0002):
        with peer(lambda visit, pause=pause: trickle(visit, pause)) as server:
            (met,) = calls.series_at(server.base(), timeout=TIMEOUT_MS)
            assert (met["kind"], met["elapsed_ms"] <= TIMEOUT_MS + 250) == ("timeout", True), met

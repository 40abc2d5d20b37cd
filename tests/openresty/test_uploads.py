"""What comes while a picture is on its way, over connections that were kept and new ones."""

import pathlib
import time

from faults import Caller, caller
from peer import Visit, peer

from fault_server import FaultServer

SMALL, MIDDLE, LARGE = 2000, 400_000, 1_900_000
REFUSAL = b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n"
# A moment is 50 ms: what a server says in it is there when it is over.
STRETCHED = """
init_worker_by_lua_block {
    local sleep = ngx.sleep
    ngx.sleep = function(seconds) sleep(seconds * 50) end
}
"""


def answer_again(visit: Visit, pause: float) -> None:
    """The first answer a second time, when the next request has begun to come. That one is sent
    afresh then."""
    request = visit.read()
    assert request is not None
    visit.answer(request)
    if visit.number == 1 and visit.connection.recv(1):
        time.sleep(pause)
        visit.answer(request)
    visit.wait_until_closed()


def test_what_the_system_has_taken_is_little(fresh_calls: Caller) -> None:
    """A picture that the server has not read cannot have been answered, but when all of it lies in
    the system's queue, nginx takes it for sent."""
    with peer(lambda visit: answer_again(visit, 0.1), window=4096) as talkative:
        met = fresh_calls.series_at(talkative.base(), 2, MIDDLE)
        assert [outcome.get("right") for outcome in met] == [True, True], met
        assert talkative.requests() == [1, 1]


def test_before_the_last_bytes_is_looked(tmp_path: pathlib.Path, server: FaultServer) -> None:
    """Small pictures, too, are on their way for a moment."""
    with (
        caller(tmp_path, server, http=STRETCHED) as calls,
        peer(lambda visit: answer_again(visit, 0)) as talkative,
    ):
        met = calls.series_at(talkative.base(), 2, SMALL)
        assert [outcome.get("right") for outcome in met] == [True, True], met
        assert talkative.requests() == [1, 1]


def test_a_kept_connection_that_ends_meanwhile_is_no_failure(fresh_calls: Caller) -> None:
    """It ends in good order, and nothing has been answered."""

    def serve(visit: Visit) -> None:
        request = visit.read()
        assert request is not None
        visit.answer(request)
        if visit.number == 1 and visit.connection.recv(1):
            visit.say_no_more()
        visit.wait_until_gone()

    with peer(serve, window=4096) as ending:
        met = fresh_calls.series_at(ending.base(), 2, LARGE)
        assert [outcome.get("right") for outcome in met] == [True, True], met
        assert ending.requests() == [1, 1]


def test_what_was_sent_whole_is_not_sent_again(fresh_calls: Caller) -> None:
    """The service may have counted it."""

    def serve(visit: Visit) -> None:
        request = visit.read()
        assert request is not None
        visit.answer(request)
        visit.read()
        visit.reset()

    with peer(serve) as resetting:
        met = fresh_calls.series_at(resetting.base(), 2, SMALL)
        assert [outcome.get("kind") for outcome in met] == [None, "network"], met
        assert resetting.requests() == [2]


def refuse(visit: Visit) -> None:
    visit.connection.recv(1)
    visit.send(REFUSAL)
    visit.wait_until_gone()


def test_a_refusal_is_not_waited_with(calls: Caller) -> None:
    """The server reads nothing more, and leaves the connection open."""
    with peer(refuse, window=4096) as refusing:
        (met,) = calls.series_at(refusing.base(), 1, LARGE, timeout=20000)
    assert (met.get("kind"), met.get("http_status")) == ("protocol", 413)
    assert met["elapsed_ms"] < 5000


def test_a_server_may_take_its_time(calls: Caller) -> None:
    """To read a picture, over a new connection and over one that was kept."""

    def serve(visit: Visit) -> None:
        while visit.has_more():
            time.sleep(0.3)
            request = visit.read()
            assert request is not None
            visit.answer(request)

    with peer(serve, window=4096) as slow:
        met = calls.series_at(slow.base(), 3, MIDDLE)
        assert [outcome.get("right") for outcome in met] == [True] * 3, met
        assert slow.requests() == [3]

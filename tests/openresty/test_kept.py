"""Which of the connections that nginx keeps are used, when, and for what; and that those which are
not kept are closed at once."""

import pathlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from faults import Caller, caller, wait_until
from peer import Visit, peer

from fault_server import FaultServer

# As many uses as it takes until kept connections are relied upon, and more.
USES = 12
FOREIGN = """
location /foreign {
    content_by_lua_block {
        local socket = ngx.socket.tcp()
        assert(socket:connect("127.0.0.1", tonumber(ngx.var.arg_port)))
        local times = socket:getreusedtimes()
        assert(socket:setkeepalive(20000, 10))
        ngx.print(times)
    }
}
"""


def test_a_goodbye_costs_no_trust(fresh_calls: Caller) -> None:
    """Before it closes an idle connection a server may say so: the next ones are kept."""

    def serve(visit: Visit) -> None:
        request = visit.read()
        assert request is not None
        visit.answer(request)
        if visit.number == 1:
            time.sleep(0.01)
            visit.send(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")
        else:
            visit.serve_well()

    with peer(serve) as polite:
        met = fresh_calls.at_once_at(polite.base(), 1, between=200, behind=5)
        assert [outcome.get("right") for outcome in met] == [True] * 6
        assert polite.requests() == [1, 5]


def test_a_request_is_sent_afresh_over_a_new_connection(fresh_calls: Caller) -> None:
    """Not over the next that is kept, which may be no better."""
    fresh_calls.at_once("408-on-reuse", 2)
    assert fresh_calls.server.seen("408-on-reuse")["connections"] == 2
    fresh_calls.server.reset()
    (met,) = fresh_calls.series("408-on-reuse")
    assert met.get("right"), met
    seen = fresh_calls.server.seen("408-on-reuse")
    assert (seen["posts_begun"], seen["connections"]) == (2, 1)


def test_an_answer_to_nothing_ends_the_keeping(fresh_calls: Caller) -> None:
    """It comes on the connection that was kept last, before nginx looks at it again. The other is
    not used, and none is kept."""

    def serve(visit: Visit) -> None:
        request = visit.read()
        assert request is not None
        if visit.number == 2:
            time.sleep(0.05)
        visit.answer(request)
        if visit.number == 2:
            time.sleep(0.02)
            visit.answer(request)
        visit.serve_well()

    with peer(serve) as talkative:
        met = fresh_calls.at_once_at(talkative.base(), 2, between=100, behind=2)
        assert [outcome.get("right") for outcome in met] == [True] * 4
        assert talkative.requests() == [1] * 4
        wait_until(lambda: talkative.over() == [1, 2, 3, 4])


def test_what_came_while_the_worker_was_busy_is_seen(fresh_calls: Caller) -> None:
    """nginx hears of it when it looks at its connections. The look is taken also when kept
    connections have long been relied upon."""

    def serve(visit: Visit) -> None:
        while request := visit.read():
            visit.answer(request)
            if (visit.number, len(visit.requests)) == (1, USES):
                time.sleep(0.02)
                visit.answer(request)

    with peer(serve) as talkative:
        met = fresh_calls.series_at(talkative.base(), USES - 1)
        met += fresh_calls.series_at(talkative.base(), 2, busy=200)
        assert [outcome.get("right") for outcome in met] == [True] * (USES + 1)
        assert talkative.requests() == [USES, 1]


def test_only_the_first_uses_are_waited_with(fresh_calls: Caller) -> None:
    """20 ms after the answer before."""
    idle: list[float] = []

    def serve(visit: Visit) -> None:
        request = visit.read()
        while request is not None:
            visit.answer(request)
            began = time.monotonic()
            request = visit.read()
            idle.append(time.monotonic() - began)

    with peer(serve) as server:
        assert all(outcome.get("right") for outcome in fresh_calls.series_at(server.base(), 50))
        assert server.requests() == [50]
    assert min(idle[:8]) > 0.015
    assert min(idle[8:-1]) < 0.010


def test_a_watch_that_outlasts_the_call_sends_nothing(fresh_calls: Caller) -> None:
    """Of 20 ms for a call of 10 ms. A worker that stands still in between sees nothing to watch, so
    it is given three chances."""

    def sends_nothing() -> bool:
        with peer() as server:
            met = fresh_calls.at_once_at(server.base(), 1, behind=1, behind_timeout=10)
            assert met[0].get("right")
            return (met[1].get("kind"), server.requests()) == ("timeout", [1])

    assert any(sends_nothing() for _ in range(3))


def tell_it_closes(visit: Visit) -> None:
    request = visit.read()
    assert request is not None
    visit.answer(request, "HTTP/1.1 200 OK\r\nConnection: close\r\n")
    visit.wait_until_closed()


def call_it_late(visit: Visit) -> None:
    request = visit.read()
    assert request is not None
    visit.answer(request)
    if visit.number == 1 and visit.read():
        visit.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
    visit.wait_until_closed()


def answer_twice(visit: Visit) -> None:
    request = visit.read()
    assert request is not None
    visit.answer(request)
    if visit.number == 1:
        time.sleep(0.01)
        visit.answer(request)
    visit.wait_until_closed()


def speak_plainly(visit: Visit) -> None:
    visit.connection.recv(1)
    visit.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    visit.wait_until_closed()


@pytest.mark.parametrize(
    ("serve", "scheme", "closed"),
    [
        (tell_it_closes, "http", [1, 2]),
        (call_it_late, "http", [1]),
        (answer_twice, "http", [1, 2]),  # the second since none is kept any more
        (speak_plainly, "https", [1, 2]),
    ],
)
def test_what_is_not_kept_is_closed_at_once(
    fresh_calls: Caller, serve: Callable[[Visit], None], scheme: str, closed: list[int]
) -> None:
    """Not when its request ends, which may be a timer that goes on for days."""
    with peer(serve) as server, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(fresh_calls.held_at, server.base(scheme), 2, busy=50)
        try:
            wait_until(lambda: server.over() == closed)
            assert not waiting.done()
        finally:
            fresh_calls.release()
        kinds = {outcome.get("kind") for outcome in waiting.result()}
        assert len(server.visits) == 2
        assert kinds == ({None} if scheme == "http" else {"tls"})


@pytest.mark.parametrize("more", [{}, {"url": "https://example.com/a.jpg"}], ids=["img", "img_url"])
def test_a_thread_that_is_killed_leaves_nothing_behind(
    fresh_calls: Caller, more: dict[str, str]
) -> None:
    """Its request would not come to an end. It has looked at a connection that had ended, and waits
    for the answer over another; a request for a URL has no body that would take time."""
    may_answer = threading.Event()

    def serve(visit: Visit) -> None:
        request = visit.read()
        assert request is not None
        if visit.number == 2:
            assert may_answer.wait(20)
        visit.answer(request)
        time.sleep(0.02)  # so that it is kept first

    with peer(serve) as server, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(fresh_calls.killed_at, server.base(), 2, busy=100, **more)
        wait_until(lambda: server.requests() == [1, 1])
        fresh_calls.kill()
        may_answer.set()
        assert waiting.result() == []


def test_a_connection_is_kept_for_longer_than_pauses_are(fresh_calls: Caller) -> None:
    with peer() as server:
        met = fresh_calls.series_at(server.base(), 2, first_pauses=500)
        assert [outcome.get("right") for outcome in met] == [True, True]
        assert server.requests() == [2]


def test_a_kept_connection_is_closed_in_the_end(
    tmp_path: pathlib.Path, server: FaultServer
) -> None:
    """After 20 s, or so long as the core says."""
    shorter = 'init_worker_by_lua_block { require("wxidcard.core").kept_ms = 300 }'
    with caller(tmp_path, server, http=shorter) as calls, peer() as kept:
        began = time.monotonic()
        assert calls.series_at(kept.base())[0].get("right")
        wait_until(lambda: kept.over() == [1])
        assert time.monotonic() - began > 0.25


@pytest.mark.parametrize(("more", "new"), [({}, 0), ({"kept": 2}, 8)], ids=["by default", "two"])
def test_as_many_are_kept_as_may_be(fresh_calls: Caller, more: dict[str, int], new: int) -> None:
    """However many were needed at once."""
    with peer(answer_slowly) as server:
        for _ in range(2):
            outcomes = fresh_calls.at_once_at(server.base(), 10, **more)
            assert all(outcome.get("right") for outcome in outcomes)
        assert len(server.visits) == 10 + new


def answer_slowly(visit: Visit) -> None:
    while request := visit.read():
        time.sleep(0.3)
        visit.answer(request)


def test_connections_are_not_shared_with_others(
    tmp_path: pathlib.Path, server: FaultServer
) -> None:
    """Neither does other Lua of the worker get one, nor is one of its own taken, over which TLS
    may not be spoken yet."""
    with caller(tmp_path, server, FOREIGN) as calls:
        for word in ("http", "https"):
            port = server.words[word].rpartition(":")[2]
            assert calls.nginx.get(f"/foreign?port={port}") == "0"
            assert all(outcome.get("right") for outcome in calls.series("ok", 2, word=word))
            assert calls.nginx.get(f"/foreign?port={port}") == "1"


def test_connections_of_one_place_are_not_anothers(fresh_calls: Caller) -> None:
    """Another scheme, host or port."""
    server = fresh_calls.server
    assert fresh_calls.series("ok")[0].get("right")
    server.reset()
    secure = server.base("ok").replace("http:", "https:")
    assert "kind" in fresh_calls.series_at(secure)[0]
    assert fresh_calls.series_at(server.words["http"] + "/fault/ok")[0].get("right")
    assert fresh_calls.series("ok", word="other")[0].get("right")
    assert server.seen("ok")["connections"] == 2
    assert server.seen("listener/other")["connections"] == 1

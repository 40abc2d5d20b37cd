"""nginx's resolver, which knows nothing of a call's time: it answers late, or never, and would be
waited for as long as ``resolver_timeout`` says. A call waits for it no longer than for a
connection."""

import os
import pathlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from faults import Caller, caller, wait_until
from nginx import UnixConnection

from fault_server import FaultServer

NOWHERE = "https://service.invalid"
# That in the certificate of the listener "wrong-host".
NAME = "elsewhere.example"
CONNECT_MS, LATE_MS = 500, 250
LATE = "no connection came about in time"
LOCATIONS = """
location /aborted {
    lua_check_client_abort on;
    content_by_lua_block { ngx.print(require("calls").series(ngx.req.get_uri_args())) }
}
"""


def loopback_for(query: bytes) -> bytes:
    """The answer that the name asked for is 127.0.0.1, for a second."""
    record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\x7f\x00\x00\x01"
    return query[:2] + b"\x81\x80\x00\x01\x00\x01" + bytes(4) + query[12:] + record


class Resolver:
    """Hears every question, and answers those for NAME: at once, or when ``may_answer`` is set."""

    def __init__(self, sock: socket.socket) -> None:
        self.asked = 0
        self.may_answer = threading.Event()
        self._sock = sock

    def run(self) -> None:
        """Until an empty question comes."""
        query, asker = self._sock.recvfrom(512)
        while query:
            self.asked += 1
            if NAME.partition(".")[0].encode() in query:
                self.may_answer.wait(20)
                self._sock.sendto(loopback_for(query), asker)
            query, asker = self._sock.recvfrom(512)


@contextmanager
def resolving() -> Iterator[tuple[Resolver, str]]:
    """A resolver, and the directives that lead nginx to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        resolver = Resolver(sock)
        thread = threading.Thread(target=resolver.run)
        thread.start()
        try:
            port = sock.getsockname()[1]
            yield resolver, f"resolver 127.0.0.1:{port} ipv6=off; resolver_timeout 30s;"
        finally:
            resolver.may_answer.set()
            sock.sendto(b"", sock.getsockname())
            thread.join()


@pytest.fixture
def resolver_and_calls(
    tmp_path: pathlib.Path, server: FaultServer
) -> Iterator[tuple[Resolver, Caller]]:
    with (
        resolving() as (resolver, directives),
        caller(tmp_path, server, LOCATIONS, http=directives) as calls,
    ):
        yield resolver, calls
        assert "[alert]" not in calls.nginx.log()


def assert_late(met: dict[str, Any], after_ms: int = CONNECT_MS, late_ms: int = LATE_MS) -> None:
    assert met.get("kind") == "timeout", met
    assert after_ms - 20 <= met["elapsed_ms"] <= after_ms + late_ms, met


def assert_well(calls: Caller) -> None:
    """Others are served, and the worker is the same."""
    (met,) = calls.series("ok")
    assert met.get("right"), met


def by_name(server: FaultServer, fault: str = "ok") -> str:
    return server.url(fault, "wrong-host").replace("127.0.0.1", NAME)


def test_a_resolver_that_never_answers(resolver_and_calls: tuple[Resolver, Caller]) -> None:
    resolver, calls = resolver_and_calls
    (met,) = calls.series_at(NOWHERE, timeout=20000)
    assert_late(met)
    assert LATE in met["message"]
    assert resolver.asked >= 1
    assert_well(calls)


def test_the_end_of_the_call_may_come_first(resolver_and_calls: tuple[Resolver, Caller]) -> None:
    _, calls = resolver_and_calls
    (met,) = calls.series_at(NOWHERE, timeout=200)
    assert_late(met, 200)


def test_nothing_was_sent_so_it_is_tried_again(
    resolver_and_calls: tuple[Resolver, Caller],
) -> None:
    _, calls = resolver_and_calls
    (met,) = calls.series_at(NOWHERE, timeout=20000, retries=2)
    assert met["kind"] == "timeout", met
    assert 3 * CONNECT_MS - 60 <= met["elapsed_ms"] <= 3 * CONNECT_MS + 250 + 500 + LATE_MS, met


def test_an_answer_that_comes_too_late_serves_the_next(
    resolver_and_calls: tuple[Resolver, Caller],
) -> None:
    resolver, calls = resolver_and_calls
    (met,) = calls.series_at(by_name(calls.server), timeout=20000)
    assert_late(met)
    resolver.may_answer.set()
    (met,) = calls.series_at(by_name(calls.server), timeout=20000)
    assert met.get("right"), met


def test_a_name_that_is_resolved_costs_one_connection(
    resolver_and_calls: tuple[Resolver, Caller],
) -> None:
    """As an address does: the pool is asked before the resolver is."""
    resolver, calls = resolver_and_calls
    resolver.may_answer.set()
    calls.server.reset()
    outcomes = calls.series_at(by_name(calls.server), 10)
    assert [met.get("right") for met in outcomes] == [True] * 10, outcomes
    seen = calls.server.seen("ok")
    assert (seen["posts_begun"], seen["connections"]) == (10, 1)


def test_a_hundred_at_once(resolver_and_calls: tuple[Resolver, Caller]) -> None:
    """None of them holds up another, and all threads of the request end: else so would not it."""
    _, calls = resolver_and_calls
    folder = f"/proc/{calls.nginx.worker()}/fd"
    calls.series_at(NOWHERE, timeout=200)  # it has a socket to the resolver from now on
    before = len(os.listdir(folder))
    began = time.monotonic()
    outcomes = calls.at_once_at(NOWHERE, 100, timeout=20000, behind=1)
    assert time.monotonic() - began < 2 * (CONNECT_MS + LATE_MS) / 1000 + 2
    for met in outcomes:
        assert_late(met, late_ms=4 * LATE_MS)  # each waits for its turn before
    assert_well(calls)
    calls.series("close-idle")
    wait_until(lambda: len(os.listdir(folder)) <= before)


def test_a_request_that_is_given_up_meanwhile(
    resolver_and_calls: tuple[Resolver, Caller],
) -> None:
    """Its client goes in the middle of the lookup, whose answer comes then."""
    resolver, calls = resolver_and_calls
    worker = calls.nginx.worker()
    for _ in range(20):
        given_up = UnixConnection(calls.nginx.prefix / "socket")
        base = quote(by_name(calls.server))
        given_up.request("GET", f"/aborted?base={base}&calls=1&length=100&timeout=20000")
        wait_until(lambda: resolver.asked > 0)
        given_up.close()
    assert_well(calls)
    resolver.may_answer.set()
    (met,) = calls.series_at(by_name(calls.server), timeout=20000)
    assert met.get("right"), met
    assert calls.nginx.worker() == worker


def test_a_thread_that_is_killed_meanwhile(resolver_and_calls: tuple[Resolver, Caller]) -> None:
    """Its request ends when the call would have: what it began must not go on for ever."""
    resolver, calls = resolver_and_calls
    ended = threading.Thread(target=calls.killed_at, args=(NOWHERE,), kwargs={"timeout": 20000})
    began = time.monotonic()
    ended.start()
    wait_until(lambda: resolver.asked > 0)
    calls.kill()
    ended.join()
    assert time.monotonic() - began < (CONNECT_MS + LATE_MS) / 1000 + 1
    assert_well(calls)

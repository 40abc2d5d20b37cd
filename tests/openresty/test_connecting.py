"""What stands in the way of a connection has its kind and its words, and takes no longer than it
may: connect_timeout, which is 500 ms here, and what is left of the call's time."""

import contextlib
import json
import pathlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from faults import Caller, caller
from peer import Peer, Visit, peer

from fault_server import FaultServer

LATE = "no connection came about in time"


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """Where the system answers nobody: the queue of those who wait to be accepted is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def hear(visit: Visit) -> None:
    """Listens and says nothing."""
    visit.wait_until_closed()


@pytest.mark.parametrize(("timeout", "at_most"), [(20000, 5000), (100, 450)])
def test_who_does_not_accept_is_not_waited_for(
    calls: Caller, deaf_port: int, timeout: int, at_most: int
) -> None:
    (met,) = calls.series_at(f"http://127.0.0.1:{deaf_port}", timeout=timeout)
    assert (met["kind"], met["elapsed_ms"] < at_most) == ("timeout", True), met
    assert LATE in met["message"] or timeout < 500  # then the call's own end comes as soon


def test_who_does_not_shake_hands_is_not_waited_for(calls: Caller) -> None:
    """Nothing has been sent, so that it is safe to try again."""
    with peer(hear) as silent:
        (met,) = calls.series_at(silent.base("https"), timeout=20000, retries=2)
        assert (met["kind"], LATE in met["message"]) == ("timeout", True), met
        assert met["elapsed_ms"] < 10000
        assert len(silent.visits) == 3


def answer_to(query: bytes) -> bytes:
    """That there is no such name."""
    return query[:2] + b"\x81\x83" + query[4:6] + bytes(6) + query[12:]


def test_a_name_that_is_none(tmp_path: pathlib.Path, server: FaultServer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
        resolver.bind(("127.0.0.1", 0))
        resolver.settimeout(20)

        def resolve() -> None:
            query, asker = resolver.recvfrom(512)
            resolver.sendto(answer_to(query), asker)

        thread = threading.Thread(target=resolve)
        thread.start()
        directive = f"resolver 127.0.0.1:{resolver.getsockname()[1]} ipv6=off;"
        with caller(tmp_path, server, http=directive) as calls:
            (met,) = calls.series_at("https://service.invalid")
        thread.join()
    assert (met["kind"], "name was not resolved" in met["message"]) == ("connect", True), met


def pump(source: socket.socket, target: socket.socket, pause: float = 0) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            time.sleep(pause)
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def relay_slowly(server: FaultServer, word: str) -> contextlib.AbstractContextManager[Peer]:
    """Before a listener of the fault server; what that one says comes when nginx waits for it."""
    port = int(server.words[word].rpartition(":")[2])

    def relay(visit: Visit) -> None:
        with socket.create_connection(("127.0.0.1", port)) as behind:
            forth = threading.Thread(target=pump, args=(visit.connection, behind))
            forth.start()
            pump(behind, visit.connection, 0.02)
            forth.join()

    return peer(relay)


@pytest.mark.parametrize(
    ("word", "phrase"),
    [
        ("self-signed", "no trusted authority"),
        ("wrong-host", "another host"),
        ("expired", "expired"),
        ("tls11", "the handshake failed"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said(
    calls: Caller, server: FaultServer, word: str, phrase: str
) -> None:
    """nginx knows it, since it had to wait for the certificate."""
    with relay_slowly(server, word) as relay:
        (met,) = calls.series_at(relay.base("https"))
    assert (met["kind"], phrase in met["message"]) == ("tls", True), met


def test_a_certificate_that_came_at_once_is_refused_too(calls: Caller) -> None:
    """Of one that it need not wait for nginx's module may say that all is well. That comes about
    every few times."""
    for word in ("self-signed", "expired"):
        kinds = {met["kind"] for met in calls.series("ok", 30, word=word)}
        assert kinds == {"tls"}


OLD = """
location /old/ {
    lua_ssl_protocols SSLv3;
    content_by_lua_block { ngx.print(require("calls").series(ngx.req.get_uri_args())) }
}
"""


def test_what_was_wrong_before_is_not_said_again(
    tmp_path: pathlib.Path, server: FaultServer
) -> None:
    """nginx's module puts the number of an earlier failure before another's words, if there was
    nothing to wait for: here since no handshake can begin."""
    with caller(tmp_path, server, OLD) as calls, relay_slowly(server, "self-signed") as relay:
        (met,) = calls.series_at(relay.base("https"))
        assert "no trusted authority" in met["message"]
        query = f"base={server.base('ok', 'https')}&calls=1&length=100"
        (met,) = json.loads(calls.nginx.get(f"/old/?{query}"))
        assert (met["kind"], "the handshake failed" in met["message"]) == ("tls", True), met

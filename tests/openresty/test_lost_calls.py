"""A call that is lost, with its request or its thread, costs the others nothing.

nginx ends a request whose client has gone (lua_check_client_abort), and a thread may be killed:
then not a line more of the call's Lua runs.
"""

import pathlib
import threading
from collections.abc import Iterator

import pytest
from workers import (
    PATIENCE,
    SHARED,
    Workers,
    an_account,
    answers,
    ask_at_once,
    outcomes,
    recognizing,
    wait_until,
)

from account import Account
from scripted import Reply, Request

LOCATIONS = """
location /aborted {
    lua_check_client_abort on;
    content_by_lua_block { require("lost_calls").aborted() }
}
location /killed { content_by_lua_block { require("lost_calls").killed() } }
location /kill { content_by_lua_block { require("lost_calls").kill() } }
"""
# Far less than the rest of a lock's 10 s, or of a lost call's 30 s.
A_MOMENT = 4


@pytest.fixture
def account() -> Iterator[Account]:
    with an_account() as made:
        made.accepts_all = True  # the lost fetch may be answered after the next
        yield made


@pytest.fixture(params=["", SHARED], ids=["alone", "shared"])
def workers(
    tmp_path: pathlib.Path, account: Account, request: pytest.FixtureRequest
) -> Iterator[Workers]:
    with recognizing(tmp_path, account, request.param, locations=LOCATIONS) as started:
        yield started


def succeed_soon(workers: Workers) -> None:
    """Many calls of both workers, each of which has its answer in a moment."""
    clients = workers.crowd(each=10)
    for client in clients:
        client.sock.settimeout(A_MOMENT)
    ask_at_once(clients, "/recognize")
    assert outcomes(answers(clients)) == {"Back": 20}


def test_a_request_that_is_given_up_in_its_fetch(account: Account, workers: Workers) -> None:
    account.gate.clear()
    (client,) = workers.connect(workers.pids()[0], 1)
    client.ask("/aborted")
    wait_until(lambda: account.fetches)
    client.close()
    wait_until(lambda: workers.tell().get("aborted"))
    account.gate.set()
    succeed_soon(workers)


@pytest.mark.parametrize("what", ["recognize", "refresh"])
def test_a_thread_that_is_killed_in_its_fetch(
    account: Account, workers: Workers, what: str
) -> None:
    account.gate.clear()
    (client,) = workers.connect(workers.pids()[0], 1)
    client.ask(f"/killed?what={what}")
    wait_until(lambda: account.fetches)
    workers.nginx.get("/kill")
    client.sock.settimeout(A_MOMENT)
    assert client.answer() == {"killed": True}
    account.gate.set()
    succeed_soon(workers)
    assert len(account.used) == 20  # the fetch goes on without the call, its picture does not


def test_a_thread_that_is_killed_while_the_service_works(
    account: Account, workers: Workers
) -> None:
    """Its request comes to its end, and the next call is not given its card."""
    works, may_answer = threading.Event(), threading.Event()
    plain_answer = account.answer

    def answer(request: Request) -> Reply:
        if "/cv/" in request.target and not works.is_set():
            works.set()
            assert may_answer.wait(PATIENCE)
        return plain_answer(request)

    account.service.otherwise = answer
    (client,) = workers.connect(workers.pids()[0], 1)
    client.ask("/killed?what=recognize")
    assert works.wait(PATIENCE)
    workers.nginx.get("/kill")
    wait_until(lambda: workers.tell().get("killed"))
    may_answer.set()
    client.sock.settimeout(A_MOMENT)
    assert client.answer() == {"killed": True}
    succeed_soon(workers)

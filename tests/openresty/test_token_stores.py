"""Token stores in nginx that are not ngx.shared: they may yield, and they may fail."""

import pathlib
from collections.abc import Iterator

import pytest
from workers import (
    an_account,
    answers,
    ask_at_once,
    outcomes,
    recognizing,
    stale_record,
    wait_until,
    workers_of,
)

from account import Account
from redis_server import RedisServer

WARNING = "the token store failed: going on with this process's own token"


@pytest.fixture
def account() -> Iterator[Account]:
    with an_account() as made:
        yield made


@pytest.fixture(params=["yielding_store", "redis_store"])
def yielding(request: pytest.FixtureRequest) -> Iterator[str]:
    """The setting of a store that lets others run while it works."""
    if request.param == "yielding_store":
        yield 'token_store = require("yielding_store")'
        return
    with RedisServer() as server:
        yield f'token_store = require("redis_store").new("unix:{server.socket_path}")'


def test_a_store_may_yield(tmp_path: pathlib.Path, account: Account, yielding: str) -> None:
    account.gate.clear()
    with recognizing(tmp_path, account, yielding) as workers:
        clients = workers.crowd(each=25)
        ask_at_once(clients, "/recognize")
        workers.wait_until_begun(50)
        wait_until(lambda: account.fetches)
        account.gate.set()
        came = answers(clients)
        assert "warned" not in "".join(workers.tell())
    assert outcomes(came) == {"Back": 50}
    assert workers_of(came) == {0: 25, 1: 25}
    assert len(account.fetches) == 1


def test_calls_go_on_without_a_store_that_raises(tmp_path: pathlib.Path, account: Account) -> None:
    account.accepts_all = True
    failing = 'token_store = require("failing_store").new { "get", "set", "add", "delete" }'
    with recognizing(tmp_path, account, failing) as workers:
        clients = workers.crowd(each=10)
        for _ in range(2):
            ask_at_once(clients, "/recognize")
            assert outcomes(answers(clients)) == {"Back": 20}
        # It fails once for each worker, which has a token of its own from then on.
        assert workers.tell()[f"warned: {WARNING}"] == 2
        assert workers.nginx.log().count(f"wxidcard: warning: {WARNING}\n") == 2
    assert len(account.fetches) == 2


def test_a_renewal_beside_goes_on_without_a_store_that_raises(
    tmp_path: pathlib.Path, account: Account
) -> None:
    account.accepts_all = True
    failing = 'token_store = require("failing_store").new { "add" }'
    with recognizing(tmp_path, account, failing, workers=1) as workers:
        workers.put(stale_record(account, "canary-stale"), 200)
        clients = workers.crowd(each=10)
        for some in (clients[:1], clients):  # the first finds the token in the store
            ask_at_once(some, "/recognize")
            assert outcomes(answers(some)) == {"Back": len(some)}
        wait_until(lambda: f"warned: {WARNING}" in workers.tell())
        wait_until(lambda: account.fetches)
        ask_at_once(clients, "/recognize")
        assert outcomes(answers(clients)) == {"Back": 10}
        assert workers.tell()[f"warned: {WARNING}"] == 1
    assert len(account.fetches) == 1

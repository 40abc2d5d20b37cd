"""Two workers of a nginx have one token, by ngx.shared: one fetch for both, in any weather."""

import json
import os
import pathlib
import signal
import threading
from collections.abc import Iterator

import pytest
from workers import (
    PATIENCE,
    SHARED,
    Client,
    Workers,
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
from scripted import Reply, Request, reply

BROKEN = reply({"errcode": -1, "errmsg": "system error"})


@pytest.fixture
def account() -> Iterator[Account]:
    with an_account() as made:
        yield made


@pytest.fixture
def workers(tmp_path: pathlib.Path, account: Account) -> Iterator[Workers]:
    with recognizing(tmp_path, account) as started:
        yield started


def has_token_from_store(clients: list[Client]) -> None:
    """One call of each worker, the first: it finds the token in the store."""
    ask_at_once(clients[:2], "/recognize")
    assert workers_of(answers(clients[:2])) == {0: 1, 1: 1}


def test_one_fetch_for_all_requests_of_all_workers(account: Account, workers: Workers) -> None:
    account.gate.clear()
    clients = workers.crowd(each=25)
    ask_at_once(clients, "/recognize")
    workers.wait_until_begun(50)
    wait_until(lambda: account.fetches)
    account.gate.set()
    came = answers(clients)
    assert outcomes(came) == {"Back": 50}
    assert workers_of(came) == {0: 25, 1: 25}
    assert len(account.fetches) == 1


def test_without_a_store_each_worker_fetches_once(tmp_path: pathlib.Path, account: Account) -> None:
    account.accepts_all = True
    account.gate.clear()
    with recognizing(tmp_path, account, "") as workers:
        clients = workers.crowd(each=25)
        ask_at_once(clients, "/recognize")
        workers.wait_until_begun(50)
        wait_until(lambda: len(account.fetches) == 2)
        account.gate.set()
        assert outcomes(answers(clients)) == {"Back": 50}
    assert len(account.fetches) == 2


def test_one_more_fetch_for_all_who_meet_a_refused_token(
    account: Account, workers: Workers
) -> None:
    clients = workers.crowd(each=25)
    ask_at_once(clients, "/recognize")
    answers(clients)
    (old,) = account.good
    account.good.clear()
    # None is refused before all have come with the token, so that no one hears of it beforehand.
    everybody = threading.Barrier(len(clients))
    plain_answer = account.answer

    def answer(request: Request) -> Reply:
        if request.query.get("access_token") == [old]:
            everybody.wait(PATIENCE)
        return plain_answer(request)

    account.service.otherwise = answer
    account.used.clear()
    ask_at_once(clients, "/recognize")
    came = answers(clients)
    assert outcomes(came) == {"Back": 50}
    assert workers_of(came) == {0: 25, 1: 25}
    assert account.used.count(old) == 50
    assert len(account.fetches) == 2


def test_a_worker_that_dies_in_its_fetch_does_not_keep_the_others(
    account: Account, workers: Workers
) -> None:
    account.accepts_all = True
    account.gate.clear()
    doomed, other = workers.pids()
    (victim,) = workers.connect(doomed, 1)
    victim.ask("/recognize")
    wait_until(lambda: account.fetches)
    clients = workers.connect(other, 10)
    ask_at_once(clients, "/recognize")
    workers.wait_until_begun(11)
    os.kill(doomed, signal.SIGKILL)
    wait_until(lambda: doomed not in workers.pids() and len(workers.pids()) == 2)
    account.gate.set()
    # What is left of the lock's life would only be waited for.
    assert 0 < workers.stored("lock")["left"] <= 10
    assert len(account.fetches) == 1
    workers.age(20, "lock")
    assert outcomes(answers(clients)) == {"Back": 10}
    assert len(account.fetches) == 2
    (started_anew,) = (pid for pid in workers.pids() if pid != other)
    clients = workers.connect(started_anew, 1)
    ask_at_once(clients, "/recognize")
    assert outcomes(answers(clients)) == {"Back": 1}
    assert len(account.fetches) == 2


def test_a_stale_token_is_used_while_one_renewal_runs_beside(
    account: Account, workers: Workers
) -> None:
    workers.put(stale_record(account, "canary-stale"), 200)
    account.accepts_all = True
    account.gate.clear()
    clients = workers.crowd(each=25)
    has_token_from_store(clients)
    for _ in range(2):
        ask_at_once(clients, "/recognize")
        # They come while the renewal hangs: nobody waits for it.
        assert outcomes(answers(clients)) == {"Back": 50}
        wait_until(lambda: account.fetches)
    assert set(account.used) == {"canary-stale"}
    old = workers.stored()["value"]
    account.gate.set()
    wait_until(lambda: workers.stored()["value"] != old)
    wait_until(lambda: workers.stored("lock") == {})
    ask_at_once(clients, "/recognize")
    assert outcomes(answers(clients)) == {"Back": 50}
    assert set(account.used) == {
        "canary-stale",
        json.loads(workers.stored()["value"])["access_token"],
    }
    assert len(account.fetches) == 1


def test_a_renewal_does_not_wait_for_the_call(account: Account, workers: Workers) -> None:
    """It has begun when the service still works on the picture."""
    workers.put(stale_record(account, "canary-stale"), 200)
    clients = workers.crowd(each=1)
    has_token_from_store(clients)
    plain_answer = account.answer

    def answer(request: Request) -> Reply:
        if "/cv/" in request.target:
            wait_until(lambda: account.fetches)
        return plain_answer(request)

    account.accepts_all = True
    account.service.otherwise = answer
    ask_at_once(clients[:1], "/recognize")
    assert outcomes(answers(clients[:1])) == {"Back": 1}


def test_a_renewal_that_fails_fails_no_call(account: Account, workers: Workers) -> None:
    workers.put(stale_record(account, "canary-stale"), 200)
    account.token_answer = BROKEN
    clients = workers.crowd(each=25)
    has_token_from_store(clients)
    ask_at_once(clients, "/recognize")
    assert outcomes(answers(clients)) == {"Back": 50}
    wait_until(lambda: account.fetches)
    ask_at_once(clients, "/recognize")
    assert outcomes(answers(clients)) == {"Back": 50}
    assert set(account.used) == {"canary-stale"}
    assert len(account.fetches) <= 3  # it is remembered for 1 s, then for 2 s


def test_calls_that_wait_for_the_others_fetch_end_in_time(
    tmp_path: pathlib.Path, account: Account
) -> None:
    account.gate.clear()
    with recognizing(tmp_path, account, f"{SHARED}, timeout = 400") as hasty:
        clients = hasty.crowd(each=10)
        ask_at_once(clients, "/recognize")
        assert outcomes(answers(clients)) == {"timeout": 20}
    assert account.used == []


@pytest.fixture
def impatient(tmp_path: pathlib.Path, account: Account) -> Iterator[Workers]:
    """Whose calls wait for no second try, at an endpoint that is out of order."""
    account.token_answer = BROKEN
    with recognizing(tmp_path, account, f"{SHARED}, max_retries = 0") as started:
        yield started


def test_an_endpoint_that_is_down_is_not_stormed(account: Account, impatient: Workers) -> None:
    clients = impatient.crowd(each=25)
    ask_at_once(clients, "/recognize")
    came = answers(clients)
    assert outcomes(came) == {"busy": 50}
    assert workers_of(came) == {0: 25, 1: 25}
    assert account.used == []
    assert 1 <= len(account.fetches) <= 3  # it is remembered for 1 s, then for 2 s


def test_a_failed_fetch_is_remembered_by_the_other_worker(
    account: Account, impatient: Workers
) -> None:
    one, other = impatient.pids()
    clients = impatient.connect(one, 1)
    ask_at_once(clients, "/recognize")
    assert outcomes(answers(clients)) == {"busy": 1}
    # So that what the one has left is not forgotten meanwhile.
    failure = json.loads(impatient.stored("lock")["value"])
    failure["retry_at_ms"] += PATIENCE * 1000
    impatient.put(json.dumps(failure), PATIENCE, "lock")
    clients = impatient.connect(other, 25)
    ask_at_once(clients, "/recognize")
    assert outcomes(answers(clients)) == {"busy": 25}
    assert len(account.fetches) == 1


def test_a_token_refreshed_by_force_is_found_by_all_workers(
    account: Account, workers: Workers
) -> None:
    clients = workers.crowd(each=1)
    ask_at_once(clients, "/recognize")
    answers(clients)
    one, other = clients
    one.ask("/refresh?force=1")
    assert one.answer()["came"] == "done"
    asked = [json.loads(fetch.body)["force_refresh"] for fetch in account.fetches]
    assert asked == [False, True]
    one.ask("/refresh?force=1")
    assert one.answer()["kind"] == "rate"
    # The other's token is refused, and the new one is in the store.
    ask_at_once([one, other], "/recognize")
    assert outcomes(answers([one, other])) == {"Back": 2}
    assert len(account.fetches) == 2
    one.ask("/refresh")
    assert one.answer()["came"] == "done"
    assert len(account.fetches) == 3

"""Connections that nginx keeps: what may lie on them is never handed out as another call's card,
and no request is sent twice because one of them died."""

import pytest
from faults import Caller

SMALL = 2000
LARGE = 1_900_000
# The server says things late, after milliseconds, on a busy machine very late: where a test is
# about something else, the first calls are given time, and then the client knows what to expect.
PATIENTLY = {"pause": 8, "first_pauses": 60}
BOTH_WAYS = pytest.mark.parametrize("word", ["http", "https"])


@BOTH_WAYS
@pytest.mark.parametrize("fault", ["ok", "chunked/first-0"])
def test_a_connection_is_used_again(fresh_calls: Caller, fault: str, word: str) -> None:
    fresh_calls.server.reset()
    outcomes = fresh_calls.series(fault, 20, SMALL, word)
    assert all(outcome.get("right") for outcome in outcomes)
    seen = fresh_calls.server.seen(fault)
    assert (seen["posts_whole"], seen["connections"]) == (20, 1)


@BOTH_WAYS
@pytest.mark.parametrize(
    "fault", ["close-idle", "close-idle-later", "reset-idle", "push-408", "push-408-keeps-open"]
)
def test_an_ended_connection_costs_nothing(fresh_calls: Caller, fault: str, word: str) -> None:
    fresh_calls.server.reset()
    outcomes = fresh_calls.series(fault, 6, SMALL, word, pause=100, first_pauses=150)
    assert [outcome.get("right") for outcome in outcomes] == [True] * 6, outcomes
    seen = fresh_calls.server.seen(fault)
    assert (seen["posts_begun"], seen["connections"]) == (6, 6)


@BOTH_WAYS
def test_a_connection_that_is_just_ending_costs_nothing_by_default(
    fresh_calls: Caller, word: str
) -> None:
    """Closed without a word after 20 requests, when the next one may be on its way: with retries,
    as they are by default, no call fails."""
    outcomes = fresh_calls.series("close-after-20", 400, SMALL, word, retries=2)
    assert all(outcome.get("right") for outcome in outcomes)


def test_a_reset_on_reuse_is_no_failure(fresh_calls: Caller) -> None:
    fresh_calls.server.reset()
    outcomes = fresh_calls.series("reset-on-reuse", 5, 1_500_000)
    assert all(outcome.get("right") for outcome in outcomes), outcomes
    assert fresh_calls.server.seen("reset-on-reuse")["posts_whole"] == 5


def test_a_408_on_a_kept_connection_is_about_the_time_before(fresh_calls: Caller) -> None:
    fresh_calls.server.reset()
    outcomes = fresh_calls.series("408-on-reuse", 2)
    assert [outcome.get("right") for outcome in outcomes] == [True, True]
    assert fresh_calls.server.seen("408-on-reuse")["connections"] == 2


@BOTH_WAYS
def test_nothing_is_sent_twice_behind_the_cores_back(fresh_calls: Caller, word: str) -> None:
    """The server takes the whole of the second request and closes: it may have been counted."""
    fresh_calls.server.reset()
    first, second = fresh_calls.series("close-on-reuse", 2, SMALL, word)
    assert (first.get("right"), second.get("kind")) == (True, "network")
    assert fresh_calls.server.seen("close-on-reuse")["posts_begun"] == 2


@BOTH_WAYS
@pytest.mark.parametrize("fault", ["twice-at-once", "twice-soon", "twice-head-apart"])
def test_late_answers_are_never_handed_out(fresh_calls: Caller, fault: str, word: str) -> None:
    for outcome in fresh_calls.series(fault, 200, SMALL, word, first_pauses=60):
        assert outcome.get("right") or outcome.get("kind") == "protocol", outcome


def test_ten_thousand_late_answers_at_random(fresh_calls: Caller) -> None:
    """All calls have their own card, and nothing is sent twice for it; but for what a stall of the
    server may have done. Who has seen one second answer keeps no connection any more: so all is
    forgotten now and then."""

    def count(what: str = "") -> int:
        return fresh_calls.server.seen(f"twice-at-random{what}")["posts_begun"]

    total, of_a_request = 10_000, 500
    wrong: list[object] = []
    for first in range(1, total, of_a_request):
        numbers = range(first, first + of_a_request)
        outcomes = fresh_calls.forgetful("twice-at-random", numbers, threads=10, each=5)
        wrong += [met for met in outcomes if not met.get("right")]
        assert len(outcomes) == of_a_request
    stalled = count("/stalled")
    assert len(wrong) <= stalled, wrong
    assert total <= count() <= total + stalled
    assert stalled + count("/skipped") < total / 2  # else this says little


def test_a_clock_that_others_set_hurries_nobody(fresh_calls: Caller) -> None:
    """Time is over for nginx when its clock says so: who sleeps may wake before it has asked the
    system for what has come meanwhile."""
    fresh_calls.server.reset()
    outcomes = fresh_calls.hurried("twice-late")
    assert [outcome.get("right") for outcome in outcomes] == [True, True], outcomes
    assert fresh_calls.server.seen("twice-late")["posts_begun"] == 2


@BOTH_WAYS
def test_late_answers_on_idle_connections_cost_nothing(fresh_calls: Caller, word: str) -> None:
    fresh_calls.server.reset()
    outcomes = fresh_calls.series("twice-late", 60, SMALL, word, **PATIENTLY)
    assert all(outcome.get("right") for outcome in outcomes), outcomes
    assert fresh_calls.server.seen("twice-late")["posts_begun"] == 60


def test_the_first_uses_of_kept_connections_are_cautious(fresh_calls: Caller) -> None:
    """The second answer comes 5 ms after the first. A stall of the server can defeat any caution,
    so it is given three chances; a client without caution fails in all of them."""

    def mismatches() -> int:
        outcomes = fresh_calls.series("twice-soon-after", 50)
        return sum(outcome.get("right") is False for outcome in outcomes)

    assert any(mismatches() == 0 for _ in range(3))


@BOTH_WAYS
@pytest.mark.parametrize("fault", ["late-in-next-upload", "late-at-next-head"])
def test_an_answer_during_the_upload_is_not_this_ones(
    fresh_calls: Caller, fault: str, word: str
) -> None:
    fresh_calls.server.reset()
    outcomes = fresh_calls.series(fault, 10, LARGE, word)
    assert not any(outcome.get("right") is False for outcome in outcomes)
    right = sum(outcome.get("right") is True for outcome in outcomes)
    assert right >= 5
    assert right <= fresh_calls.server.seen(fault)["posts_whole"] <= 10


def test_an_early_refusal_on_a_kept_connection_is_looked_into(fresh_calls: Caller) -> None:
    fresh_calls.server.reset()
    outcomes = fresh_calls.series("early-413-when-reused", 2, 1_900_000)
    assert [outcome.get("right") for outcome in outcomes] == [True, True], outcomes
    assert fresh_calls.server.seen("early-413-when-reused")["connections"] == 2


def test_many_calls_of_one_request_at_once(fresh_calls: Caller) -> None:
    """Each answer takes 0.3 s; one after the other they would take the whole time-out."""
    outcomes = fresh_calls.at_once("slow-ok", 150)
    assert all(outcome.get("right") for outcome in outcomes)
    assert max(outcome["elapsed_ms"] for outcome in outcomes) < 20000
    assert fresh_calls.server.seen("listener/http")["most_open"] >= 50

"""Each fault of tests/faults inside nginx: the right kind, in time, with the right number of POSTs,
and the next call succeeds."""

import os
from typing import Any

import pytest
from faults import Caller, wait_until

import patience
from fault_cases import TIMEOUT_MS, Meeting, Outcome, each_meeting, survive


def outcome_of(met: dict[str, Any]) -> Outcome:
    return Outcome(
        met["elapsed_ms"],
        met.get("right"),
        met.get("kind"),
        met.get("http_status"),
        met.get("message", ""),
    )


@each_meeting
def test_a_fault_has_its_kind(calls: Caller, meeting: Meeting) -> None:
    # So that no connection is kept: then it would be tried afresh.
    calls.series("close-idle", 1, 100, meeting.word)

    def call(length: int, _number: int) -> Outcome:
        (met,) = calls.series(meeting.key, 1, length, meeting.word, timeout=TIMEOUT_MS)
        return outcome_of(met)

    survive("openresty", meeting, calls.server, call, calls.nginx.worker())


@pytest.mark.parametrize(
    "fault",
    ["ok", "chunked", "chunked-with-trailer", "http-1.0", "until-close", "some-1xx", "eager-100",
     "long-header"],
)  # fmt: skip
@pytest.mark.parametrize("word", ["http", "https"])
def test_what_is_no_fault_succeeds(calls: Caller, fault: str, word: str) -> None:
    """Those that end with the connection may end it when the next call has begun: hence retries."""
    outcomes = calls.series(fault, 3, 300000, word, retries=2)
    assert [outcome.get("right") for outcome in outcomes] == [True] * 3


def test_a_deadline_holds_for_all_attempts_together(calls: Caller) -> None:
    (met,) = calls.series("never-answers", timeout=TIMEOUT_MS, retries=2)
    assert (met["kind"], met["elapsed_ms"] <= TIMEOUT_MS + 250) == ("timeout", True)


def test_posts(fresh_calls: Caller) -> None:
    """Over connections of their own: those that are kept are all calls' of the worker, and what is
    refused over one of these before it is whole goes once more over a new one."""
    fresh_calls.series("twice-late", 4)
    fresh_calls.server.reset()
    fresh_calls.series("ok", 3)
    assert fresh_calls.server.seen("ok")["connections"] == 3  # from now on none is kept

    def call(meeting: patience.Meeting) -> Outcome:
        asked = {"timeout": patience.TIMEOUT_MS, "retries": "default"}
        (met,) = fresh_calls.series(meeting.fault, 1, meeting.length, meeting.word, **asked)
        return outcome_of(met)

    patience.meet_side_by_side("openresty", fresh_calls.server, call)


def test_a_call_may_succeed_at_last(calls: Caller) -> None:
    (met,) = calls.series("status-503/first-2", retries="default", timeout=10000)
    assert met["right"]


def test_nobody_listens(calls: Caller) -> None:
    (met,) = calls.series("ok", word="closed", retries=2)
    assert (met["kind"], "nobody accepted" in met["message"]) == ("connect", True)


def test_no_descriptor_is_left(fresh_calls: Caller) -> None:
    folder = f"/proc/{fresh_calls.nginx.worker()}/fd"
    before = len(os.listdir(folder))
    for fault in ("early-413", "reset-mid-response", "gigabyte-by-close", "no-bytes", "101"):
        fresh_calls.series(fault, 3, 300000, timeout=TIMEOUT_MS)
    fresh_calls.series("close-idle", 1)
    # The request for the process's number may have been open still.
    wait_until(lambda: len(os.listdir(folder)) <= before)

"""A worker of nginx that has run out of something: its calls fail by the right name, or do without.

nginx's own limits are low here. In the default configuration a worker has 512 connections, and runs
256 timers.
"""

import pathlib

import pytest
from faults import caller
from workers import SHARED, an_account, recognizing, stale_record, wait_until

from fault_server import FaultServer

TIMERS = """
location /pend { content_by_lua_block {
    ngx.shared.seen:delete("over")
    assert(ngx.timer.at(0.5, function() ngx.shared.seen:set("over", 1) end))
    ngx.print("{}")
} }
location /occupy { content_by_lua_block {
    assert(ngx.timer.at(0, function()
        ngx.shared.seen:set("occupied", 1)
        while not ngx.worker.exiting() do
            ngx.sleep(0.01)
        end
    end))
    ngx.print("{}")
} }
"""


@pytest.mark.parametrize(
    ("main", "events"),
    [("", "worker_connections 12;"), ("worker_rlimit_nofile 50;", "")],
    ids=["connections", "descriptors"],
)
def test_what_is_left_of_nothing_is_named(
    tmp_path: pathlib.Path, server: FaultServer, main: str, events: str
) -> None:
    with caller(tmp_path, server, main=main, events=events) as calls:
        calls.series("ok")  # so that Lua has read its files
        # By whatever words nginx's module has for it, which change from time to time.
        for _ in range(3):
            met = calls.at_once("slow-ok", 80)
            kinds = {outcome.get("kind", outcome.get("right")) for outcome in met}
            assert kinds == {True, "system"}
            said = {outcome["message"] for outcome in met if "message" in outcome}
            assert len(said) == 1
            assert "no connection or file descriptor is left in this nginx worker" in said.pop()
        assert all(outcome.get("right") for outcome in calls.at_once("ok", 5))


def test_without_a_timer_a_call_fetches_the_token_itself(tmp_path: pathlib.Path) -> None:
    """nginx drops a timer, when its time has come, if as many are running as may."""
    with (
        an_account() as account,
        recognizing(
            tmp_path,
            account,
            SHARED,
            workers=1,
            locations=TIMERS,
            http="lua_max_running_timers 1;",
        ) as workers,
    ):
        workers.nginx.get("/occupy")
        wait_until(lambda: "occupied" in workers.tell())
        (client,) = workers.connect(workers.pids()[0], 1)
        client.ask("/recognize")
        assert client.answer()["came"] == "Back"
        client.ask("/refresh?force=1")
        assert client.answer()["came"] == "done"
        assert len(account.fetches) == 2
        assert "lua_max_running_timers are not enough" in workers.nginx.log()


def test_a_renewal_for_which_there_is_no_timer_is_not_lost(tmp_path: pathlib.Path) -> None:
    """nginx makes none if as many wait for their time as may. The next call tries again."""
    with (
        an_account() as account,
        recognizing(
            tmp_path,
            account,
            SHARED,
            workers=1,
            locations=TIMERS,
            http="lua_max_pending_timers 1;",
        ) as workers,
    ):
        workers.put(stale_record(account, "canary-stale"), 200)
        (client,) = workers.connect(workers.pids()[0], 1)
        for _ in range(2):  # the first finds the token in the store
            workers.nginx.get("/pend")
            client.ask("/recognize")
            assert client.answer()["came"] == "Back"
            assert account.fetches == []
            wait_until(lambda: "over" in workers.tell())
        client.ask("/recognize")
        assert client.answer()["came"] == "Back"
        wait_until(lambda: len(account.fetches) == 1)

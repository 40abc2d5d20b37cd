"""The judge of scripts/endure finds what is wrong in figures, and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest
from judge import Held, Outcome, Tally, findings, growth
from plan import Call
from secrets_told import logs_that_tell

MIB = 1 << 20
CLEAN = Call(1, "http", "ok", 2000, 15_000)
LASTS = Call(2, "http", "close-after-upload", 2000, 15_000, frozenset({"network"}), None, False)
MENDED = Call(3, "http", "status-503/first-1", 2000, 15_000, frozenset({"protocol"}), 503)
CANCELLED = Call(4, "http", "ok", 2000, 15_000, cancel_ms=20)


def card_of(call: Call, elapsed_ms: float = 5.0) -> Outcome:
    details = (str(call.picture_crc32()), str(call.length))
    return Outcome(call.number, elapsed_ms, "card", details)


def held(calls: int, in_use: float = 1, resident: float = 20, **more: int) -> Held:
    figures = {"descriptors": 3, "threads": 1} | more
    return Held(calls, int(resident * MIB), int(in_use * MIB), **figures)


def good_tally() -> Tally:
    tally = Tally()
    tally.take(CLEAN, card_of(CLEAN))
    tally.looks = [held(calls) for calls in (0, 1000, 2000, 3000)]
    tally.last = held(3000)
    return tally


def test_a_good_run_has_no_findings() -> None:
    assert findings(good_tally()) == []


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (LASTS, "2 5.0 error network 0"),
        (LASTS, "2 15240.0 error network None"),
        (MENDED, "3 5.0 error protocol 503"),
        (CANCELLED, "4 269.0 cancelled"),
    ],
)
def test_what_is_allowed(call: Call, line: str) -> None:
    tally = good_tally()
    tally.take(call, Outcome.read(line))
    assert findings(tally) == []


@pytest.mark.parametrize(
    ("call", "line", "told"),
    [
        (CLEAN, "1 5.0 error network 0", "must not"),
        (CLEAN, "1 5.0 cancelled", "must not"),
        (CLEAN, "1 5.0 raised ValueError", "must not"),
        (LASTS, "2 5.0 error timeout 0", "must not"),
        (MENDED, "3 5.0 error protocol 502", "must not"),
        (CLEAN, "1 5.0 card 12345 2000", "another call's card"),
        (CLEAN, f"1 5.0 card {CLEAN.picture_crc32()} 2001", "another call's card"),
        (MENDED, f"3 5.0 card {CLEAN.picture_crc32()} 2000", "another call's card"),
        (LASTS, "2 15251.0 error network 0", "after their deadline"),
        (CANCELLED, "4 271.0 cancelled", "after their deadline"),
    ],
)
def test_what_is_not(call: Call, line: str, told: str) -> None:
    tally = good_tally()
    tally.take(call, Outcome.read(line))
    (finding,) = findings(tally)
    assert told in finding
    assert str(call) in finding


def test_a_card_of_a_fault_that_lasts_is_not_allowed() -> None:
    tally = good_tally()
    tally.take(LASTS, card_of(LASTS))
    (finding,) = findings(tally)
    assert "must not" in finding


def test_a_late_card_is_late() -> None:
    tally = good_tally()
    tally.take(CLEAN, card_of(CLEAN, elapsed_ms=16_000))
    (finding,) = findings(tally)
    assert "1000 ms after its deadline" in finding
    assert tally.worst_lateness_ms == 1000


def test_as_late_as_the_machine_is_slow_is_load() -> None:
    tally = good_tally()
    tally.take(CLEAN, card_of(CLEAN, elapsed_ms=16_049), stall_ms=400)
    assert (findings(tally), tally.late_by_load) == ([], 1)
    tally.take(CLEAN, card_of(CLEAN, elapsed_ms=16_051), stall_ms=400)
    (finding,) = findings(tally)
    assert "1051 ms after its deadline" in finding
    assert tally.late_by_load == 1


def test_many_of_a_sort_are_counted_and_some_told() -> None:
    tally = good_tally()
    for _ in range(50):
        tally.take(CLEAN, Outcome.read("1 5.0 error network 0"))
    (finding,) = findings(tally)
    assert finding.startswith("50 calls")
    assert finding.count(str(CLEAN)) == 5


# ---- Memory


def with_memory(in_use: list[float], resident: list[float], each: int) -> Tally:
    tally = good_tally()
    tally.looks = [
        held(number * each, used, lives)
        for number, (used, lives) in enumerate(zip(in_use, resident, strict=True))
    ]
    return tally


def test_a_kilobyte_a_call_is_found() -> None:
    grown = [1 + number for number in range(20)]
    steady = [20.0] * 20
    (finding,) = findings(with_memory([float(g) for g in grown], steady, 1024))
    assert finding.startswith("memory in use grew by 14.0 MiB in 14336 calls, 1024 bytes a call")
    (finding,) = findings(with_memory([1.0] * 20, [20.0 + g for g in grown], 1024))
    assert finding.startswith("resident memory grew by 14.0 MiB")


def test_one_look_that_is_high_is_no_leak() -> None:
    steady = [1.0] * 20
    for odd in (5, 10, 19):
        peak = [30.0 if number == odd else 1.0 for number in range(20)]
        assert findings(with_memory(peak, steady, 5_000)) == []


def test_what_grows_while_it_gets_warm_is_no_leak() -> None:
    warm = [1.0, 9.0, 17.0, 25.0, 33.0, *[33.0] * 15]
    assert findings(with_memory(warm, warm, 5_000)) == []


def test_a_block_of_malloc_a_call_is_allowed_and_two_are_not() -> None:
    def tally(bytes_a_call: int) -> Tally:
        used = [1 + number * 100_000 * bytes_a_call / MIB for number in range(20)]
        return with_memory(used, [20.0] * 20, 100_000)

    assert findings(tally(32)) == []
    assert findings(tally(48)) != []


def test_a_driver_that_cannot_tell_is_judged_by_resident_memory() -> None:
    tally = with_memory([1.0] * 20, [20.0 + number for number in range(20)], 1024)
    tally.looks = [replace(look, in_use=None) for look in tally.looks]
    (finding,) = findings(tally)
    assert finding.startswith("resident memory")


def test_growth_is_a_line() -> None:
    looks = [held(calls) for calls in (0, 10, 20)]
    assert growth(looks, [5, 25, 45]).slope == 2
    assert growth(looks, [5, 25, 45]).grown == 40


# ---- What is left


@pytest.mark.parametrize("what", ["descriptors", "threads"])
@pytest.mark.parametrize("count", [0, 9])
def test_what_is_left_open_is_found(what: str, count: int) -> None:
    tally = good_tally()
    tally.last = held(3000, **{what: count})
    (finding,) = findings(tally)
    assert finding.startswith(f"{count} {what} when everything is closed")


def test_a_run_without_an_end_or_without_cards_is_not_good() -> None:
    tally = good_tally()
    tally.last = None
    assert findings(tally) == ["it did not come to its end"]
    assert "no call succeeded" in findings(Tally())
    assert any("too seldom" in finding for finding in findings(Tally()))


def test_problems_are_told() -> None:
    tally = good_tally()
    tally.problems.append("it ended with status 9")
    assert findings(tally) == ["it ended with status 9"]


# ---- Logs


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("c.log", "12: closed without a reply\n", False),
        ("c.log", "fine\na canary_token\n", True),
        ("c.log", "the other end, 127.0.0.1\n", True),
        ("c.log", "https://host/fault/as-told\n", True),
        ("c.log", "11010519491231002X\n", True),
        ("openresty.log", "client: unix:, host: localhost\n", False),
        ("openresty.log", "北京市\n", True),
        ("other.txt", "canary\n", False),
    ],
)
def test_what_logs_tell(tmp_path: Path, name: str, text: str, found: bool) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    told = logs_that_tell(tmp_path)
    assert [path.name for path, _ in told] == ([name] if found else [])
    assert not any("canary" in what for _, what in told)

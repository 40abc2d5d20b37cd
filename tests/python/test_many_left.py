"""recognize_many that is left, or interrupted, and what it keeps alive."""

import gc
import os
import signal
import time
import weakref
from collections.abc import Iterator

import pytest

import programs
import wxidcard
from given import JPEG, TOKEN, MakeClient
from many_calls import Gate, Taken, threads_of_calls, wait_until
from scripted import CARD, STALL, Reply, Request, ScriptedService, reply

HEAD = f"""
import gc, os, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
import wxidcard
JPEG = {JPEG!r}
client = wxidcard.Client(access_token={TOKEN!r}, base_url=sys.argv[1], timeout=20)
"""


@pytest.mark.parametrize("way", ["break", "close", "collection", "suspended"])
def test_it_is_left(service: ScriptedService, make_client: MakeClient, way: str) -> None:
    """Nothing more is taken, and threads end with their calls: none waits for work."""
    wait_until(lambda: not threads_of_calls())  # those of the test before
    gate = Gate(service)
    pictures = Taken(100)
    service.script.append(reply({"errcode": 0, **CARD}))
    outcomes = make_client().recognize_many(pictures, concurrency=4)
    if way == "break":
        for _ in outcomes:
            break
    else:
        next(outcomes)
    taken = pictures.taken
    gate.wait_for(taken - 1)
    if way == "close":
        outcomes.close()
        assert list(outcomes) == []
    elif way == "collection":
        cycle = [outcomes]
        cycle.append(cycle)  # type: ignore[arg-type]
        del outcomes, cycle
        gc.collect()
    elif way == "break":
        del outcomes
    assert len(threads_of_calls()) == taken - 1
    gate.open()
    wait_until(lambda: not threads_of_calls())
    assert pictures.taken == len(service.requests) == taken


def test_it_is_closed_before_it_began(client: wxidcard.Client) -> None:
    pictures = Taken(3)
    client.recognize_many(pictures).close()
    assert pictures.taken == 0


def test_it_goes_on_after_it_was_left(service: ScriptedService, make_client: MakeClient) -> None:
    """As long as the iterator is kept, it may be taken up again."""
    outcomes = make_client().recognize_many(Taken(10), concurrency=3)
    for _ in outcomes:
        break
    assert len(list(outcomes)) == 9


def test_ctrl_c_ends_it_and_the_program(service: ScriptedService) -> None:
    text = """
    def pictures():
        for number in range(100):
            taken.append(number)
            yield JPEG
    taken = []
    try:
        for _ in client.recognize_many(pictures(), concurrency=4):
            print("an outcome")
    except KeyboardInterrupt:
        print(time.monotonic(), len(taken), flush=True)
    """
    service.script += [STALL] * 4
    with programs.program(HEAD, text, service.url) as running:
        wait_until(lambda: len(service.requests) == 4)
        sent = time.monotonic()
        running.send_signal(signal.SIGINT)
        output, problems = running.communicate(timeout=30)
        ended = time.monotonic()
    assert (running.returncode, problems) == (0, "")
    caught, taken = output.split()
    assert float(caught) - sent < 0.25
    assert int(taken) == 4
    # It does not wait for the calls in flight, which would take 20 s to time out.
    assert ended - sent < 5


def test_ctrl_c_while_the_iterable_waits(service: ScriptedService) -> None:
    text = """
    def pictures():
        yield JPEG
        yield sys.stdin.readline()
    try:
        list(client.recognize_many(pictures()))
    except KeyboardInterrupt:
        print("interrupted")
    """
    with programs.program(HEAD, text, service.url) as running:
        wait_until(lambda: len(service.requests) == 1)
        time.sleep(0.05)  # it is in readline(), or about to be: right either way
        running.send_signal(signal.SIGINT)
        output, problems = running.communicate(timeout=30)
    assert (running.returncode, output, problems) == (0, "interrupted\n", "")


def test_a_failure_keeps_no_picture_alive(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """Who collects the failures of a folder does not collect its pictures."""

    class Picture(bytearray):
        __hash__ = object.__hash__  # type: ignore[assignment]

    alive: weakref.WeakSet[Picture] = weakref.WeakSet()

    def pictures() -> Iterator[Picture]:
        for _ in range(5):
            made = Picture(JPEG)
            alive.add(made)
            yield made
            del made

    service.otherwise = reply({"errcode": 101001, "errmsg": "certificate not found"})
    outcomes = make_client().recognize_many(pictures(), concurrency=2)
    failures = [outcome for _, outcome in outcomes]
    wait_until(lambda: not threads_of_calls())
    gc.collect()
    assert len(failures) == 5
    assert all(isinstance(failure, wxidcard.CardNotFoundError) for failure in failures)
    assert failures[0].__traceback__ is not None  # type: ignore[union-attr]
    assert len(alive) == 0


def test_what_was_handed_out_is_let_go(service: ScriptedService, make_client: MakeClient) -> None:
    class Picture(bytearray):
        pass

    made: list[weakref.ref[Picture]] = []

    def pictures() -> Iterator[Picture]:
        for _ in range(3):
            yield _remembered(Picture(JPEG), made)

    outcomes = make_client().recognize_many(pictures(), concurrency=1)
    for number in range(3):
        item, _ = next(outcomes)
        assert made[number]() is item
        del item
        wait_until(lambda number=number: made[number]() is None)  # type: ignore[misc]


def _remembered(picture: bytearray, made: list[weakref.ref[bytearray]]) -> bytearray:
    made.append(weakref.ref(picture))
    return picture


def test_memory_is_flat_over_ten_thousand(
    service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each picture has 100 kB: one in two hundred that is kept would be seen."""
    # The sanitizer is not to keep what was freed, either. (Of each thread it keeps some 200 bytes.)
    options = os.environ.get("ASAN_OPTIONS", "")
    few = "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
    monkeypatch.setenv("ASAN_OPTIONS", f"{options}:{few}")
    text = """
    def resident():
        gc.collect()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    def pictures():
        for number in range(11_000):
            yield JPEG + b"%06d" % number + bytes(100_000)
    for number, (item, outcome) in enumerate(client.recognize_many(pictures(), concurrency=8)):
        assert outcome["type"] == "Back"
        if number == 999:
            before = resident()
    print(number + 1, resident() - before)
    """

    def answer(request: Request) -> Reply:
        service.requests.clear()
        return reply({"errcode": 0, **CARD})

    service.otherwise = answer
    count, growth = map(int, programs.output_of(HEAD, text, service.url).split())
    assert count == 11_000
    assert growth < 5_000_000

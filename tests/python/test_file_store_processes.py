"""FileTokenStore between processes, threads and forks, some of which are killed or stopped."""

import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from storing import KEY, VALUE, assert_secret
from wxidcard import file_store
from wxidcard.file_store import FileTokenStore

OTHERS = "another-owner"
PROCESSES, THREADS, ROUNDS, REPLACEMENTS = 8, 8, 50, 1000
TURNS = 20  # of each thread of two processes

HEAD = """
import json, os, sys, threading, time
from wxidcard.file_store import FileTokenStore
path, value, key = sys.argv[1:]

def tell(text):
    print(text, flush=True)

def wait():
    return sys.stdin.readline()
"""
# The clock is asked for the time while the file is locked, so it can keep it locked.
KEEP_LOCKED = """
def clock():
    tell("inside")
    wait()
    return time.time()
FileTokenStore(path, clock=clock).set(key, value, 60)
tell("done")
"""


@contextmanager
def program(text: str, path: Path, value: str = OTHERS) -> Iterator[subprocess.Popen[str]]:
    """Runs ``text`` after ``HEAD`` in an interpreter of its own, which is ended at the end.

    Or after 30 s: so a test that waits for it, or for the lock that it keeps, fails and goes on.
    """
    command = [sys.executable, "-W", "ignore", "-c", HEAD + textwrap.dedent(text)]
    with subprocess.Popen(
        [*command, str(path), value, KEY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        watchdog = threading.Timer(30, running.kill)
        watchdog.start()
        try:
            yield running
        finally:
            watchdog.cancel()
            watchdog.join()
            running.kill()


def hear(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline().strip()


def tell(running: subprocess.Popen[str]) -> None:
    assert running.stdin is not None
    running.stdin.write("\n")
    running.stdin.flush()


def names(path: Path) -> set[str]:
    return {found.name.removeprefix(path.name) for found in path.parent.iterdir()}


def test_one_of_eight_processes_wins(token_file: Path) -> None:
    # It gives its processor away between reading and writing, where others would come in.
    text = """
    def clock():
        for _ in range(20):
            os.sched_yield()
        return time.time()
    store = FileTokenStore(path, clock=clock)
    while wait():
        tell(store.add(key, value, 60))
    """
    store = FileTokenStore(token_file)
    with ExitStack() as stack:
        owners = [f"owner-{number}" for number in range(PROCESSES)]
        racers = [stack.enter_context(program(text, token_file, owner)) for owner in owners]
        for _ in range(ROUNDS):
            for racer in racers:
                tell(racer)
            answers = [hear(racer) for racer in racers]
            assert sorted(answers) == ["False"] * (PROCESSES - 1) + ["True"]
            winner = owners[answers.index("True")]
            assert store.get(KEY) == winner
            store.delete(KEY, winner)


def test_no_write_of_a_process_is_lost(token_file: Path) -> None:
    """Each sets keys of its own in the one file that all replace."""
    text = f"""
    store = FileTokenStore(path)
    wait()
    for number in range({ROUNDS}):
        store.set(f"{{value}}-{{number}}", value, 60)
    tell("done")
    """
    with ExitStack() as stack:
        writers = [stack.enter_context(program(text, token_file, f"w{n}")) for n in range(4)]
        for writer in writers:
            tell(writer)
        assert [hear(writer) for writer in writers] == ["done"] * 4
    store = FileTokenStore(token_file)
    expected = {f"w{writer}-{number}": f"w{writer}" for writer in range(4) for number in range(50)}
    assert {key: store.get(key) for key in expected} == expected


@pytest.mark.parametrize("way_there", ["direct", "linked folder"])
def test_one_of_eight_threads_wins(token_file: Path, way_there: str) -> None:
    """Also if they are on two ways to the file: a POSIX lock does not keep threads apart."""

    def clock() -> float:
        time.sleep(0)  # lets another thread come in between reading and writing
        return 1_700_000_000

    link = token_file.parent.with_name("link")
    link.symlink_to(token_file.parent)
    folders = [token_file.parent, link if way_there == "linked folder" else token_file.parent]
    stores = [FileTokenStore(folders[n % 2] / token_file.name, clock=clock) for n in range(THREADS)]
    start = threading.Barrier(THREADS)

    def race(number: int) -> list[bool]:
        answers = []
        for turn in range(ROUNDS):
            start.wait(20)
            answers.append(stores[number].add(f"{KEY}-{turn}", f"owner-{number}", 60))
        return answers

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(race, range(THREADS)))
    assert [sum(turn) for turn in zip(*answers, strict=True)] == [1] * ROUNDS


def test_threads_of_two_processes(token_file: Path) -> None:
    """No thread's end of its own work may end the process's lock while another works."""
    text = f"""
    store = FileTokenStore(path)
    def work(number):
        for turn in range({TURNS}):
            store.set(f"{{value}}-{{number}}-{{turn}}", value, 60)
    wait()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    tell("done")
    """
    with program(text, token_file, "a") as one, program(text, token_file, "b") as two:
        for running in (one, two):
            tell(running)
        assert (hear(one), hear(two)) == ("done", "done")
    store = FileTokenStore(token_file)
    keys = [f"{v}-{n}-{turn}" for v in "ab" for n in range(4) for turn in range(TURNS)]
    assert [key for key in keys if store.get(key) is None] == []


def test_readers_never_see_half_a_file(token_file: Path) -> None:
    text = f"""
    store = FileTokenStore(path)
    wait()
    for number in range({REPLACEMENTS}):
        store.set(key, "ab"[number % 2] * (5000 - number), 60)
    tell("done")
    """
    store = FileTokenStore(token_file)
    store.set(KEY, "a", 60)
    with program(text, token_file) as writer, ThreadPoolExecutor(1) as pool:
        tell(writer)
        done = pool.submit(hear, writer)
        seen = set()
        while not done.done():
            found = store.get(KEY)
            assert found
            assert found == found[0] * len(found)
            seen.add(len(found))
        assert done.result() == "done"
    assert len(seen) > 10


def test_a_killed_holder_keeps_nobody(token_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileTokenStore(token_file)
    monkeypatch.setattr(file_store, "LOCK_SECONDS", 0.05)
    with program(KEEP_LOCKED, token_file) as holder:
        assert hear(holder) == "inside"
        with pytest.raises(TimeoutError):
            store.add(KEY, VALUE, 60)
        holder.kill()
        holder.wait(20)
        assert store.add(KEY, VALUE, 60)


def test_who_waits_goes_on_when_the_holder_is_killed(token_file: Path) -> None:
    store = FileTokenStore(token_file)
    with program(KEEP_LOCKED, token_file) as holder, ThreadPoolExecutor(1) as pool:
        assert hear(holder) == "inside"
        waiting = pool.submit(store.add, KEY, VALUE, 60)
        holder.kill()
        assert waiting.result(4)


def test_leftovers_of_killed_writers_do_not_pile_up(token_file: Path) -> None:
    text = """
    def stop(*names):
        tell("inside")
        wait()
    os.replace = stop
    FileTokenStore(path).set(key, value, 60)
    """
    store = FileTokenStore(token_file)
    store.set(KEY, VALUE, 60)
    for _ in range(3):
        with program(text, token_file) as writer:
            assert hear(writer) == "inside"
            writer.kill()
            writer.wait(20)
        assert len(names(token_file)) == 3
        assert store.get(KEY) == VALUE
    store.set(KEY, "later", 60)
    assert names(token_file) == {"", ".lock"}
    assert store.get(KEY) == "later"


def test_a_stopped_holder_keeps_nobody_for_ever(
    token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileTokenStore(token_file)
    store.set(KEY, VALUE, 60)
    monkeypatch.setattr(file_store, "LOCK_SECONDS", 0.1)
    with program(KEEP_LOCKED, token_file) as holder:
        assert hear(holder) == "inside"
        holder.send_signal(signal.SIGSTOP)
        assert store.get(KEY) == VALUE  # which needs no lock
        for _ in range(2):  # and the threads of this process are not locked out by the first
            with pytest.raises(TimeoutError) as caught:
                store.set(KEY, VALUE, 60)
            assert_secret(caught.value)
        holder.send_signal(signal.SIGCONT)
        tell(holder)
        assert hear(holder) == "done"
        assert store.get(KEY) == OTHERS
        store.set(KEY, VALUE, 60)
    assert store.get(KEY) == VALUE


def test_a_thread_that_keeps_the_lock_keeps_nobody_for_ever(
    token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, released = threading.Event(), threading.Event()

    def clock() -> float:
        inside.set()
        released.wait(20)
        return 1_700_000_000

    monkeypatch.setattr(file_store, "LOCK_SECONDS", 0.1)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(FileTokenStore(token_file, clock=clock).add, KEY, VALUE, 60)
        assert inside.wait(20)
        with pytest.raises(TimeoutError) as caught:
            FileTokenStore(token_file).add(KEY, VALUE, 60)
        assert_secret(caught.value)
        released.set()
        assert slow.result(20)


def test_fork_while_another_thread_has_the_lock(token_file: Path) -> None:
    """In the child that thread is not, and nobody else would give the lock back."""
    text = """
    inside, released = threading.Event(), threading.Event()
    def clock():
        inside.set()
        released.wait()
        return time.time()
    thread = threading.Thread(target=FileTokenStore(path, clock=clock).set, args=("a", value, 60))
    thread.start()
    inside.wait()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(reading, 1)  # until the parent has unlocked the file
        try:
            FileTokenStore(path).set(key, value, 60)
        except OSError as error:
            os.write(1, f"{type(error).__name__}\\n".encode())
            os._exit(1)
        os._exit(0)
    released.set()
    thread.join()
    os.write(writing, b"x")
    tell(os.waitpid(child, 0)[1])
    """
    with program(text, token_file) as running:
        assert hear(running) == "0"
    assert FileTokenStore(token_file).get(KEY) == OTHERS
    assert FileTokenStore(token_file).get("a") == OTHERS


def test_the_lock_file_stays(token_file: Path) -> None:
    """Or a process that waits for it would lock one that nobody else finds."""
    store = FileTokenStore(token_file)
    store.set(KEY, VALUE, 60)
    lock = Path(f"{token_file}.lock")
    before = lock.stat().st_ino
    with open(lock):  # so that the number is not given again
        store.delete(KEY, VALUE)
        assert store.add(KEY, VALUE, 60)
        assert lock.stat().st_ino == before

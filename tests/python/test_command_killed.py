"""``wxidcard recognize -o FILE`` that is killed, or told to end, and gone on with."""

import random
import shlex
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from commands import (
    PROGRAM,
    answer_by_number,
    card_of,
    cards_in,
    command,
    make_folder,
    number_of,
    run,
)
from many_calls import Gate, wait_until
from scripted import Reply, Request, ScriptedService

FORMS = ("jsonl", "json", "csv")
COUNT = 200
CONCURRENCY = 8
KILLS = 20


def answer_slowly(request: Request) -> Reply:
    time.sleep(random.uniform(0, 0.004))  # so that calls end in another order than they began
    return answer_by_number(request)


def all_cards(paths: list[str]) -> dict[str, dict[str, object]]:
    return {path: card_of(number) for number, path in enumerate(paths)}


@pytest.mark.parametrize("form", FORMS)
def test_killed_twenty_times(service: ScriptedService, tmp_path: Path, form: str) -> None:
    """No card is lost, and none paid for twice but those in flight at a kill."""
    service.otherwise = answer_slowly
    paths = make_folder(tmp_path / "pictures", COUNT)
    file = tmp_path / f"cards.{form}"
    arguments = ("recognize", "--resume", "-o", file, "--concurrency", str(CONCURRENCY))
    kills = 0
    for _ in range(KILLS):
        begun = len(service.requests) + random.randint(0, 2 * COUNT // KILLS)
        with command(service.url, *arguments, tmp_path / "pictures") as running:
            while running.poll() is None and len(service.requests) < begun:
                time.sleep(0.0005)
            time.sleep(random.uniform(0, 0.01))
            if running.poll() is None:
                kills += 1
                running.send_signal(signal.SIGKILL)
            running.wait()
            assert running.returncode in (0, -signal.SIGKILL)
    assert kills > KILLS / 2
    status, _, problems = run(service.url, *arguments, tmp_path / "pictures")
    assert status == 0, problems
    assert cards_in(file, form) == all_cards(paths)
    posts = Counter(number_of(request) for request in service.requests)
    assert set(posts) == set(range(COUNT))
    assert COUNT <= posts.total() <= COUNT + kills * CONCURRENCY


def test_killed_between_the_answer_and_the_next_picture(
    service: ScriptedService, tmp_path: Path
) -> None:
    """What the service has answered is in the file before it is asked about another picture."""
    file = tmp_path / "cards.jsonl"
    paths = make_folder(tmp_path / "pictures", 20)
    seen: list[int] = []

    def answer(request: Request) -> Reply:
        number = number_of(request)
        if file.exists():
            seen.append(number - len(cards_in(file, "jsonl")))
        return answer_by_number(request)

    service.otherwise = answer
    arguments = ("recognize", "-o", file, "--concurrency", "1", *paths)
    assert run(service.url, *arguments)[0] == 0
    assert seen == [0] * 20


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("form", FORMS)
def test_told_to_end(
    service: ScriptedService, tmp_path: Path, number: signal.Signals, form: str
) -> None:
    """It ends what is in flight, writes it, and says with what command to go on."""
    gate = Gate(service, answer_by_number)
    paths = make_folder(tmp_path / "pictures", 20)
    file = tmp_path / f"cards of mine.{form}"
    arguments = ("recognize", "-o", file, "--concurrency", "4", tmp_path / "pictures")
    with command(service.url, *arguments) as running:
        gate.wait_for(4)
        running.send_signal(number)
        assert running.stderr is not None
        assert "finishing" in running.stderr.readline()
        gate.open()
        output, problems = running.communicate(timeout=60)
    assert (running.returncode, output) == (128 + number, "")
    assert len(cards_in(file, form)) == len(service.requests) == 4
    counts, go_on = problems.splitlines()
    assert counts == "wxidcard: 4 recognised, 0 failed, 16 not begun"
    words = shlex.split(go_on.partition("to go on: ")[2])
    assert words == ["wxidcard", "recognize", "--resume", *map(str, arguments[1:])]
    assert run(service.url, *words[1:])[0] == 0
    assert cards_in(file, form) == all_cards(paths)
    assert len(service.requests) == 20


def test_told_to_end_without_a_file(service: ScriptedService, tmp_path: Path) -> None:
    gate = Gate(service, answer_by_number)
    make_folder(tmp_path / "pictures", 10)
    arguments = ("recognize", "--jsonl", "--concurrency", "2", tmp_path / "pictures")
    with command(service.url, *arguments) as running:
        gate.wait_for(2)
        running.send_signal(signal.SIGINT)
        assert running.stderr is not None
        running.stderr.readline()
        gate.open()
        output, problems = running.communicate(timeout=60)
    assert running.returncode == 130
    assert len(output.splitlines()) == 2
    assert "8 not begun" in problems
    assert "-o FILE" in problems


def test_told_to_end_when_all_are_begun(service: ScriptedService, tmp_path: Path) -> None:
    """Then nothing is left to go on with."""
    gate = Gate(service, answer_by_number)
    paths = make_folder(tmp_path / "pictures", 3)
    with command(service.url, "recognize", "--jsonl", *paths) as running:
        gate.wait_for(3)
        running.send_signal(signal.SIGINT)
        assert running.stderr is not None
        running.stderr.readline()
        gate.open()
        output, problems = running.communicate(timeout=60)
    assert (running.returncode, problems) == (0, "")
    assert len(output.splitlines()) == 3


def test_told_twice_it_ends_at_once(service: ScriptedService, tmp_path: Path) -> None:
    gate = Gate(service, answer_by_number)
    make_folder(tmp_path / "pictures", 10)
    file = tmp_path / "cards.jsonl"
    with command(service.url, "recognize", "-o", file, tmp_path / "pictures") as running:
        gate.wait_for(8)
        running.send_signal(signal.SIGINT)
        assert running.stderr is not None
        running.stderr.readline()
        told = time.monotonic()
        running.send_signal(signal.SIGINT)
        running.wait(timeout=60)
        gate.open()
    assert running.returncode == -signal.SIGINT  # as shells take for an end by Ctrl-C
    assert time.monotonic() - told < 2
    assert cards_in(file, "jsonl") == {}


def test_a_signal_that_is_ignored_stays_ignored(service: ScriptedService, tmp_path: Path) -> None:
    gate = Gate(service, answer_by_number)
    paths = make_folder(tmp_path / "pictures", 10)
    program = PROGRAM.replace("signal.default_int_handler", "signal.SIG_IGN")
    with command(
        service.url, "recognize", "--concurrency", "2", "--jsonl", *paths, program=program
    ) as running:
        gate.wait_for(2)
        running.send_signal(signal.SIGINT)
        gate.open()
        output, problems = running.communicate(timeout=60)
    assert (running.returncode, problems) == (0, "")
    assert len(output.splitlines()) == 10


def test_two_runs_of_one_file(service: ScriptedService, tmp_path: Path) -> None:
    gate = Gate(service, answer_by_number)
    paths = make_folder(tmp_path / "pictures", 5)
    file = tmp_path / "cards.jsonl"
    arguments = ("recognize", "--resume", "-o", file, tmp_path / "pictures")
    with command(service.url, *arguments) as running:
        gate.wait_for(5)
        status, output, problems = run(service.url, *arguments)
        assert (status, output) == (2, "")
        assert "another run" in problems
        gate.open()
        assert running.wait(timeout=60) == 0
    assert len(service.requests) == 5
    assert cards_in(file, "jsonl") == all_cards(paths)


def test_whoever_reads_goes_away(service: ScriptedService, tmp_path: Path) -> None:
    """As head does: what is left is not recognised, since nobody would see it."""
    service.otherwise = answer_by_number
    paths = make_folder(tmp_path / "pictures", 100)
    with command(service.url, "recognize", "--jsonl", "--concurrency", "1", *paths) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith('{"picture": ')
        running.stdout.close()
        wait_until(lambda: running.poll() is not None)
        assert running.stderr is not None
        problems = running.stderr.read()
    assert running.returncode == 1
    assert "Traceback" not in problems and "BrokenPipe" not in problems
    assert len(service.requests) < 100


def test_the_disk_is_full(service: ScriptedService, tmp_path: Path) -> None:
    """A limit on the file's size stands for it; what is whole stays, and can be gone on with."""
    service.otherwise = answer_by_number
    paths = make_folder(tmp_path / "pictures", 50)
    file = tmp_path / "cards.json"
    limits = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
"""
    arguments = ("recognize", "-o", file, "--concurrency", "2", *paths)
    status, _, problems = run(service.url, *arguments, program=limits + PROGRAM)
    assert status == 1
    assert "could not be written: [Errno 27]" in problems
    assert 0 < len(cards_in(file, "json")) < 50
    assert run(service.url, *arguments, "--resume")[0] == 0
    assert cards_in(file, "json") == all_cards(paths)

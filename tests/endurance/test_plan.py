"""The plan of scripts/endure: one seed gives one, and nothing of the table is left out."""

import itertools
import json
import random
from zlib import crc32

from plan import ENDING, HEAD, LATE, LISTENERS, SPEAKING, Addresses, Plan, Task, read_cases


def addresses(name: str) -> Addresses:
    return Addresses({word: f"{word}://{name}" for word in LISTENERS}, f"{name}.pem")


def plan(seed: int = 1, first: int = 1000, cancels: bool = False) -> Plan:
    servers = (addresses("steady"), addresses("ending"), addresses("speaking"))
    return Plan(random.Random(seed), *servers, first=first, cancels=cancels)


def tasks(count: int, seed: int = 1) -> list[Task]:
    return list(itertools.islice(plan(seed), count))


def test_a_seed_gives_one_plan() -> None:
    assert tasks(500) == tasks(500)
    assert tasks(500) != tasks(500, seed=2)


def test_numbers_are_of_one_call_each() -> None:
    numbers = [call.number for task in tasks(1000) for call in task.calls]
    assert numbers == list(range(1001, 1001 + len(numbers)))


def test_every_fault_of_the_table_is_met() -> None:
    made = tasks(60_000)
    faults, right, refused = read_cases()
    met = {(call.word, call.fault) for task in made for call in task.calls}
    for case in faults:
        for word in ("http", "https")[: 1 + case.by_tls]:
            assert {(word, case.fault), (word, f"{case.fault}/first-1")} <= met, case.fault
    assert {("http", case.fault) for case in right} <= met
    assert {(word, "ok") for word in refused} <= met
    assert {(word, f) for word in ("http", "https") for f in ENDING + SPEAKING + LATE} <= met


def test_a_fault_is_followed_by_a_call_that_must_succeed() -> None:
    steady = [t for t in tasks(5000) if t.client.startswith(("steady", "slow", "lasting"))]
    faulty = [task for task in steady if task.calls[0].kinds]
    assert len(faulty) > 100
    for task in faulty:
        met, clean = task.calls
        assert met.may_succeed is met.fault.endswith("/first-1")
        assert (clean.fault, clean.kinds, clean.may_succeed) == ("ok", frozenset(), True)
    others = [call for task in steady if not task.calls[0].kinds for call in task.calls]
    assert not any(call.kinds for call in others)


def test_a_client_has_as_many_tasks_as_it_says() -> None:
    made = tasks(5000)
    last = {task.client: number for number, task in enumerate(made)}
    over = [name for name, number in last.items() if number < 3000]
    counted = {name: sum(task.client == name for task in made) for name in over}
    assert len(counted) > 50
    said = {task.client: task.tasks for task in made}
    assert counted == {name: said[name] for name in over}
    lasting = {name for name, count in said.items() if count == 0}
    assert lasting == {"lasting-1", "lasting-2"} and lasting.isdisjoint(over)


def test_what_speaks_out_of_turn_has_a_server_of_its_own() -> None:
    for task in tasks(5000):
        server = task.settings["base_url"].split("//")[1].split("/")[0]
        faults = {call.fault for call in task.calls}
        assert (server == "speaking") is bool(faults & {*SPEAKING, *LATE})
        assert (server == "ending") is bool(faults & {*ENDING})
        assert task.settings["ca_file"] == f"{server}.pem"


def test_late_answers_meet_large_pictures_only() -> None:
    lengths = [c.length for task in tasks(5000) for c in task.calls if c.fault in LATE]
    assert lengths and min(lengths) >= 1_000_000


def test_pictures_are_what_the_drivers_make() -> None:
    """All lengths are there, and the checksum is of the bytes that the line stands for."""
    lengths = set()
    for task in tasks(300):
        for call, told in zip(task.calls, json.loads(task.line())["calls"], strict=True):
            picture = (HEAD + told["says"].encode()).ljust(told["length"], b"x")
            assert (crc32(picture), len(picture)) == (call.picture_crc32(), call.length)
            lengths.add(len(picture))
    assert min(lengths) < 3_000 and max(lengths) > 1_500_000


def test_only_who_can_cancels() -> None:
    def cancelled(cancels: bool) -> int:
        made = itertools.islice(plan(cancels=cancels), 1000)
        return sum("cancel_ms" in call for t in made for call in json.loads(t.line())["calls"])

    assert cancelled(False) == 0
    assert cancelled(True) > 20


def test_clients_that_were_closed_are_forgotten() -> None:
    made = plan()
    before = {task.client for task in itertools.islice(made, 200) if task.tasks}
    made.forget_clients()
    after = {task.client for task in itertools.islice(made, 200) if task.tasks}
    assert before.isdisjoint(after)

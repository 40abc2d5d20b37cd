"""What becomes of a picture, by what the service, the file and the worker do."""

import hashlib
from collections import deque
from typing import Any

import pytest
from installation import Installation, card_of, picture_of, wait_until

from scripted import STALL, Reply, reply

BUSY = reply({"errcode": -1, "errmsg": "system error"})
RATE = reply({"errcode": 45011, "errmsg": "api minute-quota reach limit"})
NO_CARD = reply({"errcode": 101001, "errmsg": "certificate not found"})
USED_UP = reply({"errcode": 45009, "errmsg": "reach max api daily quota limit"})
MOST_TRIES = 6


def id_of(number: int) -> str:
    return hashlib.sha256(picture_of(number)).hexdigest()


def test_outcomes(installation: Installation) -> None:
    service = installation.service
    paths = installation.draw(8)
    service.answers |= {
        1: deque([BUSY]),
        2: deque([NO_CARD]),
        3: deque([RATE]),
        4: deque([BUSY] * MOST_TRIES),
        5: deque([Reply(b"<html>", 502)] * 2),
    }
    paths[6].write_bytes(b"no picture of any kind")
    assert installation.enqueue() == 8
    paths[7].unlink()
    installation.ask_for("f" * 64)  # one of which nothing is known
    installation.worker()
    installation.wait_until_done()

    found = installation.collect()
    cards = {f"canary-{number:04d}.jpg": {"card": card_of(number)} for number in (0, 1, 3, 5)}
    assert {name: outcome for name, outcome in found.items() if "card" in outcome} == cards
    kinds = {name[7:11]: outcome["error"] for name, outcome in found.items() if "error" in outcome}
    assert kinds == {"0002": "no_card", "0004": "busy", "0006": "image_input", "0007": "system"}
    assert service.posts == {0: 1, 1: 2, 2: 1, 3: 2, 4: MOST_TRIES, 5: 3}
    assert installation.quota().used() == service.posts.total()

    shown = installation.run("collect.py")
    assert shown.count("\n") == len(found)
    assert "canary" not in shown

    assert installation.enqueue() == 0
    assert installation.enqueue("--failed") == 3  # the file of the fourth has gone
    installation.wait_until_done()
    assert service.posts == {0: 1, 1: 2, 2: 2, 3: 2, 4: MOST_TRIES + 1, 5: 3}
    assert len([outcome for outcome in installation.collect().values() if "card" in outcome]) == 6
    tells_secret = b"canary" in installation.traffic() + installation.worker_logs()
    assert not tells_secret


def test_a_picture_that_is_asked_for_often_is_paid_for_once(installation: Installation) -> None:
    installation.service.seconds = 0.5
    installation.draw(2)
    installation.enqueue()
    for number in (0, 1):
        installation.ask_for(id_of(number), 3)
    installation.worker()
    installation.wait_until_done()
    assert installation.service.posts == {0: 1, 1: 1}
    assert installation.quota().used() == 2


def kill_a_child(installation: Installation, worker: Any) -> None:
    wait_until(lambda: installation.service.posts.total(), "nothing was sent")
    worker.kill_a_child()


@pytest.mark.parametrize(
    ("variables", "interrupt", "logged"),
    [
        ({}, kill_a_child, b"WorkerLostError"),
        ({}, None, b"Soft time limit (4s) exceeded"),
        ({"NO_SOFT_LIMIT": ""}, None, b"Hard time limit (5s) exceeded"),
    ],
    ids=["killed", "soft limit", "hard limit"],
)
def test_a_worker_that_is_stopped(
    installation: Installation, variables: dict[str, str], interrupt: Any, logged: bytes
) -> None:
    """What was sent is paid for twice; nothing else is, and nothing is lost."""
    installation.draw(3)
    installation.service.answers[0] = deque([STALL])
    installation.enqueue()
    worker = installation.worker(1, **variables)
    if interrupt is not None:
        interrupt(installation, worker)
    installation.wait_until_done()
    assert installation.service.posts == {0: 2, 1: 1, 2: 1}
    assert [outcome["card"] for outcome in installation.collect().values()]
    assert len(installation.collect()) == 3
    assert installation.quota().used() == 4
    assert logged in installation.worker_logs()


def test_a_quota_is_held_to_the_unit(installation: Installation) -> None:
    service = installation.service
    installation.draw(40)
    installation.enqueue()
    installation.worker(IDCARDS_DAILY_LIMIT="25")
    installation.wait_until_done()
    assert service.posts.total() == installation.outcomes() == 25
    # To be refused is no try: a picture may wait for many days.
    assert len(installation.store.keys("idcards:tries:*")) == 25

    installation.set_day(1)
    assert installation.enqueue() == 15
    installation.wait_until_done()
    assert service.posts.total() == installation.outcomes() == 40


def test_the_service_has_the_last_word(installation: Installation) -> None:
    """It counts what others send, too."""
    service = installation.service
    installation.draw(10)
    service.answers[3] = deque([USED_UP])
    installation.enqueue()
    installation.worker(1)
    installation.wait_until_done()
    assert service.posts == {0: 1, 1: 1, 2: 1, 3: 1}
    assert (installation.outcomes(), installation.quota().left()) == (3, 0)

    installation.set_day(1)
    assert installation.enqueue() == 7
    installation.wait_until_done()
    assert installation.outcomes() == 10
    assert service.posts == {number: 2 if number == 3 else 1 for number in range(10)}


def test_a_picture_that_kills_its_workers_is_given_up(installation: Installation) -> None:
    installation.draw(1)
    installation.store.set(f"idcards:tries:{id_of(0)}", MOST_TRIES)
    installation.enqueue()
    installation.worker(1)
    installation.wait_until_done()
    assert installation.collect()["canary-0000.jpg"]["error"] == "gave_up"
    assert installation.service.posts.total() == 0

"""Five hundred pictures, a quota, and a worker that is killed among them."""

import hashlib

from installation import Installation, card_of, picture_of, wait_until

PICTURES, LIMIT, PROCESSES = 500, 300, 4


def test_a_killed_worker_and_a_quota(installation: Installation) -> None:
    service = installation.service
    service.seconds = 0.05
    installation.draw(PICTURES)
    assert installation.enqueue() == installation.messages() == PICTURES

    limited = {"IDCARDS_DAILY_LIMIT": str(LIMIT)}
    killed, _ = (installation.worker(PROCESSES, **limited) for _ in range(2))
    wait_until(lambda: service.posts.total() > LIMIT / 3, "the workers do not begin")
    killed.kill()
    assert installation.outcomes() < LIMIT  # it was killed in the middle
    installation.worker(PROCESSES, **limited)
    installation.wait_until_done()

    # A unit of the killed worker's may have been taken, and its picture not sent any more.
    assert LIMIT - PROCESSES <= service.posts.total() <= LIMIT
    assert installation.quota().used() == LIMIT
    assert installation.outcomes() >= LIMIT - PROCESSES
    # What the killed worker had came back, and was answered like the others: not today. One message
    # can be lost for good, between the broker and the worker's note that it has it.
    refused = installation.worker_logs().count(b"not today: ")
    assert installation.outcomes() + refused >= PICTURES - 1

    installation.set_day(1)
    rest = PICTURES - installation.outcomes()
    assert installation.enqueue() == rest
    wait_until(lambda: installation.outcomes() == PICTURES, "pictures are left")
    installation.wait_until_done()
    assert service.posts.total() <= PICTURES + PROCESSES

    outcomes = installation.collect()
    assert outcomes == {
        f"canary-{number:04d}.jpg": {"card": card_of(number)} for number in range(PICTURES)
    }
    assert len(service.fetches) == 1

    ids = {hashlib.sha256(picture_of(number)).hexdigest() for number in range(PICTURES)}
    traffic, logs = installation.traffic(), installation.worker_logs()
    assert all(picture.encode() in traffic for picture in ids)
    assert logs.count(b"succeeded") >= PICTURES
    # Celery keeps results under such keys. What is told must not be told again by the assertion.
    told = [word for word in (b"canary", b"celery-task-meta") if word in traffic + logs]
    assert told == []
    assert installation.store.keys("celery*") == []

"""The task of the workers: one picture, recognised once.

celery -A tasks worker --concurrency 8
"""

import functools
import os
import random
from contextlib import suppress

import redis
from celery import Celery, Task
from celery.exceptions import SoftTimeLimitExceeded
from celery.utils.log import get_task_logger
from pictures import pictures, store
from redis.exceptions import LockError

import wxidcard

APPID, SECRET = os.environ["WXIDCARD_APPID"], os.environ["WXIDCARD_SECRET"]
RECOGNITIONS_A_DAY = int(os.environ.get("IDCARDS_DAILY_LIMIT", "100"))
MOST_TRIES = 6
# Seconds between two tries: twice as many at most after each, and a minute when the service says
# that there were too many calls in this one.
FIRST_PAUSE, LONGEST_PAUSE, MINUTE = 2, 120, 60
# Seconds by which a worker's lock outlives Celery's hard limit.
LOCK_MARGIN = 5

app = Celery("idcards")
app.config_from_object("celeryconfig")
logger = get_task_logger(__name__)


@functools.cache
def client() -> wxidcard.Client:
    """This process's client, made by its first task: after the fork, and for no other process."""
    return wxidcard.Client(
        appid=APPID,
        secret=SECRET,
        base_url=os.environ.get("WXIDCARD_BASE_URL"),  # unset: the real service
        token_store=wxidcard.RedisTokenStore(store()),
        max_retries=0,  # Celery tries again; so that a unit of the quota is one picture sent
        timeout=20,
        fit=True,
    )


@functools.cache
def quota() -> wxidcard.RedisQuota:
    """The day's recognitions, of all workers of all hosts."""
    return wxidcard.RedisQuota(store(), RECOGNITIONS_A_DAY)


@app.task(
    name="idcards.recognize",
    bind=True,
    max_retries=None,
    # The database is away, and without it nothing is begun. All else is decided below.
    autoretry_for=(redis.ConnectionError, redis.TimeoutError),
    retry_backoff=FIRST_PAUSE,
    retry_backoff_max=LONGEST_PAUSE,
)
def recognize(self: Task, picture: str) -> None:
    """See to it that a picture has an outcome."""
    lock = pictures().lock(picture, app.conf.task_time_limit + LOCK_MARGIN)
    if not lock.acquire():
        # Somebody is at it, or was when he was killed, and the lock has its time to run.
        raise self.retry(countdown=1 + random.uniform(0, pictures().seconds_locked(picture)))
    try:
        pause = try_once(picture)
    finally:
        with suppress(LockError):  # it was held for too long, and has gone
            lock.release()
    if pause is not None:
        raise self.retry(countdown=pause)


def try_once(picture: str) -> float | None:
    """Recognise a picture that has no outcome yet; return the pause before another try, if any."""
    path = pictures().path_of(picture)
    if path is None or pictures().outcome_of(picture) is not None:
        return None
    tries = pictures().count_try(picture)
    if tries > MOST_TRIES:
        pictures().keep(picture, {"error": "gave_up", "message": "its tries did not end"})
        return None
    try:
        with quota().unit():
            card = client().recognize(path)
    except wxidcard.QuotaExceededError as error:
        # No outcome: enqueue.py asks for it on another day.
        logger.warning("not today: %s", error)
        pictures().forget_tries(picture)
    except (wxidcard.Error, OSError, SoftTimeLimitExceeded) as error:
        if tries < MOST_TRIES and is_worth_another_try(error):
            return pause_after(error, tries)
        kind = getattr(error, "kind", "system")
        pictures().keep(picture, {"error": kind, "message": str(error)})
    else:
        pictures().keep(picture, {"card": card})
    return None


def is_worth_another_try(error: Exception) -> bool:
    return getattr(error, "retryable", isinstance(error, SoftTimeLimitExceeded))


def pause_after(error: Exception, tries: int) -> float:
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**tries)
    least = MINUTE if isinstance(error, wxidcard.RateLimitError) else 0
    return least + random.uniform(0, longest)

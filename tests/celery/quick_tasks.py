"""The example's tasks with shorter times, and a day that the test turns.

Workers of the tests run this in place of ``tasks``; the test sets the key ``clock`` of the store.
"""

import os
from typing import Any

import redis
import tasks
from tasks import app

app.conf.update(
    broker_transport_options={
        **app.conf.broker_transport_options,
        "visibility_timeout": 7,
        "unacked_restore_interval": 1,
    },
    task_soft_time_limit=None if "NO_SOFT_LIMIT" in os.environ else 4,
    task_time_limit=5,
)
tasks.FIRST_PAUSE, tasks.MINUTE, tasks.LOCK_MARGIN = 0.1, 1, 1


def time_of_the_test(client: redis.Redis) -> tuple[int, int]:
    seconds: Any = client.get("clock")
    return int(seconds), 0


redis.Redis.time = time_of_the_test  # type: ignore[method-assign, assignment]

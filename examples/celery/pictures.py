"""What is known of each picture, in a Redis database of the application's own.

Here lie the paths, since names of files tell of people, too, and the outcomes: the cards. All of it
goes by itself after KEEP. Whoever may read this database may read the cards; the broker, which is
another one, has the pictures' ids only.
"""

import functools
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.lock import Lock
from redis.retry import Retry

KEEP = timedelta(days=7)

Outcome = dict[str, Any]
"""``{"card": {…}}``, or ``{"error": "no_card", "message": "…"}``."""


class Pictures:
    """Pictures by id, the SHA-256 of their bytes: the same picture twice is one picture."""

    def __init__(self, store: redis.Redis) -> None:
        self._store = store

    def add(self, path: Path) -> str:
        """Remember where a picture is, and return its id."""
        picture = hashlib.sha256(path.read_bytes()).hexdigest()
        self._store.set(f"idcards:path:{picture}", os.fsencode(path.resolve()), ex=KEEP)
        return picture

    def path_of(self, picture: str) -> str | None:
        """Return where a picture is, or None when that was forgotten."""
        found: Any = self._store.get(f"idcards:path:{picture}")
        return None if found is None else os.fsdecode(found)

    def keep(self, picture: str, outcome: Outcome) -> None:
        """Keep what came of a picture, once: the first outcome stays."""
        try:
            self._store.set(_outcome_key(picture), json.dumps(outcome), ex=KEEP, nx=True)
        except redis.ResponseError:
            refused = True  # in words that can repeat the command, card and all
        else:
            refused = False
        if refused:
            raise RuntimeError("the store refused an outcome")

    def outcome_of(self, picture: str) -> Outcome | None:
        """Return what came of a picture, or None while that is not known."""
        found: Any = self._store.get(_outcome_key(picture))
        return None if found is None else json.loads(found)

    def outcomes(self) -> Iterator[tuple[str, Outcome]]:
        """Yield all ids with their outcomes."""
        for key in self._store.scan_iter(_outcome_key("*"), count=1000):
            picture = key.decode().rpartition(":")[2]
            outcome = self.outcome_of(picture)
            if outcome is not None:
                yield picture, outcome

    def forget_outcome(self, picture: str) -> None:
        """Let a picture be tried once more."""
        self._store.delete(_outcome_key(picture), f"idcards:tries:{picture}")

    def lock(self, picture: str, seconds: float) -> Lock:
        """Return what keeps two workers from one picture; whoever is killed, loses it in time."""
        return self._store.lock(f"idcards:lock:{picture}", timeout=seconds, blocking=False)

    def seconds_locked(self, picture: str) -> float:
        """Return for how long somebody may still have the lock."""
        milliseconds: Any = self._store.pttl(f"idcards:lock:{picture}")
        return max(0, milliseconds) / 1000

    def count_try(self, picture: str) -> int:
        """Count a try before it begins, so that those that kill their worker count as well."""
        key = f"idcards:tries:{picture}"
        tries: Any = self._store.incr(key)
        self._store.expire(key, KEEP)
        return int(tries)

    def forget_tries(self, picture: str) -> None:
        """Begin counting anew."""
        self._store.delete(f"idcards:tries:{picture}")


def _outcome_key(picture: str) -> str:
    return f"idcards:outcome:{picture}"


@functools.cache
def store() -> redis.Redis:
    """This process's client of the database, which tries again: an outcome has been paid for."""
    return redis.Redis.from_url(
        os.environ["IDCARDS_STORE_URL"], socket_timeout=5, retry=Retry(ExponentialBackoff(), 3)
    )


@functools.cache
def pictures() -> Pictures:
    """This process's pictures."""
    return Pictures(store())

"""What the processes of a pool do, by the two patterns of docs/machines.md.

Programs of test_process_pools.py import this, and so does each process that they spawn.
"""

import functools
import os
from typing import Any

import wxidcard

made: wxidcard.Client | None = None


def start(settings: dict[str, Any]) -> None:
    """The initializer of a pool: settings come from whoever makes it."""
    global made
    made = wxidcard.Client(**settings)


def recognize(image: Any) -> tuple[int, wxidcard.Card]:
    """A card, and which process has recognised it."""
    assert made is not None
    return os.getpid(), made.recognize(image)


@functools.cache
def client() -> wxidcard.Client:
    """Made by the first task of its process, from the environment."""
    store = wxidcard.FileTokenStore(os.environ["TOKEN_FILE"])
    return wxidcard.Client(
        appid=os.environ["APPID"],
        secret=os.environ["SECRET"],
        base_url=os.environ["BASE_URL"],
        token_store=store,
        max_retries=0,
    )


def recognize_by_environment(image: Any) -> tuple[int, wxidcard.Card]:
    return os.getpid(), client().recognize(image)

"""What the tests of token stores have in common, and looking for what a store must not tell."""

import traceback
from collections.abc import Callable

from wxidcard.stores import TokenStore

CANARY = "canary"
"""What every value, path and URL of these tests has in it, and no line that a traceback shows."""
KEY = "wxidcard:token:api.weixin.qq.com:wx0123456789abcdef:stable_token"
VALUE = f"{CANARY}-token"

Call = Callable[[TokenStore], object]
READ: Call = lambda store: store.get(KEY)  # noqa: E731 - one of a row
WRITES: list[Call] = [
    lambda store: store.set(KEY, VALUE, 60),
    lambda store: store.add(KEY, VALUE, 60),
    lambda store: store.delete(KEY, VALUE),
]
ALL = [READ, *WRITES]


class Clock:
    """A wall clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def assert_secret(error: BaseException) -> None:
    """No value and no path in an exception: its text, its parts, and what it came from."""
    assert CANARY not in repr(error)
    assert CANARY not in str(error.args)
    assert CANARY not in str(vars(error))
    assert CANARY not in "".join(traceback.format_exception(error))
    if isinstance(error, OSError):
        assert (error.filename, error.filename2) == (None, None)
    for origin in (error.__cause__, error.__context__):
        if origin is not None:
            assert_secret(origin)

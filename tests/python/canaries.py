"""Looks in all that the tests make the library say for what must stay secret.

Every token, secret, path, name and number of the tests that must not be told has "canary" in it.
What a test prints and logs is searched when it has ended; what the client raises, when it does.
"""

import contextlib
import functools
import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import wxidcard

CANARY = "canary"
PACKAGE = str(Path(wxidcard.__file__).parent)
METHODS = ("__init__", "recognize", "recognize_many", "refresh_token", "close", "__repr__")


def texts_of(error: BaseException) -> Iterator[str]:
    """Yield all that a program may show of an exception that the library raised."""
    yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(PACKAGE):
            yield f"{frame.name} {frame.line}"
    with contextlib.suppress(TypeError, AttributeError, pickle.PicklingError):
        yield pickle.dumps(error).decode("latin-1")


def search(error: BaseException | None) -> None:
    """Fail when an exception, or one that it came from, tells a secret."""
    while error is not None:
        for text in texts_of(error):
            assert CANARY not in text, f"{type(error).__name__} tells a secret"
        error = error.__cause__ or error.__context__


def watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search what the methods of Client raise, and what its repr says."""
    for name in METHODS:
        monkeypatch.setattr(wxidcard.Client, name, _watched(getattr(wxidcard.Client, name)))


def _watched(method: Any) -> Any:
    @functools.wraps(method)
    def call(self: wxidcard.Client, *arguments: Any, **keywords: Any) -> Any:
        try:
            result = method(self, *arguments, **keywords)
        except BaseException as error:
            search(error)
            raise
        assert not (isinstance(result, str) and CANARY in result)
        return result

    return call


def search_output(report: pytest.TestReport) -> None:
    """Fail a test that printed or logged a secret."""
    for title, text in report.sections:
        if CANARY in text:
            report.outcome = "failed"
            report.longrepr = f"{title}: it tells a secret"

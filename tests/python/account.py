"""An account at a service of the test's own: hands tokens out, and takes cards for those that are
good."""

import itertools
import json
import os
import threading
import time
from collections.abc import Callable

from scripted import CARD, Reply, Request, ScriptedService, reply

REFUSED = reply({"errcode": 40001, "errmsg": "invalid credential rid: 1-2-3"})
PATIENCE = 20
NUMBERS = itertools.count()  # an account each: those of one process share a token


class Account:
    """What is behind a ScriptedService's ``/cgi-bin`` and ``/cv`` once this has been made for it.

    ``fetches`` are the requests for tokens, ``used`` the tokens that came with pictures; ``good``
    those that are accepted. ``token_answer`` answers a fetch instead, ``gate`` holds fetches back
    while it is not set. ``life`` is what a token reply says, in seconds.
    """

    def __init__(self, service: ScriptedService) -> None:
        self.fetches: list[Request] = []
        self.used: list[str] = []
        self.good: set[str] = set()
        self.accepts_all = False
        self.renews = True
        self.life = 7200
        self.token_answer: Callable[[Request], Reply] | Reply | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.appid = f"wx_of_{os.getpid()}_{next(NUMBERS)}"
        self._number = itertools.count(1)
        self._lock = threading.Lock()
        self._last = ""
        self.url = service.url
        self.service = service
        service.otherwise = self.answer

    def answer(self, request: Request) -> Reply:
        if request.target.startswith("/cgi-bin/"):
            return self._answer_fetch(request)
        token = request.query.get("access_token", [""])[0]
        with self._lock:
            self.used.append(token)
            is_good = self.accepts_all or token in self.good
        return reply({"errcode": 0, **CARD}) if is_good else REFUSED

    def _answer_fetch(self, request: Request) -> Reply:
        with self._lock:
            self.fetches.append(request)
        assert self.gate.wait(PATIENCE)
        if self.token_answer is not None:
            given = self.token_answer
            return given if isinstance(given, Reply) else given(request)
        with self._lock:
            if self.renews or not self._last:
                self._last = f"canary-token-{next(self._number)}-0123456789"
                self.good = {self._last}
            return reply({"access_token": self._last, "expires_in": self.life})

    def record(self, token: str, seconds: float) -> str:
        """What a store holds of a token with so long to live; the token is good from now on."""
        self.good.add(token)
        return json.dumps({"access_token": token, "expires_at": int(time.time() + seconds)})

    def key(self, what: str = "token", endpoint: str = "stable_token") -> str:
        host = self.url.removeprefix("http://")
        return f"wxidcard:{what}:{host}:{self.appid}:{endpoint}"


class DictStore:
    """A token store in this process's memory; times to live do not pass."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.lives: dict[str, float] = {}
        self.calls: list[str] = []
        self._lock = threading.Lock()

    def get(self, key: str) -> str | None:
        with self._lock:
            self.calls.append("get")
            return self.values.get(key)

    def set(self, key: str, value: str, ttl: float) -> None:
        with self._lock:
            self.calls.append("set")
            self.values[key], self.lives[key] = value, ttl

    def add(self, key: str, value: str, ttl: float) -> bool:
        with self._lock:
            self.calls.append("add")
            if key in self.values:
                return False
            self.values[key], self.lives[key] = value, ttl
            return True

    def delete(self, key: str, value: str) -> None:
        with self._lock:
            self.calls.append("delete")
            if self.values.get(key) == value:
                del self.values[key]


def join_renewals() -> None:
    """Wait for the threads that renew tokens beside calls."""
    for thread in threading.enumerate():
        if thread.name == "wxidcard-renewal":
            thread.join(PATIENCE)
            assert not thread.is_alive()

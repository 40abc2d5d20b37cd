"""A nginx of several workers that recognise for one account, and clients of each of them."""

import json
import os
import pathlib
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote

from nginx import Nginx, UnixConnection, running

from account import Account
from scripted import ScriptedService

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 20
SECRET = "canary-secret"

HTTP = """
lua_shared_dict tokens 1m;
lua_shared_dict seen 1m;
"""
LOCATIONS = "".join(
    f'location /{name} {{ content_by_lua_block {{ require("workers").{name}() }} }}\n'
    for name in ("recognize", "refresh", "identify", "tell", "store")
)
SHARED = "token_store = ngx.shared.tokens"


def wait_until(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.005)


def is_stopped(pid: int) -> bool:
    """Whether it stands still by SIGSTOP."""
    after_name = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    return after_name.split()[0] == "T"


class Client(UnixConnection):
    """A kept connection, which belongs to one worker of nginx."""

    def ask(self, target: str) -> None:
        self.request("GET", target)

    def answer(self) -> dict[str, Any]:
        reply = self.getresponse()
        text = reply.read()
        assert reply.status == 200
        answer: dict[str, Any] = json.loads(text)
        return answer


def ask_at_once(clients: list[Client], target: str) -> None:
    """All questions have gone before the first answer is looked for."""
    for client in clients:
        client.ask(target)


def answers(clients: list[Client]) -> list[dict[str, Any]]:
    return [client.answer() for client in clients]


def outcomes(answers: list[dict[str, Any]]) -> Counter[str]:
    """How often which card came, or which kind of failure."""
    return Counter(str(answer.get("came", answer.get("kind"))) for answer in answers)


def workers_of(came: list[dict[str, Any]]) -> Counter[int]:
    """How many answers came from which worker."""
    return Counter(answer["worker"] for answer in came)


def stale_record(account: Account, token: str) -> str:
    """What a store holds of a token that is good, and is to be renewed soon."""
    return json.dumps(json.loads(account.record(token, 200)) | {"expires_in": 7200})


class Workers:
    """Such a nginx. ``connect`` makes clients of its workers, which are closed with it."""

    def __init__(self, nginx: Nginx, account: Account, stack: ExitStack) -> None:
        self.nginx = nginx
        self.account = account
        self._stack = stack

    def pids(self) -> list[int]:
        """The processes that nginx has started."""
        master = self.nginx.process.pid
        children = pathlib.Path(f"/proc/{master}/task/{master}/children").read_text()
        return [int(pid) for pid in children.split()]

    def connect(self, pid: int, number: int) -> list[Client]:
        """So many clients of one worker. The system gives a connection to whom it likes: the others
        are made to stand still for that long."""
        found: list[Client] = []
        others = [other for other in self.pids() if other != pid]
        try:
            for other in others:
                os.kill(other, signal.SIGSTOP)
            # One that was woken and has not stopped yet would leave a connection where it is.
            wait_until(lambda: all(is_stopped(other) for other in others))
            for _ in range(number):
                client = Client(self.nginx.prefix / "socket")
                self._stack.callback(client.close)
                found.append(client)
                client.ask("/identify")
                assert client.answer()["pid"] == pid
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)
        return found

    def crowd(self, each: int = 25) -> list[Client]:
        """So many clients of each worker, in turn."""
        of_each = [self.connect(pid, each) for pid in self.pids()]
        return [client for turn in zip(*of_each, strict=True) for client in turn]

    def tell(self) -> dict[str, int]:
        told: dict[str, int] = json.loads(self.nginx.get("/tell"))
        return told

    def wait_until_begun(self, number: int) -> None:
        wait_until(lambda: self.tell()["begun"] >= number)

    def stored(self, what: str = "token") -> dict[str, Any]:
        """The value in ngx.shared.tokens, and how many seconds it has left."""
        return self._do("get", what)

    def put(self, value: str, seconds: float, what: str = "token") -> None:
        self._do("put", what, value.encode(), int(seconds * 1000))

    def age(self, milliseconds: int, what: str) -> None:
        """Leave it only so long to live, as if time had passed."""
        self._do("age", what, None, milliseconds)

    def _do(
        self, action: str, what: str, value: bytes | None = None, milliseconds: int = 0
    ) -> dict[str, Any]:
        target = f"/store?do={action}&ms={milliseconds}&key={quote(self.account.key(what))}"
        told: dict[str, Any] = json.loads(self.nginx.send("POST", target, value))
        return told


@contextmanager
def an_account() -> Iterator[Account]:
    """One at a service of its own."""
    service = ScriptedService()
    account = Account(service)
    try:
        yield account
    finally:
        account.gate.set()  # nobody is to hang behind it any more
        service.close()


@contextmanager
def recognizing(
    folder: pathlib.Path,
    account: Account,
    settings: str = SHARED,
    *,
    workers: int = 2,
    locations: str = "",
    http: str = "",
) -> Iterator[Workers]:
    """Start one. ``settings`` are more of the client's, in Lua; modules that they require are
    copied from beside this file."""
    modules = {"workers", *re.findall(r'require\W+(\w+)"', settings + locations)}
    for name in modules:
        shutil.copy(HERE / f"{name}.lua", folder)
    (folder / "settings.lua").write_text(
        f'return {{ appid = "{account.appid}", secret = "{SECRET}", '
        f'base_url = "{account.url}", {settings} }}\n'
    )
    with (
        running(folder, LOCATIONS + locations, HTTP + http, workers=workers) as nginx,
        ExitStack() as stack,
    ):
        made = Workers(nginx, account, stack)
        wait_until(lambda: len(made.pids()) == workers)
        yield made
    assert "canary" not in nginx.log()

"""A nginx of several workers that recognise for one account, and clients of each of them."""

import json
import os
import pathlib
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote

from account import Account
from nginx import Nginx, UnixConnection, running

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

    def _connect_to_any(self) -> tuple[Client, int]:
        client = Client(self.nginx.prefix / "socket")
        self._stack.callback(client.close)
        client.ask("/identify")
        return client, client.answer()["pid"]

    def connect(self, pid: int, number: int) -> list[Client]:
        """So many clients of one worker. The system gives a connection to whom it likes: the others
        are made to stand still for that long."""
        found: list[Client] = []
        others = [other for other in self.pids() if other != pid]
        try:
            for other in others:
                os.kill(other, signal.SIGSTOP)
            deadline = time.monotonic() + PATIENCE
            while len(found) < number:
                assert time.monotonic() < deadline, "the worker takes no connections"
                client, its_pid = self._connect_to_any()
                if its_pid == pid:  # not one that was about to stop
                    found.append(client)
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)
        return found

    def crowd(self, each: int = 25) -> list[Client]:
        """So many clients of each worker, in turn."""
        of_each = [self.connect(pid, each) for pid in self.pids()]
        return [client for turn in zip(*of_each, strict=True) for client in turn]

    def tell(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.nginx.get("/tell"))
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
def recognizing(
    folder: pathlib.Path,
    account: Account,
    settings: str = SHARED,
    *,
    workers: int = 2,
    http: str = "",
    modules: dict[str, str] | None = None,
) -> Iterator[Workers]:
    """Start one. ``settings`` are more of the client's, in Lua; ``modules`` what they require."""
    shutil.copy(HERE / "workers.lua", folder)
    own = f'appid = "{account.appid}", secret = "{SECRET}", '
    credential = "" if "token_provider" in settings else own
    (folder / "settings.lua").write_text(
        f'return {{ {credential} base_url = "{account.url}", {settings} }}\n'
    )
    for name, text in (modules or {}).items():
        (folder / f"{name}.lua").write_text(text)
    with running(folder, LOCATIONS, HTTP + http, workers=workers) as nginx, ExitStack() as stack:
        made = Workers(nginx, account, stack)
        wait_until(lambda: len(made.pids()) == workers)
        yield made
    assert "canary" not in nginx.log()

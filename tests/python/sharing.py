"""Groups of threads and processes that share one account's token."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import wxidcard
from account import DictStore, join_renewals
from given import JPEG
from redis_server import RedisServer

WORKER = str(Path(__file__).with_name("sharing_worker.py"))
PATIENCE = 30


class Worker:
    """A process of sharing_worker.py, ready to make its calls."""

    def __init__(self, orders: dict[str, Any]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._write(json.dumps(orders))

    def _write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def wait_until_ready(self) -> None:
        assert self._read() == "ready\n"

    def go(self) -> None:
        self._write("go")

    def outcomes(self) -> Counter[str]:
        return Counter(json.loads(self._read()))

    def end(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)


@contextmanager
def workers(count: int, orders: dict[str, Any]) -> Iterator[list[Worker]]:
    with ExitStack() as stack:
        made = []
        for _ in range(count):
            made.append(Worker(orders))
            stack.callback(made[-1].end)
        for worker in made:
            worker.wait_until_ready()
        yield made


class Group:
    """Some who make calls at once with one account; ``store`` is what they share.

    ``run`` returns how many calls ended how: the type of the card, or the error.
    """

    store: wxidcard.TokenStore

    def run(
        self, settings: dict[str, Any], calls: int, meanwhile: Callable[[], None] = lambda: None
    ) -> Counter[str]:
        raise NotImplementedError


class Threads(Group):
    """64 threads of one client."""

    def __init__(self) -> None:
        self.store = DictStore()

    def run(
        self, settings: dict[str, Any], calls: int, meanwhile: Callable[[], None] = lambda: None
    ) -> Counter[str]:
        with (
            wxidcard.Client(**settings, token_store=self.store) as client,
            ThreadPoolExecutor(64) as pool,
        ):
            running = [pool.submit(client.recognize, JPEG) for _ in range(max(calls, 64))]
            meanwhile()
            outcomes = Counter(each.result(PATIENCE)["type"] for each in running)
            join_renewals()
        return outcomes


class Processes(Group):
    """Processes that share a file, or a Redis server."""

    def __init__(self, store: wxidcard.TokenStore, where: dict[str, str], count: int = 8) -> None:
        self.store = store
        self.count = count
        self._where = where

    def run(
        self, settings: dict[str, Any], calls: int, meanwhile: Callable[[], None] = lambda: None
    ) -> Counter[str]:
        orders = {"settings": settings, "calls": -(-calls // self.count), "threads": 4}
        with workers(self.count, orders | self._where) as started:
            for worker in started:
                worker.go()
            meanwhile()
            return sum((worker.outcomes() for worker in started), Counter())


def file_group(path: Path, count: int = 8) -> Processes:
    return Processes(wxidcard.FileTokenStore(path), {"file": str(path)}, count)


def redis_group(server: RedisServer, count: int = 8) -> Processes:
    store = wxidcard.RedisTokenStore(server.client())
    return Processes(store, {"redis": server.socket_path}, count)

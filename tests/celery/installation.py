"""The example at work: two Redis servers, workers in processes of their own, and a service."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from celery import Celery

import wxidcard
from account import REFUSED, Account
from given import JPEG, SECRET
from redis_clients import ShiftedRedis
from redis_server import RedisServer
from scripted import STALL, Reply, Request, ScriptedService, reply

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/celery"
NOON = datetime(2031, 3, 14, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
PATIENCE = 50
QUIET_LOOKS = 8


def picture_of(number: int) -> bytes:
    return JPEG + f"{number:04d}".encode()


def card_of(number: int) -> dict[str, str]:
    return {"type": "Front", "name": f"canary-name-{number}", "id": f"canary-{number:011d}"}


class CardService(Account):
    """Knows the cards of ``picture_of``; ``answers`` come first for some of them.

    ``posts`` counts how often each was sent; ``seconds`` is what a recognition takes.
    """

    def __init__(self, service: ScriptedService) -> None:
        super().__init__(service)
        self.posts: Counter[int] = Counter()
        self.answers: dict[int, deque[Reply | object]] = defaultdict(deque)
        self.seconds = 0.0
        self.ended = threading.Event()

    def answer(self, request: Request) -> Reply:
        if request.target.startswith("/cgi-bin/"):
            return super().answer(request)
        if request.query["access_token"][0] not in self.good:
            return REFUSED
        number = int(request.picture.removeprefix(JPEG))
        with self._lock:
            self.posts[number] += 1
            scripted = self.answers[number].popleft() if self.answers[number] else None
        if scripted is STALL:
            self.ended.wait(PATIENCE)
        elif isinstance(scripted, Reply):
            return scripted
        time.sleep(self.seconds)
        return reply({"errcode": 0, "errmsg": "ok", **card_of(number)})


class Worker:
    """A worker of Celery's with some processes, and its log."""

    def __init__(self, variables: dict[str, str], log: Path, processes: int) -> None:
        self.log = log
        command = ["-m", "celery", "-A", "quick_tasks", "worker", "--loglevel", "DEBUG"]
        names = ["--hostname", log.stem, "--concurrency", str(processes)]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *command, *names],
                cwd=EXAMPLE,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End the worker and its processes at once, as a machine does that loses its power."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def kill_a_child(self) -> None:
        """End one of its processes, as the system does that runs out of memory."""
        threads = Path(f"/proc/{self.process.pid}/task").iterdir()
        children = [pid for thread in threads for pid in (thread / "children").read_text().split()]
        os.kill(int(children[0]), signal.SIGKILL)

    def wait(self) -> None:
        """Wait for a worker that was told to end."""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


class Installation:
    """What the example needs, in a folder of the test's own."""

    def __init__(
        self, folder: Path, broker: RedisServer, store: RedisServer, service: CardService
    ) -> None:
        self.service = service
        self.broker, self.store = broker.client(), store.client()
        self._shifted = ShiftedRedis(unix_socket_path=store.socket_path)
        self.pictures = folder / "pictures"
        self.pictures.mkdir()
        self.logs = folder / "logs"
        self.logs.mkdir()
        self._broker_files = Path(broker.socket_path).parent
        self._workers: list[Worker] = []
        path = os.pathsep.join([str(EXAMPLE), str(Path(__file__).parent)])
        self.variables = {k: v for k, v in os.environ.items() if not k.startswith("WXIDCARD_")} | {
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
            "IDCARDS_BROKER_URL": f"redis+socket://{broker.socket_path}",
            "IDCARDS_STORE_URL": f"unix://{store.socket_path}",
            "WXIDCARD_BASE_URL": service.url,
            "WXIDCARD_APPID": service.appid,
            "WXIDCARD_SECRET": SECRET,
        }
        self.set_day(0)

    def set_day(self, day: int) -> None:
        """Let it be so many days later for the workers."""
        self._shifted.now = NOON + timedelta(days=day)
        self.store.set("clock", int(self._shifted.now.timestamp()))

    def draw(self, count: int) -> list[Path]:
        """Write pictures, under names that nobody may learn."""
        made = [self.pictures / f"canary-{number:04d}.jpg" for number in range(count)]
        for number, path in enumerate(made):
            path.write_bytes(picture_of(number))
        return made

    def ask_for(self, picture: str, times: int = 1) -> None:
        """Send messages as enqueue.py does, without looking at what is known."""
        with Celery("idcards", broker=self.variables["IDCARDS_BROKER_URL"]) as app:
            for _ in range(times):
                app.send_task("idcards.recognize", [picture])

    def wait_until_done(self) -> None:
        """Wait until no message has been anywhere for a while.

        A worker takes a message off the queue before it notes that it has it.
        """
        quiet = 0

        def is_quiet() -> bool:
            nonlocal quiet
            quiet = quiet + 1 if self.messages() == 0 else 0
            return quiet == QUIET_LOOKS

        wait_until(is_quiet, "messages are left")

    def run(self, program: str, *arguments: str | Path) -> str:
        """Run one of the example's programs; return what it prints."""
        done = subprocess.run(
            [sys.executable, str(EXAMPLE / program), *map(str, arguments)],
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def enqueue(self, *options: str) -> int:
        return int(self.run("enqueue.py", *options, self.pictures).split()[0])

    def collect(self) -> dict[str, Any]:
        """All outcomes by the name of their file, as collect.py -o writes them."""
        file = self.logs.parent / "whole.jsonl"
        file.unlink(missing_ok=True)
        assert self.run("collect.py", "-o", file) == ""
        assert file.stat().st_mode & 0o777 == 0o600
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        found = {Path(line.pop("path")).name: line for line in lines}
        assert len(found) == len(lines)
        return found

    def quota(self, limit: int = 1_000_000) -> wxidcard.RedisQuota:
        return wxidcard.RedisQuota(self._shifted, limit)

    def worker(self, processes: int = 4, **variables: str) -> Worker:
        log = self.logs / f"worker-{len(self._workers)}.log"
        self._workers.append(Worker(self.variables | variables, log, processes))
        return self._workers[-1]

    def end(self) -> None:
        for worker in self._workers:
            if worker.process.poll() is None:
                worker.process.terminate()
        for worker in self._workers:
            worker.wait()
        self._shifted.close()

    def messages(self) -> int:
        """How many messages wait at the broker, or are in the hands of a worker."""
        waiting: Any = self.broker.llen("celery")
        taken: Any = self.broker.hlen("unacked")
        return int(waiting) + int(taken)

    def outcomes(self) -> int:
        return sum(1 for _ in self.store.scan_iter("idcards:outcome:*", count=1000))

    def traffic(self) -> bytes:
        """All that was ever written to the broker: it keeps a log of that."""
        files = sorted(self._broker_files.glob("appendonlydir/*"))
        return b"".join(file.read_bytes() for file in files)

    def worker_logs(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.logs.iterdir()))


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@contextmanager
def servers() -> Iterator[tuple[RedisServer, RedisServer]]:
    """A broker that keeps a log of what is written to it, and a store."""
    with RedisServer("--appendonly", "yes") as broker, RedisServer() as store:
        yield broker, store

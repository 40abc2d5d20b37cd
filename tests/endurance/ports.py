"""The processes that make calls, and how they are spoken to: a task goes in, lines come out."""

import asyncio
import contextlib
import os
import sys
from abc import ABC, abstractmethod
from pathlib import Path

from judge import Outcome
from plan import Task

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MOST_LINE = 1 << 20
# Pictures come from the system and go back to it, so that resident memory is what is held. For
# Python all memory is malloc's, which can tell how much of it is in use.
ALLOCATION = {"MALLOC_MMAP_THRESHOLD_": "65536", "PYTHONMALLOC": "malloc"}
END_SECONDS = 20


class Died(Exception):
    """A driver's process ended, or said what it must not; the message is a finding."""


class Port(ABC):
    """One process that makes calls."""

    pid: int

    @abstractmethod
    async def perform(self, task: Task) -> list[Outcome]:
        """Have a task carried out; several at once. Raises Died."""

    @abstractmethod
    async def pause(self, closes_all: bool) -> int | None:
        """When no task is under way: have clients closed, those that last as well if that is said.
        Gives the bytes in use, where the process can tell."""

    @abstractmethod
    async def end(self) -> None:
        """Raises Died when it does not end well."""

    @abstractmethod
    async def kill(self) -> None:
        """Whatever it is doing."""


def in_use(line: str) -> int | None:
    word, figure = line.split()
    if word != "quiet":
        raise Died("it said something else than what it holds")
    return None if figure == "-" else int(figure)


def pause_line(closes_all: bool) -> str:
    return '{"quiet": "%s"}' % ("closed" if closes_all else "open")


class Program(Port):
    """A program that reads tasks off its standard input and writes lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.pid = process.pid
        self._process = process
        self._waiting: dict[int, asyncio.Future[Outcome]] = {}
        self._pause: asyncio.Future[int | None] | None = None
        self._problem = ""  # the first
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, log: Path, *command: str | Path) -> "Program":
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **ALLOCATION, **_lua_paths()},
                limit=MOST_LINE,
            )
        return cls(process)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while line := await self._process.stdout.readline():
                self._take(line.decode())
        except (ValueError, KeyError, Died):
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._fail("it wrote what is no outcome")
            return
        self._fail(f"it ended with status {await self._process.wait()}")

    def _take(self, line: str) -> None:
        if line.startswith("quiet "):
            if self._pause is None or self._pause.done():
                raise Died("it told what it holds although nobody had asked")
            self._pause.set_result(in_use(line))
            return
        outcome = Outcome.read(line)
        self._waiting.pop(outcome.number).set_result(outcome)

    def _fail(self, problem: str) -> None:
        self._problem = self._problem or problem
        for future in (*self._waiting.values(), self._pause):
            if future is not None and not future.done():
                future.set_exception(Died(problem))

    async def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        if self._reading.done():
            raise Died(self._problem)
        self._process.stdin.write(line.encode() + b"\n")
        with contextlib.suppress(ConnectionError):  # reading says how it ended
            await self._process.stdin.drain()

    async def perform(self, task: Task) -> list[Outcome]:
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Outcome]] = [loop.create_future() for _ in task.calls]
        self._waiting |= {c.number: f for c, f in zip(task.calls, futures, strict=True)}
        await self._write(task.line())
        return await asyncio.gather(*futures)

    async def pause(self, closes_all: bool) -> int | None:
        self._pause = asyncio.get_running_loop().create_future()
        await self._write(pause_line(closes_all))
        return await self._pause

    async def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            status = await asyncio.wait_for(self._process.wait(), END_SECONDS)
        except TimeoutError:
            raise Died(f"it did not end within {END_SECONDS} s") from None
        await self._reading
        if status != 0:
            raise Died(f"it ended with status {status}")

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._reading
        await self._process.wait()


def _lua_paths() -> dict[str, str]:
    """What is in this folder is found, too."""
    names = ("LUA_PATH", "LUA_PATH_5_3", "LUA_PATH_5_4")
    return {name: f"{HERE}/?.lua;{os.environ.get(name, ';')}" for name in names}


def c_driver(threads: int) -> list[str | Path]:
    return [ROOT / "build/tests/endurance/endurance_by_c", str(threads)]


def python_driver(threads: int) -> list[str | Path]:
    return [sys.executable, HERE / "by_threads.py", str(threads)]


def asyncio_driver() -> list[str | Path]:
    return [sys.executable, HERE / "by_tasks.py"]


def lua_driver(lua: str) -> list[str | Path]:
    return [lua, HERE / "by_lua.lua"]


# ---- Inside nginx


class Pipe:
    """A connection to a nginx, which stays with the worker that took it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, path: Path) -> "Pipe":
        return cls(*await asyncio.open_unix_connection(path))

    async def ask(self, target: str, body: str) -> list[str]:
        """The lines of the answer."""
        data = body.encode()
        head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n"
        self._writer.write(head.encode() + data)
        try:
            status, *headers = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = dict(h.lower().split(": ", 1) for h in headers if h)
            answer = await self._reader.readexactly(int(fields["content-length"]))
        except (asyncio.IncompleteReadError, ConnectionError, KeyError, ValueError):
            raise Died("a nginx worker broke off") from None
        if " 200 " not in status:
            raise Died(f"nginx answered {status}")
        return answer.decode().splitlines()

    def close(self) -> None:
        self._writer.close()


class Worker(Port):
    """One of a nginx: a task is a request, over as many connections as tasks at once."""

    def __init__(self, pid: int, pipes: list[Pipe]) -> None:
        self.pid = pid
        self._pipes = pipes
        self._free: asyncio.Queue[Pipe] = asyncio.Queue()
        for pipe in pipes:
            self._free.put_nowait(pipe)

    async def _ask(self, target: str, body: str) -> list[str]:
        pipe = await self._free.get()
        try:
            return await pipe.ask(target, body)
        finally:
            self._free.put_nowait(pipe)

    async def perform(self, task: Task) -> list[Outcome]:
        lines = await self._ask("/task", task.line())
        try:
            outcomes = [Outcome.read(line) for line in lines]
        except ValueError:
            raise Died("a nginx worker answered what is no outcome") from None
        if [outcome.number for outcome in outcomes] != [call.number for call in task.calls]:
            raise Died("a nginx worker answered with the outcomes of other calls")
        return outcomes

    async def pause(self, closes_all: bool) -> int | None:
        (line,) = await self._ask("/quiet", pause_line(closes_all))
        return in_use(line)

    async def end(self) -> None:
        for pipe in self._pipes:
            pipe.close()

    async def kill(self) -> None:
        await self.end()


async def workers_of(path: Path, workers: int, at_once: int) -> list[Port]:
    """A port for each worker of the nginx that listens there. Which of them takes a connection is
    chance: so many are opened until each has enough, and the others closed."""
    pipes: dict[int, list[Pipe]] = {}
    while len(pipes) < workers or min(map(len, pipes.values())) < at_once:
        pipe = await Pipe.open(path)
        (pid,) = await pipe.ask("/worker", "")
        pipes.setdefault(int(pid), []).append(pipe)
    for of_one in pipes.values():
        for pipe in of_one[at_once:]:
            pipe.close()
    return [Worker(pid, of_one[:at_once]) for pid, of_one in pipes.items()]

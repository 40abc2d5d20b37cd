"""10,000 recognitions on one event loop, 256 at once, and how fast 200 that stall are cancelled.

A nginx on loopback answers each picture of 200 KB with a card whose name tells its length and end,
which has a number, so that a card of another picture is noticed. Beside the calls a task sleeps for
a millisecond again and again: what it oversleeps is how long the loop stood still. AsyncClient must
have every card right, memory must be flat, no stall may last 20 ms, and 200 calls must be cancelled
within 50 ms; else the exit status is 1. Beside it: the blocking client's threads, and aiohttp, by
which the same form is sent and nothing else done. Each runs in a process of its own, one after the
other, round after round. Wants `make build` before; `make bench` does both.
"""

import argparse
import asyncio
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import aclosing
from typing import Any

import aiohttp
import uvloop
from openresty import nginx
from rich.console import Console
from rich.table import Table
from run import free_port

import wxidcard

CALLS = 10_000
CONCURRENCY = 256
STALLED = 200
MOST_STALL_MS = 20
MOST_CANCEL_MS = 50
MOST_GROWTH_MB = 8
TOKEN = "a_token_for_the_bench"
PICTURE = b"\xff\xd8\xff\xe0" + os.urandom(200_000)

SERVICE = """
listen 127.0.0.1:{port} backlog=1024; lua_check_client_abort on;
location /cv/ {{
  default_type application/json;
  content_by_lua_block {{
    ngx.req.read_body()
    local picture = ngx.req.get_body_data():match("\\r\\n\\r\\n(.*)\\r\\n%-%-")
    local name = #picture .. " " .. picture:sub(-8)
    local reply = '{{"errcode":0,"type":"Front","name":"' .. name .. '"}}'
    ngx.header["Content-Length"] = #reply
    ngx.print(reply)
  }}
}}
location /stall/ {{
  content_by_lua_block {{
    ngx.req.read_body()
    STALLED, CLOSED = (STALLED or 0) + 1, CLOSED or 0
    assert(ngx.on_abort(function() CLOSED = CLOSED + 1 ngx.exit(499) end))
    ngx.sleep(60)
  }}
}}
location /counts {{ content_by_lua_block {{ ngx.print(STALLED or 0, " ", CLOSED or 0) }} }}
"""


# ---- What runs in a process of its own


def pictures(calls: int) -> Iterator[bytes]:
    for number in range(calls):
        yield PICTURE + b"%08d" % number


def is_right(picture: bytes, name: object) -> bool:
    return name == f"{len(picture)} {picture[-8:].decode()}"


def resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Watch:
    """Counts right cards, and notes the longest stall and how memory grows after a while."""

    def __init__(self, calls: int) -> None:
        self.warm = calls // 5
        self.right = self.ended = 0
        self.stall = 0.0
        self.memory = 0.0

    def note(self, picture: bytes, name: object) -> None:
        self.ended += 1
        self.right += is_right(picture, name)
        if self.ended == self.warm:
            self.memory = resident_mb()

    async def beat(self) -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.001)
            self.stall = max(self.stall, time.perf_counter() - begun - 0.001)

    def figures(self) -> dict[str, float]:
        return {
            "right": self.right,
            "stall_ms": self.stall * 1000,
            "growth_mb": resident_mb() - self.memory,
        }


async def by_client(url: str, calls: int, watch: Watch) -> None:
    async with wxidcard.AsyncClient(
        access_token=TOKEN, base_url=url, max_connections=CONCURRENCY
    ) as client:
        many = client.recognize_many(pictures(calls), concurrency=CONCURRENCY)
        async with aclosing(many):
            async for picture, outcome in many:
                assert not isinstance(outcome, Exception), outcome
                watch.note(picture, outcome.get("name"))


async def by_aiohttp(url: str, calls: int, watch: Watch) -> None:
    target = f"{url}/cv/ocr/idcard"
    connector = aiohttp.TCPConnector(limit=CONCURRENCY)
    source = pictures(calls)

    async def work(session: aiohttp.ClientSession) -> None:
        for picture in source:
            form = aiohttp.FormData()
            form.add_field("img", picture, filename="image.jpg", content_type="image/jpeg")
            async with session.post(target, data=form, params={"access_token": TOKEN}) as reply:
                watch.note(picture, json.loads(await reply.read())["name"])

    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(work(session) for _ in range(CONCURRENCY)))


async def beside(
    work: Callable[[str, int, Watch], Coroutine[Any, Any, None]], url: str, calls: int
) -> dict[str, float]:
    watch = Watch(calls)
    beat = asyncio.create_task(watch.beat())
    await work(url, calls, watch)
    beat.cancel()
    return watch.figures()


def by_threads(url: str, calls: int) -> dict[str, float]:
    watch = Watch(calls)
    with wxidcard.Client(access_token=TOKEN, base_url=url, max_connections=CONCURRENCY) as client:
        for picture, outcome in client.recognize_many(pictures(calls), concurrency=CONCURRENCY):
            assert not isinstance(outcome, Exception), outcome
            watch.note(picture, outcome.get("name"))
    return {**watch.figures(), "stall_ms": float("nan")}


CONTENDERS: dict[str, Callable[[str, int], dict[str, float]]] = {
    "AsyncClient, asyncio": lambda url, calls: asyncio.run(beside(by_client, url, calls)),
    "AsyncClient, uvloop": lambda url, calls: uvloop.run(beside(by_client, url, calls)),
    "Client, a thread a call": by_threads,
    "aiohttp, asyncio": lambda url, calls: asyncio.run(beside(by_aiohttp, url, calls)),
}


def run_one(name: str, url: str, calls: int) -> None:
    begun = time.perf_counter()
    figures = CONTENDERS[name](url, calls)
    used = time.process_time()
    print(json.dumps({**figures, "wall_s": time.perf_counter() - begun, "processor_s": used}))


# ---- Cancelling


async def counts(url: str) -> tuple[int, int]:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/counts") as reply:
        stalled, closed = (await reply.text()).split()
        return int(stalled), int(closed)


async def cancel(url: str) -> dict[str, float]:
    """Milliseconds until 200 cancelled calls have returned, and until the server has noticed."""
    async with wxidcard.AsyncClient(
        access_token=TOKEN, base_url=f"{url}/stall", max_connections=STALLED
    ) as client:
        tasks = [asyncio.create_task(client.recognize(PICTURE)) for _ in range(STALLED)]
        while (await counts(url))[0] < STALLED:
            await asyncio.sleep(0.01)
        begun = time.perf_counter()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        returned = time.perf_counter()
        while (await counts(url))[1] < STALLED:
            await asyncio.sleep(0.001)
        closed = time.perf_counter()
    return {"returned_ms": (returned - begun) * 1000, "closed_ms": (closed - begun) * 1000}


# ---- All of them


def show(found: dict[str, list[dict[str, float]]], calls: int) -> None:
    rounds = len(next(iter(found.values())))
    table = Table(
        title=f"{calls} recognitions of 200 KB, {CONCURRENCY} at once; median of {rounds} rounds, "
        "stall and growth the worst"
    )
    table.add_column("")
    for heading in ("right", "a second", "processor µs", "of AsyncClient", "stall ms", "growth MB"):
        table.add_column(heading, justify="right")
    base = [figures["processor_s"] for figures in next(iter(found.values()))]
    for name, figures in found.items():
        ratios = [one["processor_s"] / other for one, other in zip(figures, base, strict=True)]
        stall = max(one["stall_ms"] for one in figures)
        table.add_row(
            name,
            str(int(min(one["right"] for one in figures))),
            f"{statistics.median(calls / one['wall_s'] for one in figures):.0f}",
            f"{statistics.median(one['processor_s'] / calls * 1e6 for one in figures):.0f}",
            f"{statistics.median(ratios):.2f}",
            "-" if stall != stall else f"{stall:.1f}",
            f"{max(one['growth_mb'] for one in figures):.1f}",
        )
    Console(width=110).print(table)


def problems(found: dict[str, list[dict[str, float]]], calls: int) -> list[str]:
    said = []
    for name, figures in found.items():
        if not name.startswith("AsyncClient"):
            continue
        if any(one["right"] != calls for one in figures):
            said.append(f"{name}: a card was not right")
        if max(one["stall_ms"] for one in figures) >= MOST_STALL_MS:
            said.append(f"{name}: the loop stood still for {MOST_STALL_MS} ms or more")
        if max(one["growth_mb"] for one in figures) >= MOST_GROWTH_MB:
            said.append(f"{name}: memory grew by {MOST_GROWTH_MB} MB or more")
    return said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--one", nargs=2, metavar=("NAME", "URL"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one is not None:
        run_one(*options.one, options.calls)
        return 0
    port = free_port()
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    with (
        tempfile.TemporaryDirectory(prefix="wxidcard-bench-") as folder,
        nginx(pathlib.Path(folder) / "service", port, SERVICE.format(port=port)) as url,
    ):
        for _ in range(options.rounds):
            for name in CONTENDERS:
                command = [sys.executable, __file__, "--calls", str(options.calls), "--one"]
                done = subprocess.run([*command, name, url], stdout=subprocess.PIPE, check=True)
                found[name].append(json.loads(done.stdout))
        cancelled = asyncio.run(cancel(url))
    show(found, options.calls)
    print(
        f"{STALLED} stalled calls, cancelled: returned after {cancelled['returned_ms']:.1f} ms, "
        f"and their connections were closed after {cancelled['closed_ms']:.1f} ms"
    )
    said = problems(found, options.calls)
    if cancelled["returned_ms"] > MOST_CANCEL_MS:
        said.append(f"cancelling took more than {MOST_CANCEL_MS} ms")
    print("\n".join(said), end="\n" if said else "")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())

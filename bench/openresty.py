"""wxidcard in a nginx worker: what it leaves to other requests, and processor time a call.

First, 100 requests to one worker have a picture of 1 MB recognised at once, and the service takes
half a second for each. Beside them a trivial location of the same worker is asked every millisecond
(prober.py). By cosockets all must be over in 1.5 s, and 99 of 100 answers of the trivial location
must come within 20 ms, in each round, the worker's first hundred calls among them; else the exit
status is 1. Then the same 200 KB go over a kept connection
again and again. Ratios are taken within a round. Wants `make build` before; `make bench` does both.
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
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from run import HERE, MODULES, REPLY, free_port, show, wait_until_listening

DELAY = 0.5
AT_ONCE = 100
# One after the other, each for as long as the service takes: more would only last longer.
BLOCKING_AT_ONCE = 4
MOST_SECONDS = 1.5
MOST_MS = 20

MAIN = """
load_module {modules}/ndk_http_module.so;
load_module {modules}/ngx_http_lua_module.so;
daemon off; worker_processes 1; pid {folder}/pid; {user}
error_log {folder}/error.log;
thread_pool recognition threads=32;
events {{ worker_connections 2048; }}
http {{
  access_log off; client_max_body_size 8m; client_body_buffer_size 2m; keepalive_requests 100000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  lua_package_path '{here}/?.lua;{here}/../bindings/lua/lua/?.lua;;';
  lua_package_cpath '{here}/../build/lua/5.1/?.so;;';
  server {{ {server} }}
}}
"""
# The body is read before the answer goes out: an answer to half a picture would be none.
SERVICE = """
listen 127.0.0.1:{port};
location / {{
  default_type application/json;
  content_by_lua_block {{
    ngx.req.read_body()
    if {delay} > 0 then ngx.sleep({delay}) end
    local reply = '{reply}'
    ngx.header["Content-Length"] = #reply
    ngx.print(reply)
  }}
}}
"""
WORKER = """
listen 127.0.0.1:{port}; listen unix:{folder}/socket;
location /trivial {{ return 200 "trivial"; }}
location /measure {{
  content_by_lua_block {{
    require("openresty").measure(ngx.var.arg_how, "{url}", "{picture}", tonumber(ngx.var.arg_calls))
  }}
}}
"""
RECOGNIZE = """
location /{how} {{ content_by_lua_block {{ require("openresty").{how}("{url}", "{picture}") }} }}
"""


@contextmanager
def nginx(folder: pathlib.Path, port: int, server: str) -> Iterator[str]:
    """One that runs in a folder; yields its base URL."""
    folder.mkdir(parents=True)
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(
        MAIN.format(modules=MODULES, folder=folder, here=HERE, user=user, server=server),
        encoding="utf-8",
    )
    arguments = ["-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration)]
    process = subprocess.Popen(["nginx", *arguments])
    try:
        wait_until_listening(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def worker(folder: pathlib.Path, picture: pathlib.Path, delay: float) -> Iterator[tuple[str, str]]:
    """A worker and its service; yields the base URLs of both."""
    service_port, port = free_port(), free_port()
    service = SERVICE.format(port=service_port, delay=delay, reply=REPLY)
    with ExitStack() as stack:
        url = stack.enter_context(nginx(folder / "service", service_port, service))
        parts = WORKER.format(port=port, folder=folder / "worker", url=url, picture=picture)
        for how in ("cosockets", "uploaded", "uploads", "threads", "blocking"):
            parts += RECOGNIZE.format(how=how, url=url, picture=picture)
        yield stack.enter_context(nginx(folder / "worker", port, parts)), url


# ---- Many at once


@dataclass(frozen=True)
class Row:
    """What goes on beside the trivial location: so many requests to the location ``how``."""

    how: str | None
    number: int = AT_ONCE
    uploads: bool = False  # whether the picture comes with the request, or is in the worker


BESIDE = {
    "nothing": Row(None, 0),
    "wxidcard, cosockets": Row("cosockets"),
    "wxidcard, 32 threads (libcurl)": Row("threads"),
    "wxidcard, blocking (libcurl)": Row("blocking", BLOCKING_AT_ONCE),
    "uploads that are only read": Row("uploads", uploads=True),
    "wxidcard, cosockets, of uploads": Row("uploaded", uploads=True),
}


@dataclass(frozen=True)
class Answers:
    """Of the trivial location, and how long the requests beside it took together."""

    seconds: float
    latencies: list[float]

    def percentile(self, part: float) -> float:
        return sorted(self.latencies)[int(part / 100 * (len(self.latencies) - 1))]


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, how: str, body: bytes
) -> None:
    head = f"POST /{how} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
    writer.write(body)
    answer = await reader.read(-1)
    if not answer.startswith(b"HTTP/1.1 200 ") or b"Front" not in answer:
        sys.exit(f"a picture by {how} was answered:\n{answer.decode(errors='replace')}")
    writer.close()


async def visit_at_once(socket_path: str, number: int) -> None:
    """Leaves the worker with a table of descriptors for so many connections and more.

    The kernel makes it larger at the 64th, 128th and 256th, and in a process with threads has the
    one who asked for the descriptor wait for 10 ms and more, whoever it is.
    """
    made = [await asyncio.open_unix_connection(socket_path) for _ in range(number)]
    for reader, writer in made:
        writer.write(b"GET /trivial HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"trivial")
    for _, writer in made:
        writer.close()


async def ask_at_once(socket_path: str, how: str, body: bytes, number: int) -> float:
    """Seconds until the last answer, with all connections made before."""
    made = [await asyncio.open_unix_connection(socket_path) for _ in range(number)]
    start = time.perf_counter()
    await asyncio.gather(*(ask(*streams, how, body) for streams in made))
    return time.perf_counter() - start


def probed(socket_path: str, row: Row, picture: bytes) -> Answers:
    """The trivial location's answers while pictures are recognised, or while nothing else is."""
    command = [sys.executable, str(HERE / "prober.py"), socket_path, "/trivial"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as prober:
        assert prober.stdin is not None and prober.stdout is not None
        if prober.stdout.readline() != "ready\n":
            sys.exit("the trivial location does not answer")
        seconds = 0.0
        if row.how is None:
            time.sleep(1)
        else:
            body = picture if row.uploads else b""
            seconds = asyncio.run(ask_at_once(socket_path, row.how, body, row.number))
        prober.stdin.close()
        return Answers(seconds, json.loads(prober.stdout.readline()))


def show_beside(rounds: dict[str, list[Answers]], kilobytes: int) -> None:
    table = Table(
        title=f"A trivial location beside requests with pictures of {kilobytes} KB, all at once, "
        f"the service taking {DELAY:.1f} s; medians and worst of {len(rounds['nothing'])} rounds"
    )
    table.add_column("beside")
    for heading in ("requests", "over after s", "median ms", "99th ms", "worst 99th", "most ms"):
        table.add_column(heading, justify="right")
    for name, answers in rounds.items():
        number = BESIDE[name].number
        seconds = statistics.median(each.seconds for each in answers)
        latencies = [
            statistics.median(each.percentile(50) for each in answers),
            statistics.median(each.percentile(99) for each in answers),
            max(each.percentile(99) for each in answers),
            max(each.percentile(100) for each in answers),
        ]
        table.add_row(
            name,
            str(number or "-"),
            f"{seconds:.2f}" if number else "-",
            *(f"{latency:.1f}" for latency in latencies),
        )
    Console(width=110).print(table)


def measure_beside(folder: pathlib.Path, rounds: int) -> bool:
    """Whether the bounds hold."""
    picture = b"\xff\xd8\xff\xe0" + os.urandom(1_000_000 - 4)
    path = folder / "large.jpg"
    path.write_bytes(picture)
    found: dict[str, list[Answers]] = {name: [] for name in BESIDE}
    with worker(folder / "beside", path, DELAY):
        socket_path = str(folder / "beside/worker/socket")
        asyncio.run(visit_at_once(socket_path, 3 * AT_ONCE))
        for how in ("cosockets", "threads"):  # how modules are loaded is not what is measured
            asyncio.run(ask_at_once(socket_path, how, b"", 1))
        for _ in range(rounds):
            for name, row in BESIDE.items():
                found[name].append(probed(socket_path, row, picture))
    show_beside(found, len(picture) // 1000)
    ours = found["wxidcard, cosockets"]
    seconds = max(each.seconds for each in ours)
    latency = max(each.percentile(99) for each in ours)
    for figure, most, unit in ((seconds, MOST_SECONDS, "s"), (latency, MOST_MS, "ms")):
        if figure > most:
            print(f"by cosockets it must be {most} {unit} at most, and is {figure:.2f} {unit}")
    return seconds <= MOST_SECONDS and latency <= MOST_MS


# ---- One after the other

PLAIN = "wxidcard, plain Lua (libcurl)"
ALONE = "cosockets alone"
CONTENDERS = {
    PLAIN: None,
    ALONE: "alone",
    "wxidcard, cosockets": "cosockets",
    "wxidcard, a thread (libcurl)": "threads",
}


def run_plain(service: str, picture: pathlib.Path, calls: int) -> dict[str, float]:
    command = ["luajit", str(HERE / "lua_client.lua"), service, str(picture), str(calls)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command} failed:\n{done.stderr}{done.stdout}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def run_in_worker(url: str, how: str, calls: int) -> dict[str, float]:
    with urllib.request.urlopen(f"{url}/measure?how={how}&calls={calls}", timeout=300) as answer:
        figures: dict[str, float] = json.load(answer)
    return figures


def measure_calls(folder: pathlib.Path, rounds: int, calls: int) -> None:
    path = folder / "small.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0" + os.urandom(200_000 - 4))
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    with worker(folder / "calls", path, 0) as (url, service):
        for _ in range(rounds):
            for name, how in CONTENDERS.items():
                figures = run_in_worker(url, how, calls) if how else run_plain(service, path, calls)
                found[name].append(figures)
    show(found, calls, {"of plain Lua": PLAIN, "of cosockets alone": ALONE})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=1000, help="in each round, of each contender")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wxidcard-bench-") as name:
        holds = measure_beside(pathlib.Path(name), arguments.rounds)
        measure_calls(pathlib.Path(name), arguments.rounds, arguments.calls)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())

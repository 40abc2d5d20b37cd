"""Makes calls with random faults for a while, in every driver, and tells what came of it.

The drivers run side by side, each with several calls at once, against servers of tests/faults:
faults of every sort between right answers, over HTTP and TLS, with retries and tokens that expire,
by clients that come and go and some that stay, with pictures of 2 KB to 2 MB. The exit status is 1
when a card was another picture's, a call came to what it must not, did not end in time, when
memory, descriptors or threads are left, or something secret stands in a log.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import report
from judge import findings
from nginx import running
from plan import LISTENERS, Addresses, Plan
from ports import (
    ALLOCATION,
    ROOT,
    Port,
    Program,
    asyncio_driver,
    c_driver,
    lua_driver,
    python_driver,
    workers_of,
)
from rounds import Driver, Stalls
from secrets_told import logs_that_tell

from fault_server import FaultServer, fault_server

HERE = Path(__file__).resolve().parent
DRIVERS = ("c", "python", "asyncio", "lua", "openresty")
LUAS = ("lua5.1", "luajit", "lua5.3", "lua5.4")
WORKERS = 2
SERVERS = 3  # see plan.Plan
# Calls at once, of each of a driver's processes.
AT_ONCE = {"c": 6, "python": 6, "asyncio": 12, "lua": 1, "openresty": 6}
# A port's calls are numbered from here on.
NUMBERS = 1_000_000_000

LOCATIONS = 'location / { content_by_lua_block { require("by_nginx").answer() } }'
HTTP = """
keepalive_timeout 1h;
keepalive_requests 1000000000;
lua_ssl_trusted_certificate {ca};
lua_ssl_verify_depth 5;
lua_ssl_protocols TLSv1.2 TLSv1.3;
lua_socket_log_errors off;
"""


class Run:
    """One run: its servers, its drivers, and the figures that are none of a driver's."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.seconds: float = options.seconds
        self.seed: int = options.seed
        self.logs: Path = options.logs
        self.stalls = Stalls()
        self.too_many = 0

    def round_ends(self) -> list[float]:
        """Some looks are needed for a line through them; a round is not shorter than a call."""
        count = min(max(int(self.seconds // 30), 4), 20)
        now = time.monotonic()
        return [now + self.seconds * number / count for number in range(1, count + 1)]

    def log_of(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    # ---- Drivers

    def driver(self, name: str, ports: list[Port], servers: list[FaultServer]) -> Driver:
        plans = [self._plan(name, number, servers) for number in range(len(ports))]
        return Driver(name, ports, plans, AT_ONCE[name], self.stalls)

    def _plan(self, name: str, number: int, servers: list[FaultServer]) -> Plan:
        in_nginx = name == "openresty"
        steady, ending, speaking = (
            Addresses(
                {word: _base(server.words[word], in_nginx) for word in LISTENERS},
                None if in_nginx else server.words["ca"],
            )
            for server in servers
        )
        return Plan(
            random.Random(f"{self.seed} {name} {number}"),
            steady,
            ending,
            speaking,
            first=(DRIVERS.index(name) * 10 + number + 1) * NUMBERS,
            cancels=name == "asyncio",
        )

    @asynccontextmanager
    async def ports(self, name: str, servers: list[FaultServer]) -> AsyncIterator[list[Port]]:
        with ExitStack() as stack:
            if name == "openresty":
                path = stack.enter_context(self._nginx([server.words["ca"] for server in servers]))
                ports = await workers_of(path, WORKERS, AT_ONCE[name])
            else:
                ports = [await Program.start(self.log_of(name), *c) for c in _commands(name)]
            try:
                yield ports
            finally:
                await asyncio.gather(*(port.kill() for port in ports))

    @contextmanager
    def _nginx(self, ca_files: list[str]) -> Iterator[Path]:
        """The path of its socket."""
        with tempfile.TemporaryDirectory(prefix="wxidcard-endurance-") as name:
            folder = Path(name)
            for module in ("by_nginx.lua", "tasks.lua"):
                (folder / module).symlink_to(HERE / module)
            try:
                authorities = folder / "ca.pem"
                authorities.write_text("".join(Path(name).read_text() for name in ca_files))
                http = HTTP.format(ca=authorities)
                with running(folder, LOCATIONS, http, workers=WORKERS):
                    yield folder / "socket"
            finally:
                shutil.copy(folder / "error.log", self.log_of("openresty"))


def _base(url: str, in_nginx: bool) -> str:
    """By name for nginx, which compares names with certificates, and no addresses."""
    return url.replace("127.0.0.1", "localhost") if in_nginx else url


def _commands(name: str) -> list[list[str | Path]]:
    if name == "lua":
        return [lua_driver(lua) for lua in LUAS]
    commands = {
        "c": c_driver(AT_ONCE["c"]),
        "python": python_driver(AT_ONCE["python"]),
        "asyncio": asyncio_driver(),
    }
    return [commands[name]]


# ---- The command


async def endure(run: Run, names: list[str], show: report.Progress) -> list[Driver]:
    drivers: list[Driver] = []
    async with AsyncExitStack() as stack:
        with ExitStack() as servers_stack:
            servers = [servers_stack.enter_context(fault_server()) for _ in range(SERVERS)]
            for name in names:
                ports = await stack.enter_async_context(run.ports(name, servers))
                drivers.append(run.driver(name, ports, servers))
            async with watching(run, drivers, show):
                ends = run.round_ends()
                await asyncio.gather(*(driver.run(ends) for driver in drivers))
            await asyncio.gather(*(driver.close() for driver in drivers if driver.is_alive))
            # On kept connections a request may go once more where it was certainly not taken.
            run.too_many = servers[0].seen("as-told/too-many")["posts_begun"]
        await asyncio.gather(*(driver.finish() for driver in drivers if driver.is_alive))
    return drivers


@asynccontextmanager
async def watching(run: Run, drivers: list[Driver], show: report.Progress) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(driver.sample()) for driver in drivers]
    tasks.append(asyncio.create_task(run.stalls.watch()))
    tasks.append(asyncio.create_task(show.follow(drivers)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def read_options() -> argparse.Namespace:
    doc = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(prog="scripts/endure", description=doc[0])
    parser.add_argument(
        "--seconds", type=float, default=60, help="how long, all drivers side by side (60)"
    )
    parser.add_argument(
        "--drivers",
        default=",".join(DRIVERS),
        help=f"which, with commas between them: {','.join(DRIVERS)} (all)",
    )
    parser.add_argument(
        "--seed", type=int, default=None, help="what all that is random comes from (a new one)"
    )
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    parser.add_argument(
        "--logs",
        type=Path,
        default=ROOT / "build/endurance",
        help="a folder for what the drivers say of their errors (build/endurance)",
    )
    options = parser.parse_args()
    options.drivers = options.drivers.split(",")
    unknown = set(options.drivers) - set(DRIVERS)
    if unknown or options.seconds <= 0:
        parser.error(f"no such driver: {', '.join(unknown)}" if unknown else "--seconds: above 0")
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    return options


def all_findings(run: Run, drivers: list[Driver]) -> dict[str, list[str]]:
    """Sentences, by the driver that they are about, or "servers" or "logs"."""
    found = {driver.name: findings(driver.tally) for driver in drivers}
    found["servers"] = []
    if run.too_many:
        found["servers"].append(f"{run.too_many} POSTs were beyond the three of a call")
    told = logs_that_tell(run.logs)
    found["logs"] = [f"{path} tells what is secret: {what}" for path, what in told]
    return found


def main() -> int:
    options = read_options()
    run = Run(options)
    run.logs.mkdir(parents=True, exist_ok=True)
    for log in run.logs.glob("*.log"):
        log.unlink()
    os.environ["MALLOC_MMAP_THRESHOLD_"] = ALLOCATION["MALLOC_MMAP_THRESHOLD_"]  # nginx's, too
    print(f"seed {run.seed}", file=sys.stderr, flush=True)
    try:
        with report.progress(run.seconds) as show:
            drivers = asyncio.run(endure(run, options.drivers, show))
    except KeyboardInterrupt:
        return 130
    found = all_findings(run, drivers)
    result = report.Result(run.seed, run.seconds, run.stalls.worst_ms, drivers, found)
    if options.json:
        print(json.dumps(result.as_json(), indent=2))
    else:
        result.show(run.logs)
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

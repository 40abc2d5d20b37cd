"""The command line: starting the sandbox, or writing specimens."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from .drawing import FontMissingError
from .listening import listen
from .people import PEOPLE
from .reader import MarkReader, TesseractReader
from .recognizer import Reader
from .server import Sandbox, Settings
from .specimens import write_specimens
from .tesseract import find_tesseract
from .tokens import DEFAULT_LIFE

NO_TESSERACT = (
    "wxidcard sandbox: no Tesseract with chi_sim found, so only the sandbox's own specimens are "
    "recognised; on Debian and Ubuntu install tesseract-ocr and tesseract-ocr-chi-sim"
)


def main(argv: list[str] | None = None) -> int:
    """Run the command with ``argv`` (default: sys.argv[1:]) and return its exit status.

    0 after a clean end, 1 when the port cannot be bound or a file not be written, 2 for
    wrong arguments.
    """
    options = _parser().parse_args(argv)
    if options.specimens is not None:
        return _write_specimens(options.specimens, options.people)
    try:
        return asyncio.run(_serve(options))
    except OSError as error:
        print(f"wxidcard sandbox: cannot listen: {error.strerror or error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wxidcard sandbox",
        description="WeChat's ID-card recognition on your own machine, for development and tests.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=_number(int, 0, 65535), default=0, help="0 takes a free one (default)")
    add("--quota", type=_number(int, 0), metavar="N", help="recognitions a day (default: no limit)")
    add(
        "--token-ttl",
        type=_number(float, 1),
        default=DEFAULT_LIFE,
        metavar="SECONDS",
        help="life of a fetched token (default: %(default)g)",
    )
    add(
        "--latency",
        type=_number(float, 0),
        default=0.0,
        metavar="MS",
        help="milliseconds every recognition waits (default: %(default)g)",
    )
    add(
        "--open-service",
        action="store_true",
        help="accept calls without a token, as inside WeChat Cloud Hosting",
    )
    add("--specimens", type=Path, metavar="DIR", help="write specimen pictures into DIR and end")
    add(
        "--people",
        type=_number(int, 1, len(PEOPLE)),
        default=len(PEOPLE),
        metavar="N",
        help="with --specimens: of how many people (default: %(default)s)",
    )
    return parser


class _number:
    """An argument type: a number of ``kind`` from ``low`` to ``high``."""

    def __init__(self, kind: type[int] | type[float], low: float, high: float = 1e9) -> None:
        self._kind, self._low, self._high = kind, low, high
        self.__name__ = f"number from {low:g} to {high:g}"

    def __call__(self, text: str) -> float:
        value = self._kind(text)
        if not self._low <= value <= self._high:
            raise ValueError(text)
        return value


def _write_specimens(folder: Path, people: int) -> int:
    try:
        count = write_specimens(folder, people)
    except (OSError, FontMissingError) as error:
        print(f"wxidcard sandbox: {error}", file=sys.stderr)
        return 1
    print(f"wxidcard sandbox: wrote {count} pictures of invented people into {folder}")
    return 0


def _make_reader() -> Reader:
    path = find_tesseract()
    if path is None:
        print(NO_TESSERACT, file=sys.stderr, flush=True)
        return MarkReader()
    return TesseractReader(path)


async def _serve(options: argparse.Namespace) -> int:
    settings = Settings(
        quota=options.quota,
        token_ttl=options.token_ttl,
        latency=options.latency / 1000,
        open_service=options.open_service,
    )
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    sandbox = Sandbox(_make_reader(), settings)
    async with listen(sandbox, options.host, options.port) as (host, port):
        shown = f"[{host}]" if ":" in host else host
        print(f"wxidcard sandbox: http://{shown}:{port}", flush=True)
        await stopped.wait()
    return 0

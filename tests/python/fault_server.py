"""The fault server of tests/faults, for the tests of every driver that pytest runs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

FOLDER = Path(__file__).resolve().parents[1] / "faults"


@dataclass(frozen=True)
class FaultServer:
    """Addresses by name: "http", "https", "chain", "self-signed" …, and "ca", a file."""

    words: dict[str, str]

    def url(self, fault: str, word: str = "http") -> str:
        """A base URL."""
        return f"{self.words[word]}/fault/{fault}"

    def base(self, fault: str, word: str = "http") -> str:
        """The same by name, since nginx compares names with certificates, and no addresses."""
        return self.url(fault, word).replace("127.0.0.1", "localhost")

    def _control(self, what: str, data: bytes | None = None) -> Any:
        with urlopen(f"{self.words['http']}/control/{what}", data) as reply:
            return json.load(reply)

    def seen(self, key: str) -> dict[str, int]:
        counted: dict[str, int] = self._control(f"counters/{key}")
        return counted

    def all_seen(self) -> dict[str, dict[str, int]]:
        counted: dict[str, dict[str, int]] = self._control("counters")
        return counted

    def reset(self) -> None:
        self._control("reset", b"")


@contextmanager
def fault_server() -> Iterator[FaultServer]:
    with subprocess.Popen(
        [sys.executable, FOLDER / "server.py"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            http, https, *named = process.stdout.readline().split()[2:]
            words = dict(word.split("=", 1) for word in named)
            yield FaultServer({"http": http, "https": https, **words})
        finally:
            process.terminate()

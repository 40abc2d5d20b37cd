"""A Redis server of the tests' own, on a Unix socket."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis

START_SECONDS = 20


class RedisServer:
    """Started when entered and ended when left; nothing it was told is kept.

    ``socket_path`` is where it listens; ``options`` are more of its command line.
    """

    def __init__(self, *options: str) -> None:
        # Not pytest's folder: the path of a Unix socket must not be long.
        self._folder = Path(tempfile.mkdtemp(prefix="wxidcard-redis-"))
        self.socket_path = str(self._folder / "redis.sock")
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: list[redis.Redis] = []

    def client(self, **settings: Any) -> redis.Redis:
        """A client of this server, closed when the server ends."""
        settings.setdefault("socket_timeout", 20)
        made = redis.Redis(unix_socket_path=self.socket_path, **settings)
        self._clients.append(made)
        return made

    def __enter__(self) -> Self:
        listen = ["--port", "0", "--unixsocket", self.socket_path, "--unixsocketperm", "700"]
        forget = ["--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        # A sanitizer's library is for Python; and Redis must not warn of its own locale.
        variables = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"} | {"LC_ALL": "C"}
        self._process = subprocess.Popen(
            ["redis-server", *listen, *forget, *self._options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=variables,
        )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        client = self.client()
        deadline = time.monotonic() + START_SECONDS
        while True:
            if os.path.exists(self.socket_path):
                with contextlib.suppress(redis.ConnectionError):
                    client.ping()
                    return
            assert self._process.poll() is None, "redis-server ended at once"
            assert time.monotonic() < deadline, "redis-server did not start"
            time.sleep(0.01)

    def _end(self) -> None:
        for client in self._clients:
            client.close()
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)
        shutil.rmtree(self._folder, ignore_errors=True)

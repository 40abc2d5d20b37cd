"""Clients of a Redis server that see another time, or lose a reply."""

import socket
import threading
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import redis

from redis_server import RedisServer

EVENING = datetime(2031, 3, 14, 23, 59, 58, tzinfo=ZoneInfo("Asia/Shanghai"))


class ShiftedRedis(redis.Redis):
    """A client whose server's clock says what the test wants: an evening in Beijing at first."""

    now = EVENING

    def time(self, **_: Any) -> Any:
        return int(self.now.timestamp()), self.now.microsecond


class LosesReply:
    """Stands before a server, and cuts the connection instead of handing on one reply.

    ``was_lost`` is set when it has done so. The command of that reply took effect.
    """

    def __init__(self, server: RedisServer, path: Path, word: bytes) -> None:
        self.path = str(path)
        self.was_lost = threading.Event()
        self._server, self._word = server, word
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            with client, socket.socket(socket.AF_UNIX) as upstream:
                upstream.connect(self._server.socket_path)
                self._carry(client, upstream)

    def _carry(self, client: socket.socket, upstream: socket.socket) -> None:
        while request := client.recv(65536):
            upstream.sendall(request)
            reply = upstream.recv(65536)
            if self._word in request and not self.was_lost.is_set():
                self.was_lost.set()
                return
            client.sendall(reply)

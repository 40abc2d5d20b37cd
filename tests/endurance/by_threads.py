"""The driver of Python's Client: so many threads, each taking its tasks off standard input."""

import sys
import threading
import time
from typing import Any

from calling import (
    Clients,
    picture_of,
    read_line,
    tell_card,
    tell_error,
    tell_quiet,
    tell_raised,
)

import wxidcard


class Threads:
    def __init__(self) -> None:
        self._clients = Clients(wxidcard.Client)
        self._reading = threading.Lock()
        self._first: dict[str, Any] | None = None
        self._pause: dict[str, Any] | None = None
        self.is_over = False

    def run(self, number: int) -> None:
        """Until the next pause, or the end of the input. There are threads only while there are
        tasks: until then somebody may be counting them."""
        self._pause = None
        self._first = self._read_task()
        if self._first is not None:
            threads = [threading.Thread(target=self._work) for _ in range(number)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if self._pause is not None:
            for client in self._clients.take(self._pause["quiet"] == "closed"):
                client.close()
            tell_quiet()

    def _read_task(self) -> dict[str, Any] | None:
        if self._pause is not None or self.is_over:
            return None
        line = sys.stdin.buffer.readline()
        self.is_over = not line
        given = read_line(line) if line else None
        if given is not None and "quiet" in given:
            self._pause = given
            return None
        return given

    def _next_task(self) -> dict[str, Any] | None:
        with self._reading:
            task = self._first or self._read_task()
            self._first = None
            return task

    def _work(self) -> None:
        while (task := self._next_task()) is not None:
            client = self._clients.of(task)
            for call in task["calls"]:
                recognize(client, call)
            ended = self._clients.finished(task)
            if ended is not None:
                ended.close()


def recognize(client: wxidcard.Client, call: dict[str, Any]) -> None:
    picture = picture_of(call)
    began = time.monotonic()
    try:
        card = client.recognize(picture)
    except wxidcard.Error as error:
        tell_error(call, (time.monotonic() - began) * 1000, error)
    except Exception as error:
        tell_raised(call, (time.monotonic() - began) * 1000, error)
    else:
        tell_card(call, (time.monotonic() - began) * 1000, card)


def main() -> None:
    threads = Threads()
    while not threads.is_over:
        threads.run(int(sys.argv[1]))


if __name__ == "__main__":
    main()

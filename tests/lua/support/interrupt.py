#!/usr/bin/env python3
"""Starts a program, `interrupt.py PROGRAM ARGUMENT…`, with the URL of a service that never answers
added to its arguments; sends it SIGINT once its request is there; prints the milliseconds it took
to end, its exit status, and what it said."""

import signal
import socket
import subprocess
import sys
import time


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        child = subprocess.Popen(
            [*sys.argv[1:], url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        server.settimeout(20)
        connection, _ = server.accept()
        connection.recv(65536)
        started = time.monotonic()
        child.send_signal(signal.SIGINT)
        try:
            said, _ = child.communicate(timeout=20)
        finally:
            child.kill()
        elapsed = round((time.monotonic() - started) * 1000)
        connection.close()
    print(elapsed, child.returncode, said.decode().replace("\n", " "))


if __name__ == "__main__":
    main()

"""Asks one target of a server in a steady stream, and tells how long each answer took.

usage: prober.py SOCKET TARGET

Prints "ready" after the first answer; when its standard input ends, the latencies in milliseconds
as a list in JSON. A latency counts from the moment at which the question was due: a server that
stands still for a second makes a whole second of questions late, not one of them.
"""

import asyncio
import json
import sys

# Questions come every millisecond, on connections in turn.
CONNECTIONS = 20
PERIOD = 0.020


class Stream:
    def __init__(self, path: str, target: str) -> None:
        self.path = path
        self.question = f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        self.latencies: list[float] = []
        self.is_over = False

    async def ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.question)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        await reader.readexactly(length)

    async def run(self, number: int, start: float) -> None:
        """One connection's part of the stream."""
        loop = asyncio.get_running_loop()
        reader, writer = await asyncio.open_unix_connection(self.path)
        await self.ask(reader, writer)  # connecting is not what is measured
        due = start + number * PERIOD / CONNECTIONS
        while not self.is_over:
            await asyncio.sleep(due - loop.time())
            await self.ask(reader, writer)
            self.latencies.append((loop.time() - due) * 1000)
            due += PERIOD
        writer.close()


async def main() -> None:
    loop = asyncio.get_running_loop()
    stream = Stream(*sys.argv[1:])
    start = loop.time() + 0.2
    parts = [asyncio.ensure_future(stream.run(i, start)) for i in range(CONNECTIONS)]
    while not stream.latencies:
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    stream.is_over = True
    await asyncio.gather(*parts)
    print(json.dumps(stream.latencies))


if __name__ == "__main__":
    asyncio.run(main())

"""The driver of Python's AsyncClient: a task for each task, some of their calls cancelled."""

import asyncio
import sys
import time
from typing import Any

from calling import (
    Clients,
    picture_of,
    read_line,
    tell,
    tell_card,
    tell_error,
    tell_quiet,
    tell_raised,
)

import wxidcard


async def recognize(client: wxidcard.AsyncClient, call: dict[str, Any]) -> None:
    picture = picture_of(call)
    began = time.monotonic()
    running = asyncio.ensure_future(client.recognize(picture))
    if "cancel_ms" in call:
        await asyncio.wait([running], timeout=call["cancel_ms"] / 1000)
        running.cancel()
    try:
        card = await running
    except asyncio.CancelledError:
        tell(call["number"], (time.monotonic() - began) * 1000, "cancelled")
    except wxidcard.Error as error:
        tell_error(call, (time.monotonic() - began) * 1000, error)
    except Exception as error:
        tell_raised(call, (time.monotonic() - began) * 1000, error)
    else:
        tell_card(call, (time.monotonic() - began) * 1000, card)


async def perform(clients: Clients, task: dict[str, Any]) -> None:
    client = clients.of(task)
    for call in task["calls"]:
        await recognize(client, call)
    ended = clients.finished(task)
    if ended is not None:
        await ended.aclose()


async def drive() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    clients = Clients(wxidcard.AsyncClient)
    under_way: set[asyncio.Task[None]] = set()
    while line := await reader.readline():
        given = read_line(line)
        if "quiet" not in given:
            under_way.add(asyncio.create_task(perform(clients, given)))
            under_way = {task for task in under_way if not task.done()}
            continue
        await asyncio.gather(*under_way)
        under_way.clear()
        for client in clients.take(given["quiet"] == "closed"):
            await client.aclose()
        tell_quiet()


if __name__ == "__main__":
    asyncio.run(drive())

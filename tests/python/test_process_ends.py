"""Interpreters that end in the middle of calls, 200 of each client, at any moment: each ends at
once and cleanly, and says nothing.

They are forked from one that has imported everything, which is quick, and end as any other does.
"""

import subprocess
import sys

import pytest

from given import JPEG

EACH = 50
# Every child runs what follows, and to the end of the program, which ends its interpreter. The
# service takes connections, and what its queues hold, and never answers.
HEAD = f"""
import asyncio, os, signal, socket, sys, threading, time
import wxidcard

JPEG = {JPEG!r} + bytes(100_000)
listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
url = f"http://127.0.0.1:{{listener.getsockname()[1]}}"
made_before = wxidcard.Client(access_token="canary-token", base_url=url, timeout=20)
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored

codes = []
for number in range({EACH}):
    child = os.fork()
    if child == 0:
        break
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
else:
    print(codes)
    os._exit(0)

signal.alarm(20)  # ends one that hangs
moment = number / 2000

def client_of(kind):
    return kind(access_token="canary-token", base_url=url, timeout=20)

def in_threads(count, client):
    for _ in range(count):
        threading.Thread(target=client.recognize, args=(JPEG,), daemon=True).start()

def interrupt():
    time.sleep(moment)
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)

def leave(*ignored):
    sys.exit(7 if time.monotonic() - sent[0] < 0.25 else 8)

sent = []
client = client_of(wxidcard.Client) if number % 2 else made_before
"""
# How they end: with 7, or where a call did not end within 250 ms with 8.
SYNC = {
    "daemon threads": """
in_threads(3, client)
time.sleep(moment)
sys.exit(7)""",
    "Ctrl-C": """
try:
    threading.Thread(target=interrupt).start()
    client.recognize(JPEG)
except KeyboardInterrupt:
    leave()""",
    "Ctrl-C beside threads": """
in_threads(2, client)
try:
    threading.Thread(target=interrupt).start()
    client.recognize(JPEG)
except KeyboardInterrupt:
    leave()""",
    "a handler that exits": """
signal.signal(signal.SIGINT, leave)
threading.Thread(target=interrupt).start()
client.recognize(JPEG)""",
}
CALLS = """
async def calls():
    client = client_of(wxidcard.AsyncClient)
    tasks = [asyncio.create_task(client.recognize(JPEG)) for _ in range(10)]
    await asyncio.sleep(moment)
    return tasks
"""
ASYNC = {
    "exit": "asyncio.run(calls()); sys.exit(7)",
    "exit with calls in flight": """
async def main():
    await calls()
    sys.exit(7)
asyncio.run(main())""",
    "exit beside a loop": """
loop = asyncio.new_event_loop()
tasks = loop.run_until_complete(calls())
for task in tasks:
    task._log_destroy_pending = False
sys.exit(7)""",
    "a daemon's loop": """
def forever():
    async def main():
        tasks = await calls()
        await asyncio.sleep(20 + len(tasks))
    asyncio.run(main())
threading.Thread(target=forever, daemon=True).start()
time.sleep(moment)
sys.exit(7)""",
}
PROGRAMS = {f"Client, {how}": HEAD + text for how, text in SYNC.items()}
PROGRAMS |= {f"AsyncClient, {how}": HEAD + CALLS + text for how, text in ASYNC.items()}


@pytest.mark.parametrize("how", PROGRAMS)
def test_every_one_of_fifty_ends_cleanly(how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAMS[how]],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == (f"{[7] * EACH}\n", "")

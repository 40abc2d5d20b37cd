"""Tokens, and what happens to the process: forks, Ctrl-C, its end."""

import signal
import subprocess
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

import programs
from account import PATIENCE, Account
from given import SECRET
from scripted import ScriptedService

HEAD = f"""
import json, os, signal, sys, threading, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
signal.signal(signal.SIGINT, signal.default_int_handler)
import wxidcard
from account import DictStore, join_renewals
from given import JPEG
store = DictStore()
key = f"wxidcard:token:{{sys.argv[1].removeprefix('http://')}}:{{sys.argv[2]}}:stable_token"
def leave_old_token():
    old = {{"access_token": "canary-token-old", "expires_at": int(time.time()) + 200}}
    store.values[key] = json.dumps(old)
def make(**more):
    return wxidcard.Client(base_url=sys.argv[1], appid=sys.argv[2], secret={SECRET!r}, **more)
"""


@pytest.fixture
def account(service: ScriptedService) -> Account:
    return Account(service)


def program(text: str, account: Account) -> AbstractContextManager[subprocess.Popen[str]]:
    """A program that makes clients of the account; SIGINT is answered as at a terminal."""
    return programs.program(HEAD, text, account.url, account.appid)


def output_of(text: str, account: Account) -> str:
    return programs.output_of(HEAD, text, account.url, account.appid)


def wait_for_fetch(account: Account) -> None:
    deadline = time.monotonic() + PATIENCE
    while not account.fetches:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_forked_child_has_the_token(account: Account) -> None:
    text = """
    client = make()
    client.recognize(JPEG)
    for number in range(5):
        child = os.fork()
        if child == 0:
            os._exit(0 if client.recognize(JPEG)["type"] == "Back" else 1)
        print(os.waitpid(child, 0)[1], end=" ")
    client.recognize(JPEG)
    """
    assert output_of(text, account) == "0 0 0 0 0"
    assert len(account.fetches) == 1


def test_a_child_does_not_wait_for_its_parents_fetch(account: Account) -> None:
    """Forked while another thread was fetching: nobody fetches in the child but the child."""
    text = """
    client = make()
    thread = threading.Thread(target=lambda: print(client.recognize(JPEG)["type"]))
    thread.start()
    sys.stdin.readline()
    child = os.fork()
    if child == 0:
        os._exit(0 if client.recognize(JPEG)["type"] == "Back" else 1)
    print(os.waitpid(child, 0)[1], flush=True)
    thread.join()
    """
    account.accepts_all = True
    account.gate.clear()
    with program(text, account) as running:
        wait_for_fetch(account)
        assert running.stdin is not None
        running.stdin.write("\n")
        running.stdin.flush()
        deadline = time.monotonic() + PATIENCE
        while len(account.fetches) < 2:  # the child's own, while the parent's has no answer
            assert time.monotonic() < deadline
            time.sleep(0.005)
        account.gate.set()
        output, problems = running.communicate(timeout=60)
    assert (sorted(output.split()), problems) == (["0", "Back"], "")


def test_ctrl_c_during_a_fetch_leaves_it_to_the_next(account: Account) -> None:
    text = """
    client = make()
    try:
        client.recognize(JPEG)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    sys.stdin.readline()
    print(client.recognize(JPEG)["type"])
    """
    account.accepts_all = True  # the fetch that was given up is answered too, perhaps last
    account.gate.clear()
    with program(text, account) as running:
        wait_for_fetch(account)
        running.send_signal(signal.SIGINT)
        assert running.stdout is not None
        assert running.stdout.readline() == "interrupted\n"
        account.gate.set()
        output, problems = running.communicate("\n", timeout=60)
    assert (output, problems) == ("Back\n", "")
    assert len(account.fetches) == 2


def test_ctrl_c_in_a_store_ends_the_call(account: Account) -> None:
    text = """
    def get(key):
        os.kill(os.getpid(), signal.SIGINT)
        return None
    store.get = get
    try:
        make(token_store=store).recognize(JPEG)
    except KeyboardInterrupt:
        print("interrupted")
    """
    assert output_of(text, account) == "interrupted"
    assert account.used == []


def test_the_interpreter_ends_while_a_renewal_waits(account: Account) -> None:
    text = """
    leave_old_token()
    client = make(token_store=store)
    client.recognize(JPEG)
    print(client.recognize(JPEG)["type"])
    print([thread.name for thread in threading.enumerate() if thread.daemon])
    sys.stdin.readline()
    """
    account.good.add("canary-token-old")
    account.gate.clear()
    with program(text, account) as running:
        wait_for_fetch(account)
        started = time.monotonic()
        output, problems = running.communicate("\n", timeout=60)
    assert (running.returncode, output, problems) == (0, "Back\n['wxidcard-renewal']\n", "")
    assert time.monotonic() - started < 2
    account.gate.set()


def test_a_client_is_collected_while_its_renewal_waits(account: Account) -> None:
    text = """
    import gc, weakref
    leave_old_token()
    client = make(token_store=store)
    client.recognize(JPEG)
    client.recognize(JPEG)
    gone = weakref.ref(client)
    del client
    gc.collect()
    sys.stdin.readline()
    join_renewals()
    gc.collect()
    print(gone(), "canary-token-1-" in store.values[key])
    """
    account.good.add("canary-token-old")
    account.gate.clear()
    with program(text, account) as running:
        wait_for_fetch(account)
        account.gate.set()
        output, problems = running.communicate("\n", timeout=60)
    assert (output, problems) == ("None True\n", "")


def test_no_thread_can_be_started(account: Account) -> None:
    text = """
    leave_old_token()
    client = make(token_store=store)
    client.recognize(JPEG)
    start = threading.Thread.start
    def refuse(thread):
        raise RuntimeError("can't start new thread")
    threading.Thread.start = refuse
    print(client.recognize(JPEG)["type"])
    threading.Thread.start = start
    client.recognize(JPEG)
    join_renewals()
    print("canary-token-1-" in store.values[key])
    """
    account.good.add("canary-token-old")
    assert output_of(text, account) == "Back\nTrue"
    assert len(account.fetches) == 1

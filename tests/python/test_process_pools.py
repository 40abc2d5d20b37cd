"""Clients in pools of processes: multiprocessing, concurrent.futures and Dask."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

import programs
from account import Account
from given import JPEG, SECRET, TOKEN
from scripted import Reply, Request, ScriptedService, reply

PICTURES, PROCESSES = 60, 3
HEAD = f"""
import json, os, pickle, sys, traceback
sys.path.insert(0, {str(Path(__file__).parent)!r})
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import pool_tasks, wxidcard
JPEG = {JPEG!r}
BASE_URL, METHOD = sys.argv[1:3]
CONTEXT = get_context(METHOD)
SETTINGS = dict(access_token={TOKEN!r}, base_url=BASE_URL, timeout=20)
IMAGES = [JPEG + str(number).encode() for number in range({PICTURES})]
def show(found):
    cards = [card for _, card in found]
    processes = {{pid for pid, _ in found}}
    here = os.getpid() in processes
    print(json.dumps({{"cards": cards, "processes": len(processes), "here": here}}))
def ask(pool, function, image):
    if hasattr(pool, "apply_async"):
        return pool.apply_async(function, (image,)).get(60)
    return pool.submit(function, image).result(60)
"""
MULTIPROCESSING = """
with CONTEXT.Pool(3, pool_tasks.start, (SETTINGS,)) as pool:
    {body}
    pool.close()
    pool.join()
"""
FUTURES = """
with ProcessPoolExecutor(3, CONTEXT, pool_tasks.start, (SETTINGS,)) as pool:
    {body}
"""
DASK = """
from dask.distributed import Client, LocalCluster
with (
    LocalCluster(
        n_workers=3, threads_per_worker=2, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster,
    Client(cluster) as pool,
):
    pool.run(pool_tasks.start, SETTINGS)
    {body}
"""
POOLS = [
    *((MULTIPROCESSING, method) for method in ("fork", "spawn", "forkserver")),
    *((FUTURES, method) for method in ("fork", "spawn")),
    (DASK, "spawn"),
]
IDS = [
    *(f"multiprocessing-{method}" for method in ("fork", "spawn", "forkserver")),
    "futures-fork",
    "futures-spawn",
    "dask",
]
in_every_pool = pytest.mark.parametrize(("pool", "method"), POOLS, ids=IDS)


def echo(request: Request) -> Reply:
    """A card with what came after the picture, by which it is known whose card it is."""
    return reply({"errcode": 0, "type": "Front", "name": request.picture[len(JPEG) :].decode()})


def in_pool(pool: str, body: str) -> str:
    """A program that runs ``body`` with a pool; Dask's maps give futures."""
    if pool is DASK:
        body = body.replace("pool.map(", "pool.gather(pool.map(").replace("IMAGES)", "IMAGES))")
    return pool.format(body=body)


def output_of(text: str, service: ScriptedService, method: str = "fork") -> Any:
    with programs.program(HEAD, text, service.url, method) as running:
        output, problems = running.communicate(timeout=60)
    assert running.returncode == 0
    # Dask's workers log what fails in them; and none of it may tell a secret.
    is_quiet = problems == "" or ("LocalCluster" in text and "Compute Failed" in problems)
    tells_secret = "canary" in problems
    assert (is_quiet, tells_secret) == (True, False)
    return json.loads(output)


CARDS = [{"type": "Front", "name": str(number)} for number in range(PICTURES)]


@in_every_pool
def test_settings_are_sent_to_the_processes(
    service: ScriptedService, pool: str, method: str
) -> None:
    service.otherwise = echo
    text = in_pool(pool, "show(list(pool.map(pool_tasks.recognize, IMAGES)))")
    found = output_of(text, service, method)
    assert found["cards"] == CARDS
    assert not found["here"]
    assert 1 <= found["processes"] <= PROCESSES
    assert len(service.requests) == PICTURES
    # Each process keeps its connections; Dask's have two threads.
    assert service.connections <= (2 * PROCESSES if pool is DASK else PROCESSES)


FAILURES = """
def outcome(image):
    try:
        ask(pool, pool_tasks.recognize, image)
    except Exception as error:
        copy = pickle.loads(pickle.dumps(error))
        told = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
        kind = [type(error).__name__, str(error), getattr(error, "kind", None)]
        names = ("errcode", "errmsg", "hint", "rid", "http_status", "retryable")
        same = (type(copy), copy.args, vars(copy)) == (type(error), error.args, vars(error))
        values = [getattr(error, name, None) for name in names]
        return {"kind": kind, "values": values, "same": same, "secret": "canary" not in told}
print(json.dumps([outcome(image) for image in (JPEG, b"canary", "/missing/canary.jpg")]))
"""


@in_every_pool
def test_errors_come_back_whole(service: ScriptedService, pool: str, method: str) -> None:
    errmsg = "certificate not found, hints: [xYz-1] rid: 1-2-3"
    service.otherwise = reply({"errcode": 101001, "errmsg": errmsg})
    outcomes = output_of(in_pool(pool, FAILURES.replace("\n", "\n    ")), service, method)
    refused, no_picture, missing = outcomes
    assert refused["kind"][0::2] == ["CardNotFoundError", "no_card"]
    assert errmsg in refused["kind"][1]
    assert refused["values"] == [101001, errmsg, "xYz-1", "1-2-3", 200, False]
    assert no_picture["kind"][0::2] == ["ImageInputError", "image_input"]
    assert missing["kind"] == [
        "FileNotFoundError",
        "[Errno 2] the picture's file cannot be opened: No such file or directory",
        None,
    ]
    assert all(outcome["same"] and outcome["secret"] for outcome in outcomes)
    assert len(service.requests) == 1


@in_every_pool
def test_a_client_with_a_secret_is_not_sent(
    service: ScriptedService, pool: str, method: str
) -> None:
    body = """
    client = wxidcard.Client(**SETTINGS)
    try:
        ask(pool, client.recognize, JPEG)
    except Exception as error:
        told = "".join(traceback.format_exception(error))
        print(json.dumps(["make a Client in each process" in told, "canary-token" in told]))
    """
    assert output_of(in_pool(pool, body.strip()), service, method) == [True, False]
    assert service.connections == 0


@pytest.mark.parametrize("pool", [MULTIPROCESSING, FUTURES], ids=["multiprocessing", "futures"])
def test_a_client_that_was_made_before_the_fork(service: ScriptedService, pool: str) -> None:
    """It was used, too, and is used again: its connection stays the parent's."""
    service.otherwise = echo
    before = """
pool_tasks.start(SETTINGS)
first = pool_tasks.recognize(JPEG + b"before")
"""
    body = """
    found = list(pool.map(pool_tasks.recognize, IMAGES))
    last = pool_tasks.recognize(JPEG + b"after")
    assert first == (os.getpid(), {"type": "Front", "name": "before"})
    assert last == (os.getpid(), {"type": "Front", "name": "after"})
    show(found)
    """
    inherited = pool.replace(", pool_tasks.start, (SETTINGS,)", "")
    found = output_of(before + inherited.replace("{body}", body.strip()), service)
    assert found["cards"] == CARDS
    assert not found["here"]
    assert len(service.requests) == PICTURES + 2
    assert service.connections <= PROCESSES + 1
    assert service.requests[0].target == service.requests[-1].target


@in_every_pool
def test_a_client_for_each_process_from_its_environment(
    service: ScriptedService,
    token_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    pool: str,
    method: str,
) -> None:
    """With a store the account's token is fetched once, however many processes there are."""
    account = Account(service)
    variables = {"APPID": account.appid, "SECRET": SECRET, "BASE_URL": service.url}
    for name, value in (variables | {"TOKEN_FILE": str(token_file)}).items():
        monkeypatch.setenv(name, value)
    text = in_pool(pool, "show(list(pool.map(pool_tasks.recognize_by_environment, IMAGES)))")
    found = output_of(text, service, method)
    assert len(found["cards"]) == len(account.used) == PICTURES
    assert (len(account.fetches), len(set(account.used))) == (1, 1)
    assert os.environ["SECRET"] == SECRET


def test_a_client_without_a_secret_is_sent(service: ScriptedService) -> None:
    service.otherwise = echo
    text = """
    with CONTEXT.Pool(3) as pool:
        client = wxidcard.Client(open_service=True, base_url=BASE_URL)
        cards = pool.map(client.recognize, IMAGES)
        pool.close()
        pool.join()
    print(json.dumps(cards))
    """
    assert output_of(text, service, "spawn") == CARDS

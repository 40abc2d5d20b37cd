"""Clients in pools of processes: multiprocessing, concurrent.futures and Dask."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

import programs
from account import Account
from given import JPEG, SECRET, TOKEN
from scripted import Reply, Request, ScriptedService, reply

PICTURES, PROCESSES = 60, 3
ERRMSG = "certificate not found, hints: [xYz-1] rid: 1-2-3"
NO_CARD = reply({"errcode": 101001, "errmsg": ERRMSG})
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
POOLS = {
    **{
        f"multiprocessing-{name}": (MULTIPROCESSING, name)
        for name in ("fork", "spawn", "forkserver")
    },
    **{f"futures-{name}": (FUTURES, name) for name in ("fork", "spawn")},
}
in_every_pool = pytest.mark.parametrize(("pool", "method"), POOLS.values(), ids=POOLS.keys())


def echo(request: Request) -> Reply:
    """A card with what came after the picture, by which it is known whose card it is."""
    return reply({"errcode": 0, "type": "Front", "name": request.picture[len(JPEG) :].decode()})


def output_of(pool: str, body: str, service: ScriptedService, method: str = "fork") -> Any:
    """What a program prints, as JSON, that runs ``body`` with a pool."""
    text = pool.replace("{body}", body.strip().replace("\n", "\n    "))
    return json.loads(programs.output_of(HEAD, text, service.url, method))


CARDS = [{"type": "Front", "name": str(number)} for number in range(PICTURES)]


@in_every_pool
def test_settings_are_sent_to_the_processes(
    service: ScriptedService, pool: str, method: str
) -> None:
    service.otherwise = echo
    body = "show(list(pool.map(pool_tasks.recognize, IMAGES)))"
    found = output_of(pool, body, service, method)
    assert found["cards"] == CARDS
    assert not found["here"]
    assert 1 <= found["processes"] <= PROCESSES
    assert len(service.requests) == PICTURES
    assert service.connections <= PROCESSES  # each keeps its own


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
    service.otherwise = NO_CARD
    outcomes = output_of(pool, FAILURES, service, method)
    check_outcomes(outcomes)
    assert len(service.requests) == 1


def check_outcomes(outcomes: Any) -> None:
    refused, no_picture, missing = outcomes
    assert refused["kind"][0::2] == ["CardNotFoundError", "no_card"]
    assert ERRMSG in refused["kind"][1]
    assert refused["values"] == [101001, ERRMSG, "xYz-1", "1-2-3", 200, False]
    assert no_picture["kind"][0::2] == ["ImageInputError", "image_input"]
    assert missing["kind"] == [
        "FileNotFoundError",
        "[Errno 2] the picture's file cannot be opened: No such file or directory",
        None,
    ]
    assert all(outcome["same"] and outcome["secret"] for outcome in outcomes)


SENDS_CLIENT = """
client = wxidcard.Client(**SETTINGS)
try:
    ask(pool, client.recognize, JPEG)
except Exception as error:
    told = "".join(traceback.format_exception(error))
    print(json.dumps(["make a Client in each process" in told, "canary" in told]))
"""


@in_every_pool
def test_a_client_with_a_secret_is_not_sent(
    service: ScriptedService, pool: str, method: str
) -> None:
    assert output_of(pool, SENDS_CLIENT, service, method) == [True, False]
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
    inherited = before + pool.replace(", pool_tasks.start, (SETTINGS,)", "")
    found = output_of(inherited, body, service)
    assert found["cards"] == CARDS
    assert not found["here"]
    assert len(service.requests) == PICTURES + 2
    assert service.connections <= PROCESSES + 1


def set_environment(monkeypatch: pytest.MonkeyPatch, account: Account, token_file: Path) -> None:
    monkeypatch.setenv("APPID", account.appid)
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setenv("BASE_URL", account.url)
    monkeypatch.setenv("TOKEN_FILE", str(token_file))


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
    set_environment(monkeypatch, account, token_file)
    body = "show(list(pool.map(pool_tasks.recognize_by_environment, IMAGES)))"
    found = output_of(pool, body, service, method)
    assert len(found["cards"]) == len(account.used) == PICTURES
    assert (len(account.fetches), len(set(account.used))) == (1, 1)


def test_a_client_without_a_secret_is_sent(service: ScriptedService) -> None:
    service.otherwise = echo
    pool = MULTIPROCESSING.replace(", pool_tasks.start, (SETTINGS,)", "")
    body = """
client = wxidcard.Client(open_service=True, base_url=BASE_URL)
print(json.dumps(pool.map(client.recognize, IMAGES)))
"""
    assert output_of(pool, body, service, "spawn") == CARDS


DASK = f"""
from dask.distributed import Client, LocalCluster
def run(pool):
    pool.run(pool_tasks.start, SETTINGS)
    show(pool.gather(pool.map(pool_tasks.recognize, IMAGES)))
    show(pool.gather(pool.map(pool_tasks.recognize_by_environment, IMAGES)))
    {FAILURES.strip().replace(chr(10), chr(10) + "    ")}
    {SENDS_CLIENT.strip().replace(chr(10), chr(10) + "    ")}
options = dict(processes=True, dashboard_address="127.0.0.1:0", silence_logs=False)
with LocalCluster(n_workers=2, threads_per_worker=2, **options) as cluster, Client(cluster) as pool:
    run(pool)
"""


def test_dask(
    service: ScriptedService, token_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of the above in one cluster, which takes its time to begin and to end."""
    account = Account(service)
    set_environment(monkeypatch, account, token_file)
    account.good.add(TOKEN)
    number = itertools.count()

    def answer(request: Request) -> Reply:
        if request.target.startswith("/cgi-bin/"):
            return account.answer(request)
        account.used.append(request.query["access_token"][0])
        return echo(request) if next(number) < 2 * PICTURES else NO_CARD

    service.otherwise = answer
    monkeypatch.setenv("DASK_TEMPORARY_DIRECTORY", str(tmp_path / "dask"))
    with programs.program(HEAD, DASK, service.url, "spawn") as running:
        output, problems = running.communicate(timeout=100)
    # Dask's workers log what fails in them; and none of it may tell a secret.
    tells_secret = "canary" in problems
    assert (running.returncode, problems.count("Compute Failed"), tells_secret) == (0, 3, False)
    by_settings, by_environment, outcomes, sent = map(json.loads, output.splitlines())
    for found in (by_settings, by_environment):
        assert (found["cards"], found["here"]) == (CARDS, False)
        assert 1 <= found["processes"] <= 2
    assert len(account.fetches) == 1
    check_outcomes(outcomes)
    assert sent == [True, False]
    assert service.connections <= 2 * (2 * 2) + 1  # of two clients in two processes

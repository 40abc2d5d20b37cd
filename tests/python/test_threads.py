"""Threads, signals, forks and the interpreter's end."""

import concurrent.futures
import os
import signal
import subprocess
import threading
import time
from contextlib import AbstractContextManager

import pytest

import programs
import wxidcard
from given import JPEG, TOKEN, MakeClient
from scripted import CARD, STALL, Reply, Request, ScriptedService, reply

HEAD = f"""
import os, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
import wxidcard
JPEG = {JPEG!r}
client = wxidcard.Client(access_token={TOKEN!r}, base_url=sys.argv[1], timeout=20)
"""


def hold_answer(service: ScriptedService) -> tuple[threading.Event, threading.Event]:
    """Events: a request has arrived; its answer, a card, may go out (it does after 20 s anyhow)."""
    arrived, released = threading.Event(), threading.Event()

    def answer(request: Request) -> Reply:
        arrived.set()
        released.wait(20)
        return reply({"errcode": 0, **CARD})

    service.otherwise = answer
    return arrived, released


def program(text: str, service: ScriptedService) -> AbstractContextManager[subprocess.Popen[str]]:
    """Runs ``text`` after ``HEAD`` in an interpreter of its own."""
    return programs.program(HEAD, text, service.url)


def output_of(text: str, service: ScriptedService) -> str:
    return programs.output_of(HEAD, text, service.url)


def test_ten_threads_on_one_client(service: ScriptedService, make_client: MakeClient) -> None:
    """1,000 calls, each with a picture of its own, whose card must come back to it."""

    def answer(request: Request) -> Reply:
        return reply({"errcode": 0, "type": "Front", "name": request.picture[len(JPEG) :].decode()})

    service.otherwise = answer
    client = make_client(max_connections=10)

    def work(thread: int) -> int:
        for call in range(100):
            name = f"{thread}-{call}"
            assert client.recognize(JPEG + name.encode()) == {"type": "Front", "name": name}
        return 100

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(work, range(10))) == 1000
    assert len(service.requests) == 1000
    assert service.connections <= 10


def test_the_gil_is_free_during_a_call(service: ScriptedService, client: wxidcard.Client) -> None:
    together = threading.Barrier(8)

    def answer(request: Request) -> Reply:
        together.wait(20)  # passes only if all eight are on their way at once
        return reply({"errcode": 0, **CARD})

    service.otherwise = answer
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(client.recognize, [JPEG] * 8)) == [CARD] * 8


def test_threads_with_errors_of_their_own(
    service: ScriptedService, make_client: MakeClient
) -> None:
    def answer(request: Request) -> Reply:
        return reply({"errcode": 101001, "errmsg": request.picture[len(JPEG) :].decode()})

    service.otherwise = answer
    client = make_client()

    def work(name: str) -> bool:
        with pytest.raises(wxidcard.CardNotFoundError) as caught:
            client.recognize(JPEG + name.encode())
        return caught.value.errmsg == name

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, [f"number {i}" for i in range(200)]))


def test_closing_while_calls_are_in_flight(
    service: ScriptedService, client: wxidcard.Client
) -> None:
    arrived, closed = threading.Event(), threading.Event()

    def answer(request: Request) -> Reply:
        arrived.set()
        closed.wait(20)
        return reply({"errcode": 0, **CARD})

    service.otherwise = answer
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.recognize, JPEG)
        arrived.wait(20)
        client.close()
        closed.set()
        assert call.result() == CARD
    with pytest.raises(ValueError, match="closed"):
        client.recognize(JPEG)


INTERRUPTED = """
try:
    client.recognize(JPEG)
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
service_is_back = client.recognize(JPEG)
print(service_is_back)
"""


@pytest.mark.parametrize("place", ["main thread", "provider"])
def test_ctrl_c_within_250_ms(service: ScriptedService, place: str) -> None:
    text = INTERRUPTED
    if place == "provider":
        text = f"""
def provide(failed):
    if not client_is_back:
        client_is_back.append(1)
        waiting.recognize(JPEG)
    return "token"
client_is_back, waiting = [], client
client = wxidcard.Client(token_provider=provide, base_url=sys.argv[1])
{INTERRUPTED}"""
    service.script.append(STALL)
    with program(text, service) as running:
        assert service.stalled.wait(20)
        sent = time.monotonic()
        running.send_signal(signal.SIGINT)
        output, problems = running.communicate(timeout=30)
    assert (running.returncode, problems) == (0, "")
    caught, card = output.splitlines()
    assert float(caught) - sent < 0.25
    assert card == str(CARD)


def test_ctrl_c_while_waiting_for_a_connection(service: ScriptedService) -> None:
    text = """
    client = wxidcard.Client(access_token="token", base_url=sys.argv[1], max_connections=1)
    threading.Thread(target=client.recognize, args=(JPEG,), daemon=True).start()
    sys.stdin.readline()
    try:
        print("waiting", flush=True)
        client.recognize(JPEG)
    except KeyboardInterrupt:
        print(time.monotonic(), flush=True)
    """
    service.script.append(STALL)
    with program(text, service) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert service.stalled.wait(20)
        running.stdin.write("\n")
        running.stdin.flush()
        assert running.stdout.readline() == "waiting\n"
        sent = time.monotonic()
        running.send_signal(signal.SIGINT)
        output, problems = running.communicate(timeout=30)
    assert (running.returncode, problems) == (0, "")
    assert float(output) - sent < 0.25
    assert len(service.requests) == 1


def test_handlers_of_other_signals_run_and_the_call_goes_on(service: ScriptedService) -> None:
    text = """
    handled = []
    signal.signal(signal.SIGUSR1, lambda number, frame: handled.append(number))
    card = client.recognize(JPEG)
    print(len(handled), card["type"])
    """
    arrived, signalled = hold_answer(service)
    with program(text, service) as running:
        assert arrived.wait(20)
        running.send_signal(signal.SIGUSR1)
        signalled.set()
        output, problems = running.communicate(timeout=30)
    assert (output, problems) == ("1 Back\n", "")


def test_ctrl_c_reaches_only_the_main_thread(service: ScriptedService) -> None:
    """The other thread's call goes on to its end."""
    text = """
    cards, done = [], threading.Event()
    def work():
        cards.append(client.recognize(JPEG))
        done.set()
    threading.Thread(target=work).start()
    try:
        done.wait(60)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    done.wait(60)
    print(cards[0]["type"])
    """
    arrived, signalled = hold_answer(service)
    with program(text, service) as running:
        assert arrived.wait(20)
        running.send_signal(signal.SIGINT)
        assert running.stdout is not None
        assert running.stdout.readline() == "interrupted\n"
        signalled.set()
        output, problems = running.communicate(timeout=30)
    assert (running.returncode, output, problems) == (0, "Back\n", "")


def test_calls_from_atexit_still_work(service: ScriptedService) -> None:
    text = """
    import atexit
    atexit.register(lambda: print(client.recognize(JPEG)["type"]))
    """
    assert output_of(text, service) == "Back"
    before_import = """
    for name in [name for name in sys.modules if name.startswith("wxidcard")]:
        del sys.modules[name]
    import atexit
    atexit.register(lambda: print(late.recognize(JPEG)["type"]))
    import wxidcard
    late = wxidcard.Client(access_token="token", base_url=sys.argv[1])
    """
    assert output_of(before_import, service) == "Back"


def test_a_forked_child_opens_connections_of_its_own(service: ScriptedService) -> None:
    text = """
    client.recognize(JPEG)
    for number in range(50):
        child = os.fork()
        if child == 0:
            ok = client.recognize(JPEG)["type"] == "Back"
            os._exit(0 if ok else 1)
        client.recognize(JPEG)
        print(os.waitpid(child, 0)[1], end=" ")
    """
    assert output_of(text, service) == "0 " * 49 + "0"
    assert len(service.requests) == 101
    assert service.connections == 51


def test_a_hundred_forks_while_threads_are_in_calls(service: ScriptedService) -> None:
    text = """
    import warnings
    warnings.simplefilter("ignore")  # Python 3.12 warns of any such fork
    over = threading.Event()
    counts = []
    def call():
        calls = 0
        while not over.is_set():
            calls += client.recognize(JPEG)["type"] == "Back"
        counts.append(calls)
    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    codes = []
    for number in range(100):
        child = os.fork()
        if child == 0:
            os._exit(0 if client.recognize(JPEG)["type"] == "Back" else 1)
        codes.append(os.waitpid(child, 0)[1])
    over.set()
    for thread in threads:
        thread.join()
    print(len(counts), codes.count(0), sum(counts) + 100)
    """
    threads, right, calls = map(int, output_of(text, service).split())
    assert (threads, right, calls) == (4, 100, len(service.requests))


def test_a_second_import_is_a_module_of_its_own(service: ScriptedService) -> None:
    text = """
    import gc
    first = wxidcard
    for number in range(5):
        for name in [name for name in sys.modules if name.startswith("wxidcard")]:
            del sys.modules[name]
        import wxidcard
        assert wxidcard.Error is not first.Error
        with wxidcard.Client(access_token="token", base_url=sys.argv[1]) as again:
            assert again.recognize(JPEG) == client.recognize(JPEG)
            try:
                again.recognize(b"")
            except wxidcard.ImageInputError:
                pass
            try:
                client.recognize(b"")
            except first.ImageInputError:
                pass
        gc.collect()
    """
    assert output_of(text, service) == ""


def test_a_subinterpreter_has_a_module_of_its_own(service: ScriptedService) -> None:
    text = """
    def create():
        try:
            import _interpreters as interpreters  # 3.13
            return interpreters, interpreters.create("legacy")
        except ImportError:
            import _xxsubinterpreters as interpreters
        if sys.version_info >= (3, 12):
            return interpreters, interpreters.create(isolated=False)
        return interpreters, interpreters.create()
    code = f'''
    import wxidcard
    client = wxidcard.Client(access_token="token", base_url={sys.argv[1]!r})
    assert client.recognize({JPEG!r})["type"] == "Back"
    try:
        client.recognize(b"")
    except wxidcard.ImageInputError:
        pass
    '''
    for number in range(3):
        interpreters, made = create()
        interpreters.run_string(made, code)
        interpreters.destroy(made)
        client.recognize(JPEG)
    """
    assert output_of(text, service) == ""
    assert len(service.requests) == 6


def test_descriptors_are_given_back(service: ScriptedService) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    def use() -> None:
        with wxidcard.Client(access_token=TOKEN, base_url=service.url) as client:
            client.recognize(JPEG)

    use()
    # The service's own ends are in this process too: they close when their threads end.
    for thread in service._threads[1:]:
        thread.join()
    before = count()
    for _ in range(50):
        use()
    for thread in service._threads[1:]:
        thread.join()
    assert count() == before

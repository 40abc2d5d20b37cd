"""Client.recognize_many: what is taken when, what comes out, and what ends it."""

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import wxidcard
from given import JPEG, MakeClient
from many_calls import Gate, Taken, named, threads_of_calls, wait_until
from scripted import CARD, Reply, Request, ScriptedService, reply

REFUSALS = {  # errcodes after which every further call would fail, and one after which not
    40013: wxidcard.CredentialError,
    48001: wxidcard.PermissionDeniedError,
    45009: wxidcard.QuotaExceededError,
    101001: wxidcard.CardNotFoundError,
}


def test_a_thousand_pictures_each_with_its_own_card(
    service: ScriptedService, make_client: MakeClient
) -> None:
    service.otherwise = named
    pictures = [JPEG + f"number {number}".encode() for number in range(1000)]
    outcomes = list(make_client().recognize_many(iter(pictures)))
    assert len(outcomes) == len(service.requests) == 1000
    for picture, outcome in outcomes:
        assert outcome == {"type": "Front", "name": picture[len(JPEG) :].decode()}
    # The items are the caller's own objects.
    assert {id(item) for item, _ in outcomes} == {id(picture) for picture in pictures}
    assert service.connections <= 16


def test_they_are_recognised_side_by_side(
    service: ScriptedService, make_client: MakeClient
) -> None:
    together = threading.Barrier(16)

    def answer(request: Request) -> Reply:
        together.wait(20)  # passes only if all sixteen are on their way at once
        return reply({"errcode": 0, **CARD})

    service.otherwise = answer
    outcomes = list(make_client().recognize_many([JPEG] * 32))
    assert [outcome for _, outcome in outcomes] == [CARD] * 32


def test_they_come_as_they_finish(service: ScriptedService, make_client: MakeClient) -> None:
    last = threading.Event()

    def slow(request: Request) -> Reply:
        assert last.wait(20)
        return reply({"errcode": 0, **CARD})

    service.otherwise = lambda request: (slow if request.picture == JPEG + b"slow" else named)(
        request
    )
    pictures = [JPEG + name for name in (b"slow", b"a", b"b", b"c")]
    outcomes = make_client().recognize_many(pictures, concurrency=2)
    assert [next(outcomes)[0] for _ in range(3)] == pictures[1:]
    last.set()
    assert list(outcomes) == [(pictures[0], CARD)]


def test_what_an_item_may_be(
    service: ScriptedService, make_client: MakeClient, picture: Path
) -> None:
    items: list[Any] = [
        str(picture),
        picture,
        memoryview(JPEG),
        io.BytesIO(JPEG),
        {"image": JPEG},
        {"image": JPEG, "type": "photo"},
        {"img_url": "https://example.com/a.jpg", "type": None},
    ]
    outcomes = make_client().recognize_many(items, concurrency=1, type="scan")
    assert [outcome for _, outcome in outcomes] == [CARD] * len(items)
    types = [request.query.get("type") for request in service.requests]
    assert types == [["scan"]] * 5 + [["photo"], None]
    assert "img_url" in service.requests[-1].query


def test_what_cannot_be_recognised_is_an_outcome(
    service: ScriptedService, make_client: MakeClient
) -> None:
    wrong: list[tuple[Any, type[Exception]]] = [
        (5, TypeError),
        (b"", wxidcard.ImageInputError),
        ("/nowhere/front.jpg", FileNotFoundError),
        ({"img_url": "ftp://example.com"}, ValueError),
        ({"picture": JPEG}, TypeError),
        ({"image": JPEG, "type": "foto"}, ValueError),
        ({}, ValueError),
    ]
    items: list[Any] = [JPEG, *(item for item, _ in wrong), JPEG]
    outcomes = [outcome for _, outcome in make_client().recognize_many(items, concurrency=1)]
    assert outcomes[0] == outcomes[-1] == CARD
    for outcome, (_, wanted) in zip(outcomes[1:-1], wrong, strict=True):
        assert isinstance(outcome, wanted)


@pytest.mark.parametrize(
    ("arguments", "keywords", "wanted"),
    [
        ((5,), {}, TypeError),
        (([],), {"concurrency": 0}, ValueError),
        (([],), {"concurrency": -1}, ValueError),
        (([],), {"concurrency": 2.0}, TypeError),
        (([],), {"concurrency": True}, TypeError),
        (([],), {"type": "foto"}, ValueError),
        (([],), {"type": 1}, TypeError),
        (([],), {"threads": 1}, TypeError),
        (([], 16), {}, TypeError),
    ],
)
def test_wrong_arguments_raise_when_it_is_called(
    client: wxidcard.Client, arguments: Any, keywords: Any, wanted: type[Exception]
) -> None:
    with pytest.raises(wanted):
        client.recognize_many(*arguments, **keywords)


@pytest.mark.parametrize(
    "picture",
    ["a.jpg", Path("a.jpg"), JPEG, bytearray(JPEG), io.BytesIO(JPEG), {"img_url": "https://a.b"}],
    ids=lambda picture: type(picture).__name__,
)
def test_one_picture_is_no_iterable(client: wxidcard.Client, picture: Any) -> None:
    """Of most it would be: of characters, numbers, lines or keys."""
    with pytest.raises(TypeError, match=r"write \[picture\]"):
        client.recognize_many(picture)


def test_a_closed_client_raises_when_it_is_called(client: wxidcard.Client) -> None:
    outcomes = client.recognize_many([JPEG])
    client.close()
    with pytest.raises(ValueError, match="closed"):
        client.recognize_many([])
    ((_, outcome),) = outcomes
    assert isinstance(outcome, ValueError)


def test_no_pictures(client: wxidcard.Client) -> None:
    assert list(client.recognize_many([])) == []


@pytest.mark.parametrize("concurrency", [1, 2, 7])
def test_no_more_are_held_than_told(
    service: ScriptedService, make_client: MakeClient, concurrency: int
) -> None:
    together = threading.Barrier(concurrency)

    def answer(request: Request) -> Reply:
        together.wait(20)  # so that none finishes before as many as allowed were taken
        return reply({"errcode": 0, **CARD})

    service.script += [answer] * concurrency
    pictures = Taken(100)
    for _ in make_client().recognize_many(pictures, concurrency=concurrency):
        pictures.consumed += 1
        # What is finished and not consumed counts, and here nothing else is held.
        wait_until(lambda: not threads_of_calls())
        assert pictures.taken - pictures.consumed < concurrency
    assert pictures.most_held == concurrency
    assert pictures.taken == pictures.consumed == 100


def test_calls_in_flight_are_as_many_as_told(
    service: ScriptedService, make_client: MakeClient
) -> None:
    wait_until(lambda: not threads_of_calls())  # those of the test before
    gate = Gate(service)
    pictures = Taken(20)
    outcomes = make_client().recognize_many(pictures, concurrency=5)
    with gate.consuming(outcomes) as consumed:
        gate.wait_for(5)
        assert pictures.taken == len(threads_of_calls()) == 5
        gate.open()
    assert len(consumed) == 20
    assert gate.most_at_once == 5


def test_only_the_thread_that_consumes_enters_the_iterable(
    service: ScriptedService, make_client: MakeClient
) -> None:
    threads = set()

    def pictures() -> Iterator[bytes]:
        for _ in range(100):
            threads.add(threading.get_ident())
            yield JPEG

    assert len(list(make_client().recognize_many(pictures(), concurrency=8))) == 100
    assert threads == {threading.get_ident()}


def test_a_slow_iterable_does_not_hold_outcomes_back(
    service: ScriptedService, make_client: MakeClient
) -> None:
    pictures = Taken(10, before_each=lambda: wait_until(lambda: not threads_of_calls()))
    for consumed, _ in enumerate(make_client().recognize_many(pictures), start=1):
        assert pictures.taken <= consumed + 1


@pytest.mark.parametrize(("errcode", "stop_early"), [(c, s) for c in REFUSALS for s in (0, 1)])
def test_it_stops_when_further_calls_would_fail(
    service: ScriptedService, make_client: MakeClient, errcode: int, stop_early: bool
) -> None:
    gate = Gate(service)

    def refuse(request: Request) -> Reply:
        gate.wait_for(3)
        return reply({"errcode": errcode, "errmsg": "as scripted"})

    service.script.append(refuse)
    pictures = Taken(100)
    outcomes = make_client().recognize_many(pictures, concurrency=4, stop_early=bool(stop_early))
    with gate.consuming(outcomes) as consumed:
        wait_until(lambda: len(consumed) == 1)
        gate.open()
    stops = stop_early and errcode != 101001
    assert pictures.taken == len(consumed) == (4 if stops else 100)
    failed = [outcome for _, outcome in consumed if isinstance(outcome, Exception)]
    assert [type(outcome) for outcome in failed] == [REFUSALS[errcode]]


def test_it_stops_before_the_refusal_is_consumed(
    service: ScriptedService, make_client: MakeClient
) -> None:
    together = threading.Barrier(2)

    def when_both_are_there(answer: Reply) -> Callable[[Request], Reply]:
        def give(request: Request) -> Reply:
            together.wait(20)
            return answer

        return give

    refused = reply({"errcode": 45009, "errmsg": "as scripted"})
    service.script += [when_both_are_there(reply(CARD)), when_both_are_there(refused)]
    pictures = Taken(10)
    outcomes = make_client().recognize_many(pictures, concurrency=2)
    next(outcomes)
    wait_until(lambda: len(service.requests) == 2 and not threads_of_calls())
    assert len(list(outcomes)) == 1
    assert pictures.taken == 2


def test_what_the_iterable_raises_comes_last(
    service: ScriptedService, make_client: MakeClient
) -> None:
    problem = LookupError("the caller's own")

    def pictures() -> Iterator[bytes]:
        yield from [JPEG] * 3
        raise problem

    gate = Gate(service)
    outcomes = make_client().recognize_many(pictures())
    with gate.consuming(outcomes, raises=problem) as consumed:
        gate.wait_for(3)
        gate.open()
    assert [outcome for _, outcome in consumed] == [CARD] * 3
    assert list(outcomes) == []


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_the_iterable_may_end_the_program(
    client: wxidcard.Client, raised: type[BaseException]
) -> None:
    def pictures() -> Iterator[bytes]:
        yield JPEG
        raise raised

    with pytest.raises(raised):
        list(client.recognize_many(pictures()))


@pytest.mark.parametrize("raised", [LookupError, SystemExit])
def test_what_a_provider_raises(make_client: MakeClient, raised: type[BaseException]) -> None:
    def provide(failed: str | None) -> str:
        raise raised

    outcomes = make_client(token_provider=provide).recognize_many([JPEG] * 2)
    if issubclass(raised, Exception):
        assert [type(outcome) for _, outcome in outcomes] == [raised] * 2
    else:
        with pytest.raises(raised):
            next(outcomes)
        assert list(outcomes) == []


def test_no_thread_can_be_had(
    service: ScriptedService, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client()
    start, started = threading.Thread.start, []

    def sometimes(thread: threading.Thread) -> None:
        if thread.name.startswith("wxidcard"):
            started.append(thread.name)
            if len(started) == 2:
                raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", sometimes)
    outcomes = list(client.recognize_many([JPEG] * 3, concurrency=1))
    assert [type(outcome) for _, outcome in outcomes] == [dict, RuntimeError, dict]


def test_many_at_once_on_one_client(service: ScriptedService, make_client: MakeClient) -> None:
    service.otherwise = named
    client = make_client()
    consumed: list[Sequence[tuple[bytes, Any]]] = []

    def consume(number: int) -> None:
        pictures = [JPEG + f"{number}-{picture}".encode() for picture in range(100)]
        consumed.append(list(client.recognize_many(pictures, concurrency=4)))

    threads = [threading.Thread(target=consume, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(outcomes) for outcomes in consumed] == [100] * 4
    for item, outcome in (pair for outcomes in consumed for pair in outcomes):
        assert outcome["name"] == item[len(JPEG) :].decode()

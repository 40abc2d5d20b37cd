"""token_provider: called by the core, with the GIL, in the thread that recognises."""

import threading
from typing import Any

import pytest

import wxidcard
from given import JPEG, MakeClient
from scripted import CARD, ScriptedService, reply

EXPIRED = reply({"errcode": 42001, "errmsg": "access_token expired rid: 1-2-3"})


class Provider:
    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.failed: list[str | None] = []
        self.threads: list[int] = []

    def __call__(self, failed: str | None) -> str:
        self.failed.append(failed)
        self.threads.append(threading.get_ident())
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[no-any-return]


def tokens(service: ScriptedService) -> list[str]:
    return [request.query["access_token"][0] for request in service.requests]


def test_asked_with_none_and_then_with_the_token_that_failed(
    service: ScriptedService, make_client: MakeClient
) -> None:
    provider = Provider("first", "second")
    service.script.append(EXPIRED)
    assert make_client(token_provider=provider).recognize(JPEG) == CARD
    assert provider.failed == [None, "first"]
    assert provider.threads == [threading.get_ident()] * 2
    assert tokens(service) == ["first", "second"]


def test_the_same_token_again_is_not_sent_again(
    service: ScriptedService, make_client: MakeClient
) -> None:
    provider = Provider("first", "first")
    service.script.append(EXPIRED)
    with pytest.raises(wxidcard.TokenError) as caught:
        make_client(token_provider=provider).recognize(JPEG)
    assert (caught.value.errcode, caught.value.rid) == (42001, "1-2-3")
    assert len(service.requests) == 1


def test_one_renewal_and_no_more(service: ScriptedService, make_client: MakeClient) -> None:
    provider = Provider("first", "second", "third")
    service.script.extend([EXPIRED, EXPIRED, EXPIRED])
    with pytest.raises(wxidcard.TokenError):
        make_client(token_provider=provider).recognize(JPEG)
    assert tokens(service) == ["first", "second"]


@pytest.mark.parametrize(
    "error", [LookupError("no token today"), KeyboardInterrupt(), SystemExit(3)], ids=repr
)
def test_its_exception_comes_through_unchanged(
    service: ScriptedService, make_client: MakeClient, error: BaseException
) -> None:
    client = make_client(token_provider=Provider(error, "token", "unused"))
    with pytest.raises(type(error)) as caught:
        client.recognize(JPEG)
    assert caught.value is error
    assert service.requests == []
    assert client.recognize(JPEG) == CARD


@pytest.mark.parametrize("wrong", [None, b"token", 17, ["token"]], ids=repr)
def test_what_is_no_str(service: ScriptedService, make_client: MakeClient, wrong: Any) -> None:
    client = make_client(token_provider=Provider(wrong))
    with pytest.raises(TypeError, match="what token_provider returns must be a str"):
        client.recognize(JPEG)
    assert service.requests == []


@pytest.mark.parametrize("wrong", ["", "a b", "a\r\nb", "a\0b", "令牌", "\udc80"], ids=ascii)
def test_what_is_no_token(service: ScriptedService, make_client: MakeClient, wrong: str) -> None:
    with pytest.raises(ValueError):
        make_client(token_provider=Provider(wrong)).recognize(JPEG)
    assert service.requests == []


def test_it_may_use_the_client_itself(service: ScriptedService, make_client: MakeClient) -> None:
    inner = make_client()

    def provide(failed: str | None) -> str:
        assert inner.recognize(JPEG) == CARD
        return "outer"

    assert make_client(token_provider=provide).recognize(JPEG) == CARD
    assert tokens(service)[1] == "outer"


def test_it_may_drop_the_last_reference_to_its_client(
    service: ScriptedService,
) -> None:
    kept: list[wxidcard.Client] = []

    def provide(failed: str | None) -> str:
        kept.clear()
        return "token"

    kept.append(wxidcard.Client(token_provider=provide, base_url=service.url))
    assert kept[0]._core.recognize(JPEG) == CARD

"""The two token endpoints, with a clock that the tests move."""

import re
from typing import Any

import pytest

from wxidcard.sandbox.server import Settings

from .conftest import StartSandbox
from .support import RECOGNIZE, Answer, RunningSandbox

ACCOUNT = {"grant_type": "client_credential", "appid": "wx_sandbox", "secret": "sandbox_secret"}
STABLE = "/cgi-bin/stable_token"
PLAIN = "/cgi-bin/token"
MESSAGE = re.compile(r"[a-zA-Z_ ]+, rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}")


def stable(sandbox: RunningSandbox, force: bool = False) -> dict[str, Any]:
    answer = sandbox.post_json(STABLE, {**ACCOUNT, "force_refresh": force})
    assert set(answer.json()) == {"access_token", "expires_in"}
    document = answer.json()
    assert isinstance(document, dict)
    return document


def plain(sandbox: RunningSandbox) -> dict[str, Any]:
    answer = ask_plain(sandbox, ACCOUNT)
    assert set(answer.json()) == {"access_token", "expires_in"}
    document = answer.json()
    assert isinstance(document, dict)
    return document


def ask_plain(sandbox: RunningSandbox, parameters: dict[str, str]) -> Answer:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return sandbox.call("GET", f"{PLAIN}?{query}")


def use(sandbox: RunningSandbox, token: str) -> int:
    """Return the errcode of a recognition with ``token``."""
    return sandbox.upload(target=f"{RECOGNIZE}?access_token={token}").errcode


def test_stable_token_stays_the_same(sandbox: RunningSandbox) -> None:
    first = stable(sandbox)
    assert first["expires_in"] == 7200
    assert use(sandbox, first["access_token"]) == 0
    sandbox.clock.now += 6_899
    assert stable(sandbox) == {"access_token": first["access_token"], "expires_in": 301}


def test_stable_token_is_renewed_before_its_end(sandbox: RunningSandbox) -> None:
    first = stable(sandbox)["access_token"]
    sandbox.clock.now += 6_900
    second = stable(sandbox)
    assert second["access_token"] != first
    assert second["expires_in"] == 7200
    sandbox.clock.now += 299
    assert [use(sandbox, token) for token in (first, second["access_token"])] == [0, 0]
    sandbox.clock.now += 1
    assert [use(sandbox, token) for token in (first, second["access_token"])] == [42001, 0]


def test_forced_refresh_ends_the_old_token_at_once(sandbox: RunningSandbox) -> None:
    first = stable(sandbox)["access_token"]
    second = stable(sandbox, force=True)["access_token"]
    assert [use(sandbox, token) for token in (first, second)] == [40001, 0]
    assert stable(sandbox)["access_token"] == second


def test_forced_refreshes_are_counted(sandbox: RunningSandbox) -> None:
    forced = {**ACCOUNT, "force_refresh": True}
    stable(sandbox, force=True)
    sandbox.clock.now += 29
    assert sandbox.post_json(STABLE, forced).errcode == 45011
    for _ in range(19):
        sandbox.clock.now += 30
        stable(sandbox, force=True)
    sandbox.clock.now += 30
    assert sandbox.post_json(STABLE, forced).errcode == 45009
    sandbox.clock.now += 86_400
    stable(sandbox, force=True)


def test_plain_token_replaces_the_one_before(sandbox: RunningSandbox) -> None:
    first = plain(sandbox)["access_token"]
    sandbox.clock.now += 100
    second = plain(sandbox)
    assert second["expires_in"] == 7200
    assert second["access_token"] != first
    sandbox.clock.now += 299
    assert [use(sandbox, token) for token in (first, second["access_token"])] == [0, 0]
    sandbox.clock.now += 1
    assert [use(sandbox, token) for token in (first, second["access_token"])] == [40001, 0]


def test_plain_token_expires(sandbox: RunningSandbox) -> None:
    token = plain(sandbox)["access_token"]
    sandbox.clock.now += 7_199
    assert use(sandbox, token) == 0
    sandbox.clock.now += 1
    assert use(sandbox, token) == 42001


def test_the_endpoints_are_isolated(sandbox: RunningSandbox) -> None:
    first = stable(sandbox)["access_token"]
    other = plain(sandbox)["access_token"]
    assert other != first
    assert stable(sandbox)["access_token"] == first
    stable(sandbox, force=True)
    assert use(sandbox, other) == 0


def test_short_life(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(settings=Settings(token_ttl=24))
    first = stable(sandbox)
    assert first["expires_in"] == 24
    sandbox.clock.now += 22.5
    assert stable(sandbox) == {"access_token": first["access_token"], "expires_in": 1}
    sandbox.clock.now += 0.5
    assert stable(sandbox)["access_token"] != first["access_token"]
    sandbox.clock.now += 1
    assert use(sandbox, first["access_token"]) == 42001


def test_expire(sandbox: RunningSandbox) -> None:
    tokens = [stable(sandbox)["access_token"], plain(sandbox)["access_token"]]
    assert sandbox.call("POST", "/sandbox/expire").status == 200
    assert [use(sandbox, token) for token in tokens] == [42001, 42001]
    assert use(sandbox, "sandbox_token") == 0
    fresh = stable(sandbox)
    assert fresh["access_token"] not in tokens
    assert fresh["expires_in"] == 7200
    assert use(sandbox, fresh["access_token"]) == 0


def test_tokens_are_long(sandbox: RunningSandbox) -> None:
    assert len(stable(sandbox)["access_token"]) >= 120


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"grant_type": "password"}, 40002),
        ({"grant_type": None}, 40002),
        ({"appid": None}, 41002),
        ({"appid": ""}, 41002),
        ({"secret": None}, 41004),
        ({"appid": "wx_other"}, 40013),
        ({"secret": "other"}, 40125),
    ],
)
def test_wrong_account(
    sandbox: RunningSandbox, changes: dict[str, str | None], errcode: int
) -> None:
    sent = {name: value for name, value in {**ACCOUNT, **changes}.items() if value is not None}
    for answer in (sandbox.post_json(STABLE, sent), ask_plain(sandbox, sent)):
        assert answer.errcode == errcode
        assert MESSAGE.fullmatch(answer.json()["errmsg"])


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 100_000, b'{"force_refresh": 1}']
)
def test_stable_token_wants_a_json_object(sandbox: RunningSandbox, body: bytes) -> None:
    assert sandbox.call("POST", STABLE, body).errcode == 47001


def test_methods(sandbox: RunningSandbox) -> None:
    assert sandbox.call("GET", STABLE).errcode == 43002
    assert sandbox.call("POST", PLAIN).errcode == 43001

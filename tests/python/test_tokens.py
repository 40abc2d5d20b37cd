"""Tokens of appid and secret: fetched once, renewed once, and what happens when that fails."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import wxidcard
from account import PATIENCE, Account, DictStore, join_renewals
from given import JPEG, SECRET
from scripted import CARD, STALL, Reply, Request, ScriptedService, reply

Make = Callable[..., wxidcard.Client]


@pytest.fixture
def account(service: ScriptedService) -> Account:
    return Account(service)


@pytest.fixture
def make(account: Account) -> Iterator[Make]:
    made: list[wxidcard.Client] = []

    def make_one(**settings: Any) -> wxidcard.Client:
        given = {"appid": account.appid, "secret": SECRET, "timeout": PATIENCE, **settings}
        made.append(wxidcard.Client(base_url=account.url, **given))
        return made[-1]

    yield make_one
    join_renewals()
    for client in made:
        client.close()


def test_threads_fetch_once(account: Account, make: Make) -> None:
    client = make()
    barrier = threading.Barrier(64)

    def recognize(_: int) -> Any:
        barrier.wait(PATIENCE)
        return client.recognize(JPEG)

    with ThreadPoolExecutor(64) as pool:
        assert list(pool.map(recognize, range(64))) == [CARD] * 64
    assert len(account.fetches) == 1


def test_clients_of_one_account_share_a_token(account: Account, make: Make) -> None:
    for client in (make(), make(timeout=7)):
        assert client.recognize(JPEG) == CARD
    assert len(account.fetches) == 1
    for other in ({"token_endpoint": "token"}, {"appid": account.appid + "x"}):
        make(**other).recognize(JPEG)
    assert len(account.fetches) == 3
    with pytest.raises(wxidcard.TokenError):  # of another secret: nothing is shared with it
        account.renews = False
        account.good.clear()
        make(secret=SECRET + "x").recognize(JPEG)
    assert len(account.fetches) == 5


def test_a_client_for_each_picture_does_not_fetch_for_each(account: Account) -> None:
    settings = {"appid": account.appid, "secret": SECRET, "base_url": account.url}
    for _ in range(5):
        assert wxidcard.recognize(JPEG, **settings) == CARD  # type: ignore[arg-type]
    assert len(account.fetches) == 1


def test_a_failure_outlives_the_client_too(account: Account) -> None:
    settings = {"appid": account.appid, "secret": SECRET, "base_url": account.url}
    account.token_answer = reply({"errcode": 40125, "errmsg": "invalid appsecret"})
    for _ in range(5):
        with pytest.raises(wxidcard.CredentialError):
            wxidcard.recognize(JPEG, **settings)  # type: ignore[arg-type]
    assert len(account.fetches) <= 2


def test_a_refused_token_is_renewed_once_for_all(account: Account, make: Make) -> None:
    client = make()
    client.recognize(JPEG)
    account.good.clear()
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(lambda _: client.recognize(JPEG), range(100))) == [CARD] * 100
    assert len(account.fetches) == 2
    assert account.used.count("canary-token-1-0123456789") <= 1 + 16


def test_the_same_token_again_is_not_sent_again(account: Account, make: Make) -> None:
    client = make()
    client.recognize(JPEG)
    account.good.clear()
    account.renews = False
    with pytest.raises(wxidcard.TokenError) as caught:
        client.recognize(JPEG)
    assert (caught.value.errcode, caught.value.rid) == (40001, "1-2-3")
    assert (len(account.used), len(account.fetches)) == (2, 2)


@pytest.mark.parametrize("renews", [True, False])
def test_a_token_that_is_refused_for_ever(account: Account, make: Make, renews: bool) -> None:
    def no_good(request: Request) -> Reply:
        number = len(account.fetches) if renews else 1
        return reply({"access_token": f"canary-token-{number}", "expires_in": 7200})

    account.token_answer = no_good
    client = make()
    before = (0, 1)  # the first fetch is no renewal
    for _ in range(5):
        with pytest.raises(wxidcard.TokenError):
            client.recognize(JPEG)
        after = (len(account.used), len(account.fetches))
        assert after[0] - before[0] <= 2
        assert after[1] - before[1] <= 1
        before = after
    # One for a start, one at once, and then one a pause of 1 s and more.
    assert len(account.fetches) <= 4


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (reply({"errcode": 40125, "errmsg": "invalid appsecret"}), "CredentialError", "40125"),
        (reply({"errcode": 40001, "errmsg": "invalid credential"}), "CredentialError", "40001"),
        (reply({"errcode": 40164, "errmsg": "invalid ip"}), "CredentialError", "40164"),
        (reply({"errcode": 45009, "errmsg": "daily limit"}), "QuotaExceededError", "45009"),
        (reply({"errcode": 45011, "errmsg": "slower"}), "RateLimitError", "45011"),
        (reply({"errcode": -1, "errmsg": "system error"}), "SystemBusyError", "-1"),
        (Reply(b"<html>", 502, "text/html"), "ProtocolError", "502"),
        (Reply(b"<html>", 200, "text/html"), "ProtocolError", "JSON"),
        (reply({"expires_in": 7200}), "ProtocolError", "none of the fields"),
        (reply({"access_token": "two words", "expires_in": 7200}), "ProtocolError", "no token"),
    ],
)
def test_a_failed_fetch_is_remembered(
    account: Account, make: Make, answer: Reply, error: str, says: str
) -> None:
    account.token_answer = answer
    client = make(max_retries=0)
    for _ in range(20):  # in far less than a second
        with pytest.raises(getattr(wxidcard, error), match=says) as caught:
            client.recognize(JPEG)
        assert str(caught.value).startswith("fetching an access token: ")
    assert len(account.fetches) <= 2
    assert account.used == []


def test_wrong_credentials_fail_at_once(account: Account, make: Make) -> None:
    account.token_answer = reply({"errcode": 40125, "errmsg": "invalid appsecret rid: 1-2-3"})
    with pytest.raises(wxidcard.CredentialError) as caught:
        make(max_retries=2).recognize(JPEG)
    assert (caught.value.errcode, caught.value.rid, caught.value.retryable) == (
        40125,
        "1-2-3",
        False,
    )
    assert len(account.fetches) == 1


def test_a_call_gets_through_when_the_endpoint_comes_back(account: Account, make: Make) -> None:
    def once(request: Request) -> Reply:
        account.token_answer = None
        return Reply(b"", 503)

    account.token_answer = once
    assert make().recognize(JPEG) == CARD
    assert len(account.fetches) == 2


def test_a_hanging_endpoint_is_bounded_by_the_deadline(
    account: Account, make: Make, service: ScriptedService
) -> None:
    service.script.append(STALL)
    with pytest.raises(wxidcard.RequestTimeoutError):
        make(timeout=0.2).recognize(JPEG)
    with pytest.raises(wxidcard.RequestTimeoutError):  # remembered, so nothing is asked
        make(timeout=0.2, max_retries=0).recognize(JPEG)
    assert len(service.requests) == 1


class TestStale:
    """A token with 200 s to live, which another process has left in the store."""

    @pytest.fixture
    def store(self, account: Account) -> DictStore:
        made = DictStore()
        made.values[account.key()] = account.record("canary-token-old", 200)
        return made

    def test_nobody_waits_for_its_renewal(
        self, account: Account, make: Make, store: DictStore
    ) -> None:
        account.gate.clear()
        client = make(token_store=store)
        with ThreadPoolExecutor(8) as pool:
            cards = list(pool.map(lambda _: client.recognize(JPEG), range(100)))
        # All of them have ended, and the fetch has not been answered yet.
        assert cards == [CARD] * 100
        assert set(account.used) == {"canary-token-old"}
        account.gate.set()
        join_renewals()
        client.recognize(JPEG)
        assert account.used[-1] == "canary-token-1-0123456789"
        assert len(account.fetches) == 1
        assert "canary-token-1-" in store.values[account.key()]
        assert store.lives[account.key()] == 7200
        assert account.key("lock") not in store.values

    def test_a_failed_renewal_is_nobodys_business(
        self, account: Account, make: Make, store: DictStore
    ) -> None:
        account.token_answer = Reply(b"", 500)
        client = make(token_store=store)
        for _ in range(20):
            assert client.recognize(JPEG) == CARD
            join_renewals()
        assert len(account.fetches) <= 2

    def test_closing_does_not_wait_for_it(
        self, account: Account, make: Make, store: DictStore
    ) -> None:
        account.gate.clear()
        client = make(token_store=store)
        client.recognize(JPEG)
        client.close()
        account.gate.set()


class TestStore:
    def test_a_token_in_it_is_used(self, account: Account, make: Make) -> None:
        store = DictStore()
        store.values[account.key()] = account.record("canary-token-theirs", 3600)
        assert make(token_store=store).recognize(JPEG) == CARD
        assert (account.used, account.fetches) == (["canary-token-theirs"], [])

    def test_a_lock_that_somebody_has_is_waited_for(self, account: Account, make: Make) -> None:
        class Locked(DictStore):
            def add(self, key: str, value: str, ttl: float) -> bool:
                stored = super().add(key, value, ttl)
                if self.calls.count("add") == 3:  # whoever had it has fetched
                    self.values[account.key()] = account.record("canary-token-theirs", 3600)
                return stored

        store = Locked()
        store.values[account.key("lock")] = "somebody"
        assert make(token_store=store).recognize(JPEG) == CARD
        assert (account.used, account.fetches) == (["canary-token-theirs"], [])
        assert store.values[account.key("lock")] == "somebody"

    @pytest.mark.parametrize(
        "value",
        ["", "garbage", "{}", '{"access_token":1,"expires_at":9e99}', "[" * 100, "汉", "\x00"],
    )
    def test_garbage_in_it_is_replaced(self, account: Account, make: Make, value: str) -> None:
        store = DictStore()
        store.values[account.key()] = value
        assert make(token_store=store).recognize(JPEG) == CARD
        assert len(account.fetches) == 1

    def test_a_failure_in_it_is_everybodys(self, account: Account, make: Make) -> None:
        store = DictStore()
        account.token_answer = reply({"errcode": 40125, "errmsg": "invalid appsecret"})
        with pytest.raises(wxidcard.CredentialError):
            make(token_store=store).recognize(JPEG)
        failure = store.values[account.key("lock")]
        assert '"failed":"credential","errcode":40125' in failure
        assert store.lives[account.key("lock")] == 1
        assert len(account.fetches) == 1

    @pytest.mark.parametrize("broken", ["get", "set", "add", "delete"])
    def test_one_that_fails_is_left_out(
        self, account: Account, make: Make, broken: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Broken(DictStore):
            def __getattribute__(self, name: str) -> Any:
                if name == broken:
                    return self._fail
                return super().__getattribute__(name)

            def _fail(self, *arguments: object) -> Any:
                raise ConnectionError(f"canary-password {arguments}")

        with caplog.at_level(logging.WARNING, "wxidcard"):
            assert make(token_store=Broken()).recognize(JPEG) == CARD
        assert len(account.fetches) == 1
        [record] = caplog.records
        assert (record.name, record.levelname) == ("wxidcard", "WARNING")
        assert record.getMessage() == (
            "the token store failed (ConnectionError): going on with this process's own token"
        )

    @pytest.mark.parametrize("returned", [b"bytes", 7, object(), "lone \ud800"])
    def test_one_that_returns_nonsense_is_left_out(
        self, account: Account, make: Make, returned: object, caplog: pytest.LogCaptureFixture
    ) -> None:
        store = DictStore()
        store.get = lambda key: returned  # type: ignore[method-assign,assignment,return-value]
        assert make(token_store=store).recognize(JPEG) == CARD
        assert [record.levelname for record in caplog.records] == ["WARNING"]

    def test_what_is_no_exception_ends_the_call(self, account: Account, make: Make) -> None:
        store = DictStore()

        def leave(key: str) -> str:
            raise SystemExit(3)

        store.get = leave  # type: ignore[method-assign]
        with pytest.raises(SystemExit):
            make(token_store=store).recognize(JPEG)
        assert account.used == []
        del store.get  # type: ignore[method-assign]
        assert make(token_store=store).recognize(JPEG) == CARD


class TestRefresh:
    def test_fetches_in_normal_mode(self, account: Account, make: Make) -> None:
        client = make()
        client.recognize(JPEG)
        client.refresh_token()
        client.recognize(JPEG)
        assert [b'"force_refresh":false' in fetch.body for fetch in account.fetches] == [True] * 2
        assert account.used[-1] == "canary-token-2-0123456789"

    def test_by_force_once_in_30_seconds(self, account: Account, make: Make) -> None:
        client = make()
        client.refresh_token(force=True)
        with pytest.raises(wxidcard.RateLimitError, match="wait 30 s") as caught:
            make().refresh_token(force=True)
        assert (caught.value.errcode, caught.value.retryable) == (None, True)
        client.refresh_token()
        assert [b'"force_refresh":true' in fetch.body for fetch in account.fetches] == [True, False]

    def test_is_for_appid_and_secret(self, client: wxidcard.Client, make: Make) -> None:
        with pytest.raises(ValueError, match="appid and secret"):
            client.refresh_token()
        with pytest.raises(ValueError, match="stable_token only"):
            make(token_endpoint="token").refresh_token(force=True)
        make(token_endpoint="token").refresh_token()

    def test_raises_what_went_wrong(self, account: Account, make: Make) -> None:
        account.token_answer = reply({"errcode": 40125, "errmsg": "invalid appsecret"})
        with pytest.raises(wxidcard.CredentialError):
            make().refresh_token()
        client = make()
        client.close()
        with pytest.raises(ValueError, match="closed"):
            client.refresh_token()

    def test_is_published(self, account: Account, make: Make) -> None:
        store = DictStore()
        store.values[account.key()] = account.record("canary-token-theirs", 3600)
        make(token_store=store).refresh_token(force=True)
        assert "canary-token-1-" in store.values[account.key()]
        assert store.calls == ["add", "get", "set", "delete"]


def test_refusals_do_not_outlast_a_success(account: Account, make: Make) -> None:
    client = make()
    for _ in range(3):  # each is renewed at once: the card between them lifts the pause
        client.recognize(JPEG)
        account.good.clear()
    assert client.recognize(JPEG) == CARD
    assert len(account.fetches) == 4

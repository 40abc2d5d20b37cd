"""Every kind of credential, from the keyword to the request."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

import wxidcard
from account import Account
from given import JPEG, SECRET, TOKEN, MakeClient
from scripted import CARD, ScriptedService, reply


@pytest.fixture
def account(service: ScriptedService) -> Account:
    return Account(service)


def targets(service: ScriptedService) -> list[str]:
    return [request.target for request in service.requests]


def make(account: Account, **settings: Any) -> wxidcard.Client:
    settings = {"appid": account.appid, "secret": SECRET, "timeout": 20, **settings}
    return wxidcard.Client(base_url=account.url, **settings)


def test_appid_and_secret(account: Account, service: ScriptedService) -> None:
    with make(account) as client:
        assert client.recognize(JPEG) == CARD
        assert client.recognize(JPEG) == CARD
    [fetch] = account.fetches
    assert (fetch.method, fetch.target) == ("POST", "/cgi-bin/stable_token")
    assert fetch.headers["content-type"] == "application/json"
    assert json.loads(fetch.body) == {
        "grant_type": "client_credential",
        "appid": account.appid,
        "secret": SECRET,
        "force_refresh": False,
    }
    assert account.used == ["canary-token-1-0123456789"] * 2
    assert SECRET not in "".join(targets(service))


def test_the_older_endpoint(account: Account) -> None:
    with make(account, token_endpoint="token") as client:
        assert client.recognize(JPEG) == CARD
    [fetch] = account.fetches
    assert fetch.method == "GET"
    assert fetch.target == (
        f"/cgi-bin/token?grant_type=client_credential&appid={account.appid}&secret={SECRET}"
    )


def test_repr_masks_the_appid(service: ScriptedService) -> None:
    long, short = "wx0123456789abcdef", "wx_short"
    with wxidcard.Client(appid=long, secret=SECRET, base_url=service.url) as client:
        assert repr(client) == f"<wxidcard.Client: appid wx***cdef, {service.url}>"
    with wxidcard.Client(appid=short, secret=SECRET, base_url=service.url) as client:
        assert repr(client) == f"<wxidcard.Client: appid wx***, {service.url}>"


def test_recognize_takes_appid_and_secret(account: Account) -> None:
    settings = {"appid": account.appid, "secret": SECRET, "base_url": account.url}
    assert wxidcard.recognize(JPEG, **settings) == CARD  # type: ignore[arg-type]
    assert len(account.fetches) == 1


def test_a_token_of_the_cloud_base(service: ScriptedService) -> None:
    with wxidcard.Client(cloudbase_access_token=TOKEN, base_url=service.url) as client:
        assert client.recognize(JPEG, type="photo") == CARD
        assert "cloudbase_access_token, " in repr(client)
    assert targets(service) == [f"/cv/ocr/idcard?cloudbase_access_token={TOKEN}&type=photo"]


def test_the_open_service_takes_no_token(service: ScriptedService) -> None:
    with wxidcard.Client(open_service=True, base_url=service.url) as client:
        client.recognize(JPEG)
        client.recognize(JPEG, type="scan")
        client.recognize(img_url="https://example.com/a.jpg")
        assert "open_service, " in repr(client)
    assert targets(service) == [
        "/cv/ocr/idcard",
        "/cv/ocr/idcard?type=scan",
        "/cv/ocr/idcard?img_url=https%3A%2F%2Fexample.com%2Fa.jpg",
    ]


def test_the_open_service_may_be_asked_without_tls_and_nothing_else() -> None:
    wxidcard.Client(open_service=True, base_url="http://api.weixin.qq.com").close()
    with pytest.raises(ValueError, match="plain http"):
        wxidcard.Client(access_token=TOKEN, base_url="http://api.weixin.qq.com")


def test_a_refused_open_service_is_a_token_error(service: ScriptedService) -> None:
    service.script.append(reply({"errcode": 41001, "errmsg": "access_token missing"}))
    with (
        wxidcard.Client(open_service=True, base_url=service.url) as client,
        pytest.raises(wxidcard.TokenError),
    ):
        client.recognize(JPEG)
    assert len(service.requests) == 1


class TestTokenFile:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "canary-file"

    @pytest.fixture
    def client(self, path: Path, make_client: MakeClient) -> wxidcard.Client:
        return make_client(access_token=None, cloudbase_token_file=path)

    def tokens(self, service: ScriptedService) -> list[str]:
        return [request.query["cloudbase_access_token"][0] for request in service.requests]

    def test_is_trimmed_and_read_again(
        self, path: Path, client: wxidcard.Client, service: ScriptedService
    ) -> None:
        path.write_text(" \t canary-first-token\r\n\n")
        client.recognize(JPEG)
        path.write_text("canary-second-token\n")
        for _ in range(3):
            client.recognize(JPEG)
        # A new token counts when it was read twice, in case it was written only half.
        assert self.tokens(service) == [
            "canary-first-token",
            "canary-first-token",
            "canary-second-token",
            "canary-second-token",
        ]

    def test_the_last_token_is_good_while_the_file_is_rewritten(
        self, path: Path, client: wxidcard.Client, service: ScriptedService
    ) -> None:
        path.write_text("canary-first-token")
        client.recognize(JPEG)
        for half in ("", "\n", "canary-sec", "two words"):
            path.write_text(half)
            client.recognize(JPEG)
        path.unlink()
        client.recognize(JPEG)
        assert self.tokens(service) == ["canary-first-token"] * 6

    def test_a_refused_token_is_read_anew(
        self, path: Path, client: wxidcard.Client, service: ScriptedService
    ) -> None:
        path.write_text("canary-first-token")
        client.recognize(JPEG)

        def refuse(request: object) -> Any:
            path.write_text("canary-second-token")
            return reply({"errcode": 42001, "errmsg": "access_token expired"})

        service.script.append(refuse)
        assert client.recognize(JPEG) == CARD
        assert self.tokens(service)[-2:] == ["canary-first-token", "canary-second-token"]

    def test_a_refused_token_that_stays_is_an_error(
        self, path: Path, client: wxidcard.Client, service: ScriptedService
    ) -> None:
        path.write_text("canary-first-token")
        service.script.append(reply({"errcode": 40001, "errmsg": "invalid credential"}))
        with pytest.raises(wxidcard.TokenError) as caught:
            client.recognize(JPEG)
        assert caught.value.errcode == 40001
        assert len(service.requests) == 1

    def test_a_missing_file(self, client: wxidcard.Client, service: ScriptedService) -> None:
        with pytest.raises(FileNotFoundError, match="the token file cannot be opened") as caught:
            client.recognize(JPEG)
        assert caught.value.errno == errno.ENOENT
        assert caught.value.filename is None
        assert service.requests == []

    @pytest.mark.parametrize("text", ["", " \n", "two words", "x" * 5000, 'quo"ted', "\0\1"])
    def test_a_file_without_a_token(
        self, path: Path, client: wxidcard.Client, service: ScriptedService, text: str
    ) -> None:
        path.write_text(text)
        with pytest.raises(wxidcard.TokenError, match="the token file holds no token"):
            client.recognize(JPEG)
        assert service.requests == []

    def test_what_is_no_file(self, path: Path, client: wxidcard.Client) -> None:
        os.mkfifo(path)
        with pytest.raises(ValueError, match="no regular file"):
            client.recognize(JPEG)

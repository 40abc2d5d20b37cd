"""RedisQuota.unit(): what a recognition costs, by how it ends."""

import io
import logging
import socket
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import redis

import wxidcard
from given import JPEG, MakeClient
from redis_clients import ShiftedRedis
from redis_server import RedisServer
from scripted import Reply, ScriptedService, reply
from wxidcard import RedisQuota, _core

CLASSES: dict[str, Any] = _core.error_classes()
FREE = {"ImageInputError", "ConnectError", "TLSError", "CredentialError"}
REFUSAL = {"errcode": 45009, "errmsg": "reach max api daily quota limit rid: 1-2-3"}


@pytest.fixture
def quota(redis_server: RedisServer) -> Iterator[RedisQuota]:
    with ShiftedRedis(unix_socket_path=redis_server.socket_path) as client:
        yield RedisQuota(client, 10, prefix=f"{uuid.uuid4()}:")


@pytest.fixture
def once(make_client: MakeClient) -> wxidcard.Client:
    """A client that sends a picture once."""
    return make_client(max_retries=0)


def test_a_card_costs_a_unit(
    quota: RedisQuota, once: wxidcard.Client, service: ScriptedService
) -> None:
    with quota.unit() as unit:
        once.recognize(JPEG)
    assert (quota.used(), len(service.requests)) == (1, 1)
    quota.give_back(unit)
    assert quota.used() == 0


def test_without_units_nothing_is_sent(
    once: wxidcard.Client, service: ScriptedService, redis_server: RedisServer
) -> None:
    quota = RedisQuota(redis_server.client(), 0, name=str(uuid.uuid4()))
    with pytest.raises(wxidcard.QuotaExceededError), quota.unit():
        once.recognize(JPEG)
    assert service.connections == 0


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_error_of_the_table(quota: RedisQuota, name: str) -> None:
    error = CLASSES[name]("made by the test")
    error.errcode = 45009 if name == "QuotaExceededError" else error.errcode
    with pytest.raises(CLASSES[name]) as caught, quota.unit():
        raise error
    assert caught.value is error
    assert quota.used() == (0 if name in FREE else 1)
    assert quota.left() == {"QuotaExceededError": 0}.get(name, 10 - quota.used())


@pytest.mark.parametrize(
    "error", [OSError("no descriptor"), ValueError("mine"), TimeoutError(), KeyboardInterrupt()]
)
def test_after_other_errors_it_stays_spent(quota: RedisQuota, error: BaseException) -> None:
    with pytest.raises(type(error)), quota.unit():
        raise error
    assert (quota.used(), quota.left()) == (1, 9)


class UnreadableFile(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (b"no picture", wxidcard.ImageInputError),
        ("/missing/front.jpg", FileNotFoundError),
        ("/", wxidcard.ImageInputError),
        (UnreadableFile(), OSError),
    ],
)
def test_what_is_never_sent_costs_nothing(
    quota: RedisQuota,
    once: wxidcard.Client,
    service: ScriptedService,
    image: Any,
    error: type[Exception],
) -> None:
    with pytest.raises(error), quota.unit():
        once.recognize(image)
    assert (quota.used(), service.connections) == (0, 0)


@pytest.fixture
def refusing_port() -> Iterator[int]:
    """One that is taken, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def port_without_tls() -> Iterator[int]:
    """One where somebody answers who has never heard of TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with listener.accept()[0] as connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def recognize_once(quota: RedisQuota, **settings: Any) -> None:
    with wxidcard.Client(max_retries=0, timeout=20, **settings) as client, quota.unit():
        client.recognize(JPEG)


def test_nobody_there(quota: RedisQuota, refusing_port: int) -> None:
    url = f"http://127.0.0.1:{refusing_port}"
    with pytest.raises(wxidcard.ConnectError):
        recognize_once(quota, access_token="canary", base_url=url)
    assert quota.used() == 0


def test_somebody_else_there(quota: RedisQuota, port_without_tls: int) -> None:
    url = f"https://127.0.0.1:{port_without_tls}"
    with pytest.raises(wxidcard.TLSError):
        recognize_once(quota, access_token="canary", base_url=url)
    assert quota.used() == 0


def test_wrong_credentials(quota: RedisQuota, service: ScriptedService) -> None:
    service.otherwise = reply({"errcode": 40125, "errmsg": "invalid appsecret"})
    appid = f"wx{uuid.uuid4().hex}"
    with pytest.raises(wxidcard.CredentialError):
        recognize_once(quota, appid=appid, secret="canary", base_url=service.url)
    assert quota.used() == 0


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({"errcode": 101001, "errmsg": "not found"}), wxidcard.CardNotFoundError),
        (reply({"errcode": -1, "errmsg": "system error"}), wxidcard.SystemBusyError),
        (reply({"errcode": 45011, "errmsg": "minute"}), wxidcard.RateLimitError),
        (Reply(b"", 502), wxidcard.ProtocolError),
    ],
)
def test_what_the_service_may_have_counted(
    quota: RedisQuota,
    once: wxidcard.Client,
    service: ScriptedService,
    answer: Reply,
    error: type[Exception],
) -> None:
    service.otherwise = answer
    with pytest.raises(error), quota.unit():
        once.recognize(JPEG)
    assert (quota.used(), quota.left(), len(service.requests)) == (1, 9, 1)


@pytest.mark.parametrize(
    "refusal", [REFUSAL, {"errcode": 101003, "errmsg": "not enough market quota"}]
)
def test_the_service_says_that_the_day_is_used_up(
    quota: RedisQuota, once: wxidcard.Client, service: ScriptedService, refusal: dict[str, Any]
) -> None:
    service.otherwise = reply(refusal)
    with pytest.raises(wxidcard.QuotaExceededError) as caught, quota.unit():
        once.recognize(JPEG)
    assert caught.value.errcode == refusal["errcode"]
    with pytest.raises(wxidcard.QuotaExceededError, match="has said") as caught, quota.unit():
        once.recognize(JPEG)
    assert caught.value.errcode is None
    assert len(service.requests) == 1


def test_one_quota_within_another(quota: RedisQuota, redis_server: RedisServer) -> None:
    """A department's share of the account's, say: what the one refuses costs the other nothing."""
    none = RedisQuota(redis_server.client(), 0, name=str(uuid.uuid4()))
    with pytest.raises(wxidcard.QuotaExceededError), quota.unit(), none.unit():
        raise AssertionError("it was let in")
    assert (quota.used(), quota.left()) == (0, 10)


@pytest.mark.parametrize("error", [wxidcard.ConnectError("away"), CLASSES["QuotaExceededError"]()])
def test_the_server_goes_away_meanwhile(
    quota: RedisQuota,
    redis_server: RedisServer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: wxidcard.Error,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise redis.ConnectionError("canary-host:6379")

    error.errcode = 45009
    with caplog.at_level(logging.WARNING), pytest.raises(type(error)) as caught, quota.unit():
        monkeypatch.setattr(redis.Redis, "execute_command", fail)
        raise error
    assert caught.value is error
    assert caplog.messages == [
        "the quota's Redis server did not take what became of a unit: ConnectionError"
    ]
    monkeypatch.undo()
    assert (quota.used(), quota.left()) == (1, 9)

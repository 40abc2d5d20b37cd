"""wxidcard.Client and wxidcard.recognize: the outside."""

import copy
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import wxidcard
from given import JPEG, SECRET, TOKEN
from scripted import CARD, ScriptedService, reply


def provide(failed: str | None) -> str:
    return TOKEN


def test_a_card_is_a_plain_dict(service: ScriptedService, client: wxidcard.Client) -> None:
    document = {
        "errcode": 0,
        "errmsg": "ok",
        "type": "Front",
        "name": "𠀋 张三",
        "card_property": 4,
        "score": 0.5,
        "sure": True,
        "nothing": None,
        "corners": [[1, 2], [3, {"x": -4}]],
        "empty": "",
    }
    service.script.append(reply(document))
    card = client.recognize(JPEG)
    del document["errcode"], document["errmsg"]
    assert card == document
    assert list(card) == list(document)
    exact = {name: type(value) for name, value in card.items()}
    assert (type(card), exact["card_property"], exact["score"], exact["sure"]) == (
        dict,
        int,
        float,
        bool,
    )


def test_one_call(service: ScriptedService) -> None:
    assert wxidcard.recognize(JPEG, access_token=TOKEN, base_url=service.url) == CARD
    assert (
        wxidcard.recognize(
            img_url="https://example.com/a b.jpg".replace(" ", "%20"),
            type="photo",
            access_token=TOKEN,
            base_url=service.url,
        )
        == CARD
    )
    upload, by_url = service.requests
    assert upload.picture == JPEG
    assert upload.query == {"access_token": [TOKEN]}
    assert by_url.body == b""
    assert by_url.query == {
        "access_token": [TOKEN],
        "type": ["photo"],
        "img_url": ["https://example.com/a%20b.jpg"],
    }


def test_connections_are_kept(service: ScriptedService, client: wxidcard.Client) -> None:
    for _ in range(20):
        assert client.recognize(JPEG) == CARD
    assert service.connections == 1


def test_misuse(client: wxidcard.Client, service: ScriptedService) -> None:
    with pytest.raises(ValueError, match="img_url"):
        client.recognize()
    with pytest.raises(ValueError, match="exactly one"):
        client.recognize(JPEG, img_url="https://example.com/a.jpg")
    with pytest.raises(ValueError, match="photo"):
        client.recognize(JPEG, type="Photo")  # type: ignore[arg-type]
    for wrong in (7, 1.5, ["a.jpg"], object()):
        with pytest.raises(TypeError, match="path, bytes or a file"):
            client.recognize(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="img_url must be a str, not bytes"):
        client.recognize(img_url=b"https://example.com/a.jpg")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="type must be a str"):
        client.recognize(JPEG, type=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="NUL"):
        client.recognize(img_url="https://example.com/\0")
    assert service.requests == []


def test_using_a_closed_client_is_a_clear_error(service: ScriptedService) -> None:
    client = wxidcard.Client(access_token=TOKEN, base_url=service.url)
    assert not client.closed
    with client as entered:
        assert entered is client
        assert client.recognize(JPEG) == CARD
    assert client.closed
    assert repr(client).endswith(", closed>")
    with pytest.raises(ValueError, match="closed"):
        client.recognize(JPEG)
    client.close()
    assert len(service.requests) == 1


def test_repr_shows_where_to(client: wxidcard.Client, service: ScriptedService) -> None:
    assert repr(client) == f"<wxidcard.Client: access_token, {service.url}>"


DUPLICATES: list[Callable[[wxidcard.Client], wxidcard.Client]] = [copy.copy, copy.deepcopy]
PICKLES: list[Callable[[wxidcard.Client], wxidcard.Client]] = [
    lambda client, protocol=protocol: pickle.loads(pickle.dumps(client, protocol))  # type: ignore[misc]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
]
SECRETS: list[dict[str, Any]] = [
    {"access_token": TOKEN},
    {"appid": "wx_invented", "secret": SECRET},
    {"cloudbase_access_token": TOKEN},
]


@pytest.mark.parametrize(
    ("duplicate", "credential"),
    [
        *((each, {"access_token": TOKEN}) for each in DUPLICATES),
        *((each, {"token_provider": provide}) for each in DUPLICATES + PICKLES),
        *((each, {"open_service": True}) for each in DUPLICATES + PICKLES),
    ],
)
def test_a_copy_has_the_settings_and_connections_of_its_own(
    service: ScriptedService,
    duplicate: Callable[[wxidcard.Client], wxidcard.Client],
    credential: dict[str, Any],
) -> None:
    settings = {"base_url": service.url, "timeout": 7.5, "max_retries": 1, **credential}
    with wxidcard.Client(**settings) as client:
        assert client.recognize(JPEG) == CARD
        again = duplicate(client)
        assert (type(again), repr(again)) == (wxidcard.Client, repr(client))
        assert again._core.settings == client._core.settings
    # The first being closed says nothing about the second.
    assert again.recognize(JPEG) == CARD
    again.close()
    assert service.connections == 2


@pytest.mark.parametrize("credential", SECRETS, ids=lambda credential: next(iter(credential)))
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_client_with_a_secret_does_not_pickle(credential: dict[str, Any], protocol: int) -> None:
    with (
        wxidcard.Client(**credential) as client,
        pytest.raises(TypeError, match="make a Client in each process") as caught,
    ):
        pickle.dumps(client, protocol)
    assert "canary" not in str(caught.value)


def test_a_client_that_is_dropped_closes_its_connections(service: ScriptedService) -> None:
    client = wxidcard.Client(access_token=TOKEN, base_url=service.url)
    client.recognize(JPEG)
    gone = weakref.ref(client)
    del client
    assert gone() is None
    for thread in service._threads[1:]:
        thread.join(5)  # it ends when the client has closed the connection
        assert not thread.is_alive()


def test_subclasses_pickle_as_themselves(service: ScriptedService) -> None:
    made = Subclass(token_provider=provide, base_url=service.url)
    client = pickle.loads(pickle.dumps(made))
    with client, copy.copy(client) as again:
        assert type(again) is Subclass
        assert type(client) is Subclass
        assert client.recognize(JPEG) == CARD


class Subclass(wxidcard.Client):
    pass

"""Settings: one list of them in the core, read without one in the binding."""

import inspect
import math
import re
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wxidcard
from given import SECRET, TOKEN
from wxidcard import _core

TABLE = {row["name"]: row for row in _core.setting_table()}
WRONG_TYPES: dict[str, tuple[Any, ...]] = {
    "text": (b"bytes", 7, 1.5, True, ["list"]),
    "path": (7, 1.5, True, ["list"]),
    "count": ("7", 1.5, True, b"7", math.nan),
    "duration": ("7", True, b"7", [1]),
    "function": ("name", 7, True, object()),
    "token_file": (7, 1.5, ["list"]),
    "flag": (1, 0, "true", [True]),
    "store": ("path", 7, True, object(), {}),
}
DEFAULTS = _core.Session(access_token=TOKEN).settings


def effective(**settings: Any) -> dict[str, Any]:
    return _core.Session(access_token=TOKEN, **settings).settings


@pytest.mark.parametrize("keywords", [wxidcard.Settings, wxidcard.AsyncSettings])
def test_the_typed_keywords_are_the_tables(keywords: type) -> None:
    hints = get_type_hints(keywords)
    assert sorted(hints) == sorted(TABLE)
    wanted: dict[str, set[type]] = {
        "text": {str},
        "path": {str},
        "count": {int},
        "duration": {float},
        "token_file": {str, bool},
        "flag": {bool},
        "store": {wxidcard.TokenStore},
    }
    for name, row in TABLE.items():
        if row["type"] != "function" and name != "token_endpoint":
            assert wanted[row["type"]] <= set(hints[name].__args__), name


def test_the_documented_defaults_are_the_cores() -> None:
    source = inspect.getsource(inspect.getmodule(wxidcard.Settings))  # type: ignore[arg-type]
    documented = re.findall(r'^    (\w+): .*\n    """(.*)"""', source, re.MULTILINE)
    of_functions = ["token_store", "token_provider"]  # which AsyncClient has of its own sort
    assert sorted(name for name, _ in documented) == sorted([*TABLE, *of_functions])
    for name, text in documented:
        found = re.search(r"([\d.]+)( MiB)?(, which is taken|) when not given", text) or re.search(
            r"(\d)(), which is taken when not given", text
        )
        if found is None:
            assert type(DEFAULTS.get(name)) not in (int, float), name
        else:
            assert DEFAULTS[name] == float(found[1]) * (1 << 20 if found[2] else 1), name


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, row in TABLE.items() for value in WRONG_TYPES[row["type"]]],
)
def test_a_value_of_the_wrong_type(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=name):
        wxidcard.Client(**{name: value})


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"access_token": b"abc"}, "decode"),
        ({"access_token": 12345}, "quotes"),
        ({"acess_token": "abc"}, "did you mean 'access_token'"),
        ({"Timeout": 3}, "did you mean 'timeout'"),
        ({"verify": False}, "no setting 'verify'"),
    ],
)
def test_a_type_error_says_what_to_write(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(TypeError, match=says):
        wxidcard.Client(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"access_token": None},
        {"access_token": TOKEN, "token_provider": str},
        {"access_token": TOKEN, "open_service": True},
        {"access_token": TOKEN, "cloudbase_access_token": TOKEN},
        {"access_token": TOKEN, "cloudbase_token_file": True},
        {"access_token": TOKEN, "appid": "wx_invented", "secret": SECRET},
        {"access_token": TOKEN, "token_endpoint": "token"},
        {"access_token": TOKEN, "token_store": wxidcard.FileTokenStore("tokens.json")},
        {"appid": "wx_invented"},
        {"secret": SECRET},
        {"appid": "wx invented", "secret": SECRET},
        {"appid": "wx_invented", "secret": "with spaces"},
        {"appid": "wx_invented", "secret": SECRET, "token_endpoint": "refresh"},
        {"cloudbase_token_file": ""},
        {"cloudbase_token_file": False},
        {"open_service": False},
        {"access_token": "with\0nul"},
        {"access_token": TOKEN, "timeout": math.nan},
        {"access_token": TOKEN, "timeout": math.inf},
        {"access_token": TOKEN, "timeout": -math.inf},
        {"access_token": TOKEN, "timeout": 0},
        {"access_token": TOKEN, "timeout": -1},
        {"access_token": TOKEN, "timeout": 10**400},
        {"access_token": TOKEN, "max_retries": 10**30},
        {"access_token": TOKEN, "max_retries": -(2**63)},
        {"access_token": TOKEN, "max_retries": -(10**30)},
        {"access_token": TOKEN, "ca_file": "with\0nul"},
        {"access_token": TOKEN, "base_url": "http://api.weixin.qq.com"},
    ],
    ids=str,
)
def test_a_value_that_cannot_be_right(settings: dict[str, Any]) -> None:
    for made in (wxidcard.Client, _core.Session):
        with pytest.raises(ValueError):
            made(**settings)


def test_settings_go_by_name_only() -> None:
    for made in (wxidcard.Client, _core.Session, _core.Client):
        with pytest.raises(TypeError):
            made(TOKEN)  # type: ignore[call-arg]


def test_none_is_not_given() -> None:
    assert effective(**{name: None for name in TABLE if name != "access_token"}) == DEFAULTS
    assert DEFAULTS["access_token"] is None


def test_credentials_are_none_in_the_settings() -> None:
    app = _core.Session(appid="wx_invented", secret=SECRET, token_endpoint="token").settings
    assert (app["appid"], app["secret"], app["token_endpoint"]) == (None, None, "token")
    cloud = _core.Session(cloudbase_access_token=TOKEN).settings
    assert cloud["cloudbase_access_token"] is None
    assert _core.Session(open_service=True).settings["base_url"] == "http://api.weixin.qq.com"
    file = _core.Session(cloudbase_token_file=True).settings["cloudbase_token_file"]
    assert file == "/.tencentcloudbase/wx/cloudbase_access_token"


def test_secrets_are_marked_in_the_table() -> None:
    marked = {name for name, row in TABLE.items() if row["secret"]}
    assert marked == {"access_token", "secret", "cloudbase_access_token"}


@given(st.floats(min_value=0.0011, max_value=3600))
def test_seconds_become_milliseconds(seconds: float) -> None:
    assert abs(effective(timeout=seconds)["timeout"] - seconds) <= 0.0005001


def test_durations_of_every_kind_of_number() -> None:
    assert effective(timeout=2)["timeout"] == 2.0
    assert effective(timeout=0.29)["timeout"] == 0.29
    assert effective(connect_timeout=1e-9)["connect_timeout"] == 0.001


def test_counts_of_every_kind_of_number() -> None:
    class Index:
        def __index__(self) -> int:
            return 1

    assert effective(max_retries=Index())["max_retries"] == 1


def test_paths_of_every_kind(tmp_path: Path) -> None:
    path = tmp_path / "授权.pem"
    assert effective(ca_file=path)["ca_file"] == str(path)
    assert effective(ca_file=str(path))["ca_file"] == str(path)


@given(st.text())
def test_any_token_is_taken_or_refused(token: str) -> None:
    try:
        session = _core.Session(access_token=token)
    except ValueError:
        return
    call = session.recognition(0, 1, img_url="https://example.com/a.jpg")
    assert call.request is not None


def test_session_shows_no_token() -> None:
    session = _core.Session(access_token=TOKEN)
    assert TOKEN not in repr(session) + repr(session.settings) + session.description

    def provide(failed: str | None) -> str:
        return TOKEN

    assert _core.Session(token_provider=provide).token_provider is provide
    assert session.token_provider is None

"""A token_provider in nginx may yield; its mistakes reach the caller as in plain Lua."""

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from workers import Workers, an_account, recognizing

from account import Account

LOCATIONS = """
location /providers {{
    content_by_lua_block {{ require("providers")[ngx.var.arg_which]("{url}") }}
}}
"""


@pytest.fixture
def account() -> Iterator[Account]:
    with an_account() as made:
        yield made


@pytest.fixture
def workers(tmp_path: pathlib.Path, account: Account) -> Iterator[Workers]:
    locations = LOCATIONS.format(url=account.url)
    with recognizing(tmp_path, account, "", workers=1, locations=locations) as started:
        yield started


def told_of(workers: Workers, which: str) -> Any:
    return json.loads(workers.nginx.get(f"/providers?which={which}"))


def test_a_provider_may_yield(account: Account, workers: Workers) -> None:
    account.good = {"new_one"}
    assert told_of(workers, "yields") == {"came": "Back", "asked": ["none", "old_one"]}
    assert account.used == ["old_one", "new_one"]


def test_what_a_provider_raises_reaches_the_caller(account: Account, workers: Workers) -> None:
    assert told_of(workers, "raises") == {"tried": 20, "changed": ""}
    assert account.used == []


def test_a_provider_must_return_a_token(account: Account, workers: Workers) -> None:
    told = told_of(workers, "returns")
    assert len(told["said"]) == 8
    for case, message in told["said"].items():
        wrong = case.split()[1]
        assert "token_provider must return" in message
        assert f"a string, not a {wrong}" in message
        assert "providers.lua:" in message  # the caller's line
    assert "token" in told["unfit"]
    assert "canary" not in told["unfit"]
    assert account.used == []

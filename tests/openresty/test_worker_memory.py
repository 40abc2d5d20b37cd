"""A worker of nginx takes no more memory and no more descriptors the longer it recognises, and has
nothing to log of calls that succeed."""

import json
import pathlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from nginx import Nginx, running

# The picture is read before the answer goes out: an answer to half of it would be none.
SERVICE = """
server {{
    listen 127.0.0.1:{port};
    keepalive_requests 100000;
    location / {{
        content_by_lua_block {{
            ngx.req.read_body()
            ngx.print('{{"errcode":0,"type":"Back","valid_date":"20070105-20270105"}}')
        }}
    }}
}}
"""
# Calls side by side, as requests make them; each request takes its own memory with it.
LOCATIONS = """
location /calls {
    content_by_lua_block {
        local side_by_side, each = 10, 10
        local threads = {}
        for number = 1, side_by_side do
            threads[number] = ngx.thread.spawn(function()
                for _ = 1, each do
                    local card = CLIENT:recognize { img = "\\255\\216\\255\\224invented" }
                    assert(card.type == "Back")
                end
            end)
        end
        for _, thread in ipairs(threads) do
            assert(ngx.thread.wait(thread))
        end
        ngx.print(side_by_side * each)
    }
}
location /tell {
    content_by_lua_block {
        collectgarbage()
        collectgarbage()
        local cjson = require "cjson"
        ngx.print(cjson.encode { pid = ngx.worker.pid(), lua = collectgarbage "count" * 1024 })
    }
}
"""
HTTP = """
init_worker_by_lua_block {{
    CLIENT = require("wxidcard").new {{
        access_token = "invented", base_url = "http://127.0.0.1:{port}",
    }}
}}
"""
WARM_UP = 2_000
CALLS = 20_000


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port that nobody else is given meanwhile. nginx may listen on it all the same."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextmanager
def beside_a_service(folder: pathlib.Path, locations: str, http: str) -> Iterator[Nginx]:
    """An nginx whose part ``http`` is told the ``{port}`` of a service that another one is."""
    folders = [folder / "service", folder / "worker"]
    for made in folders:
        made.mkdir()
    with (
        reserved_port() as port,
        running(folders[0], "", SERVICE.format(port=port)),
        running(folders[1], locations, http.format(port=port)) as started,
    ):
        yield started


@pytest.fixture
def nginx(tmp_path: pathlib.Path) -> Iterator[Nginx]:
    with beside_a_service(tmp_path, LOCATIONS, HTTP) as started:
        yield started


def call(nginx: Nginx, number: int) -> None:
    made = 0
    while made < number:
        made += int(nginx.get("/calls"))


def held(nginx: Nginx) -> dict[str, Any]:
    """Bytes of memory, in all and Lua's, and what descriptors lead to; sockets by their number."""
    told = json.loads(nginx.get("/tell"))
    process = pathlib.Path(f"/proc/{told['pid']}")
    resident = int((process / "status").read_text().partition("VmRSS:")[2].split()[0])
    return {
        "memory": resident * 1024,
        "lua": told["lua"],
        "descriptors": len(list((process / "fd").iterdir())),
    }


def test_memory_stays_what_it_is(nginx: Nginx) -> None:
    call(nginx, WARM_UP)
    before = held(nginx)
    call(nginx, CALLS - WARM_UP)
    after = held(nginx)
    assert after["memory"] - before["memory"] < 2 * 1024 * 1024
    assert after["lua"] - before["lua"] < 128 * 1024
    # One of them is that of the question itself, which may come before the last one's has gone.
    assert abs(after["descriptors"] - before["descriptors"]) <= 1


def test_nothing_is_logged_of_calls_that_succeed(nginx: Nginx) -> None:
    call(nginx, 200)
    assert [line for line in nginx.log().splitlines() if "[error]" in line] == []

"""Many recognitions at once in one worker leave it time for its other requests: they begin, and
send their pictures, a few at a time."""

import asyncio
import collections
import json
import pathlib
from collections.abc import Iterator

import pytest
from nginx import Nginx
from test_worker_memory import beside_a_service

AT_ONCE = 16
CALLS = 50
PICTURE = 600_000
PIECES = 5  # of 128 KiB

HTTP = """
init_worker_by_lua_block {{
    local turn = require "wxidcard.turn"
    local take = turn.take
    TAKEN = {{}}
    turn.take = function()
        take()
        TAKEN[#TAKEN + 1] = ngx.now()
    end
    CLIENT = require("wxidcard").new {{
        access_token = "invented", base_url = "http://127.0.0.1:{port}",
    }}
}}
"""
LOCATIONS = """
location /calls {
    content_by_lua_block {
        local picture = "\\255\\216\\255\\224" .. ("invented"):rep(ngx.var.arg_length / 8)
        local threads = {}
        for number = 1, tonumber(ngx.var.arg_calls) do
            threads[number] = ngx.thread.spawn(function()
                return CLIENT:recognize({ img = picture }).type
            end)
        end
        for _, thread in ipairs(threads) do
            local _, kind = ngx.thread.wait(thread)
            assert(kind == "Back")
        end
        ngx.print(require("cjson").encode(TAKEN))
    }
}
location /several {
    content_by_lua_block {
        local turn = require "wxidcard.turn"
        for _ = 1, 8 do
            CAME = (CAME or 0) + 1
            local mine = CAME
            turn.take()
            WENT = (WENT or 0) + 1
            MOST = math.max(MOST or 0, WENT - mine)
        end
        ngx.print("gone")
    }
}
location /overtaken { content_by_lua_block { ngx.print(CAME, " ", MOST) } }
"""


@pytest.fixture
def nginx(tmp_path: pathlib.Path) -> Iterator[Nginx]:
    with beside_a_service(tmp_path, LOCATIONS, HTTP) as started:
        yield started


def test_many_take_turns(nginx: Nginx) -> None:
    taken = json.loads(nginx.get(f"/calls?calls={CALLS}&length={PICTURE}"))
    assert len(taken) == CALLS * (1 + PIECES)
    # nginx looks at its connections between two moments of its clock.
    assert max(collections.Counter(taken).values()) == AT_ONCE


def test_a_small_picture_is_two_turns(nginx: Nginx) -> None:
    assert len(json.loads(nginx.get("/calls?calls=1&length=800"))) == 2


def test_each_piece_has_its_moment(nginx: Nginx) -> None:
    taken = json.loads(nginx.get(f"/calls?calls=1&length={3 * PICTURE}"))
    assert len(taken) == 1 + 14
    # Of the clock that is read here, a moment may be no tick, but two are one.
    assert max(collections.Counter(taken[1:]).values()) <= 2


def test_newcomers_do_not_overtake(nginx: Nginx) -> None:
    """nginx sees to those who have just come before those who sleep."""

    async def ask(times: int) -> None:
        reader, writer = await asyncio.open_unix_connection(nginx.prefix / "socket")
        for _ in range(times):
            writer.write(b"GET /several HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200" in await reader.readuntil(b"\r\n\r\n")
            await reader.readuntil(b"gone")
            await reader.readuntil(b"0\r\n\r\n")
        writer.close()

    async def ask_all() -> None:
        await asyncio.gather(*(ask(10) for _ in range(100)))

    asyncio.run(ask_all())
    came, most_overtaken = map(int, nginx.get("/overtaken").split())
    assert came == 100 * 10 * 8
    assert most_overtaken <= 5 * AT_ONCE

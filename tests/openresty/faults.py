"""A client in nginx that meets the faults of tests/faults."""

import json
import pathlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from nginx import Nginx, running

from fault_server import FaultServer

CLIENT = r"""
local cjson = require "cjson"
local core = require "wxidcard.core"
local safe = require "wxidcard.safe"
local calls, clients, is_released = {}, {}, false

local function client_of(arguments)
    local key = table.concat({
        arguments.base, arguments.timeout or "", arguments.retries or "", arguments.kept or "",
    }, " ")
    local retries = arguments.retries or 0 -- "default": as the library has it
    clients[key] = clients[key] or assert(safe.new{
        access_token = "canary_token", base_url = arguments.base, connect_timeout = 500,
        timeout = tonumber(arguments.timeout), max_retries = tonumber(retries),
        max_connections = tonumber(arguments.kept),
    })
    return clients[key]
end

-- A picture as far as the library looks, another for each number.
local function picture_of(length, number)
    local head = "\255\216\255\224" .. ("%012d"):format(number)
    return head .. ("x"):rep(length - #head)
end

local function one(arguments, number)
    local picture = picture_of(tonumber(arguments.length), number)
    local given = arguments.url and { img_url = arguments.url } or { img = picture }
    ngx.update_time() -- as applications do; it ends the sleeps of others
    local began_ms = core.now_ms()
    local card, message, err = client_of(arguments):recognize(given)
    local outcome = { elapsed_ms = core.now_ms() - began_ms, message = message }
    ngx.update_time()
    if card then
        outcome.right = card.image_crc32 == ngx.crc32_long(picture)
    else
        outcome.kind, outcome.http_status = err.kind, err.http_status
    end
    return outcome
end

-- Nothing else goes on in the worker meanwhile.
local function keep_busy(milliseconds)
    local ends = ngx.now() + milliseconds / 1000
    repeat
        ngx.update_time()
    until ngx.now() >= ends
end

-- Calls one after the other, with pauses; of the first few with longer ones. busy: as long as the
-- worker does nothing but wait after each.
local function call_in_turn(arguments, first, last)
    local outcomes = {}
    for number = first, last do
        outcomes[#outcomes + 1] = one(arguments, number)
        local pause = number <= 3 and arguments.first_pauses or arguments.pause
        if pause and pause ~= "0" then
            ngx.sleep(tonumber(pause) / 1000)
        end
        if arguments.busy then
            keep_busy(tonumber(arguments.busy))
        end
    end
    return outcomes
end

function calls.series(arguments)
    return cjson.encode(call_in_turn(arguments, 1, tonumber(arguments.calls)))
end

-- Nothing is known of the service any more, as in a worker that has just begun.
local function forget()
    for name in pairs(package.loaded) do
        if name:find("^wxidcard") and name ~= "wxidcard.core" then
            package.loaded[name] = nil
        end
    end
    safe, clients = require "wxidcard.safe", {}
end

-- Calls in a few threads, and again from the beginning when all has been forgotten.
function calls.forgetful(arguments)
    local outcomes, threads = {}, tonumber(arguments.threads)
    local each = tonumber(arguments.each)
    for first = tonumber(arguments.first), tonumber(arguments.last), threads * each do
        forget()
        local running = {}
        for number = 1, threads do
            local mine = first + (number - 1) * each
            running[number] = ngx.thread.spawn(call_in_turn, arguments, mine, mine + each - 1)
        end
        for _, thread in ipairs(running) do
            local _, met = ngx.thread.wait(thread)
            for _, outcome in ipairs(met) do
                outcomes[#outcomes + 1] = outcome
            end
        end
    end
    return cjson.encode(outcomes)
end

-- A series, after which the request goes on until it is released.
function calls.held(arguments)
    local outcomes = calls.series(arguments)
    while not is_released do
        ngx.sleep(0.005)
    end
    return outcomes
end

-- Calls in turn, in a thread that is killed when the request is released.
function calls.killed(arguments)
    local thread = ngx.thread.spawn(calls.series, arguments)
    while not is_released do
        ngx.sleep(0.005)
    end
    assert(ngx.thread.kill(thread))
    is_released = false
    return "[]"
end

-- Returns when the thread has been killed, if there is one.
function calls.release(arguments)
    is_released = true
    while arguments.kills and is_released do
        ngx.sleep(0.005)
    end
    return "[]"
end

-- Two calls in turn. Behind the first the worker is busy until the late answer lies there; and when
-- the second begins, others set nginx's clock, whose timers are then over before it has asked the
-- system: once while the request is handled, once while the timers are.
function calls.hurried(arguments)
    local outcomes = { one(arguments, 1) }
    keep_busy(30)
    local thread = ngx.thread.spawn(one, arguments, 2)
    local other = ngx.thread.spawn(function()
        ngx.sleep(0.001)
        keep_busy(3)
    end)
    keep_busy(3)
    local _, outcome = ngx.thread.wait(thread)
    ngx.thread.wait(other)
    outcomes[2] = outcome
    return cjson.encode(outcomes)
end

-- Calls at once, in threads of one request; and behind them, if that is said, some in turn.
-- between: as long as the worker does nothing but wait before those.
function calls.at_once(arguments)
    local threads, outcomes = {}, {}
    for number = 1, tonumber(arguments.calls) do
        threads[number] = ngx.thread.spawn(one, arguments, number)
    end
    for number, thread in ipairs(threads) do
        local _, outcome = ngx.thread.wait(thread)
        outcomes[number] = outcome
    end
    keep_busy(tonumber(arguments.between) or 0)
    arguments.timeout = arguments.behind_timeout or arguments.timeout
    local last = #threads + (tonumber(arguments.behind) or 0)
    for _, outcome in ipairs(call_in_turn(arguments, #threads + 1, last)) do
        outcomes[#outcomes + 1] = outcome
    end
    return cjson.encode(outcomes)
end

return calls
"""
LOCATIONS = """
location /calls/ { content_by_lua_block {
    local what = ngx.var.uri:match("[^/]+$")
    ngx.print(require("calls")[what](ngx.req.get_uri_args()))
} }
location /ping { content_by_lua_block { ngx.print("pong") } }
"""
# What a configuration for the real service has, and no noise about faults in the log.
HTTP = """
lua_ssl_trusted_certificate {ca};
lua_ssl_verify_depth 5;
lua_ssl_protocols TLSv1.2 TLSv1.3;
lua_socket_log_errors off;
"""


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Caller:
    """Makes calls inside nginx; each outcome has right, or kind and message."""

    def __init__(self, nginx: Nginx, server: FaultServer) -> None:
        self.nginx = nginx
        self.server = server

    def _ask(self, what: str, **arguments: object) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={quote(str(value))}" for name, value in arguments.items())
        outcomes: list[dict[str, Any]] = json.loads(self.nginx.get(f"/calls/{what}?{query}"))
        return outcomes

    def series(
        self, fault: str, calls: int = 1, length: int = 2000, word: str = "http", **more: object
    ) -> list[dict[str, Any]]:
        return self.series_at(self.server.base(fault, word), calls, length, **more)

    def at_once(
        self, fault: str, calls: int, length: int = 2000, **more: object
    ) -> list[dict[str, Any]]:
        return self.at_once_at(self.server.base(fault), calls, length, **more)

    def at_once_at(
        self, base: str, calls: int, length: int = 2000, **more: object
    ) -> list[dict[str, Any]]:
        return self._ask("at_once", base=base, calls=calls, length=length, **more)

    def series_at(
        self, base: str, calls: int = 1, length: int = 2000, **more: object
    ) -> list[dict[str, Any]]:
        """At any base URL."""
        return self._ask("series", base=base, calls=calls, length=length, **more)

    def forgetful(
        self, fault: str, numbers: range, threads: int, each: int
    ) -> list[dict[str, Any]]:
        """Threads make ``each`` calls; when they have ended, the next ones are the first again."""
        base = self.server.base(fault)
        asked = {"first": numbers[0], "last": numbers[-1], "threads": threads, "each": each}
        return self._ask("forgetful", base=base, length=2000, **asked)

    def hurried(self, fault: str) -> list[dict[str, Any]]:
        """Two calls; nginx's clock is set while the second looks at what the first left."""
        return self._ask("hurried", base=self.server.base(fault), length=2000)

    def held_at(self, base: str, calls: int = 1, **more: object) -> list[dict[str, Any]]:
        """The same in a request that goes on until ``release``."""
        return self._ask("held", base=base, calls=calls, length=2000, **more)

    def killed_at(self, base: str, calls: int = 1, **more: object) -> list[dict[str, Any]]:
        """The same in a thread that is killed by ``kill``."""
        return self._ask("killed", base=base, calls=calls, length=2000, **more)

    def release(self) -> None:
        self._ask("release")

    def kill(self) -> None:
        self._ask("release", kills="yes")


@contextmanager
def caller(
    folder: pathlib.Path,
    server: FaultServer,
    locations: str = "",
    http: str = "",
    main: str = "",
    events: str = "",
) -> Iterator[Caller]:
    """In a nginx of its own, with more in its configuration."""
    (folder / "calls.lua").write_text(CLIENT, encoding="utf-8")
    http = HTTP.format(ca=server.words["ca"]) + http
    with running(folder, LOCATIONS + locations, http, main, events=events) as nginx:
        yield Caller(nginx, server)
        log = (folder / "error.log").read_text(encoding="utf-8", errors="replace")
        assert "canary" not in log and "thread aborted" not in log

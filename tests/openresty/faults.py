"""The fault server of tests/faults, and a client in nginx that meets its faults."""

import json
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

from nginx import ROOT, Nginx, running

TIMEOUT_MS = 600
CLIENT = r"""
local cjson = require "cjson"
local safe = require "wxidcard.safe"
local calls, clients = {}, {}

local function client_of(arguments)
    local key = arguments.base .. (arguments.timeout or "")
    clients[key] = clients[key] or assert(safe.new{
        access_token = "canary_token", base_url = arguments.base, connect_timeout = 500,
        timeout = tonumber(arguments.timeout), max_retries = tonumber(arguments.retries) or 0,
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
    ngx.update_time()
    local began = ngx.now()
    local card, message, err = client_of(arguments):recognize{ img = picture }
    ngx.update_time()
    local outcome = { elapsed_ms = (ngx.now() - began) * 1000, message = message }
    if card then
        outcome.right = card.image_crc32 == ngx.crc32_long(picture)
    else
        outcome.kind, outcome.http_status = err.kind, err.http_status
    end
    return outcome
end

-- Calls one after the other, with pauses; of the first few with longer ones.
function calls.series(arguments)
    local outcomes = {}
    for number = 1, tonumber(arguments.calls) do
        outcomes[number] = one(arguments, number)
        local pause = number <= 3 and arguments.first_pauses or arguments.pause
        if pause and pause ~= "0" then
            ngx.sleep(tonumber(pause) / 1000)
        end
    end
    return cjson.encode(outcomes)
end

-- Calls at once, in threads of one request.
function calls.at_once(arguments)
    local threads, outcomes = {}, {}
    for number = 1, tonumber(arguments.calls) do
        threads[number] = ngx.thread.spawn(one, arguments, number)
    end
    for number, thread in ipairs(threads) do
        local _, outcome = ngx.thread.wait(thread)
        outcomes[number] = outcome
    end
    return cjson.encode(outcomes)
end

return calls
"""
LOCATIONS = """
location /series { content_by_lua_block {
    ngx.print(require("calls").series(ngx.req.get_uri_args()))
} }
location /at-once { content_by_lua_block {
    ngx.print(require("calls").at_once(ngx.req.get_uri_args()))
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


@dataclass(frozen=True)
class FaultServer:
    """Addresses by name: "http", "https", "chain", "self-signed" …, and "ca", a file."""

    words: dict[str, str]

    def base(self, fault: str, word: str = "http") -> str:
        """A base URL; by name, since nginx compares names with certificates, and no addresses."""
        return self.words[word].replace("127.0.0.1", "localhost") + f"/fault/{fault}"

    def _control(self, what: str, data: bytes | None = None) -> Any:
        with urlopen(f"{self.words['http']}/control/{what}", data) as reply:
            return json.load(reply)

    def seen(self, key: str) -> dict[str, int]:
        counted: dict[str, int] = self._control(f"counters/{key}")
        return counted

    def reset(self) -> None:
        self._control("reset", b"")


@contextmanager
def fault_server() -> Iterator[FaultServer]:
    with subprocess.Popen(
        [sys.executable, ROOT / "tests/faults/server.py"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            http, https, *named = process.stdout.readline().split()[2:]
            words = dict(word.split("=", 1) for word in named)
            yield FaultServer({"http": http, "https": https, **words})
        finally:
            process.terminate()


class Caller:
    """Makes calls inside nginx; each outcome has right, or kind and message."""

    def __init__(self, nginx: Nginx, server: FaultServer) -> None:
        self.nginx = nginx
        self.server = server

    def _ask(self, what: str, **arguments: object) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={quote(str(value))}" for name, value in arguments.items())
        outcomes: list[dict[str, Any]] = json.loads(self.nginx.get(f"/{what}?{query}"))
        return outcomes

    def series(
        self, fault: str, calls: int = 1, length: int = 2000, word: str = "http", **more: object
    ) -> list[dict[str, Any]]:
        base = self.server.base(fault, word)
        return self._ask("series", base=base, calls=calls, length=length, **more)

    def at_once(self, fault: str, calls: int, length: int = 2000) -> list[dict[str, Any]]:
        return self._ask("at-once", base=self.server.base(fault), calls=calls, length=length)


@contextmanager
def caller(folder: pathlib.Path, server: FaultServer) -> Iterator[Caller]:
    (folder / "calls.lua").write_text(CLIENT, encoding="utf-8")
    with running(folder, LOCATIONS, HTTP.format(ca=server.words["ca"])) as nginx:
        yield Caller(nginx, server)
        log = (folder / "error.log").read_text(encoding="utf-8", errors="replace")
        assert "canary" not in log and "lua entry thread aborted" not in log

"""Where wxidcard works inside nginx: in every phase that has sockets, in threads of a request, in
timers and in worker threads; and what it says elsewhere."""

import http.server
import pathlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest
from faults import Caller, wait_until
from nginx import Nginx, running

CARD = b'{"errcode":0,"errmsg":"ok","type":"Back","valid_date":"20070105-20270105"}'
TOKEN = b'{"access_token":"canary-token","expires_in":7200}'
GOOD = "Back 20070105-20270105, libcurl: false"

HTTP = """
lua_shared_dict seen 1m;
init_by_lua_block {{
    require("attempt").url = "http://127.0.0.1:{port}"
    require("attempt").note("init")
    require("attempt").prepare()
}}
init_worker_by_lua_block {{
    require("attempt").note("init_worker")
    ngx.timer.at(0, function() require("attempt").note("timer") end)
}}
upstream balanced {{
    server 127.0.0.1:1;
    balancer_by_lua_block {{ require("attempt").note("balancer") ngx.exit(502) }}
}}
"""
LOCATIONS = """
location /rewrite {{
    rewrite_by_lua_block {{ ngx.print(require("attempt").attempt()) ngx.exit(200) }}
}}
location /access {{
    access_by_lua_block {{ ngx.print(require("attempt").attempt()) ngx.exit(200) }}
}}
location /content {{ content_by_lua_block {{ ngx.print(require("attempt").attempt()) }} }}
location /early {{ content_by_lua_block {{ ngx.print(require("attempt").early()) }} }}
location /safe {{
    content_by_lua_block {{ ngx.print(require("attempt").attempt("wxidcard.safe")) }}
}}
location /made {{
    content_by_lua_block {{ ngx.print(require("attempt").made(ngx.req.get_uri_args())) }}
}}
location /light-thread {{ content_by_lua_block {{
    local thread = ngx.thread.spawn(require("attempt").attempt)
    local _, said = ngx.thread.wait(thread)
    ngx.print(said)
}} }}
location /coroutine {{ content_by_lua_block {{
    ngx.print(coroutine.wrap(function() return require("attempt").attempt() end)())
}} }}
location /passed {{
    set_by_lua_block $said {{ require("attempt").note("set") return "" }}
    header_filter_by_lua_block {{ require("attempt").note("header_filter") }}
    body_filter_by_lua_block {{ require("attempt").note("body_filter") }}
    log_by_lua_block {{ require("attempt").note("log") }}
    return 200 "passed";
}}
location /balanced {{ proxy_pass http://balanced; error_page 502 500 504 =200 /noted; }}
location /noted {{
    content_by_lua_block {{
        ngx.print(ngx.shared.seen:get(ngx.req.get_uri_args().phase or "balancer"))
    }}
}}
location /thread {{ content_by_lua_block {{
    local ran, outcome = ngx.run_worker_thread("recognition", "attempt", ngx.var.arg_what,
                                               "http://127.0.0.1:{port}")
    ngx.print(tostring(outcome))
}} }}
"""

ATTEMPT = r"""
local attempt = {}

-- Whether libcurl came into the process.
local function has_libcurl()
    local maps = io.open("/proc/self/maps")
    local found = maps:read("*a"):find("libcurl", 1, true)
    maps:close()
    return tostring(package.loaded["wxidcard.curl"] ~= nil or found ~= nil)
end

-- What a recognition says here.
function attempt.attempt(name)
    local client = require(name or "wxidcard").new{
        access_token = "canary", base_url = attempt.url,
    }
    local ok, card = pcall(client.recognize, client, { img = "\255\216\255\224invented" })
    local said = ok and card.type .. " " .. card.valid_date or tostring(card)
    return said .. ", libcurl: " .. has_libcurl()
end

local early

-- A client before the workers are there, which each of them has a copy of.
function attempt.prepare()
    early = require("wxidcard").new{
        appid = "wx_early", secret = "canary", base_url = attempt.url,
    }
end

function attempt.early()
    return early:recognize{ img = "\255\216\255\224invented" }.type
end

-- What is said of settings when a client is made.
function attempt.made(settings)
    settings.access_token = "canary"
    settings.transport = settings.own and function() return { status = 200, body = "{}" } end
    settings.own = nil
    local ran, problem = pcall(require("wxidcard.safe").new, settings)
    return ran and "made" or problem
end

-- What a recognition says here, kept for later.
function attempt.note(phase)
    ngx.shared.seen:set(phase, attempt.attempt())
end

local function recognize(settings)
    local client = require("wxidcard").new(settings)
    local card = client:recognize{ img = "\255\216\255\224invented" }
    client:close()
    return card.type .. " " .. card.valid_date
end

function attempt.in_a_thread(url)
    return recognize{ access_token = "invented", base_url = url }
end

-- A client for each call, as a thread has a Lua of its own for each; the token is the process's.
function attempt.with_an_account(url)
    return recognize{ appid = "wx_invented", secret = "canary-secret", base_url = url }
end

return attempt
"""


class Service(http.server.BaseHTTPRequestHandler):
    fetches: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        is_fetch = self.path.startswith("/cgi-bin/")
        if is_fetch:
            self.fetches.append(self.path)
        body = TOKEN if is_fetch else CARD
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def service_port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def nginx(tmp_path: pathlib.Path, service_port: int) -> Iterator[Nginx]:
    (tmp_path / "attempt.lua").write_text(ATTEMPT)
    locations, http_part = (text.format(port=service_port) for text in (LOCATIONS, HTTP))
    with running(tmp_path, locations, http_part) as started:
        yield started
        assert "canary" not in (tmp_path / "error.log").read_text()


@pytest.mark.parametrize(
    "phase", ["rewrite", "access", "content", "safe", "light-thread", "coroutine"]
)
def test_where_there_are_sockets_it_recognises(nginx: Nginx, phase: str) -> None:
    assert nginx.get(f"/{phase}") == GOOD


def test_a_client_may_be_made_before_the_workers(nginx: Nginx) -> None:
    assert [nginx.get("/early") for _ in range(3)] == ["Back"] * 3


def test_in_a_timer_it_recognises(nginx: Nginx) -> None:
    wait_until(lambda: nginx.get("/noted?phase=timer") == GOOD)


@pytest.mark.parametrize(
    ("setting", "instead"),
    [("ca_file=/etc/ca.pem", "lua_ssl_trusted_certificate"), ("proxy=http://proxy", "a transport")],
)
def test_what_is_not_for_nginx_is_refused(nginx: Nginx, setting: str, instead: str) -> None:
    """But for a transport of the caller's, which may heed it."""
    name = setting.partition("=")[0]
    said = nginx.get(f"/made?{setting}")
    assert f"{name} is not for nginx" in said and instead in said
    assert nginx.get(f"/made?{setting}&own=yes") == "made"


@pytest.mark.parametrize(
    "phase", ["set", "header_filter", "body_filter", "log", "balancer", "init", "init_worker"]
)
def test_where_there_are_none_it_says_so(nginx: Nginx, phase: str) -> None:
    nginx.get("/balanced" if phase == "balancer" else "/passed")
    wait_until(lambda: nginx.get(f"/noted?phase={phase}") != "nil")
    said = nginx.get(f"/noted?phase={phase}")
    assert f"wxidcard cannot send from {phase}: nginx gives no sockets there" in said
    assert "ngx.timer.at" in said
    assert said.endswith("libcurl: false")


def test_the_worker_goes_on_meanwhile(fresh_calls: Caller) -> None:
    """While a call waits for an answer that never comes, the same worker answers others."""
    with ThreadPoolExecutor(1) as pool:
        fresh_calls.server.reset()
        waiting = pool.submit(fresh_calls.series, "never-answers", timeout=3000)
        wait_until(lambda: fresh_calls.server.seen("never-answers")["posts_whole"] == 1)
        assert fresh_calls.nginx.get("/ping") == "pong"
        assert not waiting.done()
        assert waiting.result()[0]["kind"] == "timeout"


def test_worker_threads_have_libcurl(nginx: Nginx) -> None:
    assert nginx.get("/thread?what=in_a_thread") == "Back 20070105-20270105"
    # Loaded by the thread's own Lua, in this process; the event loop goes on without it.
    assert nginx.get("/content") == GOOD.replace("false", "true")


def test_worker_threads_share_a_token(nginx: Nginx) -> None:
    Service.fetches.clear()
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(nginx.get, ["/thread?what=with_an_account"] * 40))
    assert said == ["Back 20070105-20270105"] * 40
    assert Service.fetches == ["/cgi-bin/stable_token"]

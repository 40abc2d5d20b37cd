"""Inside nginx wxidcard must not block: the event loop refuses, a worker thread may."""

import http.server
import pathlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest
from nginx import Nginx, running

CARD = b'{"errcode":0,"errmsg":"ok","type":"Back","valid_date":"20070105-20270105"}'
TOKEN = b'{"access_token":"canary-token","expires_in":7200}'

HTTP = """
init_worker_by_lua_block {
    ngx.timer.at(0, function() ngx.shared.seen:set("timer", require("attempt").attempt()) end)
}
lua_shared_dict seen 1m;
"""
LOCATIONS = """
location /content {{ content_by_lua_block {{ ngx.print(require("attempt").attempt()) }} }}
location /access {{
    access_by_lua_block {{ ngx.print(require("attempt").attempt()) ngx.exit(200) }}
}}
location /safe {{
    content_by_lua_block {{ ngx.print(require("attempt").attempt("wxidcard.safe")) }}
}}
location /timer {{
    content_by_lua_block {{
        for _ = 1, 200 do
            local said = ngx.shared.seen:get("timer")
            if said then return ngx.print(said) end
            ngx.sleep(0.01)
        end
    }}
}}
location /thread {{
    content_by_lua_block {{
        local ran, outcome = ngx.run_worker_thread("recognition", "attempt", "in_a_thread",
                                                   "http://127.0.0.1:{port}")
        ngx.print(tostring(outcome))
    }}
}}
location /account {{
    content_by_lua_block {{
        local ran, outcome = ngx.run_worker_thread("recognition", "attempt",
                                                   "with_an_account",
                                                   "http://127.0.0.1:{port}")
        ngx.print(tostring(outcome))
    }}
}}
"""

ATTEMPT = r"""
local attempt = {}

-- What a recognition says here, and whether libcurl came into the process.
function attempt.attempt(name)
    local client = require(name or "wxidcard").new{ access_token = "invented" }
    local ok, problem = pcall(client.recognize, client, { img = "\255\216\255\224invented" })
    local maps = io.open("/proc/self/maps")
    local libcurl = maps:read("*a"):find("libcurl", 1, true)
    maps:close()
    return table.concat({
        tostring(client), tostring(ok), tostring(problem),
        "curl: " .. tostring(package.loaded["wxidcard.curl"] ~= nil or libcurl ~= nil),
    }, "\n")
end

function attempt.in_a_thread(url)
    local client = require("wxidcard").new{ access_token = "invented", base_url = url }
    local card = client:recognize{ img = "\255\216\255\224invented" }
    client:close()
    return card.type .. " " .. card.valid_date
end

-- A client for each call, as a thread has a Lua of its own for each; the token is the process's.
function attempt.with_an_account(url)
    local client = require("wxidcard").new{
        appid = "wx_invented", secret = "canary-secret", base_url = url,
    }
    local card = client:recognize{ img = "\255\216\255\224invented" }
    client:close()
    return card.type .. " " .. card.valid_date
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
    with running(tmp_path, LOCATIONS.format(port=service_port), HTTP) as started:
        yield started


@pytest.mark.parametrize("phase", ["content", "access", "timer", "safe"])
def test_event_loop_refuses(nginx: Nginx, phase: str) -> None:
    client, ok, message, curl = nginx.get(f"/{phase}").split("\n")
    assert client == "wxidcard.client (access_token, https://api.weixin.qq.com)"
    assert ok == "false"
    assert "cannot recognise inside nginx" in message
    assert "another process" in message
    assert "ngx.run_worker_thread" in message
    assert curl == "curl: false"


def test_worker_thread_recognises(nginx: Nginx) -> None:
    assert nginx.get("/thread") == "Back 20070105-20270105"
    assert "curl: true" in nginx.get("/content")  # loaded by the thread's own Lua, in this process
    assert "cannot recognise inside nginx" in nginx.get("/content")


def test_worker_threads_share_a_token(nginx: Nginx) -> None:
    Service.fetches.clear()
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(nginx.get, ["/account"] * 40))
    assert said == ["Back 20070105-20270105"] * 40
    assert Service.fetches == ["/cgi-bin/stable_token"]
    assert "canary" not in (nginx.prefix / "error.log").read_text()

"""TLS inside nginx: who cannot show who it is gets no byte of a request."""

import http.server
import socket
import threading
from pathlib import Path

import pytest
from faults import CLIENT, HTTP, LOCATIONS, Caller
from nginx import running

from fault_server import FaultServer

CARD = b'{"errcode":0,"errmsg":"ok","type":"Back"}'


@pytest.mark.parametrize("word", ["https", "chain"])
def test_the_right_certificate_is_accepted(fresh_calls: Caller, word: str) -> None:
    """Of "chain" an intermediate authority stands between the certificate and the one trusted."""
    assert all(outcome.get("right") for outcome in fresh_calls.series("ok", 3, word=word))
    assert fresh_calls.server.seen("ok")["posts_whole"] >= 3


@pytest.mark.parametrize(
    ("word", "phrase"),
    [
        ("self-signed", "no trusted authority"),
        ("wrong-host", "another host"),
        ("expired", "expired"),
        ("tls11", "handshake"),
        ("plain", "handshake"),
    ],
)
def test_wrong_certificates_are_refused(calls: Caller, word: str, phrase: str) -> None:
    calls.server.reset()
    (met,) = calls.series("ok", word=word, retries=2)
    # nginx's module may lose what was wrong with a certificate that is refused without any wait.
    said = phrase in met["message"] or "was not accepted" in met["message"]
    assert (met.get("kind"), said) == ("tls", True), met
    seen = calls.server.seen(f"listener/{word}")
    assert (seen["bytes"], seen["connections"]) == (0, 1)


def test_the_directive_that_is_missing_is_named(server: FaultServer, tmp_path: Path) -> None:
    """nginx by itself trusts nobody."""
    (tmp_path / "calls.lua").write_text(CLIENT, encoding="utf-8")
    with running(tmp_path, LOCATIONS, "lua_socket_log_errors off;") as nginx:
        (met,) = Caller(nginx, server).series("ok", word="https")
    assert (met.get("kind"), "lua_ssl_trusted_certificate" in met["message"]) == ("tls", True), met


class Service(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(CARD)))
        self.end_headers()
        self.wfile.write(CARD)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class SixServer(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


@pytest.mark.parametrize("host", ["localhost", "[::1]"])
def test_hosts_that_need_no_resolver(tmp_path: Path, server: FaultServer, host: str) -> None:
    """Somebody listens on ::1 only."""
    (tmp_path / "calls.lua").write_text(CLIENT, encoding="utf-8")
    with (
        SixServer(("::1", 0), Service) as service,
        running(tmp_path, LOCATIONS, HTTP.format(ca=server.words["ca"])) as nginx,
    ):
        threading.Thread(target=service.serve_forever, daemon=True).start()
        met = Caller(nginx, server).series_at(f"http://{host}:{service.server_port}", 2)
        service.shutdown()
    assert [outcome.get("right") for outcome in met] == [False, False]  # a card, which is no echo


def test_a_name_needs_a_resolver(calls: Caller) -> None:
    (met,) = calls.series_at("https://service.invalid")
    assert (met.get("kind"), "nginx has no resolver" in met["message"]) == ("connect", True), met

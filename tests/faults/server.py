"""The fault server: misbehaves as the base URL's path asks for.

    python3 tests/faults/server.py

prints one line, with addresses that a test splits at blanks and at "=":

    fault server: http://127.0.0.1:PORT https://127.0.0.1:PORT ca=FILE self-signed=https://… …

and serves until it is killed or the process that started it ends. A client with the base URL
http://127.0.0.1:PORT/fault/NAME meets the fault NAME (python3 server.py --list);
.../fault/NAME/first-2 meets it in its first two POSTs and is served well afterwards;
.../fault/NAME/first-2/then-OTHER meets the fault OTHER afterwards.
.../fault/as-told meets with each picture the fault that the picture names (told.py).
GET /control/counters tells what was seen, by the part between /fault/ and /cv/;
GET /control/counters/NAME... one of them; POST /control/reset forgets it all.

Standard library only; a thread for each connection.
"""

import os
import signal
import socket
import ssl
import sys
import tempfile
import threading
import time
import warnings

import certificates
import control
import faults_body
import faults_head
import faults_reply
import faults_reuse
import faults_status
import faults_upload
import tokens
import told
from counters import Counters
from wire import Connection, Gone

FAULTS = {}
for module in (
    faults_body, faults_head, faults_reply, faults_reuse, faults_status, faults_upload, tokens
):  # fmt: skip
    FAULTS.update(module.FAULTS)


def find_fault(key, number):
    """The function for a key; number: of the POST, from 1."""
    name, _, rest = key.partition("/first-")
    first, _, other = rest.partition("/then-")
    if first and number > int(first):
        name = other or "ok"
    if name in FAULTS:
        return FAULTS[name]
    return faults_status.with_parameter(name)


FAULTS["as-told"] = told.as_told(find_fault)


class Server:
    def __init__(self):
        self.counters = Counters()
        self.listeners = []

    def listen(self, label, context=None, window=65536, address="127.0.0.1"):
        listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A small window: nothing happens in mid-upload when the system has it all already.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        listener.bind((address, 0))
        listener.listen(512)
        self.listeners.append(listener)
        threading.Thread(target=self.accept, args=(listener, label, context), daemon=True).start()
        return listener.getsockname()[1]

    def accept(self, listener, label, context):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            self.counters.add("listener/" + label, connections=1)
            threading.Thread(
                target=self.serve_safely, args=(sock, label, context), daemon=True
            ).start()

    def serve_safely(self, sock, label, context):
        self.counters.add("listener/" + label, open=1)
        connection = Connection(sock, label, self.counters)
        try:
            if label == "plain":
                self.serve_plain(connection)
                return
            if label == "silent":
                connection.wait_until_gone()
                return
            if context is not None:
                connection.start_tls(context)
            self.serve(connection)
        except (Gone, OSError):
            pass
        finally:
            connection.finish()
            self.counters.add("listener/" + label, open=-1)

    def serve_plain(self, connection):
        """What comes here is a TLS handshake (22), or else HTTP that should not have come."""
        first = connection.sock.recv(65536)
        if not first.startswith(b"\x16"):
            self.counters.add("listener/plain", bytes=len(first))
        connection.reply(400, b"speak plainly", close=True)

    def serve(self, connection):
        keep = True
        while keep:
            request = connection.read_head()
            if request is None:
                return
            if request.target.startswith("/control/"):
                keep = control.answer(connection, request, self.counters)
                continue
            key = request.key()
            connection.belongs_to(key)
            number = self.counters.begin(key, request.method)
            fault = find_fault(key, number)
            if fault is None:
                connection.reply(404, b"no such fault")
                return
            keep = fault(connection, request)


def tls_listeners(server, folder):
    made = certificates.make(folder)
    words = []
    for label, (certificate, key) in made.items():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        port = server.listen(label, context)
        words.append((label, f"https://127.0.0.1:{port}"))
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.load_cert_chain(*made["https"])
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1_1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    ticketless = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ticketless.load_cert_chain(*made["https"])
    ticketless.num_tickets = 0  # no session of it is begun again
    words.append(("ticketless", f"https://127.0.0.1:{server.listen('ticketless', ticketless)}"))
    words.append(("tls11", f"https://127.0.0.1:{server.listen('tls11', old)}"))
    words.append(("plain", f"https://127.0.0.1:{server.listen('plain')}"))
    words.append(("silent", f"https://127.0.0.1:{server.listen('silent')}"))
    return words


def first_line(server, folder):
    """http first, then https, then the rest by name."""
    http = server.listen("http")
    words = dict(tls_listeners(server, folder))
    https = words.pop("https")
    words["other"] = f"http://127.0.0.1:{server.listen('other')}"
    words["narrow"] = f"http://127.0.0.1:{server.listen('narrow', window=2048)}"
    words["six"] = f"http://localhost:{server.listen('six', address='::1')}"
    faults_status.OTHER_HOST[0] = words["other"]
    words["ca"] = os.path.join(folder, "ca.pem")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        words["closed"] = f"http://127.0.0.1:{unused.getsockname()[1]}"
    named = " ".join(f"{label}={value}" for label, value in words.items())
    return f"fault server: http://127.0.0.1:{http} {https} {named}"


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(sorted(FAULTS) + faults_status.PATTERNS))
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="wxidcard-faults-") as folder:
        print(first_line(Server(), folder), flush=True)
        parent = os.getppid()
        while os.getppid() == parent:  # a test that died must not leave a server behind
            time.sleep(0.2)


if __name__ == "__main__":
    main()

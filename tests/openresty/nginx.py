"""A real nginx with its Lua module and a pool of threads, for one test."""

import http.client
import os
import pathlib
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = pathlib.Path("/usr/lib/nginx/modules")
LUA_CPATH = os.environ.get("LUA_CPATH", f"{ROOT}/build/lua/5.1/?.so;;")

CONFIGURATION = """
load_module {modules}/ndk_http_module.so;
load_module {modules}/ngx_http_lua_module.so;
daemon off;
worker_processes {workers};
pid {prefix}/pid;
error_log {prefix}/error.log info;
{user}
{main}
thread_pool recognition threads=2;
events {{ {events} }}
http {{
    access_log off;
    client_max_body_size 16m;
    client_body_buffer_size 16m;
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    lua_package_path '{prefix}/?.lua;{root}/bindings/lua/lua/?.lua;;';
    lua_package_cpath '{cpath}';
    {http}
    server {{
        listen unix:{prefix}/socket;
        {locations}
    }}
}}
"""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket in the file system, which needs no port."""

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Nginx:
    """A server that runs; its files are in ``prefix``."""

    def __init__(self, prefix: pathlib.Path, process: subprocess.Popen[bytes]) -> None:
        self.prefix = prefix
        self.process = process

    def log(self) -> str:
        return (self.prefix / "error.log").read_text(encoding="utf-8", errors="replace")

    def worker(self) -> int:
        """The process of its one worker."""
        self.get("/ping")  # the master listens before there is a worker
        master = (self.prefix / "pid").read_text().strip()
        return int(pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split()[0])

    def get(self, target: str) -> str:
        return self.send("GET", target).decode()

    def send(self, method: str, target: str, body: bytes | None = None) -> bytes:
        connection = UnixConnection(self.prefix / "socket")
        connection.request(method, target, body)
        reply = connection.getresponse()
        answer = reply.read()
        connection.close()
        assert reply.status == 200, self.log()
        return answer


@contextmanager
def running(
    prefix: pathlib.Path,
    locations: str,
    http: str = "",
    main: str = "",
    workers: int = 1,
    output: int | None = None,
    events: str = "",
) -> Iterator[Nginx]:
    """Start one in a folder, whose Lua files it finds, with these parts of its configuration.

    ``output`` is what subprocess takes for its standard output.
    """
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = prefix / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(
            modules=MODULES,
            prefix=prefix,
            root=ROOT,
            cpath=LUA_CPATH,
            user=user,
            main=main,
            workers=workers,
            events=events,
            http=http,
            locations=locations,
        )
    )
    with subprocess.Popen(
        ["nginx", "-p", prefix, "-e", prefix / "error.log", "-c", configuration], stdout=output
    ) as process:
        try:
            # The master listens before it starts the workers, and a connection waits for them.
            while process.poll() is None and not can_connect(prefix / "socket"):
                os.sched_yield()
            assert process.poll() is None, (prefix / "error.log").read_text()
            yield Nginx(prefix, process)
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a nginx. One without a master looks for signals before it waits for events: it sleeps on
    one that comes in between, and wakes by the next."""
    process.terminate()
    while True:
        try:
            process.wait(1)
            return
        except subprocess.TimeoutExpired:
            process.terminate()


def can_connect(path: pathlib.Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0

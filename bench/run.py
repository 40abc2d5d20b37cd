"""Processor time a call: libcurl alone, wxidcard from C and from Python, and requests.

A nginx on loopback answers with a card and keeps connections; each call uploads the same 200 KB.
The four run in turn, round after round, so that a machine that is slower for a while is so for all
of them; ratios are taken within a round. Wants `make build` before; `make bench` does both.
"""

import argparse
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parent / "build"
MODULES = "/usr/lib/nginx/modules"

# The body is read before the answer goes out: an answer to half a picture would be none.
NGINX = """
load_module {modules}/ndk_http_module.so;
load_module {modules}/ngx_http_lua_module.so;
daemon off; worker_processes 1; pid {folder}/nginx.pid; {user}
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; client_max_body_size 8m; client_body_buffer_size 1m; keepalive_requests 100000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      default_type application/json;
      content_by_lua_block {{
        ngx.req.read_body()
        local reply = '{reply}'
        ngx.header["Content-Length"] = #reply
        ngx.print(reply)
      }}
    }}
  }}
}}
"""
REPLY = json.dumps(
    {
        "errcode": 0,
        "errmsg": "ok",
        "type": "Front",
        "name": "张三",
        "id": "11010519491231002X",
        "addr": "北京市朝阳区某路1号",
        "gender": "女",
        "nationality": "汉",
    },
    ensure_ascii=False,
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_listening(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if server.poll() is not None:
            sys.exit("nginx ended at once: is it installed, with its Lua module?")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit("nginx does not listen")


@contextmanager
def nginx(folder: pathlib.Path) -> Iterator[str]:
    port = free_port()
    configuration = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(
        NGINX.format(modules=MODULES, folder=folder, port=port, reply=REPLY, user=user),
        encoding="utf-8",
    )
    command = [
        "nginx",
        "-p",
        str(folder),
        "-e",
        str(folder / "error.log"),
        "-c",
        str(configuration),
    ]
    server = subprocess.Popen(command)
    try:
        wait_until_listening(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def compile_program(name: str, folder: pathlib.Path, *flags: str) -> str:
    program = str(folder / name)
    command = ["cc", "-O2", "-o", program, str(HERE / f"{name}.c"), *flags, "-lcurl"]
    subprocess.run(command, check=True)
    return program


def contenders(folder: pathlib.Path) -> dict[str, list[str]]:
    include = f"-I{HERE.parent / 'core' / 'include'}"
    library = [f"-L{BUILD}", "-lwxidcard", f"-Wl,-rpath,{BUILD}"]
    python = [sys.executable, str(HERE / "python_client.py")]
    return {
        "libcurl alone, C": [compile_program("plain_loop", folder)],
        "wxidcard, C": [compile_program("c_client", folder, include, *library)],
        "wxidcard, Python": [*python, "wxidcard"],
        "requests, Python": [*python, "requests"],
    }


def run(command: list[str], url: str, picture: pathlib.Path, calls: int) -> dict[str, float]:
    done = subprocess.run([*command, url, str(picture), str(calls)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command} failed:\n{done.stderr}{done.stdout}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def show(rounds: dict[str, list[dict[str, float]]], calls: int, bases: dict[str, str]) -> None:
    """Print what a call costs; bases: the contender of each column of ratios, by its heading."""
    count = len(next(iter(rounds.values())))
    table = Table(title=f"Processor time a call, 200 KB, median of {count} rounds of {calls} calls")
    for heading in ("", "processor µs", "least - most", *bases, "wall µs"):
        table.add_column(heading, justify="left" if not heading else "right")

    def ratio(name: str, base: str) -> str:
        pairs = zip(rounds[name], rounds[base], strict=True)
        return f"{statistics.median(a['processor_us'] / b['processor_us'] for a, b in pairs):.2f}"

    for name, figures in rounds.items():
        times = [figure["processor_us"] for figure in figures]
        table.add_row(
            name,
            f"{statistics.median(times):.0f}",
            f"{min(times):.0f} - {max(times):.0f}",
            *(ratio(name, base) for base in bases.values()),
            f"{statistics.median(figure['wall_us'] for figure in figures):.0f}",
        )
    Console(width=110).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--calls", type=int, default=1000, help="in each round, of each contender")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wxidcard-bench-") as name:
        folder = pathlib.Path(name)
        picture = folder / "picture.jpg"
        picture.write_bytes(b"\xff\xd8\xff\xe0" + os.urandom(200_000 - 4))
        commands = contenders(folder)
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
        with nginx(folder) as url:
            for _ in range(arguments.rounds):
                for contender, command in commands.items():
                    rounds[contender].append(run(command, url, picture, arguments.calls))
        bases = {"of libcurl": "libcurl alone, C", "of requests": "requests, Python"}
        show(rounds, arguments.calls, bases)


if __name__ == "__main__":
    main()

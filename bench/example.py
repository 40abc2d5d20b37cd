"""The example application under load: other people's pictures, 200 at once, for 30 seconds.

wrk sends forms with a picture of 200 KB to examples/openresty, which has them recognised by a nginx
on loopback that answers at once. Every answer must be 200. Wants `make build` before; `make bench`
does both.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from run import nginx

ROOT = pathlib.Path(__file__).resolve().parents[1]
FORM = r"""
local picture = "\255\216\255\224" .. ("x"):rep(200000)
wrk.method = "POST"
wrk.headers["Content-Type"] = "multipart/form-data; boundary=picture"
wrk.body = "--picture\r\nContent-Disposition: form-data; name=\"img\"; filename=\"a.jpg\"\r\n"
    .. "Content-Type: image/jpeg\r\n\r\n" .. picture .. "\r\n--picture--\r\n"
"""


@contextmanager
def example(service: str) -> Iterator[str]:
    """The application's address; it asks a service for everything."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("WXIDCARD_")},
        "WXIDCARD_ACCESS_TOKEN": "invented",
        "WXIDCARD_BASE_URL": service,
    }
    command = [ROOT / "examples/openresty/serve", "--port", "0"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True
    ) as application:
        try:
            assert application.stdout is not None
            yield application.stdout.readline().split()[-1]
        finally:
            application.terminate()


def figure(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else "0"


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--at-once", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wxidcard-bench-") as name:
        folder = pathlib.Path(name)
        form = folder / "form.lua"
        form.write_text(FORM, encoding="utf-8")
        with nginx(folder) as service, example(service) as url:
            command = ["wrk", "-t2", f"-c{options.at_once}", f"-d{options.seconds}s", "--latency"]
            command += ["--timeout", "10s", "-s", str(form), f"{url}idcard"]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    others = int(figure(said, r"Non-2xx or 3xx responses: (\d+)"))
    broken = sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", said)))
    table = Table(title=f"{options.at_once} at once, for {options.seconds} s")
    for column in ("requests", "a second", "50 %", "99 %", "not 200", "broken off"):
        table.add_column(column, justify="right")
    table.add_row(
        figure(said, r"(\d+) requests in"),
        figure(said, r"Requests/sec:\s+([\d.]+)"),
        figure(said, r"50%\s+(\S+)"),
        figure(said, r"99%\s+(\S+)"),
        str(others),
        str(broken),
    )
    Console().print(table)
    answered = int(figure(said, r"(\d+) requests in"))
    return 0 if answered > 0 and others == broken == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

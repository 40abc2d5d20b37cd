#!/usr/bin/env python3
"""Runs specs of tests/lua, all of them by default, inside nginx, and prints their TAP.

inside.lua is the part of it that runs there. nginx is one process, without a master, for a crash to
end it and not to start it anew. The exit status is 0 when the run came to its end; whether tests
failed says the TAP alone.
"""

import argparse
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading

from nginx import ROOT, Nginx, running

HERE = pathlib.Path(__file__).resolve().parent
# What specs and the programs that they start need of the environment; nginx takes the rest away.
SANITIZERS = ("LD_PRELOAD", "ASAN_OPTIONS", "UBSAN_OPTIONS")
VARIABLES = ("PATH", "LUA_PATH", "LUA_CPATH", "WXIDCARD_VECTOR_COUNTS", *SANITIZERS)
MAIN = "master_process off;\n" + "".join(f"env {name};\n" for name in VARIABLES)
HTTP = """
init_by_lua_block {{
    {first}
    package.path = "{root}/tests/lua/?.lua;{root}/tests/lua/?/init.lua;{here}/?.lua;"
        .. package.path
    require "inside"
}}
init_worker_by_lua_block {{ require("inside").start() }}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("specs", nargs="*", type=pathlib.Path)
    parser.add_argument("--jit-off", action="store_true", help="without LuaJIT's compiler")
    parser.add_argument("--seed", type=int, default=random.getrandbits(31), help="of the order")
    parser.add_argument("--seconds", type=float, default=120, help="after which nginx is ended")
    parser.add_argument("--exclusions", type=pathlib.Path, default=HERE / "exclusions.lua")
    options = parser.parse_args()
    specs = options.specs or sorted((ROOT / "tests/lua").glob("*_spec.lua"))
    run = {
        "specs": [str(path.resolve()) for path in specs],
        "exclusions": str(options.exclusions.resolve()),
        "compiler": not options.jit_off,
        "seed": options.seed,
    }
    http = HTTP.format(root=ROOT, here=HERE, first="jit.off()" if options.jit_off else "")
    with tempfile.TemporaryDirectory() as folder:
        prefix = pathlib.Path(folder)
        (prefix / "run.json").write_text(json.dumps(run))
        with running(prefix, "", http, MAIN, output=subprocess.PIPE) as nginx:
            is_whole = print_tap(nginx, options.seconds)
        if not is_whole:
            print("nginx did not come to the end of the run:", nginx.log()[-4000:], file=sys.stderr)
            return 1
        return 0 if print_tap_of_log(nginx.log()) else 1


def print_tap(nginx: Nginx, seconds: float) -> bool:
    """Print what comes up to the plan, which is the end; say whether it came."""
    assert nginx.process.stdout is not None
    timer = threading.Timer(seconds, nginx.process.kill)
    timer.start()
    try:
        for line in nginx.process.stdout:
            print(line.decode(errors="replace"), end="", flush=True)
            if line.startswith(b"Bail out!"):
                return False
            if re.fullmatch(rb"1\.\.\d+\n", line):
                return True
        return False
    finally:
        timer.cancel()


def print_tap_of_log(log: str) -> bool:
    """Print another group of TAP, on what nginx wrote to its log."""
    alerts = re.findall(r"^.*\[(?:alert|crit|emerg)\].*$", log, re.MULTILINE)
    results = {
        "nginx logged no secret": "canary" not in log,
        "nginx logged no alert": not alerts,
    }
    for number, (name, is_good) in enumerate(results.items(), 1):
        print("ok" if is_good else "not ok", number, f"- {name}")
    print(*(f"# {alert}" for alert in alerts), f"1..{len(results)}", sep="\n")
    return all(results.values())


if __name__ == "__main__":
    sys.exit(main())

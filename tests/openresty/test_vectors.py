"""Every vector gives inside nginx what it gives in plain Lua, byte for byte.

What comes of the vectors stays in files and is not shown: only the names of cases that differ are.
"""

import json
import os
import pathlib
import subprocess
from collections.abc import Iterator

import pytest
from nginx import ROOT, running

TESTS = ROOT / "tests/lua"
FILES = ("replies", "tokens", "requests", "numbers", "cards", "masks")
LUA_PATH = f"{TESTS}/?.lua;{TESTS}/?/init.lua;{ROOT}/bindings/lua/lua/?.lua;;"
OUTCOMES = "require('support.outcomes')('{url}')"
HTTP = "init_by_lua_block {{ {first} package.path = '{path}' .. package.path }}"
LOCATIONS = """
location /outcomes {{ content_by_lua_block {{ ngx.print({outcomes}) }} }}
location /compiler {{ content_by_lua_block {{ ngx.print(tostring((jit.status()))) }} }}
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of service.py, for the replies over HTTP."""
    pipe = tmp_path_factory.mktemp("service") / "url"
    os.mkfifo(pipe)
    command = ["python3", TESTS / "support/service.py", pipe]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield pipe.read_text().strip()
        process.communicate()


@pytest.fixture(scope="module")
def plain(url: str, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The outcomes in plain Lua, a line for each case."""
    path = tmp_path_factory.mktemp("plain") / "outcomes"
    command = ["luajit", "-e", f"io.write({OUTCOMES.format(url=url)})"]
    with path.open("wb") as file:
        subprocess.run(command, env={**os.environ, "LUA_PATH": LUA_PATH}, stdout=file, check=True)
    return path


def case_of(line: bytes) -> list[str]:
    """The file and the name, of the case of a line."""
    return json.loads(line.decode(errors="replace"))[:2]


def lines_of(path: pathlib.Path) -> list[bytes]:
    *lines, rest = path.read_bytes().split(b"\n")
    assert rest == b""
    return lines


def test_every_vector_has_an_outcome(plain: pathlib.Path) -> None:
    cases = [
        [name, case["name"]]
        for name in FILES
        for case in json.loads((ROOT / f"tests/vectors/{name}.json").read_bytes())["cases"]
    ]
    assert list(map(case_of, lines_of(plain))) == cases


@pytest.mark.parametrize(("first", "compiler"), [("", "true"), ("jit.off()", "false")])
def test_every_vector_gives_the_same_inside_nginx(
    plain: pathlib.Path, url: str, tmp_path: pathlib.Path, first: str, compiler: str
) -> None:
    http = HTTP.format(first=first, path=LUA_PATH)
    locations = LOCATIONS.format(outcomes=OUTCOMES.format(url=url))
    inside = tmp_path / "outcomes"
    with running(tmp_path, locations, http) as nginx:
        assert nginx.get("/compiler") == compiler
        inside.write_bytes(nginx.send("GET", "/outcomes"))
    pairs = zip(lines_of(plain), lines_of(inside), strict=True)
    assert [case_of(one) for one, other in pairs if one != other] == []
    is_same = plain.read_bytes() == inside.read_bytes()
    assert is_same

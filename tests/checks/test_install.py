"""Each of the ways in which the library is installed gives something that works."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hardening import exported, weaknesses
from repository import LUA_VERSIONS, ROOT, files, run, version

CARD = {"errcode": 0, "errmsg": "ok", "type": "Back", "valid_date": "20200101-20400101"}
PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00invented\xff\xd9"


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(CARD).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The URL of a service that finds the same card in every picture."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of what git would hand out: no leftovers of a build may help."""
    folder = tmp_path / "sources"
    folder.mkdir()
    top = [path for path in ROOT.iterdir() if path.is_file()]
    for path in [*top, *files("core", "bindings")]:
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return folder


def picture(folder: Path) -> Path:
    path = folder / "back.jpg"
    path.write_bytes(PICTURE)
    return path


def test_pip_install(sources: Path, tmp_path: Path, service: str) -> None:
    """With what pip itself fetches: nothing of this environment is seen."""
    base = os.environ.get("PYTHON", "/usr/bin/python3")
    run(base, "-m", "venv", tmp_path / "clean")
    python = tmp_path / "clean/bin/python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", ".", cwd=sources)
    program = (
        "import sys, wxidcard\n"
        "card = wxidcard.recognize(sys.argv[1], access_token='t', base_url=sys.argv[2])\n"
        "print(wxidcard.__version__, card['valid_date'])\n"
    )
    printed = run(python, "-c", program, picture(tmp_path), service, cwd=tmp_path)
    assert printed.split() == [version(), CARD["valid_date"]]
    assert run(tmp_path / "clean/bin/wxidcard", "--version").split() == ["wxidcard", version()]
    (module,) = (tmp_path / "clean").rglob("wxidcard/_core*.so")
    assert (exported(module), weaknesses(module)) == ({"PyInit__core"}, [])


@pytest.mark.parametrize("lua", LUA_VERSIONS)
def test_luarocks_make(lua: str, sources: Path, tmp_path: Path, service: str) -> None:
    """Offline: the rock needs no other, and no server is asked."""
    tree = tmp_path / "tree"
    (rockspec,) = sources.glob("*.rockspec")
    offline = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    command = ("luarocks", f"--lua-version={lua}", f"--tree={tree}", "make", rockspec.name)
    flags = "CFLAGS=-O2 -fPIC -g"  # debug information, which tells what else there was
    run(*command, flags, cwd=sources, env=offline | {"HOME": str(tmp_path)})
    for name in ("core", "curl"):
        module = tree / f"lib/lua/{lua}/wxidcard/{name}.so"
        assert (exported(module), weaknesses(module)) == ({f"luaopen_wxidcard_{name}"}, [])
    suffix = "" if lua == "5.1" else "_" + lua.replace(".", "_")
    paths = {
        f"LUA_PATH{suffix}": f"{tree}/share/lua/{lua}/?.lua",
        f"LUA_CPATH{suffix}": f"{tree}/lib/lua/{lua}/?.so",
    }
    program = (
        "local wxidcard = require 'wxidcard'; require 'wxidcard.safe'\n"
        "local client = wxidcard.new { access_token = 't', base_url = arg[2] }\n"
        "print(wxidcard.version, client:recognize { img_file = arg[1] }.valid_date)\n"
    )
    script = tmp_path / "program.lua"
    script.write_text(program)
    for interpreter in ["lua5.1", "luajit"] if lua == "5.1" else [f"lua{lua}"]:
        printed = run(interpreter, script, picture(tmp_path), service, env=paths)
        assert printed.split() == [version(), CARD["valid_date"]]


C_PROGRAM = r"""
#include <stdio.h>
#include <wxidcard_curl.h>

int main(int argc, char **argv) {
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_client *client = NULL;
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    if (argc != 3) {
        return 2;
    }
    settings.access_token = "t";
    settings.base_url = argv[2];
    recognition.image_path = argv[1];
    if (wxid_client_new(&client, &settings, &error) != 0 ||
        wxid_client_recognize(&card, client, &recognition, NULL, &error) != 0) {
        fprintf(stderr, "%s\n", wxid_error_message(error));
        wxid_error_free(error);
        wxid_client_free(client);
        return 1;
    }
    printf("%s %s\n", wxid_version(), wxid_value_string(wxid_value_get(card, "valid_date"), NULL));
    wxid_value_free(card);
    wxid_client_free(client);
    return 0;
}
"""

# The static core has another user: one who brings a transport of his own.
CORE_PROGRAM = r"""
#include <wxidcard.h>

int main(void) { return wxid_kind_info_at(0) == NULL; }
"""

CMAKE_PROJECT = """
cmake_minimum_required(VERSION 3.20)
project(user LANGUAGES C)
find_package(wxidcard REQUIRED)
add_executable(with_transports user.c)
target_link_libraries(with_transports PRIVATE wxidcard::wxidcard)
add_executable(with_core core.c)
target_link_libraries(with_core PRIVATE wxidcard::wxidcard_core)
"""


@pytest.fixture
def prefix(sources: Path, tmp_path: Path) -> Path:
    """Where cmake --install put it."""
    folder, build = tmp_path / "prefix", tmp_path / "build"
    run("cmake", "-S", sources, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release")
    run("cmake", "--build", build)
    run("cmake", "--install", build, "--prefix", folder)
    (tmp_path / "user.c").write_text(C_PROGRAM)
    (tmp_path / "core.c").write_text(CORE_PROGRAM)
    return folder


def library_folder(prefix: Path) -> Path:
    (library,) = prefix.rglob("libwxidcard.so")
    return library.parent


def assert_recognises(program: Path, prefix: Path, service: str, folder: Path) -> None:
    libraries = {"LD_LIBRARY_PATH": str(library_folder(prefix))}
    printed = run(program, picture(folder), service, env=libraries)
    assert printed.split() == [version(), CARD["valid_date"]]


def assert_serves_pkg_config(prefix: Path, folder: Path, service: str) -> None:
    found = {"PKG_CONFIG_PATH": str(library_folder(prefix) / "pkgconfig")}
    options = run("pkg-config", "--cflags", "--libs", "wxidcard", env=found).split()
    assert run("pkg-config", "--modversion", "wxidcard", env=found).strip() == version()
    program = folder / "user"
    run("cc", "-std=c99", "-Wall", "-Werror", folder / "user.c", "-o", program, *options)
    assert_recognises(program, prefix, service, folder)


def assert_serves_find_package(prefix: Path, folder: Path, service: str) -> None:
    (folder / "CMakeLists.txt").write_text(CMAKE_PROJECT)
    build = folder / "user-build"
    run("cmake", "-S", folder, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", build)
    assert_recognises(build / "with_transports", prefix, service, folder)
    assert subprocess.run([build / "with_core"]).returncode == 0


def test_cmake_install(prefix: Path, tmp_path: Path, service: str) -> None:
    """One build, which takes long, for both ways to find what it installed."""
    assert weaknesses(library_folder(prefix) / "libwxidcard.so") == []
    assert_serves_pkg_config(prefix, tmp_path, service)
    assert_serves_find_package(prefix, tmp_path, service)


def test_sdist_is_complete(sources: Path, tmp_path: Path) -> None:
    """What is uploaded can be built where there is nothing but it."""
    command = ("-m", "build", "--sdist", "--no-isolation", "--outdir", tmp_path / "dist")
    run(sys.executable, *command, cwd=sources)
    (archive,) = (tmp_path / "dist").glob("*.tar.gz")
    listed = run("tar", "-tzf", archive).splitlines()
    inside = {name.partition("/")[2] for name in listed}
    wanted = files("core/include", "core/src", "bindings/python/src", endings=(".c", ".h", ".def"))
    assert {path.relative_to(ROOT).as_posix() for path in wanted} <= inside

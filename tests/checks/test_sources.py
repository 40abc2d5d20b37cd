"""The sources keep to the architecture, and lists of them to what is there."""

import re
import sys
from pathlib import Path

import pytest
from repository import ROOT, files, name_of, public_functions, run, version

# For drivers that have sockets and no HTTP. Python's has libcurl, which reads replies off its
# connections itself.
FOR_SOCKETS = dict.fromkeys(public_functions("wxidcard_connection.h"), "libcurl has the sockets")
# What the bindings do without, and why.
UNBOUND = {
    "python": {
        "wxid_error_kind_name": "an exception has its kind from the class",
        "wxid_value_get": "cards are converted whole, by index",
        **FOR_SOCKETS,
    },
    "lua": {
        "wxid_value_get": "cards are converted whole, by index",
        "wxid_group_info_at": "groups are base classes, and Lua's errors have no classes",
        "wxid_picture_read_limit": "Lua reads no file: it has bytes, or the core reads a path",
    },
}
CODE = (".c", ".h", ".def", ".py", ".pyi", ".lua")
MOST_LINES = 400


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", files("core", "bindings", "scripts"), ids=name_of)
def test_no_file_is_too_long(path: Path) -> None:
    assert text_of(path).count("\n") <= MOST_LINES


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    folders = ("core", "bindings", "scripts", "tests", "examples", "bench", "docs")
    found = [
        f"{name_of(path)}: {line.strip()}"
        for path in files(*folders, endings=(*CODE, ".md", ".txt", ".sh"))
        if path != Path(__file__)
        for line in text_of(path).splitlines()
        if marks.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        ("cjson/", r"core/src/reply\.c"),
        ("curl/", r"core/src/curl_\w+\.[ch]"),
        ("jpeglib.h", r"core/src/picture_jpeg\.h"),
        ("jerror.h", r"core/src/picture_jpeg\.c"),
        ("png.h", r"core/src/picture_png\.c"),
    ],
)
def test_libraries_are_used_in_one_place(header: str, allowed: str) -> None:
    users = [
        name_of(path)
        for path in files("core", "bindings", endings=(".c", ".h"))
        if re.search(rf'^\s*#\s*include\s*[<"]{header}', text_of(path), re.MULTILINE)
    ]
    assert users
    assert [name for name in users if not re.fullmatch(allowed, name)] == []


def test_core_without_transports_does_not_know_them() -> None:
    core = [p for p in files("core/src", endings=(".c", ".h")) if not p.name.startswith("curl_")]
    assert core
    assert [
        p.name for p in core if re.search(r'#\s*include\s*["<](wxidcard_)?curl', text_of(p))
    ] == []


def test_bindings_use_the_public_headers_only() -> None:
    for path in files("bindings/python/src", "bindings/lua/src", endings=(".c", ".h")):
        included = re.findall(r'#\s*include\s*"([^"]+)"', text_of(path))
        own = {p.name for p in path.parent.glob("*.h")}
        unknown = {name for name in included if name not in own and not name.startswith("wxidcard")}
        assert not unknown, name_of(path)


@pytest.mark.parametrize("binding", sorted(UNBOUND))
def test_every_public_function_is_bound(binding: str) -> None:
    sources = "\n".join(text_of(path) for path in files(f"bindings/{binding}/src"))
    used = set(re.findall(r"\bwxid_\w+\b", sources))
    functions = set(public_functions())
    assert len(functions) > 40
    assert functions - used == set(UNBOUND[binding])


def test_lua_modules_have_the_same_sources_everywhere() -> None:
    """What only one of the two modules has, CMake and luarocks's Makefile list by hand."""
    folder = ROOT / "bindings/lua"
    for name in ("core_only", "curl_only"):
        by_cmake = re.search(rf'set\(lua_{name} "/\(([^)]+)\)', text_of(folder / "CMakeLists.txt"))
        by_make = re.search(rf"^{name} := (.+)$", text_of(folder / "Makefile"), re.MULTILINE)
        assert by_cmake is not None
        assert by_make is not None
        assert by_cmake[1].split("|") == by_make[1].split()


def test_versions_agree() -> None:
    import wxidcard

    assert wxidcard.__version__ == version()
    for lua in ("lua5.1", "luajit", "lua5.3", "lua5.4"):
        assert run(lua, "-e", "io.write(require('wxidcard').version)") == version()
    changelog = text_of(ROOT / "CHANGELOG.md")
    first = re.search(r"^## (\S+)", changelog, re.MULTILINE)
    assert first is not None
    assert first[1] in (version(), "Unreleased")


def test_request_vectors_are_what_the_generator_gives(tmp_path: Path) -> None:
    folder = ROOT / "tests/vectors"
    copy = tmp_path / "generate_requests.py"
    copy.write_text(text_of(folder / copy.name), encoding="utf-8")
    run(sys.executable, copy, cwd=tmp_path)
    assert text_of(tmp_path / "requests.json") == text_of(folder / "requests.json")


def test_vectors_are_in_one_place() -> None:
    """No language has a copy of its own."""
    names = {path.name for path in files("tests/vectors", endings=(".json",))}
    assert names >= {"replies.json", "tokens.json", "requests.json"}
    copies = [p for p in files("tests", "bindings", "core") if p.name in names]
    assert {name_of(path.parent) for path in copies} == {"tests/vectors"}


def test_every_c_test_is_built() -> None:
    sources = {path.stem for path in (ROOT / "tests/c").glob("test_*.c")}
    programs = {path.name for path in (ROOT / "build/tests/c").glob("test_*") if path.is_file()}
    assert sources <= programs

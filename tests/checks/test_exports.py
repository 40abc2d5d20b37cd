"""What the library and the modules export: their interface and nothing else."""

import re
from importlib import metadata
from pathlib import Path

import pytest
from hardening import exported
from repository import BUILD, LUA_VERSIONS, public_functions, run


def test_library_exports_what_the_headers_declare() -> None:
    declared = {*public_functions(), *public_functions("wxidcard_curl.h")}
    assert exported(BUILD / "libwxidcard.so") == declared
    assert all(re.match("wxid_[a-z]", name) for name in declared)


def test_python_module_exports_its_initialiser() -> None:
    modules = [file for file in metadata.files("wxidcard") or () if file.match("_core*.so")]
    assert len(modules) == 1
    assert exported(Path(str(modules[0].locate()))) == {"PyInit__core"}


@pytest.mark.parametrize("name", ["core", "curl"])
@pytest.mark.parametrize("lua", LUA_VERSIONS)
def test_lua_module_exports_its_opener(lua: str, name: str) -> None:
    module = BUILD / "lua" / lua / "wxidcard" / f"{name}.so"
    assert exported(module) == {f"luaopen_wxidcard_{name}"}


@pytest.mark.parametrize("lua", LUA_VERSIONS)
def test_lua_core_needs_no_libcurl(lua: str) -> None:
    needed = run("readelf", "--dynamic", BUILD / "lua" / lua / "wxidcard/core.so")
    assert "libcjson" in needed
    assert "libcurl" not in needed
    assert "liblua" not in needed

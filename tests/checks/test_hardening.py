"""What is built here is hardened; test_install.py says the same of what users build: by pip, by
luarocks, and by CMake into a prefix."""

import platform
from importlib import metadata
from pathlib import Path

import pytest
from hardening import weaknesses
from repository import BUILD, LUA_VERSIONS, run


def test_library() -> None:
    assert weaknesses(BUILD / "libwxidcard.so") == []


@pytest.mark.parametrize("name", ["core", "curl"])
@pytest.mark.parametrize("lua", LUA_VERSIONS)
def test_lua_module(lua: str, name: str) -> None:
    assert weaknesses(BUILD / "lua" / lua / "wxidcard" / f"{name}.so") == []


def test_python_module() -> None:
    (module,) = [file for file in metadata.files("wxidcard") or () if file.match("_core*.so")]
    assert weaknesses(Path(str(module.locate()))) == []


def test_what_is_not_hardened_is_seen(tmp_path: Path) -> None:
    source = tmp_path / "soft.c"
    source.write_text(
        "#include <string.h>\n"
        "int called(char *to, const char *from) {\n"
        "    char bytes[64];\n"
        "    strcpy(bytes, from);\n"
        "    return *strcpy(to, bytes);\n"
        "}\n"
    )
    soft = tmp_path / "soft.so"
    flags = ["-O1", "-g", "-fPIC", "-shared", "-fcf-protection=none", "-U_FORTIFY_SOURCE"]
    lax = ["-fno-stack-protector", "-z", "execstack", "-z", "norelro", "-z", "lazy"]
    run("cc", *flags, *lax, "-Wl,-rpath,/invented", source, "-o", soft)
    found = "\n".join(weaknesses(soft))
    for said in ("executable", "writable", "late", "folders", "__stack_chk", "__memcpy_chk"):
        assert said in found
    assert ("called is no place to jump to" in found) == (platform.machine() == "x86_64")

"""What a binary shows of core/hardening.flags, and of what it exports. For ELF and GNU's tools."""

import platform
import re
from pathlib import Path

from repository import run

# As gcc notes them for each source, when there is debug information. Another compiler notes none.
NOTED = {
    "-fstack-protector-strong",
    "-fstack-clash-protection",
    "-fno-delete-null-pointer-checks",
    "-fno-strict-overflow",
    "-fno-strict-aliasing",
    *({"-fcf-protection=full"} if platform.machine() == "x86_64" else ()),
    *({"-mbranch-protection=standard"} if platform.machine() == "aarch64" else ()),
}


def exported(path: Path) -> set[str]:
    lines = run("nm", "--dynamic", "--defined-only", "--format=posix", path).splitlines()
    return {line.split()[0].split("@")[0] for line in lines}


def weaknesses(path: Path) -> list[str]:
    """What a library or module lacks of what it was meant to be built with."""
    return [*_of_linking(path), *_of_compiling(path), *_of_branches(path)]


def _of_linking(path: Path) -> list[str]:
    headers = run("readelf", "--wide", "--program-headers", path)
    dynamic = run("readelf", "--wide", "--dynamic", path)
    stack = re.search(r"GNU_STACK.* ([RWE ]{3}) 0x", headers)
    found = {
        "its stack is executable": stack is None or "E" in stack[1],
        "its relocations stay writable": "GNU_RELRO" not in headers,
        "its functions are looked up late": re.search(r"\(FLAGS\).*BIND_NOW", dynamic) is None,
        "its code is relocated": "TEXTREL" in dynamic,
        "it looks for libraries in folders of its own": re.search(r"R(UN)?PATH", dynamic),
    }
    return [weakness for weakness, is_so in found.items() if is_so]


def _of_compiling(path: Path) -> list[str]:
    undefined = run("nm", "--dynamic", "--undefined-only", "--format=posix", path).splitlines()
    imported = {line.split()[0].split("@")[0] for line in undefined}
    # These two have something to look at in every one of our binaries.
    fortified = {"__memcpy_chk", "__snprintf_chk"}
    found = [f"it does not call {name}" for name in {"__stack_chk_fail", *fortified} - imported]
    information = run("readelf", "--wide", "--debug-dump=info", path)
    compilers = re.findall(r"DW_AT_producer .*: (GNU C\d.*)$", information, re.MULTILINE)
    missing = {flag for flags in map(str.split, compilers) for flag in NOTED.difference(flags)}
    return found + [f"a source was compiled without {flag}" for flag in missing]


def _of_branches(path: Path) -> list[str]:
    """On x86: where something may be called from afar must say so. The linker makes a note of that
    if the start files of the system's C library say so, too."""
    if platform.machine() != "x86_64":
        return []
    code = run("objdump", "--disassemble", "--no-show-raw-insn", path)
    starts = dict(re.findall(r"^\w+ <(\w+)>:\n\s*\w+:\s+(\w+)", code, re.MULTILINE))
    bare = [name for name in exported(path) if starts.get(name) != "endbr64"]
    found = [f"{name} is no place to jump to" for name in bare]
    crti = run("cc", "-print-file-name=crti.o").strip()
    if "SHSTK" in run("readelf", "--notes", crti):
        notes = run("readelf", "--wide", "--notes", path)
        found += [f"it has no note of {what}" for what in ("IBT", "SHSTK") if what not in notes]
    return found

"""Where things are, and how to run a program, for the checks."""

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
HEADERS = ROOT / "core/include"
LUA_VERSIONS = ("5.1", "5.3", "5.4")


def files(*folders: str, endings: Iterable[str] = ("",)) -> list[Path]:
    """All files below some folders with one of the endings, sorted."""
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.name.endswith(tuple(endings)) and not _is_cache(path)
    )


def _is_cache(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return "__pycache__" in parts or any(part.startswith(".") for part in parts)


def name_of(path: Path) -> str:
    """The path from the repository on, for parameters and messages."""
    return path.relative_to(ROOT).as_posix()


def run(*command: str | Path, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Run a program that must succeed; return what it printed on standard output."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, (
        f"{command} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    )
    return done.stdout


def definitions(macro: str, header: str = "wxidcard_errors.def") -> list[list[str]]:
    """The rows of a .def file: the arguments of each use of a macro, strings unquoted."""
    text = re.sub(r"/\*.*?\*/", "", (HEADERS / header).read_text(encoding="utf-8"), flags=re.DOTALL)
    rows = re.findall(rf'^{macro}\(((?:"[^"]*"|[^")])*)\)', text, re.MULTILINE)
    return [
        [argument.strip().strip('"') for argument in re.findall(r'"[^"]*"|[^,]+', row)]
        for row in rows
    ]


CORE = (
    "wxidcard_base.h",
    "wxidcard_card.h",
    "wxidcard_picture.h",
    "wxidcard.h",
    "wxidcard_connection.h",
)


def public_functions(*headers: str) -> list[str]:
    """What some headers declare; those of the core, when none is named."""
    texts = [(HEADERS / header).read_text(encoding="utf-8") for header in headers or CORE]
    text = "\n".join(texts)
    return re.findall(r"^WXID_API [^;(]*?\b(wxid_\w+)\(", text, re.MULTILINE)


def version() -> str:
    header = (HEADERS / "wxidcard_version.h").read_text(encoding="utf-8")
    found = re.search(r'WXID_VERSION "([0-9.]+)"', header)
    assert found is not None
    return found[1]

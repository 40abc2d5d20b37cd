"""The public headers compile alone, as C99 and as C++, without a warning."""

from pathlib import Path

import pytest
from repository import HEADERS, run

WARNINGS = ("-Wall", "-Wextra", "-pedantic", "-Werror")
COMPILERS = (
    ("gcc", "-std=c99"),
    ("g++", "-std=c++98"),
    ("g++", "-std=c++17"),
    ("clang", "-std=c99"),
    ("clang++", "-std=c++17"),
)
NAMES = sorted(path.name for path in HEADERS.glob("*.h"))


def test_there_are_headers() -> None:
    assert {"wxidcard.h", "wxidcard_connection.h", "wxidcard_curl.h"} <= set(NAMES)


@pytest.mark.parametrize("compiler", COMPILERS, ids=" ".join)
@pytest.mark.parametrize("name", NAMES)
def test_header_compiles_alone(name: str, compiler: tuple[str, str], tmp_path: Path) -> None:
    program, standard = compiler
    source = tmp_path / ("alone.cpp" if "++" in program else "alone.c")
    # Twice: the guard must hold. A declaration, for without one ISO C has no translation unit.
    source.write_text(
        f"#include <{name}>\n#include <{name}>\n"
        "extern int wxid_test;\nint wxid_test = sizeof WXID_VERSION;\n"
    )
    run(program, standard, *WARNINGS, "-I", HEADERS, "-fsyntax-only", source)

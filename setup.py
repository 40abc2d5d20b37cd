"""Builds the extension wxidcard._core. All else about the package stands in pyproject.toml."""

import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
# 7.87 brought CURLOPT_QUICK_EXIT, without which a hanging resolver outlives every deadline.
LIBRARIES = ("libcurl >= 7.87", "libcjson >= 1.7.15")
# They make pictures fit. WXIDCARD_PICTURES is 1 or 0; without it they are taken if they are there.
PICTURE_LIBRARIES = ("libjpeg", "libpng >= 1.6")
PICTURES = os.environ.get("WXIDCARD_PICTURES", "")
SANITIZE = os.environ.get("WXIDCARD_SANITIZE", "")
# A free-threaded interpreter has no limited API: it gets a build of its own.
LIMITED_API = not sysconfig.get_config_var("Py_GIL_DISABLED")


def version() -> str:
    header = (ROOT / "core/include/wxidcard_version.h").read_text(encoding="utf-8")
    found = re.search(r'WXID_VERSION "([0-9.]+)"', header)
    if found is None:
        sys.exit("core/include/wxidcard_version.h has no WXID_VERSION")
    return found[1]


def sources(folder: str, pattern: str = "*.c") -> list[str]:
    # Relative, as setuptools wants them; sorted, so that builds are alike.
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / folder).glob(pattern))


def pkg_config(option: str, libraries: tuple[str, ...]) -> list[str]:
    command = [os.environ.get("PKG_CONFIG", "pkg-config"), "--print-errors", option, *libraries]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        problem = "pkg-config was not found"
    except subprocess.CalledProcessError as error:
        problem = error.stderr.strip()
    else:
        return shlex.split(found.stdout)
    raise LookupError(problem)


def libraries() -> tuple[str, ...]:
    """What the core is built with: those of pictures only if they are wanted and there."""
    needed, packages = LIBRARIES, "libcurl4-openssl-dev libcjson-dev"
    if PICTURES == "1":
        needed, packages = (*LIBRARIES, *PICTURE_LIBRARIES), f"{packages} libjpeg-dev libpng-dev"
    try:
        pkg_config("--exists", needed)
    except LookupError as problem:
        sys.exit(
            f"wxidcard cannot be built: {problem}\nIt needs {' and '.join(needed)}. On Debian and "
            f"Ubuntu: apt install gcc pkg-config {packages}"
        )
    if PICTURES == "":
        try:
            pkg_config("--exists", PICTURE_LIBRARIES)
        except LookupError as problem:
            print(
                f"wxidcard is built without making pictures fit: {problem}\nThat needs "
                f"{' and '.join(PICTURE_LIBRARIES)}. On Debian and Ubuntu: apt install libjpeg-dev "
                "libpng-dev. The setting fit will be refused.",
                file=sys.stderr,
            )
        else:
            return (*LIBRARIES, *PICTURE_LIBRARIES)
    return needed


def hardening(kind: str, command: Iterable[str]) -> list[str]:
    """Those of core/hardening.flags that a compiler takes beside one another, without a warning."""
    text = (ROOT / "core/hardening.flags").read_text(encoding="utf-8")
    known: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text("#include <string.h>\nint main(void) { return 0; }\n")
        for flag in re.findall(rf"^{kind} (.+)$", text, re.MULTILINE):
            flags = ["-Werror", *known, flag, "-o", f"{folder}/probe"]
            if not subprocess.run([*command, source, *flags], capture_output=True).returncode:
                known.append(flag)
    return known


class BuildExtension(build_ext):
    """Asks the compiler and pkg-config when it compiles and not before: an sdist needs neither."""

    def build_extensions(self) -> None:
        chosen = libraries()
        compiling, linking = [*self.compiler.compiler_so, "-c"], self.compiler.linker_so
        for extension in self.extensions:
            if not SANITIZE:
                extension.extra_compile_args += hardening("compile", compiling)
                extension.extra_link_args += hardening("link", linking)
            if chosen != LIBRARIES:
                extension.define_macros.append(("WXID_WITH_PICTURES", None))
            extension.extra_compile_args += pkg_config("--cflags", chosen)
            extension.extra_link_args += [*pkg_config("--libs", chosen), "-lm"]
        super().build_extensions()


def extension() -> Extension:
    # The core's own symbols are marked for export: in a module they stay inside.
    if sys.platform == "darwin":
        link = ["-Wl,-exported_symbol,_PyInit__core"]
    else:
        link = ["-Wl,--version-script=bindings/python/exports.map"]
    flags = ["-std=c11", "-fvisibility=hidden", "-pthread", "-Wall", "-Wextra", "-Wshadow"]
    if os.environ.get("WXIDCARD_WERROR") == "1":
        flags.append("-Werror")
    if SANITIZE:
        sanitize = [f"-fsanitize={SANITIZE}", "-fno-sanitize-recover=all"]
        flags += [*sanitize, "-fno-omit-frame-pointer", "-g", "-O1"]
        link += sanitize
    macros: list[tuple[str, str | None]] = [("_GNU_SOURCE", None)]
    if LIMITED_API:
        macros.append(("Py_LIMITED_API", "0x030B0000"))
    folders = ("core/include", "core/src", "bindings/python/src")
    headers = [name for folder in folders for name in sources(folder, "*.[hd]*")]
    return Extension(
        "wxidcard._core",
        sources("core/src") + sources("bindings/python/src"),
        include_dirs=["core/include"],
        define_macros=macros,
        extra_compile_args=flags,
        extra_link_args=[*link, "-pthread"],
        depends=[*headers, "bindings/python/exports.map", "core/hardening.flags"],
        py_limited_api=LIMITED_API,
    )


setup(
    version=version(),
    ext_modules=[extension()],
    cmdclass={"build_ext": BuildExtension},
    options={
        # Beside CMake's files, and sanitized objects apart from plain ones.
        "build": {"build_base": "build/python-sanitized" if SANITIZE else "build/python"},
        "bdist_wheel": {"py_limited_api": "cp311"} if LIMITED_API else {},
    },
)

"""The suites, in the order in which they run: what tells most about a mistake comes first."""

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from .running import Environment, Step, Suite

LUAS = ("lua5.1", "luajit", "lua5.3", "lua5.4")
# How many tests run side by side: what the build machine has processors.
WORKERS = 2
# The same of programs that wait more than they reckon, for time-outs above all.
WAITERS = 3
COUNTS = "WXIDCARD_VECTOR_COUNTS"
NOTES = "WXIDCARD_FAULT_NOTES"
SANITIZED = "build/sanitized"
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}
# Without threads there is nothing for it to find: these have some.
THREAD_SANITIZED = "build/sanitized-thread"
THREADED = re.compile(r"test_client_(engine|pool|.*_by_engine)")
# What it asserts hangs on how long calls take, and nothing else does that it uses.
TIMED = "test_client_posts"
MEMCHECK = ("scripts/memcheck",)
# About how much slower a program is beside another one, under valgrind and under sanitizers: for
# tests that measure time.
SLOWNESS = {"WXIDCARD_TEST_SLOWNESS": "4"}
SANITIZED_C = {**SANITIZER_OPTIONS, "WXIDCARD_TEST_SLOWNESS": "2"}


def all_suites() -> list[Suite]:
    """Every suite of the repository."""
    return [
        Suite("c", _c("build", counted=True), at_once=WAITERS),
        Suite("python", _pytest("tests/python", counted=True)),
        Suite("lua", _each_lua(_busted), at_once=WORKERS),
        Suite("lua-faults", _pytest("tests/lua", counted=True)),
        Suite("lua-allocations", _lua_allocations("build"), at_once=WORKERS),
        Suite("nginx", _nginx, at_once=WORKERS),
        Suite("openresty", _pytest("tests/openresty", counted=True)),
        Suite("celery", _pytest("tests/celery")),
        Suite("endurance", _pytest("tests/endurance")),
        Suite("checks", _pytest("tests/checks")),
        Suite("lint", _linters("clang-format", "ruff", "ruff-format", "mypy", "luacheck")),
        Suite("without-curl", _without_curl, [["scripts/build-without-curl"]]),
        *_slowed("valgrind", "build", MEMCHECK, SLOWNESS),
        *_slowed("sanitize", SANITIZED, (), SANITIZED_C, _sanitized_build()),
        Suite("tsan-client", _threaded, _sanitized_build("thread"), at_once=WORKERS),
        Suite("sanitize-python", _sanitized_python, [["scripts/build-sanitized-python"]]),
        Suite("sanitize-lua", _each_lua(_sanitized_lua), _sanitized_build(), at_once=WORKERS),
        Suite("sanitize-lua-faults", _sanitized_lua_faults, _sanitized_build()),
        Suite("sanitize-nginx", _sanitized_nginx, _sanitized_build()),
        Suite("sanitize-openresty", _sanitized_openresty, _sanitized_build()),
        Suite(
            "sanitize-lua-allocations",
            _lua_allocations(SANITIZED),
            _sanitized_build(),
            at_once=WORKERS,
        ),
        Suite("vectors", _compared("vectors", COUNTS)),
        Suite("faults", _compared("faults", NOTES)),
        Suite("fuzz", _fuzz, [["scripts/build-fuzz"]], beside=True),
        Suite("analysis", _linters("cppcheck", "gcc-analyzer", "clang-tidy"), beside=True),
        Suite("secrets", _secrets, reads_logs=True),
    ]


def _counts_files(environment: Environment) -> dict[str, str]:
    """Where suites note what they ran, for the last ones to compare."""
    names = {COUNTS: "vector-counts", NOTES: "fault-notes"}
    return {variable: str(environment.logs / name) for variable, name in names.items()}


def _c(
    build: str,
    prefix: Sequence[str] = (),
    variables: dict[str, str] | None = None,
    counted: bool = False,
    with_client: bool | None = None,
) -> Callable[[Environment], list[Step]]:
    """The C tests of a build folder, each behind ``prefix``: all of them, or those with a client or
    without one."""

    def steps(environment: Environment) -> list[Step]:
        given = {"CMOCKA_MESSAGE_OUTPUT": "TAP", **(variables or {})}
        if counted:
            given |= _counts_files(environment)
        sources = sorted((environment.root / "tests/c").glob("test_*.c"))
        if "without-curl" in build:
            transports = ("test_client", "test_memory_client", "test_memory_engine")
            unbuilt = (*transports, "test_pictures", "test_memory_pictures")
            sources = [source for source in sources if not source.stem.startswith(unbuilt)]
        if with_client is not None:
            sources = [s for s in sources if s.stem.startswith("test_client") is with_client]
        if "WXIDCARD_TEST_SLOWNESS" in given:
            sources = [s for s in sources if not s.stem.startswith(TIMED)]
        if prefix == MEMCHECK:  # it takes long; the sanitizers run these, too
            sources = [s for s in sources if not s.stem.endswith(("_by_engine", "pictures_fit"))]
        programs = [environment.root / build / "tests/c" / source.stem for source in sources]
        return [Step([*prefix, str(program)], "tap", given) for program in programs]

    return steps


def _slowed(
    name: str,
    build: str,
    prefix: Sequence[str],
    variables: dict[str, str],
    prepare: Sequence[Sequence[str]] = (),
) -> list[Suite]:
    """The C tests in a way that slows them down, those with a client apart: it takes longest."""
    core = _c(build, prefix, variables, with_client=False)
    client = _c(build, prefix, variables, with_client=True)
    return [
        Suite(f"{name}-c", core, prepare, at_once=WORKERS),
        Suite(f"{name}-client", client, prepare, at_once=WORKERS),
    ]


def _pytest_command(folder: str) -> list[str]:
    return ["python", "-m", "pytest", "-q", "-n", str(WORKERS), folder]


def _pytest(folder: str, counted: bool = False) -> Callable[[Environment], list[Step]]:
    def steps(environment: Environment) -> list[Step]:
        variables = _counts_files(environment) if counted else {}
        return [Step(_pytest_command(folder), "junit", variables)]

    return steps


def _busted_command(lua: str) -> list[str]:
    program = shutil.which("busted")
    if program is None:
        raise ValueError("busted is not installed")
    return [lua, program, "--output=TAP"]


def _each_lua(
    step: Callable[[str, Environment], Step],
) -> Callable[[Environment], list[Step]]:
    return lambda environment: [step(lua, environment) for lua in LUAS]


def _busted(lua: str, environment: Environment) -> Step:
    return Step(_busted_command(lua), "tap", _counts_files(environment))


def _nginx(environment: Environment) -> list[Step]:
    """The specs of Lua inside nginx, with LuaJIT's compiler and without it."""
    command = ["python", "tests/openresty/inside.py"]
    return [
        Step(command, "tap", _counts_files(environment)),
        Step([*command, "--jit-off"], "tap"),
    ]


def _linters(*names: str) -> Callable[[Environment], list[Step]]:
    """Those of scripts/lint that are named."""
    return lambda environment: [Step(["scripts/lint", name], "status") for name in names]


def _without_curl(environment: Environment) -> list[Step]:
    return [
        Step(["scripts/check-without-curl"], "status"),
        *_c("build/without-curl")(environment),
    ]


def _sanitized_build(*which: str) -> list[list[str]]:
    return [["scripts/build-sanitized", *which]]


def _threaded(environment: Environment) -> list[Step]:
    """Those C tests that have threads, under ThreadSanitizer, which is as slow as valgrind."""
    variables = {**SLOWNESS, "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"}
    steps = _c(THREAD_SANITIZED, variables=variables)(environment)
    return [step for step in steps if THREADED.match(Path(step.command[-1]).name)]


def _preload() -> dict[str, str]:
    """The sanitizers' libraries, for an interpreter that was built without them.

    Leaks are not looked for: neither interpreter frees everything at its end.
    """
    names = ("libasan.so", "libubsan.so")
    paths = [
        subprocess.run(
            ["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for name in names
    ]
    options = {**SANITIZER_OPTIONS, "LD_PRELOAD": " ".join(paths)}
    options["ASAN_OPTIONS"] += ":detect_leaks=0"
    return options


def _sanitized_python(environment: Environment) -> list[Step]:
    variables = {
        **_preload(),
        # The small-object allocator would hide what is read after it was freed.
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": str(environment.root / "build/sanitized-python"),
    }
    command = _pytest_command("tests/python")
    # The sandbox and the command are Python alone; Dask's processes, slowed down, take minutes to
    # find each other; the sanitizer's allocator is not for children of a process whose other
    # threads are just allocating; and ten thousand calls are the same call.
    left_out = [
        "--ignore=tests/python/sandbox",
        "--ignore-glob=tests/python/test_command*.py",
        "--ignore=tests/python/test_late_answers.py",
        "--deselect=tests/python/test_process_pools.py::test_dask",
        "--deselect=tests/python/test_threads.py::test_a_hundred_forks_while_threads_are_in_calls",
        "--deselect=tests/python/test_async_ends.py::test_forks_while_the_engine_runs",
    ]
    return [Step([*command, *left_out], "junit", variables)]


def _lua_modules(build: Path, version: str) -> dict[str, str]:
    """Where a Lua finds the modules of a build folder."""
    name = "LUA_CPATH" if version == "5.1" else f"LUA_CPATH_{version.replace('.', '_')}"
    return {name: f"{build}/lua/{version}/?.so;;"}


def _sanitized_lua(lua: str, environment: Environment) -> Step:
    version = {"luajit": "5.1"}.get(lua, lua.removeprefix("lua"))
    modules = _lua_modules(environment.root / SANITIZED, version)
    return Step(_busted_command(lua), "tap", {**_preload(), **modules})


def _sanitized_lua_faults(environment: Environment) -> list[Step]:
    """By one Lua: what differs from one to the other, its specs show."""
    variables = {**_preload(), **_lua_modules(environment.root / SANITIZED, "5.4")}
    command = _pytest_command("tests/lua")
    return [Step([*command, "-k", "lua5.4"], "junit", variables)]


def _sanitized_nginx(environment: Environment) -> list[Step]:
    variables = {**_preload(), **_lua_modules(environment.root / SANITIZED, "5.1")}
    return [Step(["python", "tests/openresty/inside.py"], "tap", variables)]


def _sanitized_openresty(environment: Environment) -> list[Step]:
    """What makes calls inside nginx. Left out are what measures memory, the ten thousand calls that
    do the same again and again, and what is nginx's and Lua's alone."""
    variables = {**_preload(), **_lua_modules(environment.root / SANITIZED, "5.1")}
    command = _pytest_command("tests/openresty")
    left_out = ("example_*", "documentation", "inside", "worker_memory", "reuse", "connecting")
    ignored = [f"--ignore-glob=tests/openresty/test_{name}.py" for name in left_out]
    return [Step([*command, *ignored], "junit", variables)]


def _lua_allocations(build: str) -> Callable[[Environment], list[Step]]:
    """Every way through the modules, in Luas each of whose allocations fails in turn."""

    def steps(environment: Environment) -> list[Step]:
        folder = environment.root / build
        script = str(environment.root / "tests/lua/support/every_path.lua")
        found = []
        for version in ("5.1", "5.3", "5.4"):
            program = folder / f"bindings/lua/lua{version}_failing_allocator"
            variables = {**SANITIZER_OPTIONS, **_lua_modules(folder, version)}
            found.append(Step([str(program), script], "status", variables))
        return found

    return steps


def _compared(what: str, variable: str) -> Callable[[Environment], list[Step]]:
    """A script that compares what the suites noted in a file."""

    def steps(environment: Environment) -> list[Step]:
        script = str(Path(__file__).with_name(f"{what}.py"))
        return [Step(["python", script, _counts_files(environment)[variable]], "tap")]

    return steps


def _fuzz(environment: Environment) -> list[Step]:
    """Each fuzz target for a minute, and what it found once."""
    sources = sorted((environment.root / "tests/fuzz").glob("fuzz_*.c"))
    names = [source.stem.removeprefix("fuzz_") for source in sources]
    return [
        Step(["python", "tests/fuzz/run.py", "--seconds", "60", name], "status") for name in names
    ]


def _secrets(environment: Environment) -> list[Step]:
    script = str(Path(__file__).with_name("canaries.py"))
    return [Step(["python", script, str(environment.logs)], "tap")]

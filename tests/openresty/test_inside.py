"""The runner inside nginx lets nothing pass that failed, was left out, or did not run."""

import pathlib
import subprocess
import sys

import pytest
from nginx import ROOT

sys.path.insert(0, str(ROOT / "tests"))

from runner.counting import Counts, count_tap

# What the module's coroutine.wrap raises, no pcall catches.
ESCAPES = "it('escapes', function() pcall(function() coroutine.wrap(%s)() end) end)"
GOOD = 'it("is good", function() assert.equal("nginx", require("support").interpreter) end)\n'
# The tests of nginx's log, which every run has when it has come to its end.
LOGGED = Counts(2)


def run_inside(
    folder: pathlib.Path, spec: str, exclusions: str = "", *options: str
) -> tuple[int, str]:
    """The exit status of a run of one spec, and what it printed."""
    (folder / "one_spec.lua").write_text(spec)
    (folder / "exclusions.lua").write_text(f"return {{ {exclusions} }}")
    command = [
        *(sys.executable, ROOT / "tests/openresty/inside.py", *options),
        *("--exclusions", folder / "exclusions.lua", folder / "one_spec.lua"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("spec", "counts"),
    [
        (GOOD, Counts(1)),
        ("it('fails', function() assert.is_true(false) end)", Counts(0, 1)),
        ("it('raises', function() error('x') end)", Counts(0, 1)),
        ("it('raises nil', function() error() end)", Counts(0, 1)),
        ("it('raises later', function() ngx.sleep(0.001) error({}) end)", Counts(0, 1)),
        (GOOD + "pending('is left')", Counts(1, 0, 1)),
        (GOOD + "it('is left', function() pending('for another day') end)", Counts(1, 0, 1)),
        (GOOD + "setup(function() error('x') end)", Counts(0, 1)),
        (GOOD + "after_each(function() error('x') end)", Counts(1, 1)),
        (GOOD + "error('x')", Counts(0, 1)),
        ("it('is no Lua", Counts(0, 2)),
        ("describe('nothing', function() end)", Counts(0, 1)),
        (GOOD + "require('wxidcard.curl')", Counts(1, 1)),
    ],
)
def test_what_did_not_pass_is_counted(tmp_path: pathlib.Path, spec: str, counts: Counts) -> None:
    status, tap = run_inside(tmp_path, spec)
    assert count_tap(tap) == counts + LOGGED
    assert status == 0


@pytest.mark.parametrize("logged", ["io.stderr:write('a_canary')", "ngx.log(ngx.ALERT, 'x')"])
def test_what_nginx_logged_fails_the_run(tmp_path: pathlib.Path, logged: str) -> None:
    status, tap = run_inside(tmp_path, GOOD + logged)
    assert count_tap(tap) == Counts(2, 1)
    assert status != 0
    assert "canary" not in tap


@pytest.mark.parametrize(
    "spec",
    [
        "os.exit(0)",
        "it('ends it', function() os.exit(0) end)",
        "it('kills it', function() os.execute('kill -KILL $PPID') end)",
        ESCAPES % "function() error('x') end",
        "it('hangs', function() while true do end end)",
        "it('waits for ever', function() ngx.sleep(1e6) end)",
    ],
)
def test_a_run_that_broke_off_has_no_counts(tmp_path: pathlib.Path, spec: str) -> None:
    seconds = "2" if "ever" in spec or "hangs" in spec else "60"
    status, tap = run_inside(tmp_path, GOOD + spec, "", "--seconds", seconds)
    assert count_tap(tap) is None
    assert status != 0


@pytest.mark.parametrize(
    ("test", "counts"),
    [
        ("a part", Counts(1)),  # the one that fails is left out
        ("a part is called so", Counts(1)),
        ("apart", Counts(1, 2)),  # it fails, and so does the list
        ("a p.rt", Counts(1, 2)),
    ],
)
def test_what_is_excluded_must_be_there(tmp_path: pathlib.Path, test: str, counts: Counts) -> None:
    spec = GOOD + "describe('a part', function() it('is called so', error) end)"
    exclusion = f"{{ file = 'one_spec.lua', test = '{test}', because = 'it fails' }}"
    _, tap = run_inside(tmp_path, spec, exclusion)
    assert count_tap(tap) == counts + LOGGED


def test_the_list_has_reasons_and_specs_that_are_there() -> None:
    program = (
        "for _, entry in ipairs(dofile(arg[1])) do\n"
        "    assert(entry.test ~= '')\n"
        "    assert(entry.because:find(' ', 1, true))\n"
        "    assert(io.open(arg[2] .. entry.file))\n"
        "end"
    )
    lists = [ROOT / "tests/openresty/exclusions.lua", f"{ROOT}/tests/lua/"]
    subprocess.run(["luajit", "-", *lists], input=program.encode(), check=True)


@pytest.mark.parametrize(("options", "status"), [([], "true"), (["--jit-off"], "false")])
def test_the_compiler_is_on_or_off(tmp_path: pathlib.Path, options: list[str], status: str) -> None:
    spec = f"it('compiles', function() assert.equal({status}, (jit.status())) end)\n"
    assert count_tap(run_inside(tmp_path, spec, "", *options)[1]) == Counts(1) + LOGGED
    spec += "jit." + ("off()" if status == "true" else "on()")
    assert count_tap(run_inside(tmp_path, spec, "", *options)[1]) == Counts(0, 2) + LOGGED

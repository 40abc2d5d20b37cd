"""The package: what stubs and type checkers say of it, its version, its command."""

import ast
import inspect
import re
import subprocess
import sys
import typing
from importlib import metadata
from pathlib import Path

import pytest

import wxidcard
from wxidcard import _core, cli

ROOT = Path(__file__).resolve().parents[2]
BINDING = ROOT / "bindings" / "python"


def run(*command: str) -> str:
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def stub_classes() -> dict[str, list[str]]:
    """Name to bases, as errors.pyi says."""
    tree = ast.parse((BINDING / "wxidcard" / "errors.pyi").read_text(encoding="utf-8"))
    return {
        node.name: [ast.unparse(base) for base in node.bases]
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }


def test_the_typed_errors_are_the_tables() -> None:
    wanted = {"Error": ["Exception"]}
    wanted |= {group["class_name"]: ["Error"] for group in _core.group_table()}
    for row in _core.kind_table():
        if row["class_name"] and row["class_name"] not in wanted:
            wanted[row["class_name"]] = [row["base_name"]] + ([row["also"]] if row["also"] else [])
    assert stub_classes() == wanted
    assert set(wxidcard.errors.__all__) == set(wanted) == set(_core.error_classes())
    assert set(wanted) <= set(wxidcard.__all__)


def test_the_typed_names_are_the_cores() -> None:
    tree = ast.parse((BINDING / "wxidcard" / "_core.pyi").read_text(encoding="utf-8"))
    literals = {
        node.target.id: ast.unparse(node.value)
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value
    }
    assert literals["_Step"] == f"Literal[{', '.join(map(repr, _core.STEPS))}]"
    assert literals["_Failure"] == f"Literal[{', '.join(map(repr, _core.FAILURES))}]"


def test_the_stubs_are_what_runs() -> None:
    run(sys.executable, "-m", "mypy.stubtest", "wxidcard._core", "wxidcard.errors")


USER = """
import pathlib
import wxidcard

def names(client: wxidcard.Client) -> list[str]:
    found = []
    for image in ("a.jpg", pathlib.Path("a.jpg"), b"", bytearray(), memoryview(b"")):
        card = client.recognize(image, type="photo")
        if card["type"] == "Front":
            found.append(card["name"])
            reveal_type(card)
        else:
            found.append(card["valid_date"])
    with open("a.jpg", "rb") as file:
        client.recognize(file)
    try:
        client.recognize(img_url="https://example.com/a.jpg")
    except wxidcard.QuotaExceededError as error:
        reveal_type(error.errcode)
    except ConnectionError:
        pass
    return found

wxidcard.recognize("a.jpg", access_token="t", timeout=3, ca_file=pathlib.Path("ca.pem"))
"""
MISTAKES = """
import wxidcard
wxidcard.Client(acess_token="t")
wxidcard.Client(access_token=b"t")
wxidcard.Client(token_provider=lambda: "t")
wxidcard.recognize(7, access_token="t")
wxidcard.recognize("a.jpg", type="Photo", access_token="t")
wxidcard.recognize(open("a.jpg"), access_token="t")
"""


def test_a_users_program_is_checked(tmp_path: Path) -> None:
    right, wrong = tmp_path / "right.py", tmp_path / "wrong.py"
    right.write_text(USER, encoding="utf-8")
    wrong.write_text(MISTAKES, encoding="utf-8")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--no-error-summary"]
    shown = run(*mypy, str(right))
    assert "FrontCard" in shown
    assert "int | None" in shown
    found = subprocess.run([*mypy, str(wrong)], cwd=ROOT, capture_output=True, text=True).stdout
    lines = {int(line) for line in re.findall(r"wrong\.py:(\d+): error", found)}
    assert lines == set(range(3, 9)), found


def test_everything_public_has_a_docstring_and_a_signature() -> None:
    for name in wxidcard.__all__:
        found = getattr(wxidcard, name)
        if name not in ("__version__", "Card", "TokenProvider", "AsyncTokenProvider"):
            assert inspect.getdoc(found), name
    for client in (wxidcard.Client, wxidcard.AsyncClient):
        for name, found in inspect.getmembers(client):
            if not name.startswith("_"):
                assert inspect.getdoc(found), name
    for owner in (_core.Client, _core.Session, _core.Call, _core.Engine):
        for name, found in inspect.getmembers(owner, inspect.isroutine):
            if not name.startswith("_"):
                assert inspect.signature(found).parameters, name
    assert typing.get_type_hints(wxidcard.FrontCard)["id"] is str


def test_one_version() -> None:
    header = (ROOT / "core/include/wxidcard_version.h").read_text(encoding="utf-8")
    found = re.search(r'WXID_VERSION "(.*)"', header)
    assert found is not None
    assert found[1] == wxidcard.__version__ == _core.__version__ == metadata.version("wxidcard")


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"wxidcard {wxidcard.__version__}\n"
    assert cli.main([]) == 2
    assert "sandbox" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        cli.main(["nonsense"])
    assert ended.value.code == 2
    with pytest.raises(SystemExit) as ended:
        cli.main(["--nonsense"])
    assert ended.value.code == 2


def test_the_command_as_a_process() -> None:
    shown = f"wxidcard {wxidcard.__version__}\n"
    assert run(sys.executable, "-m", "wxidcard", "--version") == shown
    assert run(str(Path(sys.executable).with_name("wxidcard")), "--version") == shown
    assert "--port" in run(sys.executable, "-m", "wxidcard", "sandbox", "--help")


def test_the_sandbox_is_handed_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    from wxidcard.sandbox import cli as sandbox_cli

    handed: list[list[str]] = []

    def main(argv: list[str]) -> int:
        handed.append(argv)
        return 7

    monkeypatch.setattr(sandbox_cli, "main", main)
    assert cli.main(["sandbox", "--port", "0", "--help", "--version"]) == 7
    assert handed == [["--port", "0", "--help", "--version"]]


def test_a_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("wxidcard.sandbox")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(wxidcard, "sandbox", raising=False)
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    assert cli.main(["sandbox"]) == 2
    assert "wxidcard[sandbox]" in capsys.readouterr().err

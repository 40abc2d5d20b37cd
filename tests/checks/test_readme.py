"""The examples in the READMEs do what they say: each is run as it stands, against a sandbox.

An example is a block of python or lua with a block of text, its output, right behind it. Python
examples of a page go on where the one before ended, as they do for a reader.
"""

import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ("README.md", "README.zh-CN.md")
BLOCK = r"((?:(?!```).)*)"
EXAMPLE = re.compile(rf"```(python|lua)\n{BLOCK}```\n\s*```text\n{BLOCK}```", re.DOTALL)
WRITTEN_PORT = "http://127.0.0.1:8080"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder in which `specimens` lies, as after the README's commands."""
    made = tmp_path_factory.mktemp("readme")
    command = [
        sys.executable,
        "-m",
        "wxidcard.sandbox",
        "--specimens",
        "specimens",
        "--people",
        "1",
    ]
    subprocess.run(command, cwd=made, check=True, stdout=subprocess.DEVNULL)
    return made


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    command = [sys.executable, "-m", "wxidcard.sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()
        process.wait(timeout=20)


def run(language: str, code: str, folder: pathlib.Path, url: str) -> str:
    program = [sys.executable, "-c"] if language == "python" else ["lua5.4", "-e"]
    done = subprocess.run(
        [*program, code.replace(WRITTEN_PORT, url)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_examples(page: str, folder: pathlib.Path, sandbox: str) -> None:
    examples = EXAMPLE.findall((ROOT / page).read_text(encoding="utf-8"))
    assert len(examples) >= 4
    before = {"python": "", "lua": ""}
    for language, code, output in examples:
        if language == "python":
            if before["python"]:
                code = (
                    f"{before['python']}client = wxidcard.Client(access_token='sandbox_token', "
                    f"base_url='{sandbox}')\n{code}"
                )
            else:
                before["python"] = "import wxidcard\n"
        assert run(language, code, folder, sandbox) == output


def test_both_languages_have_the_same_examples_and_rows() -> None:
    texts = [(ROOT / page).read_text(encoding="utf-8") for page in PAGES]
    examples = [EXAMPLE.findall(text) for text in texts]
    assert examples[0] == examples[1]
    kinds = [re.findall(r"^\| `(\w+)` \| `(\w+)`", text, re.MULTILINE) for text in texts]
    assert kinds[0] == kinds[1]
    assert len(kinds[0]) == 17


def test_error_table_is_the_core_s() -> None:
    from wxidcard import _core

    table = dict(re.findall(r"^\| `(\w+)` \| `(\w+)`", (ROOT / PAGES[0]).read_text(), re.MULTILINE))
    classes = _core.error_classes()
    public = {
        cls.kind: name
        for name, cls in classes.items()
        if "kind" in vars(cls) and cls.kind is not None
    }
    assert table == public

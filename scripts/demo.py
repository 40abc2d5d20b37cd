"""Recognises specimen pictures through the sandbox, from Python and from Lua, and compares them.

The programs that recognise are those of examples/, run as a user would run them. Ends with 0 when
every picture gave the same card in both languages, and a picture without a card the right error.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

PROGRAMS = {
    "Python": ["python", "examples/python/recognize.py"],
    "Lua": ["lua5.4", "examples/lua/recognize.lua"],
}
PICTURES = (
    "front-01.jpg",
    "back-01.jpg",
    "front-02.png",
    "back-02.png",
    "photo-front-01.jpg",
    "photo-back-02.jpg",
)
NO_CARD = "no-card.jpg"
PEOPLE = 2
# A recognition takes the sandbox a second or two of computing; a machine may be slow.
SECONDS = 300

console = Console(highlight=False)
if not console.is_terminal:
    # In a log there is room for an address.
    console = Console(highlight=False, width=100)


class DemoError(Exception):
    """Something is not as it should be."""


@contextlib.contextmanager
def sandbox() -> Iterator[str]:
    """The sandbox on a free port: yields its URL, and ends it."""
    command = [sys.executable, "-m", "wxidcard.sandbox", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line.startswith("wxidcard sandbox: http://"):
            raise DemoError(f"the sandbox did not start: {line!r}")
        yield line.removeprefix("wxidcard sandbox: ")
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(program: list[str], url: str, paths: list[Path]) -> subprocess.CompletedProcess[str]:
    """Run an example for some pictures."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith("WXIDCARD_")}
    credentials = {
        "WXIDCARD_APPID": "wx_sandbox",
        "WXIDCARD_SECRET": "sandbox_secret",
        "WXIDCARD_BASE_URL": url,
    }
    return subprocess.run(
        [*program, *map(str, paths)],
        env={**variables, **credentials},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def recognize(language: str, url: str, paths: list[Path]) -> dict[str, dict[str, object]]:
    """Return what an example got: the card for each file name."""
    done = run(PROGRAMS[language], url, paths)
    if done.returncode != 0:
        raise DemoError(f"{language} ended with {done.returncode}: {done.stderr.strip()}")
    lines = (line.split("\t") for line in done.stdout.splitlines())
    return {Path(path).name: json.loads(card) for path, card in lines}


def show(name: str, cards: dict[str, dict[str, object]], truth: dict[str, object]) -> None:
    """Print the cards of one picture side by side, and what else the picture says."""
    python, lua = cards["Python"], cards["Lua"]
    same = python == lua
    table = Table(title=f"[bold]{name}[/]", title_justify="left", caption_justify="left")
    for heading in ("field", *PROGRAMS):
        table.add_column(heading, overflow="fold")
    for field in sorted({*python, *lua}, key=lambda field: (field != "type", field)):
        table.add_row(field, *(repr_of(card.get(field)) for card in cards.values()))
    table.caption = "[green]equal[/]" if same else "[red]different[/]"
    misread = [field for field in truth if python.get(field) != truth[field]]
    if misread:
        table.caption += "; misread by the sandbox: " + ", ".join(misread)
    console.print(table)
    if not same:
        raise DemoError(f"{name}: Python and Lua got different cards")


def repr_of(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def demonstrate(folder: Path, url: str) -> None:
    console.print(f"The sandbox is the service here: {url}")
    paths = [folder / name for name in PICTURES]
    truth = json.loads((folder / "specimens.json").read_text(encoding="utf-8"))
    for language, program in PROGRAMS.items():
        console.print(f"{language}: {' '.join(program)} {' '.join(PICTURES)}")
    found = {language: recognize(language, url, paths) for language in PROGRAMS}
    for name in PICTURES:
        console.print()
        show(name, {language: found[language][name] for language in PROGRAMS}, truth[name])

    console.print(f"\nA picture without a card, {NO_CARD}:")
    for language, program in PROGRAMS.items():
        done = run(program, url, [folder / NO_CARD])
        message = done.stderr.strip().removeprefix(f"{folder}/")
        console.print(f"  {language:<7}{message}", markup=False)
        if done.returncode != 1 or not message.startswith(f"{NO_CARD}: no_card: "):
            raise DemoError(f"{language} did not end with the error no_card")


def end_by_signal(number: int, _frame: object) -> None:
    # As an exception, so that the sandbox is ended on the way out.
    sys.exit(128 + number)


def main() -> int:
    signal.signal(signal.SIGTERM, end_by_signal)
    try:
        with tempfile.TemporaryDirectory(prefix="wxidcard-demo-") as name, sandbox() as url:
            folder = Path(name)
            command = [sys.executable, "-m", "wxidcard.sandbox", "--specimens", name]
            subprocess.run([*command, "--people", str(PEOPLE)], check=True)
            demonstrate(folder, url)
    except (DemoError, KeyError, OSError, ValueError, subprocess.SubprocessError) as error:
        console.print(f"The demonstration failed: {error}", style="red", markup=False)
        return 1
    count = len(PICTURES)
    console.print(f"\n{count} pictures, the same {count} cards from Python and from Lua.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

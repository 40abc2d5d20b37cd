"""Recognises specimen pictures through the sandbox, from Python, from Lua and in OpenResty, and
compares them.

What recognises are the programs of examples/, run as a user would run them. Ends with 0 when every
picture gave the same card everywhere, and a picture without a card the right error.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

PROGRAMS = {
    "Python": ["python", "examples/python/recognize.py"],
    "Lua": ["lua5.4", "examples/lua/recognize.lua"],
}
SERVER = "examples/openresty/serve"
OPENRESTY = "OpenResty"
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


def account_at(url: str) -> dict[str, str]:
    """Our environment, with the sandbox's account for credentials."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith("WXIDCARD_")}
    return {
        **variables,
        "WXIDCARD_APPID": "wx_sandbox",
        "WXIDCARD_SECRET": "sandbox_secret",
        "WXIDCARD_BASE_URL": url,
    }


@contextlib.contextmanager
def server(command: list[str], name: str, environment: Mapping[str, str]) -> Iterator[str]:
    """A server on a free port, whose first line says where it is: yields its URL, and ends it."""
    process = subprocess.Popen(
        [*command, "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line.startswith(f"{name}: http://"):
            raise DemoError(f"{name} did not start: {line!r}")
        yield line.removeprefix(f"{name}: ")
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(program: list[str], url: str, paths: list[Path]) -> subprocess.CompletedProcess[str]:
    """Run an example for some pictures."""
    return subprocess.run(
        [*program, *map(str, paths)],
        env=account_at(url),
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


def upload(address: str, path: Path) -> dict[str, dict[str, object]]:
    """Send a picture to POST /idcard, as wx.uploadFile does; return the answer, good or bad."""
    head = f'Content-Disposition: form-data; name="img"; filename="{path.name}"\r\n\r\n'
    body = b"--picture\r\n" + head.encode() + path.read_bytes() + b"\r\n--picture--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=picture"}
    request = urllib.request.Request(f"{address}idcard", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            document = json.load(answer)
    except urllib.error.HTTPError as error:
        document = json.load(error)
    return dict(document)


def upload_cards(address: str, paths: list[Path]) -> dict[str, dict[str, object]]:
    """Return what the application in OpenResty got: the card for each file name."""
    cards = {}
    for path in paths:
        answer = upload(address, path)
        if "card" not in answer:
            raise DemoError(f"{OPENRESTY} answered {answer.get('error')}")
        cards[path.name] = answer["card"]
    return cards


def show(name: str, cards: dict[str, dict[str, object]], truth: dict[str, object]) -> None:
    """Print the cards of one picture side by side, and what else the picture says."""
    python = cards["Python"]
    same = all(card == python for card in cards.values())
    table = Table(title=f"[bold]{name}[/]", title_justify="left", caption_justify="left")
    for heading in ("field", *cards):
        table.add_column(heading, overflow="fold")
    fields = {field for card in cards.values() for field in card}
    for field in sorted(fields, key=lambda field: (field != "type", field)):
        table.add_row(field, *(repr_of(card.get(field)) for card in cards.values()))
    table.caption = "[green]equal[/]" if same else "[red]different[/]"
    misread = [field for field in truth if python.get(field) != truth[field]]
    if misread:
        table.caption += "; misread by the sandbox: " + ", ".join(misread)
    console.print(table)
    if not same:
        raise DemoError(f"{name}: not everybody got the same card")


def repr_of(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def demonstrate(folder: Path, url: str, address: str) -> None:
    console.print(f"The sandbox is the service here: {url}")
    paths = [folder / name for name in PICTURES]
    truth = json.loads((folder / "specimens.json").read_text(encoding="utf-8"))
    for language, program in PROGRAMS.items():
        console.print(f"{language}: {' '.join(program)} {' '.join(PICTURES)}")
    console.print(f"{OPENRESTY}: {SERVER}, and each picture to POST {address}idcard")
    found = {language: recognize(language, url, paths) for language in PROGRAMS}
    found[OPENRESTY] = upload_cards(address, paths)
    for name in PICTURES:
        console.print()
        show(name, {where: cards[name] for where, cards in found.items()}, truth[name])

    console.print(f"\nA picture without a card, {NO_CARD}:")
    for language, program in PROGRAMS.items():
        done = run(program, url, [folder / NO_CARD])
        message = done.stderr.strip().removeprefix(f"{folder}/")
        console.print(f"  {language:<10}{message}", markup=False)
        if done.returncode != 1 or not message.startswith(f"{NO_CARD}: no_card: "):
            raise DemoError(f"{language} did not end with the error no_card")
    error = upload(address, folder / NO_CARD).get("error", {})
    console.print(f"  {OPENRESTY:<10}{error.get('kind')}: {error.get('message')}", markup=False)
    if error.get("kind") != "no_card":
        raise DemoError(f"{OPENRESTY} did not answer with the error no_card")


def end_by_signal(number: int, _frame: object) -> None:
    # As an exception, so that the sandbox is ended on the way out.
    sys.exit(128 + number)


def main() -> int:
    signal.signal(signal.SIGTERM, end_by_signal)
    try:
        sandbox = [sys.executable, "-m", "wxidcard.sandbox"]
        with (
            tempfile.TemporaryDirectory(prefix="wxidcard-demo-") as name,
            server(sandbox, "wxidcard sandbox", os.environ) as url,
            server([SERVER], "wxidcard example", account_at(url)) as address,
        ):
            subprocess.run([*sandbox, "--specimens", name, "--people", str(PEOPLE)], check=True)
            demonstrate(Path(name), url, address)
    except (DemoError, KeyError, OSError, ValueError, subprocess.SubprocessError) as error:
        console.print(f"The demonstration failed: {error}", style="red", markup=False)
        return 1
    count = len(PICTURES)
    console.print(f"\n{count} pictures, the same {count} cards from Python, Lua and {OPENRESTY}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``wxidcard recognize``: pictures of cards."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from . import checks
from .cards import Card
from .cli_check import sentences, spoken
from .client import Client
from .errors import Error
from .settings import Settings

if TYPE_CHECKING:
    from .cli_check import Subparsers

SOME_FAILED = 1
USAGE = 2
# Credentials are read from here and never from an argument, which ps shows to everybody.
VARIABLES = {
    "access_token": "WXIDCARD_ACCESS_TOKEN",
    "appid": "WXIDCARD_APPID",
    "secret": "WXIDCARD_SECRET",
    "base_url": "WXIDCARD_BASE_URL",
}


def add_parser(commands: "Subparsers") -> None:
    """Add the command to the parser of ``wxidcard``."""
    parser = commands.add_parser(
        "recognize",
        allow_abbrev=False,
        help="recognise pictures of cards",
        description="Recognises pictures of cards, one after the other. A JPEG or PNG that is too "
        "large to send is scaled down. Credentials are taken from the environment: "
        f"{VARIABLES['appid']} with {VARIABLES['secret']}, or {VARIABLES['access_token']}. Exit "
        "status 0: all were recognised, 1: some were not, 2: wrong usage or credentials.",
    )
    parser.add_argument("pictures", nargs="+", metavar="PATH_OR_URL")
    parser.add_argument("--access-token-file", metavar="FILE", help="a file with an access token")
    parser.add_argument("--type", choices=("photo", "scan"), help="with a background, or without")
    parser.add_argument("--jsonl", action="store_true", help="print one JSON object a line")
    parser.add_argument("--check", action="store_true", help="check what was read")
    parser.add_argument("--mask", action="store_true", help="print no whole name, number, address")
    parser.add_argument(
        "--no-fit",
        dest="fit",
        action="store_false",
        help="refuse a picture that is too large instead of scaling it down",
    )
    parser.add_argument(
        "--strip-metadata",
        action="store_true",
        help="take place and device (EXIF) out of pictures before they are sent",
    )


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out and return its exit status."""
    try:
        settings = _credentials(arguments.access_token_file)
        settings["fit"] = arguments.fit
        settings["strip_metadata"] = arguments.strip_metadata
        client = Client(**settings)
    except (OSError, ValueError) as error:
        print(f"wxidcard: {error}", file=sys.stderr)
        return USAGE
    with client:
        outcomes = [_recognize(client, picture, arguments) for picture in arguments.pictures]
    return max(outcomes)


def _credentials(token_file: str | None) -> Settings:
    found = {name: os.environ.get(variable) for name, variable in VARIABLES.items()}
    if token_file is not None:
        found["appid"] = found["secret"] = None
        with open(token_file, encoding="ascii", errors="replace") as file:
            found["access_token"] = file.read().strip()
    return cast(Settings, {name: value for name, value in found.items() if value is not None})


def _recognize(client: Client, picture: str, arguments: argparse.Namespace) -> int:
    """Recognise one picture, print what came of it, and return the exit status so far."""
    by_url = picture.startswith(("http://", "https://"))
    try:
        if by_url:
            card = client.recognize(img_url=picture, type=arguments.type)
        else:
            card = client.recognize(picture, type=arguments.type)
    except Error as error:
        print(f"wxidcard: {picture}: {error}", file=sys.stderr)
        return USAGE if error.kind in ("credential", "token", "permission") else SOME_FAILED
    except (OSError, ValueError) as error:
        print(f"wxidcard: {picture}: {error}", file=sys.stderr)
        return SOME_FAILED
    _print(picture, card, arguments)
    return 0


def _print(picture: str, card: Card, arguments: argparse.Namespace) -> None:
    report = checks.check(card) if arguments.check else None
    shown: dict[str, Any] = checks.mask(card) if arguments.mask else dict(card)
    if arguments.jsonl:
        found = {} if report is None else {"findings": report["findings"]}
        print(json.dumps({"picture": picture, "card": shown, **found}, ensure_ascii=False))
        return
    print("\n".join(_lines(picture, shown)))
    if report is not None:
        for sentence in sentences(report["findings"]) or [
            spoken("nothing to object to", "未发现问题")
        ]:
            print(f"  - {sentence}")


def _lines(picture: str, card: dict[str, Any]) -> Iterator[str]:
    yield picture
    width = max(map(len, card), default=0)
    for name, value in card.items():
        yield f"  {name:{width}}  {value}"

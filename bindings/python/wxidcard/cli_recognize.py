"""``wxidcard recognize``: pictures of cards, many side by side."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from .cli_file import OutputFile
from .cli_output import Output, standard_output
from .cli_pictures import find_pictures
from .cli_records import FORMATS, Format
from .cli_run import SIGNALLED, SOME_FAILED, USAGE, Run
from .client import Client
from .settings import Settings

if TYPE_CHECKING:
    from .cli_check import Subparsers

# Credentials are read from here and never from an argument, which ps shows to everybody.
VARIABLES = {
    "access_token": "WXIDCARD_ACCESS_TOKEN",
    "appid": "WXIDCARD_APPID",
    "secret": "WXIDCARD_SECRET",
    "base_url": "WXIDCARD_BASE_URL",
}
DESCRIPTION = f"""
Recognises pictures of cards. A folder means the pictures in it and in its folders, by the endings
of their names. A JPEG or PNG that is too large to send is scaled down. Credentials are taken from
the environment: {VARIABLES["appid"]} with {VARIABLES["secret"]}, or {VARIABLES["access_token"]}.
Exit status 0: all were recognised, 1: some were not, 2: wrong usage or credentials, 130 or 143: it
was interrupted before all were begun.
"""


def add_parser(commands: "Subparsers") -> None:
    """Add the command to the parser of ``wxidcard``."""
    parser = commands.add_parser(
        "recognize",
        allow_abbrev=False,
        help="recognise pictures of cards",
        description=DESCRIPTION,
    )
    parser.add_argument("pictures", nargs="+", metavar="PATH_OR_URL")
    parser.add_argument("--access-token-file", metavar="FILE", help="a file with an access token")
    parser.add_argument("--type", choices=("photo", "scan"), help="with a background, or without")
    parser.add_argument(
        "--concurrency",
        type=int,
        default=8,
        metavar="N",
        help="how many are recognised side by side (default: %(default)s)",
    )
    _add_output(parser)
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


def _add_output(parser: argparse.ArgumentParser) -> None:
    forms = parser.add_mutually_exclusive_group()
    for form, meaning in zip(
        FORMATS, ("one JSON object a line", "one JSON array", "CSV"), strict=True
    ):
        forms.add_argument(
            f"--{form.name}", dest="form", action="store_const", const=form, help=meaning
        )
    parser.add_argument(
        "-o",
        dest="file",
        metavar="FILE",
        help="write to a new FILE, for its owner's eyes only, in the format of its name "
        "(.jsonl, .json or .csv) or of the option",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with FILE: recognise what it has no card of",
    )


def run(arguments: argparse.Namespace, given: Sequence[str]) -> int:
    """Carry the command out and return its exit status; ``given`` are its words, to be told."""
    try:
        form = _form(arguments)
        with Client(**_settings(arguments)) as client:
            found = find_pictures(arguments.pictures)
            for line in found.remarks():
                print(f"wxidcard: {line}", file=sys.stderr)
            status = SOME_FAILED if found.problems else 0
            if not found.pictures:
                return status
            output, pictures = _output(arguments, form, found.pictures)
            return Run(client, arguments, given, output).recognize(pictures) or status
    except (OSError, ValueError) as error:
        print(f"wxidcard: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:  # before any picture was begun
        return SIGNALLED + signal.SIGINT


def _settings(arguments: argparse.Namespace) -> Settings:
    settings = _credentials(arguments.access_token_file)
    settings["fit"] = arguments.fit
    settings["strip_metadata"] = arguments.strip_metadata
    if arguments.concurrency < 1:
        raise ValueError("--concurrency must be at least 1")
    settings["max_connections"] = arguments.concurrency
    return settings


def _credentials(token_file: str | None) -> Settings:
    found = {name: os.environ.get(variable) for name, variable in VARIABLES.items()}
    if token_file is not None:
        found["appid"] = found["secret"] = None
        with open(token_file, encoding="ascii", errors="replace") as file:
            found["access_token"] = file.read().strip()
    return cast(Settings, {name: value for name, value in found.items() if value is not None})


def _form(arguments: argparse.Namespace) -> Format | None:
    """The format that is asked for, None for one for people."""
    form: Format | None = arguments.form
    if arguments.file is None:
        if arguments.resume:
            raise ValueError("--resume goes on with a file: name it with -o FILE")
        return form
    if form is None:
        ending = os.path.splitext(arguments.file)[1].lower()
        form = next((form for form in FORMATS if ending in form.suffixes), None)
    if form is None:
        raise ValueError(
            "the name after -o does not tell the format: end it with .jsonl, .json or .csv, or add "
            "--jsonl, --json or --csv"
        )
    return form


def _output(
    arguments: argparse.Namespace, form: Format | None, pictures: list[str]
) -> tuple[Output, list[str]]:
    """Where records go, and which of the pictures are to be recognised."""
    if arguments.file is None or form is None:
        return standard_output(form, pictures), pictures
    if not arguments.resume:
        return OutputFile.create(arguments.file, form), pictures
    output, left = OutputFile.resume(arguments.file, form, pictures)
    if len(left) < len(pictures):
        done = len(pictures) - len(left)
        print(f"wxidcard: {done} of {len(pictures)} were recognised before", file=sys.stderr)
    return output, left

"""The command ``wxidcard``."""

import argparse
import sys
from collections.abc import Sequence

from . import cli_check, cli_recognize
from ._core import __version__

USAGE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with ``argv``, by default the process's own, and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="wxidcard",
        description="Reads Chinese ID cards through WeChat's OCR service.",
    )
    parser.add_argument("--version", action="version", version=f"wxidcard {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    cli_recognize.add_parser(commands)
    cli_check.add_parser(commands)
    # The sandbox has a parser, and --help, of its own: what follows is handed on as it stands.
    commands.add_parser(
        "sandbox", add_help=False, help="the service on your own machine, for development and tests"
    )
    given = sys.argv[1:] if argv is None else argv
    arguments, rest = parser.parse_known_args(given)
    if arguments.command == "sandbox":
        return _sandbox(rest)
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if arguments.command == "recognize":
        return cli_recognize.run(arguments, given)
    if arguments.command == "check":
        return cli_check.run(arguments)
    parser.print_help(sys.stderr)
    return USAGE


def _sandbox(argv: list[str]) -> int:
    try:
        from .sandbox.cli import main as sandbox_main
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("wxidcard"):
            raise
        print(
            f"wxidcard: the sandbox needs the module {error.name}: "
            "install it with pip install 'wxidcard[sandbox]'",
            file=sys.stderr,
        )
        return USAGE
    return sandbox_main(argv)

"""``wxidcard check``: citizen identity numbers, one or many."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .checks import Finding, IdReport, check_id

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

NOT_VALID = 1


def add_parser(commands: "Subparsers") -> None:
    """Add the command to the parser of ``wxidcard``."""
    parser = commands.add_parser(
        "check",
        allow_abbrev=False,
        help="check citizen identity numbers",
        description="Checks citizen identity numbers (GB 11643-1999), without the service. Exit "
        "status 0: all are valid, 1: some are not.",
    )
    parser.add_argument(
        "numbers",
        nargs="+",
        metavar="NUMBER",
        help="a number; - reads one a line from standard input, where ps and the shell's history "
        "do not see them",
    )
    parser.add_argument("--jsonl", action="store_true", help="print one JSON object a line")


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out and return its exit status."""
    reports = [(number, check_id(number)) for number in _numbers(arguments.numbers)]
    for number, report in reports:
        if arguments.jsonl:
            print(json.dumps({"number": number, **report}, ensure_ascii=False))
        else:
            print("\n".join(_lines(number, report)))
    return 0 if all(report["valid"] for _, report in reports) else NOT_VALID


def spoken(english: str, chinese: str) -> str:
    """Whichever is the language of the terminal."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if locale := os.environ.get(variable):
            return chinese if locale.startswith("zh") else english
    return english


def sentences(findings: Sequence[Finding]) -> list[str]:
    """What was found, in the language of the terminal."""
    return [spoken(finding["message"], finding["message_zh"]) for finding in findings]


def _numbers(given: Sequence[str]) -> Iterator[str]:
    for number in given:
        if number == "-":
            yield from filter(None, (line.strip() for line in sys.stdin))
        else:
            yield number


def _lines(number: str, report: IdReport) -> Iterator[str]:
    said = [report["birth"], report["sex"], report["province"]]
    verdict = spoken("valid", "有效") if report["valid"] else spoken("not valid", "无效")
    yield "  ".join([number, verdict, *filter(None, said)])
    for sentence in sentences(report["findings"]):
        yield f"  {sentence}"
    if report["candidates"]:
        yield f"  {spoken('perhaps', '可能是')} {', '.join(report['candidates'])}"

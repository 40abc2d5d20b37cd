#!/usr/bin/env python3
"""Shows what came of the pictures: a line for each, the cards masked.

collect.py [-o FILE]

With -o the cards go whole into a new FILE that only its owner may read, as lines of JSON.
"""

import argparse
import json
import os
from typing import IO

from pictures import Outcome, pictures

import wxidcard


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", metavar="FILE", dest="file")
    file = parser.parse_args().file
    if file is None:
        for picture, outcome in pictures().outcomes():
            print(picture[:12], json.dumps(masked(outcome), ensure_ascii=False), sep="\t")
        return
    with create(file) as whole:
        for picture, outcome in pictures().outcomes():
            line = {"path": pictures().path_of(picture), **outcome}
            print(json.dumps(line, ensure_ascii=False), file=whole)


def masked(outcome: Outcome) -> Outcome:
    return {**outcome, "card": wxidcard.mask(outcome["card"])} if "card" in outcome else outcome


def create(file: str) -> IO[str]:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Asks for the pictures of some folders that have no outcome yet.

enqueue.py [--failed] FOLDER…

Run it again when you like: what has an outcome is not asked for, and what is on its way is not paid
for twice. After midnight in Beijing it asks for what the day's quota had no room for. With
--failed it asks as well for the pictures whose outcome is an error.
"""

import argparse
from pathlib import Path

from celery import Celery
from pictures import pictures

ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--failed", action="store_true")
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()

    app = Celery("idcards")
    app.config_from_object("celeryconfig")
    asked = 0
    for folder in arguments.folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in ENDINGS:
                picture = pictures().add(path)
                if is_wanted(picture, arguments.failed):
                    app.send_task("idcards.recognize", [picture])
                    asked += 1
    print(f"{asked} pictures asked for")


def is_wanted(picture: str, even_failed: bool) -> bool:
    outcome = pictures().outcome_of(picture)
    if outcome is not None and even_failed and "error" in outcome:
        pictures().forget_outcome(picture)
        return True
    return outcome is None


if __name__ == "__main__":
    main()

"""The pictures that ``wxidcard recognize`` is given: paths, URLs, and what lies in folders."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .cli_text import printable

# Of the formats that the library sends. In a folder a name decides, so that a picture that is
# damaged is reported and not passed over; a file that is named by itself is always tried.
EXTENSIONS = frozenset((".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp"))


@dataclass
class Found:
    """What was found: ``pictures`` are paths and URLs, each once, in the order of the arguments."""

    pictures: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """What could not be looked into, in words."""
    left_out: Counter[str] = field(default_factory=Counter)
    """How many files of folders were passed over, by the ending of their names."""

    def remarks(self) -> Iterator[str]:
        """What is to be said of it."""
        yield from self.problems
        if self.left_out:
            endings = ", ".join(
                f"{printable(ending) or 'none'} ({count})"
                for ending, count in sorted(self.left_out.items())
            )
            yield f"passed over, since their names do not end as pictures' do: {endings}"


def is_url(picture: str) -> bool:
    """Whether it is fetched by the service."""
    return picture.startswith(("http://", "https://"))


def item_of(picture: str) -> dict[str, Any]:
    """The keywords of ``recognize`` for it."""
    return {"img_url": picture} if is_url(picture) else {"image": picture}


def find_pictures(given: Sequence[str]) -> Found:
    """Find the pictures of the arguments, with those in folders and in the folders in them.

    In a folder the entries are sorted by name. Names that begin with a dot are passed over, and
    links to folders are not followed, except where an argument is one.
    """
    found = Found()
    for argument in given:
        if not is_url(argument) and os.path.isdir(argument):
            before = len(found.pictures)
            found.pictures += _in_folder(argument, found)
            if len(found.pictures) == before:
                found.problems.append(f"{printable(argument)}: there are no pictures in it")
        else:
            found.pictures.append(argument)
    found.pictures = list(dict.fromkeys(found.pictures))
    return found


def _in_folder(folder: str, found: Found) -> Iterator[str]:
    try:
        with os.scandir(folder) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
    except OSError as error:
        found.problems.append(f"{printable(folder)}: {error.strerror}")
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        extension = os.path.splitext(entry.name)[1].lower()
        if entry.is_dir(follow_symlinks=False):
            yield from _in_folder(entry.path, found)
        elif extension in EXTENSIONS and not entry.is_dir():
            yield entry.path
        else:
            found.left_out[extension] += 1

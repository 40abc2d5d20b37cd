"""Running Tesseract on pictures in memory.

The binary is called directly because the usual wrappers write the picture to a temporary
file, and a picture of somebody's identity card has no business on a disk.
"""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass

import cv2

from .pictures import Pixels

LANGUAGE = "chi_sim"
_LEVEL_WORD = "5"


class TesseractError(RuntimeError):
    """Tesseract could not be run, or failed on a picture."""


@dataclass(frozen=True, slots=True)
class Word:
    """One piece of text and where it stands, in pixels from the top left."""

    text: str
    line: int
    left: int
    top: int
    width: int
    height: int

    def scaled(self, factor: float) -> "Word":
        """Return the word as it stands in the picture enlarged by ``factor``."""
        place = (self.left, self.top, self.width, self.height)
        return Word(self.text, self.line, *(round(value * factor) for value in place))


def find_tesseract() -> str | None:
    """Return the path of a Tesseract that knows simplified Chinese, or None."""
    path = shutil.which("tesseract")
    if path is None:
        return None
    try:
        answer = subprocess.run(
            [path, "--list-langs"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return path if LANGUAGE in answer.stdout.split() else None


class Tesseract:
    """Runs the binary at ``path``; every run ends by ``deadline`` of time.monotonic()."""

    def __init__(self, path: str, deadline: float) -> None:
        self._path = path
        self._deadline = deadline

    def words(self, picture: Pixels) -> list[Word]:
        """Return the words of a block of text, in reading order.

        Words of one line share ``line``. Raises TesseractError.
        """
        words: list[Word] = []
        lines: dict[tuple[str, ...], int] = {}
        for row in self._run(picture, "--psm", "6", "-l", LANGUAGE, "tsv").splitlines()[1:]:
            cells = row.split("\t")
            if len(cells) != 12 or cells[0] != _LEVEL_WORD or not cells[11].strip():
                continue
            line = lines.setdefault(tuple(cells[1:5]), len(lines))
            left, top, width, height = (int(cell) for cell in cells[6:10])
            words.append(Word(cells[11].strip(), line, left, top, width, height))
        return words

    def line(self, picture: Pixels, alphabet: str | None = None) -> str:
        """Return the text of one line, of the characters of ``alphabet`` only if given."""
        options = ["--psm", "7", "-l", LANGUAGE]
        if alphabet:
            options += ["-c", f"tessedit_char_whitelist={alphabet}"]
        return self._run(picture, *options).strip()

    def _run(self, picture: Pixels, *options: str) -> str:
        # Uncompressed: the picture goes through a pipe and is read once.
        encoded, data = cv2.imencode(".pgm", picture)
        seconds = self._deadline - time.monotonic()
        if not encoded or seconds <= 0:
            raise TesseractError("no time left")
        try:
            answer = subprocess.run(
                [self._path, "-", "-", "--dpi", "300", *options],
                input=data.tobytes(),
                capture_output=True,
                timeout=seconds,
                check=True,
                # One thread each: the sandbox runs two of them side by side.
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise TesseractError("Tesseract failed") from error
        return answer.stdout.decode("utf-8", "replace")

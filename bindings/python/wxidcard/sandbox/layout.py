"""The lines on a card: words put together, with their place, and which side they make.

Positions are pixels of an upright card of straighten.CARD_WIDTH x CARD_HEIGHT.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .pictures import Pixels
from .straighten import CARD_HEIGHT, CARD_WIDTH
from .tesseract import Word

# The portrait fills the right of the front, above the number.
PORTRAIT_LEFT = 0.64 * CARD_WIDTH
PORTRAIT_BOTTOM = 0.78 * CARD_HEIGHT
# Where the values of the front begin, as on every card.
VALUE_LEFT = 0.155 * CARD_WIDTH

# What Tesseract makes of specks and of the gap between a label and its value.
_SPECKS = re.compile(r"[\s“”\"'‘’`|_。，,;；:：…~^*<>《》=\\/\[\]{}!]")

_FRONT_WORDS = ("姓名", "性别", "民族", "出生", "住址", "公民", "身份", "号码")
_BACK_WORDS = ("中华人", "共和国", "居民", "身份证", "签发", "机关", "有效", "期限")
# Room above and below a line that is read again by itself.
MARGIN = 12


@dataclass(frozen=True, slots=True)
class Line:
    """Words that stand in one line, left to right."""

    words: tuple[Word, ...]

    @property
    def raw_text(self) -> str:
        """The line as it was read, without blanks."""
        return "".join(word.text for word in self.words)

    @property
    def text(self) -> str:
        """The line without blanks and specks."""
        return clean(self.raw_text)

    @property
    def top(self) -> int:
        """The upper edge of the highest word."""
        return min(word.top for word in self.words)

    @property
    def bottom(self) -> int:
        """The lower edge of the lowest word."""
        return max(word.top + word.height for word in self.words)

    def cut(self, card: Pixels, left: float, right: float) -> Pixels:
        """Return the strip of ``card`` with this line in it, between ``left`` and ``right``."""
        return card[max(0, self.top - MARGIN) : self.bottom + MARGIN, int(left) : int(right)]

    def from_left(self, left: float) -> "Line | None":
        """Return the words whose middle lies right of ``left``, None when there are none."""
        words = tuple(word for word in self.words if word.left + word.width / 2 > left)
        return Line(words) if words else None


def clean(text: str) -> str:
    """Return ``text`` without blanks and without what specks are read as."""
    return _SPECKS.sub("", text)


def make_lines(words: Sequence[Word], portrait: bool) -> list[Line]:
    """Return the lines from top to bottom; with ``portrait``, what stands in it is left out."""
    rows: dict[int, list[Word]] = {}
    for word in words:
        in_portrait = (
            word.left + word.width / 2 > PORTRAIT_LEFT
            and word.top + word.height / 2 < PORTRAIT_BOTTOM
        )
        if not (portrait and in_portrait):
            rows.setdefault(word.line, []).append(word)
    return [line for line in (Line(tuple(row)) for row in rows.values()) if line.text]


def count_front_words(words: Sequence[Word]) -> int:
    """Return how many of the front's 8 printed words were read."""
    return _count(words, _FRONT_WORDS)


def count_back_words(words: Sequence[Word]) -> int:
    """Return how many of the back's 8 printed words were read."""
    return _count(words, _BACK_WORDS)


def _count(words: Sequence[Word], wanted: Sequence[str]) -> int:
    text = clean("".join(word.text for word in words))
    return sum(printed in text for printed in wanted)

"""One upright card, prepared in two ways for reading.

The pattern of the paper disturbs Tesseract more than anything else. So the light is evened
out and everything brighter than the ink's surroundings made white. Of the many preparations
tried, two did best, and they fail at different places: the sharp one at three quarters of its
size, and a softened one at full size.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from .layout import Line
from .pictures import Pixels, as_pixels
from .tesseract import Tesseract, Word

SHRINK = 0.75
SOFTNESS = 1.2
# Grey levels of the evened card: at and below BLACK is ink, at and above WHITE is paper.
PAPER = 235
BLACK, WHITE = 60, 210
# Share of a card's area that ink takes; a blank sheet has less, a photograph more.
MIN_INK, MAX_INK = 0.004, 0.4


class Sheet:
    """A card of straighten.CARD_WIDTH x CARD_HEIGHT that an engine reads.

    All positions are in pixels of that size.
    """

    def __init__(self, engine: Tesseract, card: Pixels) -> None:
        self._engine = engine
        even = _even_light(card)
        self._sharp = _stretch(even)
        self._soft = _stretch(as_pixels(cv2.GaussianBlur(even, (0, 0), SOFTNESS)))

    def may_have_text(self) -> bool:
        """Tell whether there is as much ink as on a card, which is quicker than reading it."""
        ink = float(np.mean(self._soft < 128))
        return MIN_INK <= ink <= MAX_INK

    def words(self) -> list[Word]:
        """Return everything read on the card."""
        return [word.scaled(1 / SHRINK) for word in self._engine.words(_shrink(self._sharp))]

    def readings(
        self, line: Line, left: float, right: float, alphabet: str | None = None
    ) -> Iterator[str]:
        """Yield independent readings of ``line`` between ``left`` and ``right``.

        With ``alphabet`` only its characters are looked for. Each reading costs a run of the
        engine, so ask for no more than needed.
        """
        yield self._engine.line(_shrink(line.cut(self._sharp, left, right)), alphabet)
        yield self._engine.line(line.cut(self._soft, left, right), alphabet)


def _even_light(card: Pixels) -> Pixels:
    """Return ``card`` with its paper at one brightness, so that one threshold fits all of it."""
    paper = cv2.GaussianBlur(cv2.dilate(card, np.ones((9, 9), np.uint8)), (0, 0), 25)
    return as_pixels(cv2.divide(card, np.maximum(paper, 1), scale=PAPER))


def _stretch(even: Pixels) -> Pixels:
    levels = (np.arange(256, dtype=np.float32) - BLACK) * 255 / (WHITE - BLACK)
    return as_pixels(cv2.LUT(even, np.clip(levels, 0, 255).astype(np.uint8)))


def _shrink(picture: Pixels) -> Pixels:
    return as_pixels(cv2.resize(picture, None, fx=SHRINK, fy=SHRINK, interpolation=cv2.INTER_AREA))

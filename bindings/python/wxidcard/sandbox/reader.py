"""Reading a card: the picture is decoded, the card found and turned upright, its lines read."""

import io
import threading
import time

import cv2
from PIL import Image

from . import replies
from .layout import count_back_words, count_front_words, make_lines
from .marks import read_mark
from .pictures import FORMATS, MIN_SIDE, decode, pixels
from .recognizer import Fields
from .replies import ServiceError
from .sheet import Sheet
from .sides import read_back, read_front
from .straighten import upright_cards
from .tesseract import Tesseract, TesseractError

TIME_LIMIT = 30.0
# Of the 8 words printed on each side, how many make it that side.
ENOUGH_WORDS = 3


class TesseractReader:
    """Reads cards with the Tesseract at ``path``."""

    def __init__(self, path: str) -> None:
        self._path = path
        # Two readings run side by side; OpenCV's own threads would only be in the way.
        cv2.setNumThreads(1)

    def read(self, image: bytes, stopping: threading.Event) -> Fields:
        """Return the fields of the card in ``image``; see recognizer.Reader."""
        picture = decode(image)
        if min(picture.size) < MIN_SIDE:
            raise ServiceError(replies.NO_CARD)
        engine = Tesseract(self._path, time.monotonic() + TIME_LIMIT)
        try:
            for card in upright_cards(pixels(picture)):
                if stopping.is_set():
                    raise ServiceError(replies.BUSY)
                found = _read_card(Sheet(engine, card))
                if found is not None:
                    return found
        except TesseractError as error:
            raise ServiceError(replies.BUSY) from error
        raise ServiceError(replies.NO_CARD)


class MarkReader:
    """Recognises specimens by the mark in their file, where there is no Tesseract."""

    def read(self, image: bytes, stopping: threading.Event) -> Fields:
        """Return the fields in the mark; see recognizer.Reader."""
        decode(image)
        with Image.open(io.BytesIO(image), formats=FORMATS) as opened:
            found = read_mark(opened)
        if found is None:
            raise ServiceError(replies.NO_CARD)
        return found


def _read_card(sheet: Sheet) -> Fields | None:
    """Return what is on the card, or None when it is not an upright card."""
    if not sheet.may_have_text():
        return None
    words = sheet.words()
    front, back = count_front_words(words), count_back_words(words)
    if max(front, back) < ENOUGH_WORDS:
        return None
    if back > front:
        return read_back(sheet, make_lines(words, portrait=False))
    return read_front(sheet, make_lines(words, portrait=True))

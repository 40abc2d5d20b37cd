"""Decoding pictures that anybody may have sent: bounded in size and in formats."""

import io
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from . import replies
from .replies import ServiceError

Pixels = NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
MAX_PIXELS = 40_000_000
MIN_SIDE = 32
# No more is needed to read a card, and a large picture costs time at every step.
WORKING_SIDE = 2400


def decode(image: bytes) -> Image.Image:
    """Return the picture in mode L, upright as its EXIF says.

    Its longer side is at most WORKING_SIDE. Raises ServiceError 101002 when it is no
    picture of a known format, is damaged, or has more than MAX_PIXELS.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns before it refuses; the limit here is lower than either.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return _decode(image)
    except ServiceError:
        raise
    except Exception as error:
        # Pillow's decoders raise whatever the damage led to: OSError, ValueError,
        # SyntaxError, struct.error, IndexError and others.
        raise ServiceError(replies.DECODE_FAILED) from error


def _decode(image: bytes) -> Image.Image:
    with Image.open(io.BytesIO(image), formats=FORMATS) as opened:
        if opened.width * opened.height > MAX_PIXELS or min(opened.size) < 1:
            raise ServiceError(replies.DECODE_FAILED)
        # A JPEG decodes at a half, a quarter or an eighth for a fraction of the work.
        opened.draft("L", (WORKING_SIDE, WORKING_SIDE))
        picture = ImageOps.exif_transpose(_grey(opened))
    picture.thumbnail((WORKING_SIDE, WORKING_SIDE))
    return picture


def _grey(picture: Image.Image) -> Image.Image:
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        # What is transparent would come out black, and black text on it would be lost.
        with_alpha = picture.convert("RGBA")
        paper = Image.new("RGBA", with_alpha.size, "white")
        flat = Image.alpha_composite(paper, with_alpha).convert("L")
        flat.info = picture.info
        return flat
    return picture.convert("L")


def pixels(picture: Image.Image) -> Pixels:
    """Return ``picture``, of mode L, as rows x columns."""
    return np.asarray(picture, np.uint8)


def as_pixels(array: NDArray[Any]) -> Pixels:
    """Return what an OpenCV function returned for a grey picture, whose type it cannot tell."""
    return array.astype(np.uint8, copy=False)

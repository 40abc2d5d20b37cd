"""Writing a folder of specimen pictures, with the true fields of every file beside them."""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL import Image

from .drawing import draw_back, draw_front
from .marks import make_comment, make_text
from .people import PEOPLE
from .scene import empty_table, photograph

Fields = Mapping[str, str]

FLAT_QUALITY = 92
PHOTO_QUALITY = 85
NO_CARD_FILE = "no-card.jpg"
NO_CARD_SEED = 9_001
TRUTH_FILE = "specimens.json"


def card_pictures(number: int) -> Iterator[tuple[str, Image.Image, Fields]]:
    """Yield the pictures of person ``number``, from 1: file name, picture, true fields.

    ``front-NN`` and ``back-NN`` are flat, and named without an ending: they are written both
    as JPEG and PNG. ``photo-front-NN.jpg`` and ``photo-back-NN.jpg`` are photographs.
    """
    person = PEOPLE[number - 1]
    sides = (("front", draw_front, person.front()), ("back", draw_back, person.back()))
    for index, (side, draw, fields) in enumerate(sides):
        card = draw(person)
        yield f"{side}-{number:02}", card, fields
        yield f"photo-{side}-{number:02}.jpg", photograph(card, 2 * number + index), fields


def write_specimens(folder: Path, people: int = len(PEOPLE)) -> int:
    """Write the pictures of the first ``people`` into ``folder``, and return how many.

    The folder is made when it is missing; files of the same names are overwritten.
    ``specimens.json`` maps each file name to its fields, or to null where there is no card.
    Raises OSError when it cannot be written, FontMissingError without a Chinese font.
    """
    folder.mkdir(parents=True, exist_ok=True)
    truth: dict[str, Fields | None] = {}
    for number in range(1, people + 1):
        for name, picture, fields in card_pictures(number):
            if name.endswith(".jpg"):
                (folder / name).write_bytes(encode_jpeg(picture, True, fields))
                truth[name] = fields
                continue
            (folder / f"{name}.jpg").write_bytes(encode_jpeg(picture, False, fields))
            picture.save(folder / f"{name}.png", pnginfo=make_text(fields))
            truth[f"{name}.jpg"] = truth[f"{name}.png"] = fields
    (folder / NO_CARD_FILE).write_bytes(encode_jpeg(empty_table(NO_CARD_SEED), True))
    truth[NO_CARD_FILE] = None
    text = json.dumps(truth, ensure_ascii=False, indent=1)
    (folder / TRUTH_FILE).write_text(text + "\n", encoding="utf-8")
    return len(truth)


def encode_jpeg(
    picture: Image.Image, photographed: bool = False, fields: Fields | None = None
) -> bytes:
    """Return ``picture`` as a JPEG, with the mark for ``fields`` if given.

    A scan is saved with little loss, a photograph as a camera would.
    """
    encoded = io.BytesIO()
    picture.save(
        encoded,
        format="JPEG",
        quality=PHOTO_QUALITY if photographed else FLAT_QUALITY,
        dpi=(300, 300),
        comment=b"" if fields is None else make_comment(fields),
    )
    return encoded.getvalue()

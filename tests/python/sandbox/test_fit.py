"""Photographs too large to send, made to fit: upright, small enough, and read as well as before.

A fitted picture has to be read at least as well as what Pillow makes of the same photograph at the
same width, height and number of bytes.
"""

import io
import threading
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from PIL import Image, ImageOps

import wxidcard
from wxidcard.sandbox.drawing import draw_back, draw_front
from wxidcard.sandbox.people import PEOPLE
from wxidcard.sandbox.pictures import Pixels
from wxidcard.sandbox.reader import TesseractReader
from wxidcard.sandbox.scene import photograph
from wxidcard.sandbox.tesseract import find_tesseract

LIMIT = 2 * 1024 * 1024
# As telephones take them: 12 megapixels.
LONG, SHORT = 4032, 3024
NOISE_LEVELS = 8.0
PERSON = PEOPLE[2]
ORIENTATION = 0x0112
MAKER, PLACE = 0x010F, 0x8825

# What was done to a picture that carries each orientation, and has to be undone.
TURNS: dict[int, Image.Transpose | None] = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture(scope="module")
def reader() -> TesseractReader:
    path = find_tesseract()
    assert path is not None, "install tesseract-ocr and tesseract-ocr-chi-sim"
    return TesseractReader(path)


def with_noise(picture: Image.Image, levels: float) -> Image.Image:
    random = np.random.default_rng(7)
    noise = random.standard_normal((picture.height // 4, picture.width, 3), np.float32) * levels
    rows: Pixels = np.asarray(picture, np.uint8)
    for start in range(0, picture.height, picture.height // 4):
        part = rows[start : start + picture.height // 4] + noise
        picture.paste(Image.fromarray(np.clip(part, 0, 255).astype(np.uint8)), (0, start))
    return picture


@pytest.fixture(scope="module")
def front() -> Image.Image:
    """A photograph of a front, LONG x SHORT."""
    scene = photograph(draw_front(PERSON), 11).resize((LONG, SHORT), Image.Resampling.BICUBIC)
    return with_noise(scene, NOISE_LEVELS)


@pytest.fixture(scope="module")
def far_away() -> Image.Image:
    """The same size, with the card on a ninth of it: what must not be made much smaller."""
    scene = Image.new("RGB", (LONG, SHORT), (120, 104, 86))
    scene.paste(photograph(draw_back(PERSON), 12).resize((1480, 1110)), (1300, 900))
    return with_noise(scene, NOISE_LEVELS)


def encoded(picture: Image.Image, format: str = "JPEG", **options: object) -> bytes:
    output = io.BytesIO()
    picture.save(output, format, **options)
    return output.getvalue()


def photo_exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKER] = "Canary Camera"
    exif.get_ifd(PLACE)[1] = "N"
    return exif


def like_pillow(data: bytes, size: tuple[int, int], most: int) -> bytes:
    """Shrink with Pillow to the same size in pixels, and to no more bytes."""
    with Image.open(io.BytesIO(data)) as opened:
        upright = ImageOps.exif_transpose(opened)
    if upright.mode.startswith("I;16"):
        upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
    if "A" in upright.mode or "transparency" in upright.info:
        with_alpha = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), with_alpha)
    shrunk = upright.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    for quality in range(95, 4, -2):
        if len(made := encoded(shrunk, quality=quality)) <= most:
            return made
    raise AssertionError("Pillow cannot make it so small")


def right_fields(reader: TesseractReader, data: bytes, truth: Mapping[str, str]) -> int:
    found = reader.read(data, threading.Event())
    return sum(found.get(name) == value for name, value in truth.items())


def check(reader: TesseractReader, data: bytes, size: tuple[int, int], side: str) -> Image.Image:
    """Fit it and compare; returns the fitted picture."""
    assert len(data) >= LIMIT
    truth = PERSON.front() if side == "front" else PERSON.back()
    fitted = wxidcard.fit_image(data)
    assert len(fitted) < LIMIT
    assert b"Canary" not in fitted and b"Exif" not in fitted
    picture = Image.open(io.BytesIO(fitted))
    picture.load()
    assert picture.format == "JPEG"
    assert not picture.getexif()
    assert picture.width / picture.height == pytest.approx(size[0] / size[1], rel=0.01)
    other = like_pillow(data, picture.size, len(fitted))
    ours, theirs = (right_fields(reader, each, truth) for each in (fitted, other))
    assert ours >= theirs
    assert ours >= len(truth) - 1
    return picture


@pytest.mark.parametrize("orientation", TURNS)
def test_orientation(reader: TesseractReader, front: Image.Image, orientation: int) -> None:
    turn = TURNS[orientation]
    turned = front if turn is None else front.transpose(turn)
    data = encoded(turned, quality=95, exif=photo_exif(orientation))
    assert 5_000_000 < len(data) < 8_000_000
    check(reader, data, (LONG, SHORT), "front")


def test_card_that_is_far_away(reader: TesseractReader, far_away: Image.Image) -> None:
    data = encoded(far_away, quality=95)
    fitted = check(reader, data, (LONG, SHORT), "back")
    assert fitted.width > 0.7 * LONG


JPEGS: dict[str, Callable[[Image.Image], bytes]] = {
    "progressive": lambda picture: encoded(picture, quality=92, progressive=True),
    "grey": lambda picture: encoded(picture.convert("L"), quality=96),
    "cmyk": lambda picture: encoded(picture.convert("CMYK"), quality=90),
    "4:4:4": lambda picture: encoded(picture, quality=90, subsampling="4:4:4"),
    "4:2:2": lambda picture: encoded(picture, quality=90, subsampling="4:2:2"),
}


@pytest.mark.parametrize("kind", JPEGS)
def test_jpeg(reader: TesseractReader, front: Image.Image, kind: str) -> None:
    check(reader, JPEGS[kind](front), (LONG, SHORT), "front")


def with_alpha(picture: Image.Image) -> Image.Image:
    """Black around the card, and transparent there."""
    made = picture.convert("RGBA")
    alpha = Image.new("L", made.size, 255)
    alpha.paste(0, (0, 0, made.width // 12, made.height))
    made.putalpha(alpha)
    return made


def sixteen_bits(picture: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(picture.convert("L"), np.uint16) * 257)


PNGS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "true-colour": lambda picture: picture,
    "grey, 16 bits": sixteen_bits,
    "palette": lambda picture: picture.quantize(256),
    "alpha": with_alpha,
}


@pytest.mark.parametrize("kind", PNGS)
def test_png(reader: TesseractReader, front: Image.Image, kind: str) -> None:
    smaller = front.resize((LONG // 2, SHORT // 2))
    data = encoded(PNGS[kind](smaller), "PNG", compress_level=1)
    check(reader, data, smaller.size, "front")


def test_what_fits_is_left_alone(front: Image.Image) -> None:
    data = encoded(front.resize((1600, 1200)), quality=80, exif=photo_exif(6))
    assert len(data) < LIMIT
    assert wxidcard.fit_image(data) == data


@pytest.mark.parametrize("orientation", TURNS)
def test_metadata_taken_out(reader: TesseractReader, front: Image.Image, orientation: int) -> None:
    small = front.resize((1600, 1200))
    turn = TURNS[orientation]
    turned = small if turn is None else small.transpose(turn)
    data = encoded(turned, quality=85, exif=photo_exif(orientation), comment=b"Canary")
    stripped = wxidcard.fit_image(data, strip_metadata=True)
    assert len(stripped) < len(data)
    assert b"Canary" not in stripped
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(stripped)) as after:
        assert dict(after.getexif()) == ({} if orientation == 1 else {ORIENTATION: orientation})
        assert before.tobytes() == after.tobytes()
        assert ImageOps.exif_transpose(after).size == (1600, 1200)

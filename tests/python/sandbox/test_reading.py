"""Real pictures read with Tesseract: the rates that docs/sandbox.md states, and odd pictures."""

import io
import struct
import threading
import zlib
from collections.abc import Mapping

import pytest
from PIL import Image, ImageDraw, ImageOps

from wxidcard.sandbox import reader as reader_module
from wxidcard.sandbox.drawing import draw_back, draw_front
from wxidcard.sandbox.people import PEOPLE
from wxidcard.sandbox.reader import TesseractReader
from wxidcard.sandbox.replies import ServiceError
from wxidcard.sandbox.report import make_table, measure, rate
from wxidcard.sandbox.scene import empty_table, photograph
from wxidcard.sandbox.specimens import encode_jpeg
from wxidcard.sandbox.tesseract import find_tesseract

PERSON = PEOPLE[1]


@pytest.fixture(scope="module")
def reader() -> TesseractReader:
    path = find_tesseract()
    assert path is not None, "install tesseract-ocr and tesseract-ocr-chi-sim"
    return TesseractReader(path)


def read(reader: TesseractReader, picture: Image.Image | bytes) -> Mapping[str, str]:
    image = picture if isinstance(picture, bytes) else encode_jpeg(picture)
    return reader.read(image, threading.Event())


def errcode(reader: TesseractReader, picture: Image.Image | bytes) -> int:
    with pytest.raises(ServiceError) as refused:
        read(reader, picture)
    return refused.value.errcode


@pytest.mark.parametrize(("photographed", "wanted"), [(False, 0.95), (True, 0.8)])
def test_rates(photographed: bool, wanted: float) -> None:
    readings = measure(20, kinds=[photographed])
    assert len(readings) == 40
    assert rate(readings, photographed) >= wanted
    assert make_table(readings).row_count == 10


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_turned_scan(reader: TesseractReader, degrees: int) -> None:
    assert read(reader, draw_front(PERSON).rotate(degrees, expand=True)) == PERSON.front()


@pytest.mark.parametrize("degrees", [40, 90, 180, 270])
def test_turned_photograph(reader: TesseractReader, degrees: int) -> None:
    picture = photograph(draw_back(PERSON), 3).rotate(degrees, expand=True)
    assert read(reader, picture) == PERSON.back()


def test_orientation_in_exif(reader: TesseractReader) -> None:
    turned_right = 6
    exif = Image.Exif()
    exif[0x0112] = turned_right
    encoded = io.BytesIO()
    draw_back(PERSON).rotate(90, expand=True).save(encoded, "JPEG", exif=exif, quality=92)
    assert read(reader, encoded.getvalue()) == PERSON.back()


@pytest.mark.parametrize("width", [600, 3033])
def test_other_sizes(reader: TesseractReader, width: int) -> None:
    picture = draw_back(PERSON).resize((width, width * 638 // 1011))
    assert read(reader, picture) == PERSON.back()


def test_card_on_a_white_page(reader: TesseractReader) -> None:
    page = ImageOps.expand(draw_back(PERSON), (300, 200, 500, 900), "white")
    assert read(reader, page) == PERSON.back()


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "GIF", "WEBP"])
def test_other_formats(reader: TesseractReader, file_format: str) -> None:
    encoded = io.BytesIO()
    picture = draw_back(PERSON)
    picture.save(encoded, file_format)
    assert read(reader, encoded.getvalue()) == PERSON.back()


def test_transparent_paper(reader: TesseractReader) -> None:
    grey = draw_back(PERSON).convert("L")
    ink = Image.new("RGBA", grey.size, (0, 0, 0, 255))
    ink.putalpha(ImageOps.invert(grey))
    encoded = io.BytesIO()
    ink.save(encoded, "PNG")
    assert read(reader, encoded.getvalue()) == PERSON.back()


def test_the_mark_is_not_used(reader: TesseractReader) -> None:
    other = {**PEOPLE[5].back()}
    assert read(reader, encode_jpeg(draw_back(PERSON), False, other)) == PERSON.back()
    assert errcode(reader, encode_jpeg(Image.new("RGB", (1011, 638)), False, other)) == 101001


def test_no_card(reader: TesseractReader) -> None:
    assert errcode(reader, empty_table(1)) == 101001


@pytest.mark.parametrize("size", [(1, 1), (16, 900), (1011, 638), (5000, 40)])
def test_blank_picture(reader: TesseractReader, size: tuple[int, int]) -> None:
    assert errcode(reader, Image.new("RGB", size, "white")) == 101001


def test_text_that_is_no_card(reader: TesseractReader) -> None:
    page = Image.new("RGB", (1011, 638), "white")
    draw = ImageDraw.Draw(page)
    for row in range(9):
        draw.text((60, 40 + 60 * row), "The quick brown fox 1234567890", fill="black", font_size=40)
    assert errcode(reader, page) == 101001


def damaged_pictures() -> dict[str, bytes]:
    whole = encode_jpeg(draw_back(PERSON))
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk
    bomb += struct.pack(">I", zlib.crc32(chunk))
    return {
        "text": b"this is no picture",
        "truncated": whole[: len(whole) // 3],
        "only its beginning": whole[:20],
        "too many pixels": bomb,
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "pdf": b"%PDF-1.7\n",
    }


@pytest.mark.parametrize("name", list(damaged_pictures()))
def test_damaged_picture(reader: TesseractReader, name: str) -> None:
    assert errcode(reader, damaged_pictures()[name]) == 101002


def test_no_time_left(reader: TesseractReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "TIME_LIMIT", 0.0)
    assert errcode(reader, draw_back(PERSON)) == -1


def test_stopping(reader: TesseractReader) -> None:
    stopping = threading.Event()
    stopping.set()
    with pytest.raises(ServiceError) as refused:
        reader.read(encode_jpeg(draw_back(PERSON)), stopping)
    assert refused.value.errcode == -1


def test_tesseract_that_fails() -> None:
    assert errcode(TesseractReader("/bin/false"), draw_back(PERSON)) == -1
    assert errcode(TesseractReader("/no/such/file"), draw_back(PERSON)) == -1

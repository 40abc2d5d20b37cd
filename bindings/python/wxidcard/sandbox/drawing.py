"""Drawing the specimen cards, flat, at 1011 x 638 pixels (85.6 x 54 mm at 300 dpi).

They have the arrangement of a card and none of its security features: the portrait is a grey
figure, the emblem a plain disc, and both say 样本 SPECIMEN.
"""

import math
import shutil
import subprocess
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from .people import LONG_TERM, Person

CARD_SIZE = (1011, 638)
ADDRESS_WIDTH = 440
MAX_ADDRESS_LINES = 3

_INK = (28, 28, 32)
_LABEL = (52, 92, 148)
_PAPER = (232, 240, 244)
_PATTERN = (214, 227, 234)
_GREY = (186, 192, 198)
_MARK = (178, 92, 96)

_FONT_FILES = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
)
# The faces of the collection are JP, KR, SC, TC, HK.
_SIMPLIFIED_FACE = 2


class FontMissingError(RuntimeError):
    """There is no font with Chinese characters to draw with."""


@cache
def _font_file() -> tuple[str, int]:
    for name in _FONT_FILES:
        if Path(name).is_file():
            return name, _SIMPLIFIED_FACE
    if shutil.which("fc-match"):
        answer = subprocess.run(
            ["fc-match", "-f", "%{file}|%{index}|%{lang}", "Noto Sans CJK SC:lang=zh-cn"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
        name, _, rest = answer.stdout.partition("|")
        index, _, languages = rest.partition("|")
        if name and "zh-cn" in languages.split("|"):
            return name, int(index or 0)
    raise FontMissingError("no Chinese font found; on Debian and Ubuntu install fonts-noto-cjk")


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    name, face = _font_file()
    return ImageFont.truetype(name, size, index=face)


def draw_front(person: Person) -> Image.Image:
    """Return the portrait side of ``person``'s card, RGB, CARD_SIZE."""
    image = _paper()
    draw = ImageDraw.Draw(image)
    _label(draw, 60, 72, "姓 名")
    _value(draw, 172, 64, person.name, 44)
    _label(draw, 60, 150, "性 别")
    _value(draw, 172, 146, person.gender)
    _label(draw, 262, 150, "民 族")
    _value(draw, 374, 146, person.nationality)
    _label(draw, 60, 228, "出 生")
    _draw_birth(draw, person)
    _label(draw, 60, 306, "住 址")
    for row, line in enumerate(wrap_address(person.address)):
        _value(draw, 172, 302 + 56 * row, line)
    _label(draw, 60, 540, "公民身份号码")
    _draw_number(draw, person.number)
    _draw_portrait(draw)
    return image


def draw_back(person: Person) -> Image.Image:
    """Return the emblem side of ``person``'s card, RGB, CARD_SIZE."""
    image = _paper()
    draw = ImageDraw.Draw(image)
    draw.ellipse((66, 56, 246, 236), outline=_MARK, width=6)
    _centred(draw, 156, 118, "样本", 48, _MARK)
    _centred(draw, 156, 172, "SPECIMEN", 26, _MARK)
    _centred(draw, 620, 96, "中华人民共和国", 58, _INK)
    _centred(draw, 620, 200, "居 民 身 份 证", 76, _INK)
    _label(draw, 196, 452, "签发机关")
    _value(draw, 388, 448, person.issuer)
    _label(draw, 196, 532, "有效期限")
    end = LONG_TERM if person.expires is None else f"{person.expires:%Y.%m.%d}"
    _value(draw, 388, 528, f"{person.issued:%Y.%m.%d}-{end}")
    return image


def wrap_address(address: str) -> list[str]:
    """Return ``address`` in the lines of the card, at most MAX_ADDRESS_LINES.

    Raises ValueError when it needs more.
    """
    font = _font(38)
    lines = [""]
    for character in address:
        if font.getlength(lines[-1] + character) > ADDRESS_WIDTH:
            lines.append("")
        lines[-1] += character
    if len(lines) > MAX_ADDRESS_LINES:
        raise ValueError("the address is too long for the card")
    return lines


def _paper() -> Image.Image:
    image = Image.new("RGB", CARD_SIZE, _PAPER)
    draw = ImageDraw.Draw(image)
    width, height = CARD_SIZE
    for row in range(-40, height + 40, 14):
        line = [(x, row + 9 * math.sin(x / 47 + row / 31)) for x in range(0, width + 8, 8)]
        draw.line(line, fill=_PATTERN, width=1)
    return image


def _label(draw: ImageDraw.ImageDraw, x: int, y: int, text: str) -> None:
    draw.text((x, y), text, font=_font(32), fill=_LABEL)


def _value(draw: ImageDraw.ImageDraw, x: int, y: int, text: str, size: int = 38) -> None:
    draw.text((x, y), text, font=_font(size), fill=_INK)


def _centred(
    draw: ImageDraw.ImageDraw, x: int, y: int, text: str, size: int, fill: tuple[int, int, int]
) -> None:
    draw.text((x, y), text, font=_font(size), fill=fill, anchor="mm")


def _draw_birth(draw: ImageDraw.ImageDraw, person: Person) -> None:
    birth = person.birth
    for x, number, unit in (
        (172, birth.year, "年"),
        (314, birth.month, "月"),
        (412, birth.day, "日"),
    ):
        _value(draw, x, 224, str(number))
        _label(draw, x + (96 if unit == "年" else 56), 228, unit)


def _draw_number(draw: ImageDraw.ImageDraw, number: str) -> None:
    for place, character in enumerate(number):
        _value(draw, 316 + 31 * place, 532, character, 46)


def _draw_portrait(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse((742, 110, 892, 300), fill=_GREY)
    draw.pieslice((668, 308, 966, 640), 180, 360, fill=_GREY)
    _centred(draw, 817, 392, "样本", 40, _PAPER)
    _centred(draw, 817, 440, "SPECIMEN", 26, _PAPER)

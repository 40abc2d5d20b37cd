"""Pictures made to do harm are refused in little more memory than decoding them states to need.

What refuses them, how fast, and with which words is tested in C; here the process is measured.
"""

import io
import json
import pathlib
import random
import subprocess
import sys
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

LIMIT = 2 * 1024 * 1024
ALLOWED_MIB = 8
WIDTH, HEIGHT = 2400, 1800
# What decoding this picture needs, in bytes: a plane of brightness, and two of a quarter of it.
NEED_MIB = WIDTH * HEIGHT * 1.5 / 2**20

# Prints the message, and by how much the process grew at most, in MiB.
PROGRAM = """
import json, pathlib, sys
import wxidcard

def memory(name):
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition(name + ":")[2].split()[0]) / 1024

data = pathlib.Path(sys.argv[1]).read_bytes()
pathlib.Path("/proc/self/clear_refs").write_text("5")
before = memory("VmRSS")
try:
    wxidcard.fit_image(data)
except wxidcard.ImageInputError as error:
    print(json.dumps([str(error), memory("VmHWM") - before]))
"""


def noise(format: str) -> bytes:
    pixels = random.Random(5).randbytes(WIDTH * HEIGHT * 3)
    encoded = io.BytesIO()
    picture = Image.frombytes("RGB", (WIDTH, HEIGHT), pixels)
    picture.save(encoded, format, quality=97, compress_level=1)
    assert len(encoded.getvalue()) > 2 * LIMIT
    return encoded.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def png(width: int, height: int, pixels: bytes, kind: int = 6) -> bytes:
    """A PNG of 8 bits that says to be so large, and is too long by a chunk of no meaning."""
    head = width.to_bytes(4) + height.to_bytes(4) + bytes([8, kind, 0, 0, 0])
    padding = chunk(b"paDd", bytes(LIMIT))
    parts = (chunk(b"IHDR", head), padding, chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def claiming(data: bytes, width: int, height: int) -> bytes:
    """A JPEG whose frame says to be of another size."""
    at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    return data[: at + 5] + height.to_bytes(2) + width.to_bytes(2) + data[at + 9 :]


def cut_jpeg() -> bytes:
    return noise("JPEG")[: 3 * LIMIT // 2]


def cut_jpeg_with_an_end() -> bytes:
    return cut_jpeg() + b"\xff\xd9"


def cut_png() -> bytes:
    return noise("PNG")[: 3 * LIMIT // 2]


def damaged_png() -> bytes:
    data = bytearray(noise("PNG"))
    data[len(data) // 2] ^= 0x55
    return bytes(data)


def huge_jpeg() -> bytes:
    return claiming(noise("JPEG"), 65500, 65500)


def progressive_bomb() -> bytes:
    """Nearly 100 megapixels, and nothing in them."""
    encoded = io.BytesIO()
    Image.new("RGB", (64, 64)).save(encoded, "JPEG", progressive=True)
    comment = b"\xff\xfe\xff\xff" + bytes(65533)
    data = encoded.getvalue()
    return claiming(data[:2] + comment * (LIMIT // 65537 + 1) + data[2:], 10000, 9999)


def png_bomb() -> bytes:
    return png(20000, 20000, zlib.compress(bytes(20000 * 400)))


def empty_png() -> bytes:
    return png(9999, 9999, zlib.compress(bytes(1000)))


CASES: dict[Callable[[], bytes], float] = {
    cut_jpeg: 0,
    cut_jpeg_with_an_end: NEED_MIB,
    cut_png: 0,
    damaged_png: NEED_MIB,
    huge_jpeg: 0,
    progressive_bomb: 0,
    png_bomb: 0,
    empty_png: 0,
}


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_memory(make: Callable[[], bytes], tmp_path: pathlib.Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(make())
    assert path.stat().st_size > LIMIT
    command = [sys.executable, "-c", PROGRAM, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    message, grown_mib = json.loads(done.stdout)
    assert "the picture" in message
    assert grown_mib < CASES[make] + ALLOWED_MIB

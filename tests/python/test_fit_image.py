"""fit_image from Python, and the reading of pictures that are made fit.

tests/c/test_pictures_*.c and tests/python/sandbox/test_fit.py have what becomes of the pictures.
"""

import io
import os
import pathlib
import random
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest

import canaries
import wxidcard
from given import JPEG, MakeClient
from scripted import ScriptedService
from storing import CANARY
from test_memory import left_by

MIB = 1024 * 1024


def png(width: int, height: int) -> bytes:
    """Noise, which no compression makes small, with a text in its metadata."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    noise = random.Random(7)
    rows = b"".join(b"\0" + noise.randbytes(width * 3) for _ in range(height))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            chunk(b"tEXt", f"Author\0{CANARY}".encode()),
            chunk(b"IDAT", zlib.compress(rows, 1)),
            chunk(b"IEND", b""),
        ]
    )


PICTURE = png(120, 80)
LIMIT = 20_000


class Trickle(io.BytesIO):
    """Gives less than is asked for."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 1000))


class Endless:
    """A file that goes on and on; remembers how much was taken."""

    taken = 0

    def read(self, size: int) -> bytes:
        self.taken += size
        return b"\xff\xd8\xff".ljust(size, b"\0")


def refusal(wanted: type[Exception], *arguments: Any, **options: Any) -> str:
    """The message of the exception, which must be of this very type and tell no secret."""
    with pytest.raises(wanted) as caught:
        wxidcard.fit_image(*arguments, **options)
    assert type(caught.value) is wanted
    canaries.search(caught.value)
    return str(caught.value)


def sources(tmp_path: pathlib.Path, data: bytes) -> list[Any]:
    path = tmp_path / f"{CANARY}.png"
    path.write_bytes(data)
    view = memoryview(b"x" + data)[1:]
    files = [io.BytesIO(data), Trickle(data)]
    return [data, bytearray(data), view, path, str(path), *files]


def test_a_picture_comes_from_anywhere(tmp_path: pathlib.Path) -> None:
    assert len(PICTURE) > LIMIT
    fitted = wxidcard.fit_image(PICTURE, max_image_bytes=LIMIT)
    assert type(fitted) is bytes
    assert len(fitted) < LIMIT
    assert fitted.startswith(b"\xff\xd8\xff")
    assert fitted.endswith(b"\xff\xd9")
    for source in sources(tmp_path, PICTURE):
        assert wxidcard.fit_image(source, max_image_bytes=LIMIT) == fitted
    for source in sources(tmp_path, PICTURE):
        kept = wxidcard.fit_image(source)
        assert type(kept) is bytes
        assert kept == PICTURE
    with (tmp_path / f"{CANARY}.png").open("rb") as file:
        assert wxidcard.fit_image(file) == PICTURE
    for small in (JPEG, b"GIF89a" + b"x" * 100):
        assert wxidcard.fit_image(small, max_image_bytes=None) == small


def test_a_file_is_read_from_where_it_stands() -> None:
    file = io.BytesIO(b"before" + JPEG)
    file.seek(6)
    assert wxidcard.fit_image(file) == JPEG
    assert wxidcard.fit_image(io.BytesIO(PICTURE), max_image_bytes=len(PICTURE) + 1) == PICTURE


def test_metadata_are_taken_out() -> None:
    assert CANARY.encode() in PICTURE
    stripped = wxidcard.fit_image(PICTURE, strip_metadata=True)
    assert stripped.startswith(b"\x89PNG")
    assert CANARY.encode() not in stripped
    assert wxidcard.fit_image(PICTURE, strip_metadata=False) == PICTURE
    assert CANARY.encode() not in wxidcard.fit_image(PICTURE, max_image_bytes=LIMIT)


def test_a_picture_is_a_path_bytes_or_a_file() -> None:
    for wrong in (None, 7, [JPEG], object()):
        message = refusal(TypeError, wrong)
        assert message.startswith("image must be a path, bytes or a file")
        assert f"not {type(wrong).__name__}" in message
    assert 'mode "rb"' in refusal(TypeError, io.StringIO("text"))
    assert "contiguous" in refusal(ValueError, memoryview(JPEG)[::2])
    with pytest.raises(TypeError):
        wxidcard.fit_image(JPEG, LIMIT)  # type: ignore[call-arg]


@pytest.mark.parametrize("limit", ["1", 1.5, True, b"1", [1]])
def test_a_limit_is_a_number(limit: Any) -> None:
    assert "max_image_bytes must be an int" in refusal(TypeError, JPEG, max_image_bytes=limit)


@pytest.mark.parametrize("limit", [0, -1, 64 * MIB + 1, 2**63, -(2**70)])
def test_a_limit_is_within_bounds(limit: int) -> None:
    assert "1 to 67108864" in refusal(ValueError, JPEG, max_image_bytes=limit)


@pytest.mark.parametrize("flag", [1, 0, "yes", b"", []])
def test_a_flag_is_true_or_false(flag: Any) -> None:
    assert "strip_metadata must be True" in refusal(TypeError, JPEG, strip_metadata=flag)


def test_options_are_looked_at_before_a_file_is_read() -> None:
    file = io.BytesIO(JPEG)
    refusal(TypeError, file, strip_metadata=1)
    assert file.tell() == 0


def test_a_path_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    for wanted, path in (
        (FileNotFoundError, str(tmp_path / CANARY)),
        (FileNotFoundError, tmp_path / CANARY),
        (NotADirectoryError, pathlib.Path(__file__) / CANARY),
    ):
        assert "the picture's file cannot be opened" in refusal(wanted, path)
        with pytest.raises(wanted) as caught:
            wxidcard.fit_image(path)
        assert caught.value.filename is None
    assert "NUL" in refusal(ValueError, f"{CANARY}\0")
    assert "encoded" in refusal(ValueError, f"{CANARY}\ud800")


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / CANARY)
    for path in (tmp_path / CANARY, tmp_path):
        assert "regular file" in refusal(wxidcard.ImageInputError, path)


def test_what_cannot_be_made_fit() -> None:
    for data, says in (
        (b"", "empty"),
        (CANARY.encode(), "JPEG"),
        (PICTURE[: -LIMIT // 4], "cut off"),
        (b"GIF89a" + b"x" * LIMIT, "JPEG and PNG"),
        (Endless(), "67108864"),
    ):
        message = refusal(wxidcard.ImageInputError, data, max_image_bytes=LIMIT)
        assert says in message
    with pytest.raises(wxidcard.ImageInputError) as caught:
        wxidcard.fit_image(b"")
    assert caught.value.kind == "image_input"
    assert isinstance(caught.value, ValueError)


def test_a_file_is_read_no_further_than_needed() -> None:
    file = Endless()
    refusal(wxidcard.ImageInputError, file)
    assert file.taken == 64 * MIB + 1


def test_what_a_file_raises_is_raised() -> None:
    class Broken:
        def read(self, size: int = -1, /) -> bytes:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        wxidcard.fit_image(Broken())


def test_memory_is_given_back() -> None:
    picture = bytearray(PICTURE)
    wxidcard.fit_image(picture, max_image_bytes=LIMIT)
    refusal(wxidcard.ImageInputError, bytearray(b"x"))
    picture.append(1)  # would raise while it is lent


def test_other_threads_go_on() -> None:
    data = png(1500, 1000)
    thread = threading.Thread(target=wxidcard.fit_image, args=(data,))
    longest, began = 0.0, time.perf_counter()
    last = began
    thread.start()
    while thread.is_alive():
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    thread.join()
    # With the GIL it would be as good as all of the time.
    assert longest < (time.perf_counter() - began) / 2


def test_a_client_that_fits_reads_large_files(
    service: ScriptedService, make_client: MakeClient, tmp_path: pathlib.Path
) -> None:
    data = png(1000, 800)
    assert len(data) > 2 * MIB
    for source in sources(tmp_path, data):
        with pytest.raises(wxidcard.ImageInputError, match="max_image_bytes"):
            make_client().recognize(source)
    client = make_client(fit=True)
    for source in sources(tmp_path, data):
        client.recognize(source)
    fitted = wxidcard.fit_image(data)
    assert len(service.requests) == 7
    assert all(fitted in request.body for request in service.requests)


def fitted() -> None:
    wxidcard.fit_image(PICTURE, max_image_bytes=LIMIT)
    wxidcard.fit_image(bytearray(PICTURE), strip_metadata=True)
    wxidcard.fit_image(io.BytesIO(JPEG))


def refused() -> None:
    wrong: list[Any] = [None, 7, "missing.jpg", b"", "a\0", "\ud800", io.StringIO(), b"GIF89a"]
    for image in wrong:
        with pytest.raises((TypeError, ValueError, OSError)):
            wxidcard.fit_image(image, strip_metadata=True)
    with pytest.raises(ValueError):
        wxidcard.fit_image(JPEG, max_image_bytes=0)


@pytest.mark.parametrize("work", [fitted, refused])
def test_nothing_is_left(work: Callable[[], None]) -> None:
    c_bytes, python_blocks = left_by(work)
    assert python_blocks < 250
    assert c_bytes < 10_000


def test_references_are_given_back() -> None:
    objects: list[Any] = [bytearray(PICTURE), PICTURE, 123_456_789, io.BytesIO(JPEG)]
    data, same, limit, file = objects

    def work() -> None:
        wxidcard.fit_image(data, max_image_bytes=LIMIT)
        wxidcard.fit_image(same, strip_metadata=True)
        file.seek(0)
        wxidcard.fit_image(file)
        with pytest.raises(ValueError):
            wxidcard.fit_image(same, max_image_bytes=limit)

    work()
    before = [sys.getrefcount(found) for found in objects]
    for _ in range(50):
        work()
    assert [sys.getrefcount(found) for found in objects] == before

"""Every shape in which a picture may come."""

import array
import errno
import io
import mmap
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wxidcard
from given import JPEG, TOKEN, MakeClient
from scripted import CARD, Reply, Request, ScriptedService
from wxidcard import _core


class Fspath:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


class Reads:
    """A file object that gives at most ``step`` bytes at once and remembers what was asked."""

    def __init__(self, data: bytes, step: int = 1 << 30) -> None:
        self.stream = io.BytesIO(data)
        self.step = step
        self.asked: list[int] = []

    def read(self, size: int = -1, /) -> Any:
        self.asked.append(size)
        return self.stream.read(min(size, self.step))


def mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


SHAPES: dict[str, Callable[[Path], Any]] = {
    "str": str,
    "Path": lambda path: path,
    "PathLike": Fspath,
    "bytes": lambda path: JPEG,
    "bytearray": lambda path: bytearray(JPEG),
    "memoryview": lambda path: memoryview(JPEG),
    "memoryview of a part": lambda path: memoryview(b"before" + JPEG + b"after")[6:-5],
    "memoryview of two dimensions": lambda path: memoryview(JPEG).cast("B", (1, len(JPEG))),
    "array": lambda path: array.array("B", JPEG),
    "mmap": mapped,
    "BytesIO": lambda path: io.BytesIO(JPEG),
    "buffered file": lambda path: path.open("rb"),
    "unbuffered file": lambda path: path.open("rb", buffering=0),
    "read and write": lambda path: path.open("r+b"),
    "short reads": lambda path: Reads(JPEG, step=5),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(
    shape: str, client: wxidcard.Client, service: ScriptedService, picture: Path
) -> None:
    image = SHAPES[shape](picture)
    assert client.recognize(image) == CARD
    assert service.requests[0].picture == JPEG
    if hasattr(image, "close"):
        image.close()  # a buffer that was still held would forbid it


def test_a_file_is_read_from_where_it_stands(
    client: wxidcard.Client, service: ScriptedService
) -> None:
    file = io.BytesIO(b"header" + JPEG)
    file.seek(6)
    client.recognize(file)
    assert service.requests[0].picture == JPEG


def test_no_more_of_a_file_is_read_than_shows_that_it_is_too_large(
    service: ScriptedService, make_client: MakeClient
) -> None:
    client = make_client(max_image_bytes=1000)
    endless = Reads(JPEG + bytes(5000))
    with pytest.raises(wxidcard.ImageInputError, match="max_image_bytes"):
        client.recognize(endless)
    assert (endless.asked, endless.stream.tell()) == ([1001], 1001)
    drops = Reads(JPEG + bytes(5000), step=7)
    with pytest.raises(wxidcard.ImageInputError):
        client.recognize(drops)
    assert drops.stream.tell() == 1001
    assert service.requests == []


def test_a_text_file_says_how_to_open_it(
    client: wxidcard.Client, picture: Path, service: ScriptedService
) -> None:
    class TextByAnotherName:
        def read(self, size: int = -1, /) -> str:
            return "text"

    with picture.open(encoding="latin-1") as text, pytest.raises(TypeError, match='"rb"'):
        client.recognize(text)  # type: ignore[arg-type]
    for wrong in (io.StringIO("text"), TextByAnotherName()):
        with pytest.raises(TypeError, match='"rb"'):
            client.recognize(wrong)  # type: ignore[arg-type]
    assert service.requests == []


def test_file_objects_that_are_none(client: wxidcard.Client) -> None:
    class Gives:
        def __init__(self, data: object) -> None:
            self.data = data

        def read(self, size: int = -1, /) -> Any:
            if isinstance(self.data, Exception):
                raise self.data
            return self.data

    with pytest.raises(BlockingIOError):
        client.recognize(Gives(None))
    with pytest.raises(TypeError, match="must return bytes"):
        client.recognize(Gives(7))
    broken = ZeroDivisionError("of the file's own")
    with pytest.raises(ZeroDivisionError) as caught:
        client.recognize(Gives(broken))
    assert caught.value is broken


def test_memory_that_is_not_contiguous(client: wxidcard.Client) -> None:
    with pytest.raises(ValueError, match=r"bytes\(view\)"):
        client.recognize(memoryview(JPEG)[::2])


def test_memory_is_held_while_it_is_sent_and_let_go_after(
    client: wxidcard.Client, service: ScriptedService
) -> None:
    image = bytearray(JPEG)
    refused: list[Exception] = []

    def grow(request: Request) -> Reply:
        try:
            image.append(0)
        except BufferError as error:
            refused.append(error)
        assert isinstance(service.otherwise, Reply)
        return service.otherwise

    service.script.append(grow)
    assert client.recognize(image) == CARD
    assert len(refused) == 1
    image.append(0)
    # Refused pictures are let go as well.
    nothing = bytearray()
    with pytest.raises(wxidcard.ImageInputError):
        client.recognize(nothing)
    nothing.append(0)


@pytest.mark.parametrize(
    "empty",
    [b"", bytearray(), memoryview(b""), array.array("B"), io.BytesIO()],
    ids=lambda empty: type(empty).__name__,
)
def test_empty_pictures(client: wxidcard.Client, empty: Any, service: ScriptedService) -> None:
    with pytest.raises(wxidcard.ImageInputError, match="empty") as caught:
        client.recognize(empty)
    assert isinstance(caught.value, ValueError)
    assert caught.value.kind == "image_input"
    assert service.requests == []


@pytest.mark.parametrize("shape", ["bytes", "path", "file"])
def test_the_limit_is_not_reached(
    shape: str, client: wxidcard.Client, service: ScriptedService, tmp_path: Path
) -> None:
    def given(size: int) -> Any:
        data = JPEG + bytes(size - len(JPEG))
        path = tmp_path / f"{size}.jpg"
        path.write_bytes(data)
        return {"bytes": data, "path": path, "file": io.BytesIO(data)}[shape]

    limit = 2 << 20
    assert client.recognize(given(limit - 1)) == CARD
    assert len(service.requests[0].picture) == limit - 1
    for size in (limit, limit + 1):
        with pytest.raises(wxidcard.ImageInputError, match="max_image_bytes"):
            client.recognize(given(size))
    assert len(service.requests) == 1


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def make_sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda path: None, FileNotFoundError),
        (Path.mkdir, (IsADirectoryError, wxidcard.ImageInputError)),
        (make_fifo, wxidcard.ImageInputError),
        (make_socket, (OSError, wxidcard.ImageInputError)),
        (make_sparse, wxidcard.ImageInputError),
        (Path.touch, wxidcard.ImageInputError),
        (lambda path: path.symlink_to("/dev/zero"), wxidcard.ImageInputError),
        (lambda path: path.symlink_to(path), OSError),
    ],
    ids=["missing", "directory", "fifo", "socket", "sparse", "empty", "zero", "loop"],
)
def test_paths_that_are_no_picture(
    make: Any, expected: Any, client: wxidcard.Client, service: ScriptedService, tmp_path: Path
) -> None:
    path = tmp_path / "canary.jpg"
    make(path)
    started = time.monotonic()
    with pytest.raises(expected) as caught:
        client.recognize(path)
    assert time.monotonic() - started < 0.5
    assert "canary" not in str(caught.value) + repr(caught.value)
    assert getattr(caught.value, "filename", None) is None
    assert service.requests == []


def test_a_path_with_nul(client: wxidcard.Client) -> None:
    with pytest.raises(ValueError, match="NUL"):
        client.recognize("a\0b.jpg")


def test_names_that_are_not_utf_8(client: wxidcard.Client, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff.jpg"
    with open(name, "wb") as file:
        file.write(JPEG)
    assert client.recognize(Path(os.fsdecode(name))) == CARD


def test_errno_chooses_the_class() -> None:
    session = _core.Session(access_token=TOKEN)
    with pytest.raises(OSError) as caught:
        session.recognition(0, 1, image_path="a" * 5000)
    assert caught.value.errno == errno.ENAMETOOLONG

"""The specimen pictures, and the sandbox without Tesseract, which knows only them."""

import io
import json
import threading
from pathlib import Path

import pytest
from PIL import Image

from wxidcard.sandbox import drawing
from wxidcard.sandbox.marks import make_comment, read_mark
from wxidcard.sandbox.people import PEOPLE
from wxidcard.sandbox.reader import MarkReader
from wxidcard.sandbox.replies import ServiceError
from wxidcard.sandbox.server import MAX_IMAGE_BYTES
from wxidcard.sandbox.specimens import card_pictures, encode_jpeg, write_specimens


def test_a_folder_of_specimens(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "specimens"
    assert write_specimens(folder, people=2) == 13
    truth = json.loads((folder / "specimens.json").read_text(encoding="utf-8"))
    assert set(truth) == {path.name for path in folder.iterdir()} - {"specimens.json"}
    for number in ("01", "02"):
        person = PEOPLE[int(number) - 1]
        for side, fields in (("front", person.front()), ("back", person.back())):
            for name in (f"{side}-{number}.jpg", f"{side}-{number}.png"):
                assert truth[name] == truth[f"photo-{side}-{number}.jpg"] == fields
    assert truth["no-card.jpg"] is None
    for name, fields in truth.items():
        path = folder / name
        assert path.stat().st_size < MAX_IMAGE_BYTES
        with Image.open(path) as opened:
            flat = not name.startswith(("photo", "no-card"))
            assert opened.size == ((1011, 638) if flat else (1600, 1200))
            assert opened.format == ("PNG" if name.endswith(".png") else "JPEG")
            assert read_mark(opened) == fields


def test_drawing_is_repeatable() -> None:
    first, second = (
        {name: picture.tobytes() for name, picture, _ in card_pictures(4)} for _ in range(2)
    )
    assert first == second
    assert len(set(first.values())) == 4


def test_without_a_font(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing._font_file.cache_clear()
    monkeypatch.setattr(drawing, "_FONT_FILES", ())
    monkeypatch.setenv("PATH", "")
    with pytest.raises(drawing.FontMissingError, match="fonts-noto-cjk"):
        drawing._font_file()


def test_mark_is_recognised() -> None:
    fields = {**PEOPLE[0].front()}
    picture = Image.new("RGB", (64, 64))
    assert MarkReader().read(encode_jpeg(picture, False, fields), threading.Event()) == fields


@pytest.mark.parametrize(
    "comment",
    [
        b"",
        b"another comment",
        make_comment({"type": "Front"})[:-1],
        b'wxidcard-specimen {"type": "Other"}',
        b'wxidcard-specimen {"type": "Back", "valid_date": 1}',
        b"wxidcard-specimen []",
        b"wxidcard-specimen \xff",
    ],
)
def test_without_a_mark_there_is_no_card(comment: bytes) -> None:
    encoded = io.BytesIO()
    Image.new("RGB", (64, 64)).save(encoded, format="JPEG", comment=comment)
    with pytest.raises(ServiceError) as refused:
        MarkReader().read(encoded.getvalue(), threading.Event())
    assert refused.value.errcode == 101001


def test_mark_reader_decodes() -> None:
    whole = encode_jpeg(Image.new("RGB", (640, 640), "red"), False, PEOPLE[0].front())
    with pytest.raises(ServiceError) as refused:
        MarkReader().read(whole[: len(whole) // 2], threading.Event())
    assert refused.value.errcode == 101002

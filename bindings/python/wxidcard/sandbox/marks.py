"""The mark in a specimen's file, for machines without Tesseract.

It holds the fields as JSON: in a JPEG's comment, or in a PNG's text of the same name.
"""

import json
from collections.abc import Mapping

from PIL import Image
from PIL.PngImagePlugin import PngInfo

MARK = "wxidcard-specimen"


def make_comment(fields: Mapping[str, str]) -> bytes:
    """Return the JPEG comment for a card with ``fields``."""
    return f"{MARK} {json.dumps(fields)}".encode("ascii")


def make_text(fields: Mapping[str, str]) -> PngInfo:
    """Return the PNG text for a card with ``fields``."""
    info = PngInfo()
    info.add_text(MARK, json.dumps(fields))
    return info


def read_mark(opened: Image.Image) -> dict[str, str] | None:
    """Return the fields in the mark of an opened picture; None when it has none."""
    comment = opened.info.get("comment", b"")
    text = opened.info.get(MARK, "")
    if isinstance(comment, bytes) and comment.startswith(MARK.encode()):
        text = comment[len(MARK) :].decode("ascii", "replace")
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        fields = json.loads(text)
    except ValueError:
        return None
    strings = isinstance(fields, dict) and all(isinstance(value, str) for value in fields.values())
    return fields if strings and fields.get("type") in ("Front", "Back") else None

"""Strict reading of an uploaded picture.

The service is pickier than any multipart library: it refuses a quoted boundary, a file name
without quotes and a part without a content type. A library would forgive those, so the body
is read here from its raw bytes.
"""

import re
from dataclasses import dataclass

MAX_PARTS = 16

_CONTENT_TYPE = re.compile(r"multipart/form-data;\s*boundary=([^\s\";,]{1,70})", re.IGNORECASE)
_DISPOSITION = re.compile(
    r"form-data((?:\s*;\s*[A-Za-z*-]+=(?:\"(?:[^\"\\]|\\.)*\"|[^\";\s]*))*)\s*", re.IGNORECASE
)
_PARAMETER = re.compile(r";\s*([A-Za-z*-]+)=(\"(?:[^\"\\]|\\.)*\"|[^\";\s]*)")
_ESCAPED = re.compile(r"\\([\"\\])")


class UploadError(ValueError):
    """The body is not an upload the service accepts; it answers 41005."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body.

    ``name`` and ``file_name`` are None when absent; ``content_type`` is the part's own header.
    """

    name: str | None
    file_name: str | None
    file_name_quoted: bool
    content_type: str | None
    content: bytes


def is_multipart(content_type: str | None) -> bool:
    """Tell whether ``content_type`` (a header value) announces an upload, well formed or not."""
    return content_type is not None and content_type.lower().startswith("multipart/")


def read_parts(content_type: str, body: bytes) -> list[Part]:
    """Split a multipart body into its parts.

    ``content_type`` is the request's header value. Raises UploadError when the boundary is
    quoted or followed by another parameter, or when the body does not begin and end with it.
    """
    announced = _CONTENT_TYPE.fullmatch(content_type.strip())
    if announced is None:
        raise UploadError("the boundary must stand unquoted and last in Content-Type")
    return [_read_part(raw) for raw in _split(body, announced[1].encode())]


def picture(parts: list[Part]) -> Part:
    """Return the part that holds the picture.

    Raises UploadError unless exactly one part is named ``img``, and it has a quoted file
    name, a content type and at least one byte.
    """
    found = [part for part in parts if part.name == "img"]
    if len(found) != 1:
        raise UploadError("exactly one part must be named img")
    part = found[0]
    if not part.file_name or not part.file_name_quoted:
        raise UploadError("the part needs a file name in quotes")
    if not part.content_type:
        raise UploadError("the part needs a Content-Type")
    if not part.content:
        raise UploadError("the part is empty")
    return part


def _split(body: bytes, boundary: bytes) -> list[bytes]:
    opening = b"--" + boundary + b"\r\n"
    delimiter = b"\r\n--" + boundary
    if not body.startswith(opening):
        raise UploadError("the body does not begin with the boundary")
    pieces: list[bytes] = []
    start = len(opening)
    while len(pieces) < MAX_PARTS:
        end = body.find(delimiter, start)
        if end < 0:
            raise UploadError("the closing boundary is missing")
        pieces.append(body[start:end])
        after = end + len(delimiter)
        mark = body[after : after + 2]
        if mark == b"--":
            # Anything behind the end means that Content-Length does not fit the multipart.
            if body[after + 2 :] not in (b"", b"\r\n"):
                raise UploadError("there are bytes after the closing boundary")
            return pieces
        if mark != b"\r\n":
            raise UploadError("the boundary is followed by other characters")
        start = after + 2
    raise UploadError("there are too many parts")


def _read_part(raw: bytes) -> Part:
    head, separator, content = raw.partition(b"\r\n\r\n")
    if not separator:
        raise UploadError("a part has no end of its headers")
    headers: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon:
            raise UploadError("a part has a header line without a colon")
        headers[name.strip().lower()] = value.strip()
    disposition = _DISPOSITION.fullmatch(headers.get("content-disposition", ""))
    if disposition is None:
        raise UploadError("a part has no readable Content-Disposition")
    values = {found[1].lower(): found[2] for found in _PARAMETER.finditer(disposition[1])}
    file_name = values.get("filename")
    return Part(
        name=_unquoted(values.get("name")),
        file_name=_unquoted(file_name),
        file_name_quoted=file_name is not None and file_name.startswith('"'),
        content_type=headers.get("content-type"),
        content=content,
    )


def _unquoted(value: str | None) -> str | None:
    if value is None or not value.startswith('"'):
        return value
    return _ESCAPED.sub(r"\1", value[1:-1])

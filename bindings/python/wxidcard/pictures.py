"""Pictures made fit to be sent, without a call."""

from typing import TYPE_CHECKING

from . import _core

if TYPE_CHECKING:
    from .client import Picture

__all__ = ["fit_image"]


def fit_image(
    image: "Picture", *, max_image_bytes: int | None = None, strip_metadata: bool = False
) -> bytes:
    """Make a picture smaller than ``max_image_bytes``, 2 MiB when not given.

    ``image`` is what :meth:`wxidcard.Client.recognize` takes: a path, bytes-like memory, or a
    binary file object. A picture that is small enough stays as it is, byte for byte; with
    ``strip_metadata`` a JPEG or PNG without its metadata (place, time, device, comments), not
    decoded. A larger one must be a JPEG or PNG of fewer than 64 MiB: it becomes an upright JPEG
    without metadata, in the best quality that fits, scaled down only as far as it must be.

    That takes some tenths of a second of one processor for 12 megapixels, without the GIL.

    Raises :class:`wxidcard.ImageInputError` for a picture that cannot be made fit, OSError for a
    path that cannot be read, TypeError and ValueError for arguments that cannot be right; and
    ValueError if the library was built without libjpeg and libpng and they would be needed.
    """
    return _core.fit_image(image, max_image_bytes, strip_metadata)

"""What a recognition gives: a plain ``dict``, described here for editors and type checkers.

Every field is handed out as the service sent it, so that any may be missing or empty, and fields
that are not listed here may be there too: read those with ``card.get("…")``. JSON null is None,
integral numbers are ``int``.
"""

from typing import Literal, TypeAlias, TypedDict

__all__ = ["BackCard", "Card", "FrontCard"]


class FrontCard(TypedDict, total=False):
    """The portrait side. A plain ``dict`` at run time."""

    type: Literal["Front"]
    name: str
    id: str
    """18 characters, the last of which may be ``X``."""
    addr: str
    gender: str
    """``男`` or ``女``."""
    nationality: str
    """In short form, ``汉``."""
    birth: str
    """``YYYY-MM-DD``. Recorded, but not documented by the service."""
    valid_date: str
    """Seen on this side, too, though it is printed on the other."""
    card_property: int
    """Recorded; its meaning is not known."""


class BackCard(TypedDict, total=False):
    """The emblem side. A plain ``dict`` at run time."""

    type: Literal["Back"]
    valid_date: str
    """``YYYYMMDD-YYYYMMDD`` or ``YYYYMMDD-长期``."""
    card_property: int
    """Recorded; its meaning is not known."""


Card: TypeAlias = FrontCard | BackCard
"""Told apart by ``card["type"]``."""

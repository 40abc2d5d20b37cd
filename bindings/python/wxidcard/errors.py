"""The exception classes. They are made from the core's error table; errors.pyi lists them."""

from . import _core

# No list of its own: whatever the table has is here, and in the package.
globals().update(_core.error_classes())
__all__ = list(_core.error_classes())

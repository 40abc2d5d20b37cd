"""Values that many tests use."""

from collections.abc import Callable

import wxidcard

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00invented\xff\xd9"
TOKEN = "canary-token_0123456789"
SECRET = "canary-secret_0123456789abcdef"
MakeClient = Callable[..., wxidcard.Client]
"""What the fixture make_client gives: a function that takes settings."""

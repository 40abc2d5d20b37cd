"""Reads Chinese ID cards through WeChat's OCR service.

>>> import wxidcard
>>> card = wxidcard.recognize("front.jpg", access_token="…")  # doctest: +SKIP
>>> card["name"], card["id"]  # doctest: +SKIP
('张三', '11010519491231002X')

:class:`Client` is for many pictures and many threads, :class:`AsyncClient` for asyncio; the errors
are all under :class:`Error`.
:func:`check` and :func:`mask` are for what was recognised.
"""

from . import errors
from ._core import __version__
from .aio import AsyncClient
from .cards import BackCard, Card, FrontCard
from .checks import CardReport, Finding, IdReport, check, check_id, convert_id, mask
from .client import Client, recognize
from .errors import *  # noqa: F403 - all of them, whatever the core's table has
from .file_store import FileTokenStore
from .pictures import fit_image
from .redis_quota import QuotaUnit, RedisQuota
from .redis_store import RedisTokenStore
from .settings import AsyncSettings, AsyncTokenProvider, Settings, TokenProvider
from .stores import AsyncTokenStore, TokenStore

__all__ = [
    "AsyncClient",
    "AsyncSettings",
    "AsyncTokenProvider",
    "AsyncTokenStore",
    "BackCard",
    "Card",
    "CardReport",
    "Client",
    "FileTokenStore",
    "Finding",
    "FrontCard",
    "IdReport",
    "QuotaUnit",
    "RedisQuota",
    "RedisTokenStore",
    "Settings",
    "TokenProvider",
    "TokenStore",
    "__version__",
    "check",
    "check_id",
    "convert_id",
    "fit_image",
    "mask",
    "recognize",
]
__all__ += errors.__all__

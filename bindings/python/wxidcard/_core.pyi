import os
from typing import (
    Any,
    Final,
    Generic,
    Literal,
    Self,
    TypeAlias,
    TypedDict,
    TypeVar,
    final,
    type_check_only,
)

from _typeshed import SupportsRead
from typing_extensions import Buffer, Unpack

from .cards import Card
from .checks import CardReport, Finding, IdReport
from .settings import AsyncSettings, AsyncTokenProvider, Settings
from .stores import AsyncTokenStore, TokenStore

__version__: Final[str]
MAX_REPLY_BODY: Final[int]
MAX_REPLY_HEADERS: Final[int]
STORE_WARNING: Final[str]
STEPS: Final[tuple[str, ...]]
FAILURES: Final[tuple[str, ...]]

_Waiter = TypeVar("_Waiter")
_Picture: TypeAlias = str | os.PathLike[str] | Buffer | SupportsRead[bytes]
_Step: TypeAlias = Literal["token", "send", "wait", "store", "done"]
_Failure: TypeAlias = Literal[
    "connect", "timeout", "tls", "network", "protocol", "system", "memory"
]

@final
class Client:
    def __new__(cls, **settings: Unpack[Settings]) -> Client: ...
    def recognize(
        self,
        image: _Picture | None = None,
        *,
        img_url: str | None = None,
        type: str | None = None,
    ) -> Card: ...
    def refresh_token(self, *, force: bool = False) -> None: ...
    def renew(self) -> None: ...
    def close(self) -> None: ...
    @property
    def closed(self) -> bool: ...
    @property
    def description(self) -> str: ...
    @property
    def settings(self) -> dict[str, Any]: ...

@final
class Session:
    def __new__(cls, **settings: Unpack[AsyncSettings]) -> Session: ...
    def recognition(
        self,
        now_ms: int,
        seed: int,
        *,
        image: _Picture | None = None,
        image_path: str | os.PathLike[str] | None = None,
        img_url: str | None = None,
        type: str | None = None,
    ) -> Call: ...
    def token_fetch(
        self,
        now_ms: int,
        seed: int,
        *,
        appid: str,
        secret: str,
        endpoint: Literal["stable_token", "token"] | None = None,
        force_refresh: bool = False,
    ) -> Call: ...
    def renewal(self, now_ms: int, seed: int) -> Call | None: ...
    def refresh(self, now_ms: int, seed: int, *, force: bool = False) -> Call: ...
    def share(self) -> None: ...
    @property
    def settings(self) -> dict[str, Any]: ...
    @property
    def description(self) -> str: ...
    @property
    def token_provider(self) -> AsyncTokenProvider | None: ...
    @property
    def token_store(self) -> TokenStore | AsyncTokenStore | None: ...

@final
class Call:
    def step(self, now_ms: int, /) -> _Step: ...
    def time_left_ms(self, now_ms: int, /) -> int: ...
    def abandon(self, kind: str, message: str) -> None: ...
    @property
    def is_fetching(self) -> bool: ...
    @property
    def failed_token(self) -> str | None: ...
    def answer_token(self, token: str, /) -> None: ...
    @property
    def request(self) -> Request | None: ...
    def answer_reply(
        self,
        now_ms: int,
        status: int,
        body: Buffer,
        *,
        retry_after: str | None = None,
        date: str | None = None,
        request_incomplete: bool = False,
    ) -> None: ...
    def answer_failure(
        self, now_ms: int, failure: _Failure, sent: bool, detail: str | None = None
    ) -> None: ...
    @property
    def wait_ms(self) -> int: ...
    def answer_waited(self, now_ms: int, /) -> None: ...
    def store_request(
        self, unix_ms: int, /
    ) -> tuple[Literal["get", "set", "add", "delete"], str, str | None, int] | None: ...
    def answer_store(
        self,
        now_ms: int,
        unix_ms: int,
        *,
        value: str | None = None,
        stored: bool = False,
        failed: bool = False,
    ) -> None: ...
    def take_card(self) -> Card: ...
    def take_token(self) -> tuple[str, int]: ...

@final
class Engine(Generic[_Waiter]):
    def __new__(cls, session: Session) -> Self: ...
    def start(self, call: Call, waiter: _Waiter, /) -> int: ...
    def take(self) -> _Waiter | None: ...
    def cancel(self, id: int, /) -> None: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...

@final
class Request:
    @property
    def method(self) -> str: ...
    @property
    def scheme(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def target(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def head(self) -> bytes: ...
    @property
    def headers(self) -> list[tuple[str, str]]: ...
    @property
    def body(self) -> list[bytes | memoryview]: ...
    @property
    def body_length(self) -> int: ...

@type_check_only
class _Kind(TypedDict):
    name: str
    class_name: str
    base_name: str
    also: str
    retryable: bool
    meaning: str

@type_check_only
class _Group(TypedDict):
    class_name: str
    meaning: str

@type_check_only
class _Errcode(TypedDict):
    errcode: int
    kind: str
    retry_class: Literal["N", "B", "T"]
    text: str

@type_check_only
class _Setting(TypedDict):
    name: str
    type: Literal["text", "path", "token_file", "count", "duration", "flag", "function", "store"]
    meaning: str
    secret: bool

def kind_table() -> list[_Kind]: ...
def group_table() -> list[_Group]: ...
def errcode_table() -> list[_Errcode]: ...
def setting_table() -> list[_Setting]: ...
def finding_table() -> list[Finding]: ...
def error_classes() -> dict[str, type[Exception]]: ...
def check_id(number: str, today: str | None, /) -> IdReport: ...
def convert_id(number: str, /) -> str: ...
def check(
    front: Card | dict[str, Any] | None, back: Card | dict[str, Any] | None, today: str | None, /
) -> CardReport: ...
def fit_image(
    image: _Picture,
    max_image_bytes: int | None,
    strip_metadata: bool | None,
    /,
) -> bytes: ...
def mask(card: Card | dict[str, Any], /) -> dict[str, Any]: ...

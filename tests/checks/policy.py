"""Finds what a binding must not decide: errcodes, defaults, retries, where the service is.

A binding is read as tokens (comments and docstrings are left out), and a token is accused when

- it is a number that no binding needs, so that each new one has to be looked at (NUMBERS), or any
  errcode of the table, in a string too;
- it is the name of a setting: bindings read those from the core's table, and what is not named
  cannot be given a default (NAMED lists what a binding must handle itself);
- it is a word of retrying or waiting, or a piece of the service's address or protocol;
- it compares an errcode or an HTTP status, or names an errcode or an error kind of the service's.
"""

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from repository import definitions


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # "name", "number", "string", "sign"
    text: str
    line: int


# Stack positions and sizes of small tables; a count of a sign or a character.
SMALL = 12
# Larger ones: file -> what stands there, each with its reason.
NUMBERS = {
    "aio_driver.py": {"1000", "64"},  # milliseconds of a second; bits of a seed
    "answers.c": {"100", "999"},  # what an HTTP status can be
    "arguments.c": {"9e15", "1000.0"},  # the whole numbers of a double; milliseconds of a second
    "compat.c": {"502", "503"},  # LUA_VERSION_NUM
    # bytes of pieces, and of the system's queue; seconds
    "cosocket.lua": {"4096", "131072", "65536", "0.001", "1000"},
    "driver.lua": {"1000"},  # milliseconds of a second
    "file_store.py": {"0o600", "0.0005", "0.01"},  # a file's mode; seconds; see SLEEPERS
    "hooks.c": {"1000.0"},  # milliseconds of a second
    "many.py": {"16"},  # pictures side by side
    "module.c": {"1000000", "250"},  # nanoseconds of a millisecond; see SLEEPERS
    "nginx.lua": {"1000"},  # milliseconds of a second
    "options.c": {"32", "64"},  # of names of options
    "poll.lua": {"60"},  # seconds
    "redis_store.py": {"1000"},  # milliseconds of a second
    "settings.c": {"1000.0"},  # milliseconds of a second
    "store.c": {"1000.0"},  # milliseconds of a second
    "system.c": {"1000", "1000000"},  # milliseconds of a second, nanoseconds of a millisecond
    "turn.lua": {"16", "0.001", "0.05"},  # pieces of work; seconds
    "values.c": {"53"},  # 2^53, the whole numbers of a double
}
# Settings that a binding handles itself: functions and objects of the language are its own to keep
# and to call, and the fetch of a token names the account as settings do.
NAMED = {"token_provider", "token_store", "ask_for_token", "access_token", "appid", "secret"}
# What only some files name: fit_image has arguments of its own, beside no client's settings; what
# the core has filled in, a driver hands to its sockets, or refuses where they have none of it; and
# a time-out is a failure, too; and asyncio's driver has what takes long done in a thread.
NAMED_BY = {
    "aio.py": {"fit", "strip_metadata"},
    "cosocket.lua": {"timeout", "connect_timeout", "max_connections"},
    "fit.c": {"fit", "max_image_bytes", "strip_metadata"},
    "nginx.lua": {"ca_file", "proxy"},
    "pictures.py": {"max_image_bytes", "strip_metadata"},
    "transport.lua": {"timeout", "connect_timeout"},
}
# Words with "retry" in them that are the core's fields handed through.
RETRY_WORDS = {"retryable", "wxid_error_retryable", "retry_class", "retry_after"}
WAITING = re.compile(
    r"retr(y|ies)|attempt|back_?off|jitter|sleep|expires?_at|(^|_)ttl", re.IGNORECASE
)
# When Python ends it waits for its threads, a moment and in steps; that is no call's doing. A file
# is waited for while others write to it, and what a store keeps, it keeps for the time it is told.
# A driver lets pass what time the core says; "attempt" is one try over one connection.
SLEEPERS = {
    ("module.c", "nanosleep"),
    ("file_store.py", "sleep"),
    ("file_store.py", "expires_at"),
    *((file, "sleep") for file in ("cosocket.lua", "driver.lua", "nginx.lua", "plain.lua")),
    ("poll.lua", "sleep"),
    ("turn.lua", "sleep"),
    ("aio_many.py", "sleep"),
    *((file, "wxl_sleep_ms") for file in ("core_module.c", "system.c", "system.h")),
    ("plain.lua", "sleep_ms"),
    ("system.c", "nanosleep"),
    ("cosocket.lua", "attempt"),
    *((file, "ttl") for file in ("driver.lua", "stores.py", "file_store.py", "redis_store.py")),
    *((file, "ttl_ms") for file in ("call.c", "hooks.c", "store.c")),
}
SERVICE = re.compile(
    r"weixin|qq\.com|cgi-bin|cv/ocr|stable_token|client_credential|multipart|boundary=|"
    r"^.(content-(type|length|disposition)|retry-after)\b|filename=|user-agent|https?://(?!%)|grant_type",
    re.IGNORECASE,
)
# Kinds that every language has something of its own for, and so must know.
OWN_KINDS = {"USAGE", "SYSTEM", "MEMORY", "INTERRUPTED", "IMAGE_INPUT", "COUNT"}
COMPARED = {"errcode", "http_status", ".status", "->status"}
EQUALITY = {"==", "!=", "~="}
COMPARISONS = EQUALITY | {"<", ">", "<=", ">="}
NOTHING = {"0", "None", "nil", "NULL"}

C_TOKENS = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*|^[ \t]*\#[ \t]*include[^\n]*)
    |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<number>\b\d[\w.]*(?:(?<=[eE])[+-]\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign>[=!<>]=|[^\s\w])""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
LUA_TOKENS = re.compile(
    r"""(?P<comment>--\[\[.*?\]\]|--[^\n]*)|(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\[\[.*?\]\])
    |(?P<number>\b\d[\w.]*)|(?P<name>[A-Za-z_]\w*)|(?P<sign>[=~<>]=|[^\s\w])""",
    re.DOTALL | re.VERBOSE,
)


def read_tokens(text: str, ending: str) -> list[Token]:
    """The tokens of a file, by the ending of its name."""
    if ending == ".py":
        return list(_python_tokens(text))
    pattern = LUA_TOKENS if ending == ".lua" else C_TOKENS
    return [
        Token(str(found.lastgroup), found[0], text.count("\n", 0, found.start()) + 1)
        for found in pattern.finditer(text)
        if found.lastgroup != "comment"
    ]


def _python_tokens(text: str) -> Iterator[Token]:
    kinds = {
        tokenize.NAME: "name",
        tokenize.NUMBER: "number",
        tokenize.STRING: "string",
        tokenize.OP: "sign",
    }
    # A string that begins a statement is a docstring; `name: type` without a value declares.
    for statement in _python_statements(text):
        if statement[0].type == tokenize.STRING:
            continue
        signs = [token.string for token in statement[1:]]
        if signs[:1] == [":"] and "=" not in signs and statement[0].string not in ("else", "try"):
            continue
        for token in statement:
            if token.type in kinds:
                yield Token(kinds[token.type], token.string, token.start[0])


def _python_statements(text: str) -> Iterator[list[tokenize.TokenInfo]]:
    ignored = (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    statement: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NEWLINE:
            yield statement
            statement = []
        elif token.type not in ignored:
            statement.append(token)
    if statement:
        yield statement


def accusations(text: str, path: Path) -> list[str]:
    """What a file decides that is not a binding's to decide, in words: empty when all is well."""
    found = []
    tokens = read_tokens(text, path.suffix)
    for position, token in enumerate(tokens):
        before = "".join(earlier.text for earlier in tokens[max(position - 3, 0) : position])
        after = tokens[position + 1 : position + 3]
        for problem in _problems(token, before, after, path.name):
            found.append(f"{path.name}:{token.line}: {token.text}: {problem}")
    return found


ERRCODES = {row[1] for row in definitions("WXID_ERRCODE")} - {"-1"}
SETTING_ROWS = definitions("WXID_SETTING", "wxidcard_settings.def")
SECRET_ROWS = definitions("WXID_SECRET_SETTING", "wxidcard_settings.def")
SETTINGS = {row[0] for row in SETTING_ROWS + SECRET_ROWS}
FIELDS = {row[2] for row in SETTING_ROWS} | {row[1] for row in SECRET_ROWS}


def _problems(token: Token, before: str, after: list[Token], file: str) -> Iterator[str]:
    if token.kind == "number" and not _is_allowed_number(token.text, file):
        yield "a number that tests/checks/policy.py does not know"
    if token.kind in ("number", "string") and ERRCODES & set(re.findall(r"\d+", token.text)):
        yield "an errcode"
    if token.kind == "name":
        yield from _problems_of_name(token.text, before, "".join(t.text for t in after), file)
    if token.kind == "string":
        if SERVICE.search(token.text):
            yield "where or how the service is"
        if token.text.strip("\"'") in _not_to_be_named(file) and not _names_a_kind(before):
            yield "a setting by name"
    if _member(token.text, before) in COMPARED and after and after[0].text in COMPARISONS:
        is_presence = after[0].text in EQUALITY and after[-1].text in NOTHING
        if not is_presence:
            yield "a decision by the service's answer"


def _member(name: str, before: str) -> str:
    """The name, "status" with the sign that makes it a member."""
    if name != "status":
        return name
    return ("->" if before.endswith("->") else before[-1:]) + name


def _is_allowed_number(text: str, file: str) -> bool:
    if text in NUMBERS.get(file, ()):
        return True
    digits = text.rstrip("uUlL")
    return digits in ("0.0", "1.0") or (digits.isdigit() and int(digits) <= SMALL)


def _problems_of_name(name: str, before: str, after: str, file: str) -> Iterator[str]:
    # What the core has filled in, `settings->max_image_bytes`, may be read and handed on in C.
    is_read = before.endswith("->") and after[:1] in (",", ")", ";")
    if name in _not_to_be_named(file) and not is_read:
        yield "a setting by name"
    if WAITING.search(name) and name not in RETRY_WORDS and (file, name) not in SLEEPERS:
        yield "a word of retrying or waiting"
    if name.startswith("WXID_ERRCODE_"):
        yield "an errcode by name"
    if name.startswith("WXID_KIND_") and name.removeprefix("WXID_KIND_") not in OWN_KINDS:
        yield "a kind of the service's errors"


def _not_to_be_named(file: str) -> set[str]:
    return (SETTINGS | FIELDS) - NAMED - NAMED_BY.get(file, set())


def _names_a_kind(before: str) -> bool:
    """Whether a string is the value of ``[WXID_FAILURE_TIMEOUT] =``, a kind and a setting too."""
    return before.endswith("]=")

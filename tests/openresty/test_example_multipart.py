"""The example's reader of multipart/form-data by itself: what it reads, and that it never hangs."""

import os
import shutil
import subprocess
import time

import pytest
from example import ROOT

# Reads the boundary from the first line, and the body from the rest. Prints a line for each part,
# its name and its data, or "malformed".
PROGRAM = """
    local multipart = require "idcard.multipart"
    local boundary, body = io.read("*l"), io.read("*a")
    local parts = multipart.parts(body, boundary)
    for _, part in ipairs(parts or {}) do
        print(part.name .. "=" .. body:sub(part.first, part.last))
    end
    print(parts and "well formed" or "malformed")
"""
BOUNDARY_PROGRAM = 'print(require("idcard.multipart").boundary(io.read("*a")))'
MALFORMED = "malformed\n"


def lua(program: str, given: bytes) -> str:
    interpreter = shutil.which("luajit")
    assert interpreter is not None
    done = subprocess.run(
        [interpreter, "-e", program],
        env={**os.environ, "LUA_PATH": f"{ROOT}/examples/openresty/lua/?.lua"},
        input=given,
        capture_output=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode(errors="replace")


def parts(body: bytes, boundary: str = "b") -> str:
    return lua(PROGRAM, boundary.encode() + b"\n" + body)


HEAD = b'Content-Disposition: form-data; name="img"'
PART = HEAD + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"--b\r\n" + PART + b"data\r\n--b--\r\n", "data"),
        (b"--b\r\n" + PART + b"data\r\n--b--", "data"),
        (b"\r\n--b\r\n" + PART + b"data\r\n--b--  ", "data"),
        (b"preamble, --b too\r\n--b \t\r\n" + PART + b"data\r\n--b-- \r\nepilogue", "data"),
        (b"--bad\r\n--b\r\n" + PART + b"data\r\n--b--\r\n--b\r\n", "data"),
        (b"--b\r\n" + PART + b"\r\n--b--", ""),
        (b"--b\r\n" + PART + b"\r\n\r\n--b--", "\r\n"),
        # What only looks like a delimiter is data.
        (b"--b\r\n" + PART + b"--bb\r\n--bb\r\n--b-\n--b\r\n--b--", "--bb\r\n--bb\r\n--b-\n--b"),
        (b"--b\r\n" + PART + b"1\r\n--b--2\r\n--b x\r\n--b--", "1\r\n--b--2\r\n--b x"),
        (b"--b\r\nX: 1\r\n" + HEAD + b'; filename="a\\";b.jpg"\r\n\r\ndata\r\n--b--', "data"),
        (b"--b\r\ncontent-DISPOSITION:form-data;NAME=img ; x=1\r\n\r\ndata\r\n--b--", "data"),
        (b"--b\r\nContent-Transfer-Encoding: binary\r\n" + PART + b"data\r\n--b--", "data"),
    ],
)
def test_well_formed(body: bytes, data: str) -> None:
    assert parts(body) == f"img={data}\nwell formed\n"


def test_parts_come_in_their_order() -> None:
    other = b'Content-Disposition: form-data; name="a\\"b"\r\n\r\n'
    body = b"--b\r\n" + PART + b"1\r\n--b\r\n" + other + b"2\r\n--b\r\n" + PART + b"3\r\n--b--"
    assert parts(body) == 'img=1\na"b=2\nimg=3\nwell formed\n'
    assert parts(b"--b--") == "well formed\n"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        b"--b\r\n",
        b"--b\n" + PART.replace(b"\r\n", b"\n") + b"data\n--b--\n",
        b"--b\r\n" + PART + b"data",
        b"--b\r\n" + PART + b"data--b--",
        b"--b\r\n" + PART + b"data\r\n--b\r\n",
        b"--b\r\n--b--",
        b"--b\r\n\r\ndata\r\n--b--",
        b"--b\r\n" + HEAD + b"\r\n--b--",
        b"--b\r\n" + HEAD + b"\r\n--b\r\n\r\n\r\n--b--",
        b"--b\r\n" + PART + b"--b\r\ndata\r\n--b--",
        b"--b\r\n" + HEAD + b"\r\n" + PART + b"data\r\n--b--",
        b"--b\r\nX: 1\r\n folded\r\n" + PART + b"data\r\n--b--",
        b"--b\r\nX: 1\rY: 2\r\n" + PART + b"data\r\n--b--",
        b"--b\r\nX: \0\r\n" + PART + b"data\r\n--b--",
        b"--b\r\nno colon\r\n" + PART + b"data\r\n--b--",
        b"--b\r\nContent-Type: image/jpeg\r\n\r\ndata\r\n--b--",
        b"--b\r\nContent-Disposition: attachment; name=img\r\n\r\ndata\r\n--b--",
        b"--b\r\nContent-Disposition: form-data; filename=img\r\n\r\ndata\r\n--b--",
        b"--b\r\nContent-Disposition: form-data; name=img; name=x\r\n\r\ndata\r\n--b--",
        b'--b\r\nContent-Disposition: form-data; name="img\r\n\r\ndata\r\n--b--',
        b"--b\r\nContent-Disposition: form-data; name=\r\n\r\ndata\r\n--b--",
        b"--b\r\nContent-Transfer-Encoding: base64\r\n" + PART + b"data\r\n--b--",
        (b"--b\r\n" + PART + b"data\r\n") * 17 + b"--b--",
        b"--b\r\nX: " + b"x" * 5000 + b"\r\n" + PART + b"data\r\n--b--",
    ],
)
def test_malformed(body: bytes) -> None:
    assert parts(body).endswith(MALFORMED)


@pytest.mark.parametrize(
    ("content_type", "read"),
    [
        ("multipart/form-data; boundary=b", "b"),
        ('multipart/form-data; boundary="a b:c"', "a b:c"),
        ('multipart/form-data; boundary="a\\b"', "ab"),
        ("MULTIPART/form-data;;Boundary=b;", "b"),
        ('multipart/form-data; x="; boundary=no"; boundary=yes', "yes"),
        ("multipart/form-data; boundary=" + "x" * 71, "nil\ttrue"),
        ('multipart/form-data; boundary="b "', "nil\ttrue"),
        ('multipart/form-data; boundary="a\rb"', "nil\ttrue"),
        ('multipart/form-data; boundary="b', "nil\ttrue"),
        ("multipart/form-data; boundary=b c", "nil\ttrue"),
        ("multipart/form-data", "nil\ttrue"),
        ("multipart/mixed; boundary=b", "nil\tfalse"),
        ("; boundary=b", "nil\tfalse"),
        ("", "nil\tfalse"),
    ],
)
def test_boundary(content_type: str, read: str) -> None:
    assert lua(BOUNDARY_PROGRAM, content_type.encode()).strip() == read


MANY = 10_000_000
HOSTILE = {
    "delimiters": b"\r\n--b" * (MANY // 5),
    "almost delimiters": b"\r\n--bb" * (MANY // 6),
    "ends of lines": b"--b\r\n" + PART + b"\r" * MANY,
    "blanks behind delimiters": b"\r\n--b" + b" " * MANY,
    "blanks behind each": (b"\r\n--b" + b" " * 1000) * (MANY // 1005),
    "parts": (b"--b\r\n" + PART + b"\r\n") * (MANY // 60),
    "a head": b"--b\r\n" + HEAD + b";" * MANY,
    "a quoted string": b"--b\r\n" + HEAD + b'"' + b'\\"' * (MANY // 2),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_body(kind: str) -> None:
    """It takes some hundredths of a second; what grew with the square would take hours."""
    start = time.monotonic()
    assert parts(HOSTILE[kind]).endswith(MALFORMED)
    assert time.monotonic() - start < 10


def test_hostile_boundary() -> None:
    """One that is as hard to tell from the data as can be."""
    body = (b"\r\n--" + b"-" * 69) * (MANY // 73)
    assert parts(body, "-" * 70) == MALFORMED

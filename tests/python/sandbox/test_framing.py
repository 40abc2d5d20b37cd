"""Splitting a connection's bytes at the ends of the requests."""

import pytest

from wxidcard.sandbox.framing import MAX_HEAD_BYTES, Splitter

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_requests_in_one_piece() -> None:
    assert Splitter().split(POST + GET + POST) == [POST, GET, POST]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 40])
def test_requests_in_many_pieces(size: int) -> None:
    splitter = Splitter()
    stream = POST + GET + POST + b"rest"
    pieces = [
        piece
        for start in range(0, len(stream), size)
        for piece in splitter.split(stream[start : start + size])
    ]
    assert b"".join(pieces) == stream
    ends = []
    length = 0
    for piece in pieces:
        length += len(piece)
        ends.append(length)
    # Every end of a request is the end of a piece.
    for end in (len(POST), len(POST + GET), len(POST + GET + POST)):
        assert end in ends


def test_chunked_request_is_not_split() -> None:
    splitter = Splitter()
    chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"
    assert splitter.split(chunked + GET) == [chunked + GET]
    assert splitter.split(GET + GET) == [GET + GET]


def test_endless_head_is_not_kept() -> None:
    splitter = Splitter()
    for _ in range(10):
        data = b"x" * (MAX_HEAD_BYTES // 4)
        assert splitter.split(data) == [data]
    assert len(splitter._head) <= MAX_HEAD_BYTES * 1.25

"""Bad bodies."""

import contextlib
import gzip

from faults_head import sends
from wire import compose

# Made beforehand, since it takes a busy machine longer than clients wait.
BOMB = gzip.compress(b'{"errcode":0,"name":"' + b"a" * (16 << 20) + b'"}')


def reset_mid_response(connection, request):
    connection.read_body(request)
    card = request.card()
    connection.send(compose(200, card)[: -len(card) // 2])
    # Let it be read: a reset would throw away what has not been.
    connection.sock.settimeout(0.1)
    with contextlib.suppress(OSError):
        connection.receive()
    connection.reset()


def slow_body(connection, request):
    connection.read_body(request)
    card = request.card()
    connection.send(compose(200, card)[: -len(card)])
    connection.trickle(card, 0.2)
    return False


def length_too_long(connection, request):
    connection.read_body(request)
    connection.reply(200, request.card(), "Content-Length: 5000", length=False)
    return False


def length_too_long_idle(connection, request):
    connection.read_body(request)
    connection.reply(200, request.card(), "Content-Length: 5000", length=False)
    connection.wait_until_gone()
    return False


def length_too_short(connection, request):
    connection.read_body(request)
    card = request.card()
    connection.reply(200, card, f"Content-Length: {len(card) - 20}", length=False)
    connection.wait_until_gone(2)
    return False


def chunked(*pieces):
    """A card in one chunk, with these bytes around it."""

    def make(request):
        card = request.card()
        body = b"".join(
            piece.replace(b"CARD", b"%x\r\n%s\r\n" % (len(card), card)) for piece in pieces
        )
        return compose(200, body, "Transfer-Encoding: chunked", length=False)

    return sends(make)


def gzip_bomb(connection, request):
    connection.read_body(request)
    connection.reply(200, BOMB, "Content-Encoding: gzip")
    return True


def gzip_transfer(connection, request):
    connection.read_body(request)
    body = gzip.compress(request.card())
    connection.send(compose(200, body, "Transfer-Encoding: gzip", length=False, close=True))
    return False


def gigabyte_by_length(connection, request):
    connection.read_body(request)
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
    for _ in range(1024):
        connection.send(b" " * (1 << 20))
    return False


def gigabyte_by_close(connection, request):
    connection.read_body(request)
    connection.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    for _ in range(1024):
        connection.send(b" " * (1 << 20))
    return False


def gigabyte_by_chunks(connection, request):
    connection.read_body(request)
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1024):
        connection.send(b"100000\r\n" + b" " * (1 << 20) + b"\r\n")
    return False


FAULTS = {
    "reset-mid-response": reset_mid_response,
    "slow-body": slow_body,
    "length-too-long": length_too_long,
    "length-too-long-idle": length_too_long_idle,
    "length-too-short": length_too_short,
    "chunked": chunked(b"CARD0\r\n\r\n"),
    "chunked-with-trailer": chunked(b"CARD0\r\nRetry-After: 9\r\nContent-Length: 9\r\n\r\n"),
    "chunk-bad": chunked(b"zz\r\nCARD0\r\n\r\n"),
    "chunk-last-missing": chunked(b"CARD"),
    "chunk-of-17-digits": chunked(b"11111111111111111\r\nCARD0\r\n\r\n"),
    "gzip-bomb": gzip_bomb,
    "gzip-transfer": gzip_transfer,
    "gigabyte-by-length": gigabyte_by_length,
    "gigabyte-by-close": gigabyte_by_close,
    "gigabyte-by-chunks": gigabyte_by_chunks,
    "http-1.0": sends(lambda request: b"HTTP/1.0 200 OK\r\n\r\n" + request.card()),
    "until-close": sends(lambda request: compose(200, request.card(), length=False)),
}

"""Bad status lines and headers."""

from wire import compose


def sends(make):
    """A fault that reads the request and answers with bytes made from it."""

    def answer(connection, request):
        connection.read_body(request)
        connection.send(make(request))
        return False

    return answer


def with_headers(*headers):
    return sends(lambda request: compose(200, request.card(), *headers, length=False))


def slow_headers(connection, request):
    connection.read_body(request)
    connection.trickle(compose(200, request.card()), 0.2)
    return False


def endless_1xx(connection, request):
    connection.read_body(request)
    while True:
        connection.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 64)


def some_1xx(connection, request):
    connection.read_body(request)
    connection.send(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n"
    )
    connection.reply_card(request)
    return True


def eager_100(connection, request):
    """An interim reply that nobody asked for, while the upload goes on."""
    connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    connection.read_body(request)
    connection.reply_card(request)
    return True


def endless_headers(connection, request):
    connection.read_body(request)
    connection.send(b"HTTP/1.1 200 OK\r\n")
    number = 0
    while True:
        connection.send(b"".join(b"X-%d: y\r\n" % (number + i) for i in range(500)))
        number += 500


def giant_header(connection, request):
    connection.read_body(request)
    connection.send(b"HTTP/1.1 200 OK\r\nX-Giant: ")
    while True:
        connection.send(b"y" * 65536)


def long_header(connection, request):
    """Within the limit: nothing is wrong with it."""
    connection.read_body(request)
    connection.reply(200, request.card(), "X-Long: " + "y" * 16000)
    return True


def repeated_length(request):
    card = request.card()
    lengths = f"Content-Length: {len(card)}", f"Content-Length: {len(card) - 1}"
    return compose(200, card, *lengths, length=False)


FAULTS = {
    "slow-headers": slow_headers,
    "endless-1xx": endless_1xx,
    "some-1xx": some_1xx,
    "eager-100": eager_100,
    "endless-headers": endless_headers,
    "giant-header": giant_header,
    "long-header": long_header,
    "length-negative": with_headers("Content-Length: -1"),
    "length-absurd": with_headers("Content-Length: 99999999999999999999999999"),
    "length-junk": with_headers("Content-Length: many"),
    "length-twice": sends(repeated_length),
    "length-and-chunks": sends(
        lambda request: compose(
            200,
            b"%x\r\n%s\r\n0\r\n\r\n" % (len(request.card()), request.card()),
            "Content-Length: 5",
            "Transfer-Encoding: chunked",
            length=False,
        )
    ),
    "nul-in-header": with_headers("X-Nul: a\0b"),
    "nul-in-status": sends(lambda request: b"HTTP/1.1 200 O\0K\r\n\r\n" + request.card()),
    "http-0.9": sends(lambda request: request.card()),
    "http-3.7": sends(lambda request: b"HTTP/3.7 200 OK\r\n\r\n" + request.card()),
    "http-2": sends(lambda request: b"HTTP/2 200 OK\r\n\r\n" + request.card()),
    "http-1.2": sends(lambda request: b"HTTP/1.2 200 OK\r\n\r\n" + request.card()),
    "ssh-banner": sends(lambda request: b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
    "status-007": sends(lambda request: b"HTTP/1.1 007 Bond\r\n\r\n" + request.card()),
    "status-2000": sends(lambda request: b"HTTP/1.1 2000 OK\r\n\r\n" + request.card()),
    "101": sends(
        lambda request: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + request.card()
    ),
    "no-bytes": sends(lambda request: b""),
}

"""What can happen while the request is on its way."""

import time

from wire import compose

HTML = b"<html><body>413 Request Entity Too Large</body></html>"


def reset_mid_upload(connection, request):
    connection.read_body(request, request.length // 2)
    connection.reset()


def reset_after_upload(connection, request):
    connection.read_body(request)
    connection.reset()


def close_after_upload(connection, request):
    connection.read_body(request)
    return False


def never_reads(connection, request):
    connection.wait_until_gone()
    return False


def never_answers(connection, request):
    connection.read_body(request)
    connection.drain()
    return False


def early_413(connection, request):
    """As a gateway that looks at Content-Length: answers, and closes on what is still coming."""
    connection.reply(413, HTML, "Content-Type: text/html", close=True)
    return False


def early_413_reset(connection, request):
    connection.read_body(request, min(65536, request.length // 2))
    connection.reply(413, HTML, "Content-Type: text/html")
    time.sleep(0.05)
    connection.reset()


def early_413_keeps_open(connection, request):
    """Answers without reading on, and waits for the client to go."""
    connection.reply(413, HTML, "Content-Type: text/html")
    connection.wait_until_gone(5)
    return False


def early_413_reads_on(connection, request):
    connection.reply(413, HTML, "Content-Type: text/html", close=True)
    connection.read_body(request)
    return False


def early_200(connection, request):
    """A card for a picture that nobody has seen."""
    connection.reply_card(request)
    connection.wait_until_gone(5)
    return False


def early_200_later(connection, request):
    """When the systems on both sides have taken what they can."""
    time.sleep(0.03)
    return early_200(connection, request)


def early_413_later(connection, request):
    time.sleep(0.03)
    return early_413_keeps_open(connection, request)


def early_200_reads_on(connection, request):
    connection.reply_card(request)
    connection.read_body(request)
    return True


def early_200_without_length(connection, request):
    connection.send(compose(200, request.card(), length=False))
    connection.wait_until_gone(5)
    return False


def early_status_line(connection, request):
    """Begins a refusal in mid-upload, and never gets on with it."""
    connection.send(b"HTTP/1.1 413 Payload Too Large\r\n")
    connection.wait_until_gone()
    return False


def early_413_when_reused(connection, request):
    """Good on a fresh connection; on a kept one refuses before the upload is there."""
    if not getattr(connection, "used", False):
        connection.used = True
        connection.read_body(request)
        connection.reply_card(request)
        return True
    return early_413_keeps_open(connection, request)


FAULTS = {
    "reset-mid-upload": reset_mid_upload,
    "reset-after-upload": reset_after_upload,
    "close-after-upload": close_after_upload,
    "never-reads": never_reads,
    "never-answers": never_answers,
    "early-413": early_413,
    "early-413-reset": early_413_reset,
    "early-413-keeps-open": early_413_keeps_open,
    "early-413-reads-on": early_413_reads_on,
    "early-status-line": early_status_line,
    "early-413-when-reused": early_413_when_reused,
    "early-413-later": early_413_later,
    "early-200": early_200,
    "early-200-later": early_200_later,
    "early-200-reads-on": early_200_reads_on,
    "early-200-without-length": early_200_without_length,
}

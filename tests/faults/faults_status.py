"""Well-formed replies: right ones, and statuses that the service's gateways send."""

import email.utils
import re
import time

HTML = b"<html><head><title>error</title></head><body>nginx</body></html>"
OTHER_HOST = [""]


def ok(connection, request):
    connection.read_body(request)
    connection.reply_card(request)
    return True


def echo(connection, request):
    """A card that tells the request's head as well, without the token."""
    connection.read_body(request)
    head = re.sub(r"access_token=[^& ]*", "access_token=…", request.head.decode())
    card = request.card(head=head)
    connection.reply(200, card)
    return True


def html_413(connection, request):
    connection.read_body(request)
    connection.reply(413, HTML, "Content-Type: text/html")
    return True


def no_content(connection, request):
    connection.read_body(request)
    connection.reply(204, b"", length=False)
    return True


def empty_200(connection, request):
    connection.read_body(request)
    connection.reply(200, b"", "Content-Type: text/html")
    return True


def slow_ok(connection, request):
    """A right answer after 0.3 s."""
    connection.read_body(request)
    time.sleep(0.3)
    connection.reply_card(request)
    return True


def status(code):
    def answer(connection, request):
        connection.read_body(request)
        connection.reply(code, HTML, "Content-Type: text/html")
        return True

    return answer


def retry_after(code, value):
    """value: "date" for one that is a second behind the reply's own."""

    def answer(connection, request):
        connection.read_body(request)
        now = time.time()
        date, soon = (email.utils.formatdate(when, usegmt=True) for when in (now, now + 1))
        said = {"date": soon, "junk": "soon; really"}.get(value, value)
        connection.reply(code, HTML, f"Retry-After: {said}", f"Date: {date}")
        return True

    return answer


def redirect(code, where):
    def answer(connection, request):
        connection.read_body(request)
        targets = {
            "other": OTHER_HOST[0] + "/fault/ok/cv/ocr/idcard",
            "self": request.target,
            "file": "file:///etc/passwd",
        }
        connection.reply(code, b"", f"Location: {targets[where]}")
        return True

    return answer


PATTERNS = [
    "status-CODE",
    "status-CODE/retry-after-VALUE",
    "redirect-CODE-other|self|file",
]


def with_parameter(name):
    """The faults whose names hold a parameter; None if there is no such."""
    match = re.fullmatch(r"status-(\d+)(?:/retry-after-(.+))?", name)
    if match:
        code = int(match.group(1))
        return retry_after(code, match.group(2)) if match.group(2) else status(code)
    match = re.fullmatch(r"redirect-(\d+)-(other|self|file)", name)
    if match:
        return redirect(int(match.group(1)), match.group(2))
    return None


FAULTS = {
    "ok": ok,
    "echo": echo,
    "slow-ok": slow_ok,
    "html-413": html_413,
    "no-content": no_content,
    "empty-200": empty_200,
}

"""A fault for each picture: what is to happen stands behind the picture's first four bytes.

``<ff d8 ff e0> NUMBER FAULT `` makes the call with that number meet the fault, whatever else the
same client does meanwhile; FAULT may be one that is mended, "reset-mid-upload/first-1".

Tokens are fetched here, too, and each is good for a short while, and for some calls at least: a
token whose successor is refused at once is one that a client must not go on renewing. A call that
comes with one that is not good is refused, in its first attempt or when it brings the refused one
again: so whoever renews the token has his card, however slow the machine is. Whole POSTs of a call
beyond those that the library may make of one are counted as "as-told/too-many".
"""

import re
import threading
import time
from collections import OrderedDict
from urllib.parse import parse_qs, urlsplit

from tokens import give_token, is_fetch

SAYS = re.compile(rb"\r\n\r\n\xff\xd8\xff\xe0 (\d+) (\S+) ")
HEAD_BYTES = 512  # of the body, within which it is said
TOKEN_SECONDS = 2
TOKEN_CARDS = 5
MOST_ATTEMPTS = 3
ISSUED = "canary_issued_"
REFUSAL = b'{"errcode":40001,"errmsg":"invalid credential, access_token is not latest"}'


class Latest:
    """Values by key, the latest ones only."""

    MOST = 10_000

    def __init__(self, default):
        self.default = default
        self.values = OrderedDict()

    def __getitem__(self, key):
        return self.values.get(key, self.default)

    def __setitem__(self, key, value):
        self.values[key] = value
        self.values.move_to_end(key)
        if len(self.values) > self.MOST:
            self.values.popitem(last=False)


class Calls:
    """How often calls have come, which tokens they were refused with, and what tokens brought."""

    def __init__(self):
        self.lock = threading.Lock()
        self.attempts = Latest(0)
        self.whole = Latest(0)
        self.refused = Latest(None)
        self.cards = Latest(0)

    def begin(self, number, token):
        """Which attempt it is, from 1, and whether its token is refused."""
        with self.lock:
            self.attempts[number] = attempt = self.attempts[number] + 1
            is_refused = token == self.refused[number] or (attempt == 1 and self.is_spent(token))
            if is_refused:
                self.refused[number] = token
            return attempt, is_refused

    def note_whole(self, number):
        """Counts a POST that has come whole; returns whether it is one too many."""
        with self.lock:
            self.whole[number] += 1
            return self.whole[number] > MOST_ATTEMPTS

    def is_spent(self, token):
        """Of tokens that were not fetched here: never."""
        issued = token.removeprefix(ISSUED)
        is_old = issued != token and time.monotonic() - float(issued) > TOKEN_SECONDS
        return is_old and self.cards[token] >= TOKEN_CARDS

    def note_card(self, token):
        with self.lock:
            self.cards[token] += 1


def new_token():
    return f"{ISSUED}{time.monotonic():.6f}"


def as_told(find_fault):
    """find_fault(key, attempt) gives the function that does it."""
    calls = Calls()

    def meet(connection, request):
        if is_fetch(request):
            connection.read_body(request)
            give_token(connection, request, new_token())
            return True
        said = SAYS.search(connection.peek(min(HEAD_BYTES, request.length)))
        if said is None:
            connection.reply(404, b"the picture says no fault")
            return False
        (token,) = parse_qs(urlsplit(request.target).query)["access_token"]
        attempt, is_refused = calls.begin(said[1], token)
        fault = refuse if is_refused else find_fault(said[2].decode(), attempt)
        try:
            keeps = fault(connection, request)
        finally:
            is_whole = request.body is not None and len(request.body) == request.length
            if is_whole and calls.note_whole(said[1]):
                connection.counters.begin("as-told/too-many", "POST")
        if said[2] == b"ok" and not is_refused:
            calls.note_card(token)
        return keeps

    return meet


def refuse(connection, request):
    connection.read_body(request)
    connection.reply(200, REFUSAL)
    return True

"""Token endpoints, for clients that fetch their token from the fault server.

Fetches are counted as NAME/fetches. Since the N-th fetch of a fault gives the token NAME-N, a test
sees which one a call was made with.
"""

import json
import time
from urllib.parse import parse_qs, urlsplit

# Long enough for many threads to come together, and for a call to end beside it.
FETCH_SECONDS = 0.3


def give_token(connection, request, token, close=False):
    given = {"access_token": token, "expires_in": 7200}
    connection.reply(200, json.dumps(given).encode(), close=close)


def is_fetch(request):
    return "/cgi-bin/" in request.target


def tokens(connection, request, close=False):
    connection.read_body(request)
    if is_fetch(request):
        give_token(connection, request, f"token-by-{request.method}", close)
    else:
        connection.reply_card(request, close)
    return not close


def tokens_closing(connection, request):
    """For many calls: before a kept connection is used again, a client waits a moment."""
    return tokens(connection, request, close=True)


def account(connection, request, *, name, refused=(), hangs=False, fails=False):
    """Gives tokens slowly, or never; refuses some of them."""
    connection.read_body(request)
    if is_fetch(request):
        number = connection.counters.begin(f"{name}/fetches", "POST")
        if hangs:
            connection.drain()
            return False
        if fails:
            connection.reply(500, b"")
            return True
        time.sleep(FETCH_SECONDS)
        give_token(connection, request, f"{name}-{number}")
        return True
    query = parse_qs(urlsplit(request.target).query)
    token = query["access_token"][0]
    connection.counters.begin(f"{name}/with/{token}", "POST")
    if token in refused:
        connection.reply(200, b'{"errcode":40001,"errmsg":"invalid credential"}')
    else:
        connection.reply_card(request)
    return True


def named(name, **how):
    return lambda connection, request: account(connection, request, name=name, **how)


FAULTS = {
    "tokens": tokens,
    "tokens-closing": tokens_closing,
    "account": named("account"),
    "account-refusing": named("account-refusing", refused=("account-refusing-1",)),
    "account-hanging": named("account-hanging", hangs=True),
    "account-failing": named("account-failing", fails=True),
}

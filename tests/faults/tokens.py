"""Well-behaved token endpoints, for clients that fetch their token from the fault server."""

import json


def tokens(connection, request):
    connection.read_body(request)
    if "/cgi-bin/" in request.target:
        given = {"access_token": f"token-by-{request.method}", "expires_in": 7200}
        connection.reply(200, json.dumps(given).encode())
    else:
        connection.reply_card(request)
    return True


FAULTS = {"tokens": tokens}

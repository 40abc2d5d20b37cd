"""The control requests of the fault server."""

import json


def answer(connection, request, counters):
    path = request.target
    if request.method == "POST" and path == "/control/reset":
        counters.reset()
        seen = {}
    elif path == "/control/counters":
        seen = counters.seen()
    elif path.startswith("/control/counters/"):
        seen = counters.seen(path[len("/control/counters/") :])
    else:
        connection.reply(404, b"{}")
        return False
    connection.reply(200, json.dumps(seen).encode())
    return True

"""A process that recognises pictures with a client whose token it shares; tests start several.

Reads its orders from the first line of standard input, says "ready", waits for a second line, makes
its calls from some threads, and prints what came of them.
"""

import json
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import redis

import wxidcard
from account import join_renewals
from given import JPEG


def make_store(orders: dict[str, Any]) -> wxidcard.TokenStore | None:
    if "file" in orders:
        return wxidcard.FileTokenStore(orders["file"])
    if "redis" in orders:
        return wxidcard.RedisTokenStore(redis.Redis(unix_socket_path=orders["redis"]))
    return None


def main() -> None:
    orders = json.loads(sys.stdin.readline())
    client = wxidcard.Client(**orders["settings"], token_store=make_store(orders))
    print("ready", flush=True)
    sys.stdin.readline()

    def recognize(_: int) -> str:
        try:
            return client.recognize(JPEG)["type"]
        except Exception as error:
            return repr(error)

    with ThreadPoolExecutor(orders["threads"]) as pool:
        outcomes = Counter(pool.map(recognize, range(orders["calls"])))
    join_renewals()
    print(json.dumps(outcomes), flush=True)


if __name__ == "__main__":
    main()

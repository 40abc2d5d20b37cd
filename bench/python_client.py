"""The same calls from Python. usage: python_client.py wxidcard|requests BASE_URL PICTURE CALLS"""

import json
import pathlib
import sys
import time
from collections.abc import Callable

TOKEN = "a_token_for_the_bench"
WARM_UP_CALLS = 50


def with_wxidcard(base_url: str, picture: bytes) -> Callable[[], object]:
    import wxidcard

    client = wxidcard.Client(access_token=TOKEN, base_url=base_url)
    return lambda: client.recognize(picture)["type"]


def with_requests(base_url: str, picture: bytes) -> Callable[[], object]:
    import requests

    session = requests.Session()
    url = f"{base_url}/cv/ocr/idcard"

    def call() -> object:
        reply = session.post(
            url,
            params={"access_token": TOKEN},
            files={"img": ("image.jpg", picture, "image/jpeg")},
            timeout=30,
        )
        return reply.json()["type"]

    return call


def main() -> int:
    make = {"wxidcard": with_wxidcard, "requests": with_requests}[sys.argv[1]]
    call = make(sys.argv[2], pathlib.Path(sys.argv[3]).read_bytes())
    calls = int(sys.argv[4])
    failed = sum(call() != "Front" for _ in range(WARM_UP_CALLS))
    processor, wall = time.process_time(), time.perf_counter()
    failed += sum(call() != "Front" for _ in range(calls))
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    figures = {"processor_us": processor / calls * 1e6, "wall_us": wall / calls * 1e6}
    print(json.dumps(figures | {"failed": failed}))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())

"""A process that has no descriptor left: its calls say so, and go on when there are some again."""

import pytest

from given import JPEG, TOKEN
from programs import output_of
from scripted import ScriptedService

HEAD = f"""
import asyncio, resource, sys
import wxidcard
JPEG = {JPEG!r}
SETTINGS = {{"access_token": {TOKEN!r}, "base_url": sys.argv[1], "timeout": 20}}

def take_all():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    taken = []
    try:
        while True:
            taken.append(open("/dev/null"))
    except OSError:
        return taken

def give_back(taken):
    for file in taken:
        file.close()
"""
CLIENT = """
    client = wxidcard.Client(**SETTINGS)
    taken = take_all()
    try:
        client.recognize(JPEG)
    except OSError as error:
        problem = error
    give_back(taken)
    print(type(problem).__name__, problem)
    print(client.recognize(JPEG)["type"])
    client.close()
"""
# The first call is what the engine is made for; the others need more connections than are kept.
ASYNC_CLIENT = """
    async def main():
        async with wxidcard.AsyncClient(**SETTINGS) as client:
            await client.recognize(JPEG)
            taken = take_all()
            calls = [client.recognize(JPEG) for _ in range(4)]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            give_back(taken)
            (said,) = {f"{type(o).__name__} {o}" for o in outcomes if isinstance(o, Exception)}
            print(said)
            print((await client.recognize(JPEG))["type"])

    asyncio.run(main())
"""


@pytest.mark.parametrize("text", [CLIENT, ASYNC_CLIENT], ids=["client", "async_client"])
def test_no_descriptor_is_left(service: ScriptedService, text: str) -> None:
    said, then = output_of(HEAD, text, service.url).splitlines()
    assert said.startswith("OSError ") and "descriptor" in said
    assert then == "Back"

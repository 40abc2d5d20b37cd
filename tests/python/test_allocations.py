"""Each allocation of Python's fails in turn, once and for good: the binding raises MemoryError, and
then works as before. Those of the core are C's to test.

The ways through it are short functions, without frames of the binding's Python: CPython 3.11 has no
exception for a function that gets no frame, and a long one may go round for ever without memory.
"""

import pytest

from programs import output_of

HEAD = r"""
import _testcapi, sys
import wxidcard
from wxidcard import _core

JPEG = b"\xff\xd8\xff\xe0invented"
CARD = b'{"errcode":0,"type":"Back","list":[1,[2.5,{"a":true}]],"id":null,"name":"\xe5\xbc\xa0"}'
REFUSED = b'{"errcode":40001,"errmsg":"invalid credential hint: [a] rid: 1-2-3"}'
FRONT = {"type": "Front", "name": "张样本", "id": "11010519491231002X"}

def provide(failed):
    return "token"

def read_card():
    call = _core.Session(token_provider=provide).recognition(0, 1, image=JPEG)
    call.answer_token("token")
    assert call.request is not None and call.time_left_ms(0) > 0
    call.answer_reply(0, 200, CARD)
    assert call.take_card()["list"] == [1, [2.5, {"a": True}]]

def raise_error():
    call = _core.Session(access_token="t", max_retries=0).recognition(0, 1, image=JPEG)
    call.answer_reply(0, 200, REFUSED)
    try:
        call.take_card()
    except wxidcard.TokenError:
        return
    raise AssertionError

def fetch_token():
    call = _core.Session(access_token="t").token_fetch(0, 1, appid="wx_a", secret="s")
    call.answer_reply(0, 200, b'{"access_token":"T","expires_in":7200}')
    assert call.take_token() == ("T", 7200)

def check():
    assert wxidcard.check(FRONT)["ok"] in (True, False)
    assert wxidcard.check_id(FRONT["id"])["valid"]
    assert wxidcard.mask(FRONT)["type"] == "Front"

def refuse():
    for wrong in ({"timeout": "1"}, {"access_token": ""}, {"acces_token": "t"}):
        try:
            _core.Session(**wrong)
        except (TypeError, ValueError):
            continue
        raise AssertionError

def client():
    made = _core.Client(access_token="t", base_url="http://127.0.0.1:1", max_retries=0)
    assert made.settings["access_token"] is None and "127.0.0.1" in made.description
    try:
        made.recognize(JPEG)
    except wxidcard.ConnectError:
        return made.close()
    raise AssertionError
"""
PROGRAM = """
    path = globals()[sys.argv[1]]
    path()
    failures = 0
    for for_good in (False, True):
        spared = n = 0
        while spared < 30:  # some are not missed, and then there are no more
            _testcapi.set_nomemory(n, 0 if for_good else n + 1)
            try:
                path()
            except MemoryError:
                failed = True
            else:
                failed = False
            finally:
                _testcapi.remove_mem_hooks()
            path()
            failures += failed
            spared = 0 if failed else spared + 1
            n += 1
    print(failures)
"""


@pytest.mark.parametrize(
    "path", ["read_card", "raise_error", "fetch_token", "check", "refuse", "client"]
)
def test_every_allocation(path: str) -> None:
    assert int(output_of(HEAD, PROGRAM, path)) > 10

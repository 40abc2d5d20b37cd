"""Each allocation of Python's fails in turn, once and for good: the binding raises MemoryError, and
then works as before. Those of the core are C's to test.

The ways through it are short functions, without frames of the binding's Python: CPython 3.11 has no
exception for a function that gets no frame, and a long one may go round for ever without memory.
"""

from pathlib import Path

import pytest

from programs import output_of

HEAD = r"""
import _imp, _testcapi, functools, io, itertools, logging, pathlib, select, sys, threading, time
from importlib.machinery import ModuleSpec
from types import SimpleNamespace
import wxidcard
from wxidcard import _core

NOBODY = {"base_url": "http://127.0.0.1:1", "max_retries": 0}
CORE = ModuleSpec("wxidcard._core", None, origin=_core.__file__)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154"
    "789c636000000002000148afa4710000000049454e44ae426082"
)
PATH = pathlib.Path(sys.argv[2])
PATH.write_bytes(PNG)
STALE = '{"access_token":"T","expires_at":%d,"expires_in":7200}' % (time.time() + 200)
accounts = itertools.count()
logging.disable()  # a store that fails is warned of

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

def unreachable(function, *arguments, **keywords):
    try:
        function(*arguments, **keywords)
    except wxidcard.ConnectError:
        return
    raise AssertionError

def load():
    module = _imp.create_dynamic(CORE)
    _imp.exec_dynamic(module)
    assert module.Client

def tables():
    assert _core.kind_table() and _core.group_table() and _core.errcode_table()
    assert _core.setting_table() and _core.finding_table() and _core.error_classes()

def settings():
    made = _core.Session(appid="a", secret="s", token_endpoint="token", timeout=2.5, fit=True,
                         max_image_bytes=300, ca_file=PATH, proxy="http://127.0.0.1:1")
    assert made.settings["timeout"] == 2.5 and made.settings["ca_file"] == str(PATH)

def pictures():
    made = _core.Client(access_token="t", **NOBODY)
    for picture in (PATH, str(PATH), memoryview(PNG), io.BytesIO(PNG)):
        unreachable(made.recognize, picture)
    unreachable(made.recognize, img_url="https://example.com/a.jpg", type="photo")

def fit():
    for picture in (PATH, str(PATH), memoryview(PNG), io.BytesIO(PNG)):
        assert _core.fit_image(picture, 100000, True)

def provider():
    made = _core.Client(token_provider={None: "t"}.get, **NOBODY)
    unreachable(made.recognize, JPEG)

def refresh():
    made = _core.Client(appid=str(next(accounts)), secret="s", **NOBODY)
    unreachable(made.refresh_token)
    made.renew()

# A store whose methods have no frames, and a thread that does nothing.
def store():
    appid = str(next(accounts))
    key = f"wxidcard:token:127.0.0.1:1:{appid}:stable_token"
    threading.Thread = functools.partial(SimpleNamespace, start=SimpleNamespace)
    for kept in ({}, {key: STALE}):
        methods = SimpleNamespace(get=kept.get, set=slice, add=slice, delete=slice)
        made = _core.Client(appid=appid, secret="s", token_store=methods, **NOBODY)
        unreachable(made.recognize, JPEG)
        unreachable(made.recognize, JPEG)
        made.renew()

def answer_store(call):
    while call.step(0) == "store":
        asked = call.store_request(0)
        call.answer_store(0, 0, value=None, stored=asked[0] == "add")

def machine_with_store():
    methods = SimpleNamespace(get={}.get, set=slice, add=slice, delete=slice)
    made = _core.Session(appid=str(next(accounts)), secret="s", token_store=methods)
    made.share()
    assert made.renewal(0, 1) is None
    call = made.refresh(0, 1)
    answer_store(call)
    call.answer_failure(0, "connect", False, "a detail")
    answer_store(call)
    call.abandon("interrupted", "of the test")

def wait():
    call = _core.Session(access_token="t").recognition(0, 1, image=JPEG)
    call.answer_failure(0, "connect", False, "a detail")
    call.answer_waited(call.wait_ms)
    assert call.request.target and call.request.headers and len(call.request.body) == 3

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
            n += 5 if path is load else 1  # which has so many
    print(failures)
"""


@pytest.mark.parametrize(
    "path",
    [
        "read_card",
        "raise_error",
        "fetch_token",
        "check",
        "refuse",
        "load",
        "tables",
        "settings",
        "pictures",
        "fit",
        "provider",
        "refresh",
        "store",
        "machine_with_store",
        "wait",
        "client",
    ],
)
def test_every_allocation(path: str, tmp_path: Path) -> None:
    assert int(output_of(HEAD, PROGRAM, path, str(tmp_path / "canary-path.png"))) > 10

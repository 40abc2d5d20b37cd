"""What is refused costs nothing: not a byte of it reaches anybody.

See tests/lua/support/refused.lua.
"""

import json
import pathlib

from nginx import ROOT, running

from fault_server import FaultServer

TESTS = ROOT / "tests/lua"
HTTP = """
init_by_lua_block {{ package.path = "{tests}/?.lua;{tests}/?/init.lua;" .. package.path }}
lua_ssl_trusted_certificate {ca};
"""
LOCATION = """
location /{what} {{ content_by_lua_block {{
    ngx.print(require("support.refused").{what} {{ base_url = "{url}" }})
}} }}
"""


def test_not_a_byte_is_sent(tmp_path: pathlib.Path, server: FaultServer) -> None:
    url = server.base("ok", "chain")
    locations = "".join(LOCATION.format(what=what, url=url) for what in ("all", "none"))
    server.reset()
    with running(tmp_path, locations, HTTP.format(tests=TESTS, ca=server.words["ca"])) as nginx:
        told = json.loads(nginx.get("/all"))
        assert (told["others"], told["made"] > 50) == ("", True)
        counted = server.seen("listener/chain")
        assert (counted["connections"], counted["bytes"]) == (0, 0)
        assert nginx.get("/none") == "true"
        assert server.seen("listener/chain")["connections"] == 1

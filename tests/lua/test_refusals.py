"""What is refused costs nothing: not a byte of it reaches anybody. See support/refused.lua."""

import json
import subprocess

import pytest

from fault_server import FOLDER, fault_server

TESTS = FOLDER.parent / "lua"
PROGRAM = """
package.path = "{tests}/?.lua;{tests}/?/init.lua;" .. package.path
io.write(require("support.refused").{what} {{ base_url = "{url}", ca_file = "{ca}" }})
"""


@pytest.mark.parametrize("lua", ["lua5.1", "luajit", "lua5.3", "lua5.4"])
def test_not_a_byte_is_sent(lua: str) -> None:
    with fault_server() as server:

        def run(what: str) -> str:
            url, ca = server.url("ok", "chain"), server.words["ca"]
            program = PROGRAM.format(tests=TESTS, what=what, url=url, ca=ca)
            return subprocess.check_output([lua, "-e", program], text=True, timeout=60)

        told = json.loads(run("all"))
        assert (told["others"], told["made"] > 50) == ("", True)
        counted = server.seen("listener/chain")
        assert (counted["connections"], counted["bytes"]) == (0, 0)
        assert run("none") == "true"
        assert server.seen("listener/chain")["connections"] == 1

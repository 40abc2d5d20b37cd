"""What docs/openresty.md shows works as it stands."""

import re
import subprocess
from pathlib import Path

from nginx import ROOT, running

from fault_server import FaultServer

PAGE = (ROOT / "docs/openresty.md").read_text(encoding="utf-8")
LOCATIONS = """
location /idcard {
    client_body_buffer_size 1k;
    content_by_lua_block {
        local card, message = require("cards").recognize()
        ngx.print(card and card.type or message)
    }
}
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_first_example(server: FaultServer, tmp_path: Path) -> None:
    (configuration,) = blocks("nginx")
    program = blocks("lua")[0]
    account = 'appid = os.getenv "WXIDCARD_APPID", secret = os.getenv "WXIDCARD_SECRET"'
    assert account in program
    ours = f'appid = "wx_invented", secret = "canary", base_url = "{server.base("tokens")}"'
    (tmp_path / "cards.lua").write_text(program.replace(account, ours), encoding="utf-8")
    # The folder of the test's own sets the sizes of bodies.
    http_part = re.sub(r"^client_max_body_size.*", "", configuration, flags=re.MULTILINE)
    with running(tmp_path, LOCATIONS, http_part) as nginx:
        assert nginx.send("POST", "/idcard", b"\xff\xd8\xff\xe0" + b"x" * 500) == b"Front"
        in_a_file = b"\xff\xd8\xff\xe0" + b"x" * 500_000
        assert nginx.send("POST", "/idcard", in_a_file) == b"Front"


def test_all_examples_can_be_read() -> None:
    for block in blocks("lua"):
        subprocess.run(["luajit", "-e", "assert(loadstring(io.read('*a')))"], input=block,
                       text=True, check=True, timeout=20)  # fmt: skip

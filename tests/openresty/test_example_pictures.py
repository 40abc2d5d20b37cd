"""The example's pictures.lua in an nginx that has no threads for it."""

import io
from pathlib import Path

import numpy as np
from example import ROOT
from nginx import running
from PIL import Image

LIMIT = 2 * 1024 * 1024
LOCATIONS = """
location /fit {
    content_by_lua_block {
        ngx.req.read_body()
        local picture, kind = require("idcard.pictures").fit(ngx.req.get_body_data())
        ngx.print(picture or kind)
    }
}
"""


def test_without_a_pool_of_threads(tmp_path: Path) -> None:
    (tmp_path / "idcard").symlink_to(ROOT / "examples/openresty/lua/idcard")
    noise = np.random.default_rng(7).integers(0, 255, (1600, 1600, 3), np.uint8)
    encoded = io.BytesIO()
    Image.fromarray(noise).save(encoded, "JPEG", quality=95)
    assert len(encoded.getvalue()) > LIMIT
    with running(tmp_path, LOCATIONS) as nginx:
        fitted = nginx.send("POST", "/fit", encoded.getvalue())
        assert nginx.send("POST", "/fit", bytes(LIMIT)) == b"image_input"
    assert fitted.startswith(b"\xff\xd8\xff")
    assert len(fitted) < LIMIT

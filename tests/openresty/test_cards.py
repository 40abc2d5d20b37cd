"""Cards are checked and masked in nginx's event loop; pictures are made to fit in its threads."""

import io
import pathlib
from collections.abc import Iterator

import numpy as np
import pytest
from nginx import Nginx, running
from PIL import Image

LIMIT = 200_000

LOCATIONS = """
location /check {
    content_by_lua_block { ngx.print(require("cards").check()) }
}
location /fit {
    content_by_lua_block {
        ngx.req.read_body()
        local ran, fitted = ngx.run_worker_thread("recognition", "cards", "fit",
                                                  ngx.req.get_body_data())
        ngx.print(tostring(fitted))
    }
}
"""

CARDS = """
local wxidcard = require "wxidcard"
local cards = {}

function cards.check()
    local card = {
        type = "Front", name = "张三", id = "11010519491231002X", gender = "女",
        nationality = "汉", addr = "北京市朝阳区某路1号",
    }
    local report = wxidcard.check(card, nil, "2026-11-24")
    local wrong = require("wxidcard.safe").check_id("110105194912310028", "2026-11-24")
    return table.concat({
        tostring(report.ok), report.age, #report.findings, wxidcard.mask(card).id,
        wrong.candidates[1], "curl: " .. tostring(package.loaded["wxidcard.curl"] ~= nil),
    }, "\\n")
end

function cards.fit(bytes)
    local fitted, message = require("wxidcard.safe").fit_image(bytes, { max_image_bytes = 200000 })
    return fitted or message
end

return cards
"""


@pytest.fixture
def nginx(tmp_path: pathlib.Path) -> Iterator[Nginx]:
    (tmp_path / "cards.lua").write_text(CARDS, encoding="utf-8")
    with running(tmp_path, LOCATIONS) as started:
        yield started


def test_cards_are_checked_in_the_event_loop(nginx: Nginx) -> None:
    assert nginx.get("/check").split("\n") == [
        "true",
        "76",
        "0",
        "110105********002X",
        "11010519491231002X",
        "curl: false",
    ]


def test_pictures_are_made_to_fit_in_a_thread(nginx: Nginx) -> None:
    random = np.random.default_rng(3)
    noise = Image.fromarray(random.integers(0, 255, (900, 1200, 3), np.uint8))
    encoded = io.BytesIO()
    noise.save(encoded, "JPEG", quality=90)
    assert len(encoded.getvalue()) > 2 * LIMIT
    fitted = nginx.send("POST", "/fit", encoded.getvalue())
    assert len(fitted) < LIMIT
    with Image.open(io.BytesIO(fitted)) as picture:
        assert picture.format == "JPEG"
        assert picture.width / picture.height == pytest.approx(4 / 3, rel=0.02)


def test_a_refused_picture_says_why(nginx: Nginx) -> None:
    said = nginx.send("POST", "/fit", b"\xff\xd8\xff" + b"x" * LIMIT).decode()
    assert said.startswith("the picture is damaged") or said.startswith("the picture is cut off")

"""The page of the example application in Chromium, at a desktop's and at a telephone's width."""

import base64
import json
from pathlib import Path

import pytest
from browser import Page
from example import Sandbox
from selenium.webdriver.common.keys import Keys

PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00invented\xff\xd9"
BUSY = {"errcode": -1, "errmsg": "system error"}
FRONT = {
    "errcode": 0,
    "type": "Front",
    "name": "张三",
    "gender": "女",
    "nationality": "汉",
    "birth": "1949-12-31",
    "addr": "北京市朝阳区某路1号",
    "id": "11010519491231002X",
}
MISREAD, RIGHT = "110105194912310028", "11010519491231002X"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.jpg"
    path.write_bytes(PICTURE)
    return path


def test_both_sides(page: Page, sandbox: Sandbox, specimens: Path) -> None:
    """Both pictures are read for real, at the same time, and fill the form."""
    page.choose("front", specimens / "front-01.jpg")
    page.choose("back", specimens / "back-01.jpg")
    assert page.said("front") == page.said("back") == "已识别，请核对。"
    truth = json.loads((specimens / "specimens.json").read_text())
    expected = {**truth["front-01.jpg"], **truth["back-01.jpg"]}
    expected.pop("type")
    assert page.values() == expected
    page.wait(lambda: "有效期还有" in page.one("#facts").text)
    assert page.one("#summary").text == "没有发现错误，有 1 处请留意。"
    assert page.notes("id")[0].startswith("提醒：公民身份号码的前六位")
    for side in ("front", "back"):
        image = page.one(f"#side-{side} img")
        assert image.is_displayed()
        assert page.number(f"#side-{side} img", "naturalWidth") > 0
        assert image.get_attribute("alt")


def test_no_card(page: Page, sandbox: Sandbox, specimens: Path) -> None:
    page.choose("front", specimens / "no-card.jpg")
    assert page.said("front").startswith("没有找到身份证。")
    assert not page.one("#side-front .retry").is_displayed()
    assert page.values()["name"] == ""


def test_failing_check_is_marked(page: Page, sandbox: Sandbox, picture: Path) -> None:
    """The number stays as it was read until the user takes a candidate."""
    sandbox.play({**FRONT, "id": MISREAD})
    page.choose("front", picture)
    page.said("front")
    number = page.one("#id")
    assert page.value("id") == MISREAD
    assert number.get_attribute("aria-invalid") == "true"
    assert page.notes("id") == ["有误：公民身份号码的校验码不符，有一位识别或输入错误，请核对。"]
    assert number.get_attribute("aria-describedby") == "id-notes"
    assert page.one("#summary").text == "有 1 处有误，请对照证件修改。"
    (candidate,) = page.all(".candidate")
    assert candidate.text == RIGHT
    assert candidate.find_element("css selector", "mark").text == "X"
    candidate.click()
    assert page.value("id") == RIGHT
    assert page.active() == number
    page.wait(lambda: number.get_attribute("aria-invalid") == "false")
    assert page.notes("id") == page.all(".candidate") == []
    assert page.one("#summary").text == "没有发现问题，请再对照证件看一遍。"


def test_corrections_are_checked(page: Page, sandbox: Sandbox, picture: Path) -> None:
    sandbox.play(FRONT)
    page.choose("front", picture)
    page.said("front")
    page.write("name", "Zhang")
    page.wait(lambda: page.notes("name"))
    assert page.notes("name")[0].endswith("姓名中有汉字和间隔号（·）以外的字符，请核对。")
    page.write("name", "张三")
    page.wait(lambda: not page.notes("name"))


def test_form_by_hand(page: Page, sandbox: Sandbox) -> None:
    """What is still to come is not missed."""
    page.write("id", MISREAD)
    page.wait(lambda: page.notes("id"))
    assert page.notes("name") == page.notes("valid_date") == []


def test_picture_of_the_other_side(page: Page, sandbox: Sandbox, picture: Path) -> None:
    """It can be moved there, and is not sent again."""
    sandbox.play(FRONT)
    page.choose("back", picture)
    assert page.said("back") == "这是人像面的照片，请换成国徽面。"
    assert page.value("name") == ""
    page.one("#side-back .move").click()
    assert page.said("front") == "已识别，请核对。"
    assert page.value("name") == "张三"
    assert page.state("back") == ""
    assert len(sandbox.pictures()) == 1


def test_busy_and_again(page: Page, sandbox: Sandbox, picture: Path) -> None:
    sandbox.play(BUSY, BUSY, BUSY, FRONT)
    page.choose("front", picture)
    assert page.said("front") == "识别服务正忙，请稍等几秒再试。"
    page.one("#side-front .retry").click()
    page.wait(lambda: page.state("front") == "done")
    assert page.value("name") == "张三"
    assert not page.one("#side-front .retry").is_displayed()


def test_no_network(page: Page, sandbox: Sandbox, picture: Path) -> None:
    page.driver.set_network_conditions(offline=True, latency=0, throughput=0)
    try:
        page.choose("front", picture)
        assert page.said("front") == "网络不通，请检查网络后重试。"
    finally:
        page.driver.delete_network_conditions()
    assert len(page.complaints()) == 1
    sandbox.play(FRONT)
    page.one("#side-front .retry").click()
    page.wait(lambda: page.state("front") == "done")


def test_too_large_is_not_sent(page: Page, sandbox: Sandbox, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(PICTURE + bytes(10 * 1024 * 1024))
    page.choose("front", large)
    assert page.said("front") == "照片超过 10 MB，请换一张小一些的。"
    assert sandbox.pictures() == []


def test_progress(page: Page, sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.play(FRONT)
    picture = tmp_path / "slow.jpg"
    picture.write_bytes(PICTURE + bytes(400_000))
    page.driver.set_network_conditions(
        latency=0, download_throughput=10_000_000, upload_throughput=400_000
    )
    bar = page.one("#side-front progress")
    try:
        page.choose("front", picture)
        page.wait(lambda: 0 < page.number("#side-front progress", "value") < 1)
        assert bar.is_displayed()
        assert page.one("#side-front .state").text == "正在上传…"
        page.said("front")
    finally:
        page.driver.delete_network_conditions()
    assert not bar.is_displayed()


def test_dropped_picture(page: Page, sandbox: Sandbox) -> None:
    sandbox.play(FRONT)
    page.script(
        """
        const bytes = Uint8Array.from(atob(arguments[0]), (sign) => sign.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([bytes], "picture.jpg", { type: "image/jpeg" }));
        document.querySelector("#side-front .zone").dispatchEvent(
            new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
        """,
        base64.b64encode(PICTURE).decode(),
    )
    assert page.said("front") == "已识别，请核对。"


def test_clearing(page: Page, sandbox: Sandbox, picture: Path) -> None:
    sandbox.play(FRONT)
    page.choose("front", picture)
    page.said("front")
    page.write("valid_date", "20200101")
    page.one("button[type=reset]").click()
    page.wait(lambda: page.one("#summary").text == "等待照片，也可以直接填写。")
    assert set(page.values().values()) == {""}
    assert page.state("front") == ""
    assert page.notes("valid_date") == []


def test_copying(page: Page, sandbox: Sandbox, picture: Path) -> None:
    sandbox.play({**FRONT, "addr": ""})
    page.choose("front", picture)
    page.said("front")
    permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"]
    page.driver.execute_cdp_cmd("Browser.grantPermissions", {"permissions": permissions})
    page.one("#copy").click()
    page.wait(lambda: page.one("#copy").text == "已复制")
    copied = page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert copied.splitlines() == [
        "姓名：张三",
        "性别：女",
        "民族：汉",
        "出生日期：1949-12-31",
        "公民身份号码：11010519491231002X",
    ]


def test_without_a_mouse(page: Page, sandbox: Sandbox, picture: Path) -> None:
    """Everything is reached in its order, can be seen to be reached, and works."""
    page.press(Keys.TAB)
    zone = page.one("#side-front .zone")
    assert page.active() == zone.find_element("css selector", "input")
    assert page.active().accessible_name == "选择人像面照片"
    assert zone.value_of_css_property("outline-style") == "solid"
    sandbox.play(BUSY, BUSY, BUSY, {**FRONT, "id": MISREAD})
    page.active().send_keys(str(picture))
    page.said("front")
    page.press(Keys.TAB)
    assert page.active().text == "重试"
    assert page.active().value_of_css_property("outline-style") == "solid"
    page.press(Keys.ENTER)
    page.wait(lambda: page.state("front") == "done")
    # The button has gone, and the focus is where one goes on.
    assert page.active() == zone.find_element("css selector", "input")
    order = []
    for _ in range(9):
        page.press(Keys.TAB)
        order.append(page.active().accessible_name)
        assert page.active().value_of_css_property("outline-style") == "solid" or len(order) == 1
    assert order[0] == "选择国徽面照片"
    assert order[1:7] == ["姓名", "性别", "民族", "出生日期", "住址", "公民身份号码"]
    assert order[7:] == [RIGHT, "有效期限"]
    page.press(Keys.SHIFT, Keys.TAB)
    page.press(Keys.SPACE)
    assert page.value("id") == RIGHT
    assert page.active() == page.one("#id")


def test_what_is_said_aloud(page: Page) -> None:
    assert page.one("html").get_attribute("lang") == "zh-CN"
    assert [each.get_attribute("role") for each in page.all(".state, #summary")] == ["status"] * 3
    for element in page.all("input, select, textarea, button, progress"):
        if element.is_displayed():
            assert element.accessible_name

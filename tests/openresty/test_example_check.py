"""POST /check of the example application: the fields as somebody has corrected them."""

import pytest
from example import Example

FRONT = {
    "type": "Front",
    "name": "张三",
    "gender": "女",
    "nationality": "汉",
    "birth": "1949-12-31",
    "addr": "北京市朝阳区某路1号",
    "id": "11010519491231002X",
}
BACK = {"type": "Back", "valid_date": "20070105-长期"}


def test_both_sides(example: Example) -> None:
    report = example.post_json("/check", {"front": FRONT, "back": BACK}).json["report"]
    assert report["ok"] is True
    assert report["findings"] == []
    assert report["id"]["candidates"] == []
    assert report["valid_until"] == "长期"


def test_one_says_something_of_the_other(example: Example) -> None:
    back = {"type": "Back", "valid_date": "20190101-20290101"}
    report = example.post_json("/check", {"front": FRONT, "back": back}).json["report"]
    assert [finding["code"] for finding in report["findings"]] == ["valid_date_age"]
    assert report["findings"][0]["field"] == "valid_date"
    assert "年龄" in report["findings"][0]["message_zh"]


@pytest.mark.parametrize(
    ("sides", "codes"),
    [
        ({"front": FRONT}, []),
        ({"front": FRONT, "back": None}, []),
        ({"back": BACK}, []),
        ({"front": {**FRONT, "name": None}}, ["name_missing"]),
        ({"front": {**FRONT, "id": "110105194912310028"}}, ["id_checksum"]),
    ],
)
def test_sides(example: Example, sides: object, codes: list[str]) -> None:
    report = example.post_json("/check", sides).json["report"]
    assert [finding["code"] for finding in report["findings"]] == codes


@pytest.mark.parametrize(
    "sides",
    [
        None,
        7,
        "front",
        [],
        {},
        {"front": None, "back": None},
        {"front": "张三"},
        {"front": [1, 2]},
        {"front": {**FRONT, "id": 11010519491231002}},
        {"front": {**FRONT, "type": "Middle"}},
        {"front": FRONT, "back": FRONT},
    ],
)
def test_what_is_no_card(example: Example, sides: object) -> None:
    assert example.post_json("/check", sides).problem == (400, "malformed")


def test_what_is_no_json(example: Example) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    for body in (b"", b"{", b"\xff\xfe", b'{"front":' * 3000):
        assert example.send("POST", "/check", body, headers).problem == (400, "malformed")
    for content_type in ("text/plain", "application/jsonp", "multipart/form-data; boundary=x"):
        answer = example.send("POST", "/check", b"{}", {"Content-Type": content_type})
        assert answer.problem == (415, "content_type")


def test_too_large(example: Example) -> None:
    front = {**FRONT, "addr": "某" * 100_000}
    assert example.post_json("/check", {"front": front}).problem == (413, "too_large")

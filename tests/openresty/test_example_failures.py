"""What the example application makes of failures behind it, and that it tells nobody's secrets."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from example import Example, Sandbox, account_at, running

PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00canary-picture\xff\xd9"
CARD = {"errcode": 0, "errmsg": "ok", "type": "Front", "name": "canary-name", "id": "canary-id"}


def failure(errcode: int) -> Mapping[str, object]:
    return {"errcode": errcode, "errmsg": "canary-text hint: [invented] rid: 1-2-3"}


@pytest.mark.parametrize(
    ("errcode", "status", "kind", "retryable", "after"),
    [
        (101001, 422, "no_card", False, None),
        (101002, 422, "image", False, None),
        (41005, 422, "image", False, None),
        (45009, 429, "quota", False, None),
        (101003, 429, "quota", False, None),
        (45011, 429, "rate", True, "60"),
        (48001, 500, "unavailable", False, None),
        (40164, 500, "unavailable", False, None),
        (47001, 502, "api", False, None),
        (99999, 502, "api", False, None),
    ],
)
def test_errcodes(
    example: Example,
    sandbox: Sandbox,
    errcode: int,
    status: int,
    kind: str,
    retryable: bool,
    after: str | None,
) -> None:
    sandbox.play(failure(errcode))
    answer = example.upload(PICTURE)
    assert answer.problem == (status, kind)
    error = answer.json["error"]
    assert error["retryable"] is retryable
    assert any("\u4e00" <= sign <= "\u9fff" for sign in error["message"])
    assert answer.headers.get("Retry-After") == after
    assert len(sandbox.pictures()) == 1


def test_busy(example: Example, sandbox: Sandbox) -> None:
    sandbox.play(*[failure(-1)] * 3)
    answer = example.upload(PICTURE)
    assert answer.problem == (503, "busy")
    assert answer.json["error"]["retryable"] is True
    assert answer.headers["Retry-After"] == "5"
    assert len(sandbox.pictures()) == 3


def test_busy_once(example: Example, sandbox: Sandbox) -> None:
    sandbox.play(failure(-1), CARD)
    assert example.upload(PICTURE).status == 200


def test_gateway_s_page(example: Example, sandbox: Sandbox) -> None:
    sandbox.play_raw([{"status": 403, "body": "<html>canary-page</html>"}])
    answer = example.upload(PICTURE)
    assert answer.problem == (502, "protocol")
    assert answer.json["error"]["retryable"] is False
    assert "recognition failed: protocol: " in example.log()
    assert not tells(example.log())


def test_no_service(tmp_path: Path) -> None:
    # Nobody listens there: port 9 is discard's.
    with running(tmp_path, account_at("http://127.0.0.1:9")) as example:
        answer = example.upload(PICTURE)
    assert answer.problem == (502, "connect")
    assert answer.json["error"]["retryable"] is True
    assert "recognition failed: connect: " in example.log()


def test_card_that_cannot_be_checked(example: Example, sandbox: Sandbox) -> None:
    """A field that is of another sort than the check takes: the card comes without a report."""
    sandbox.play({"errcode": 0, "type": "Front", "name": 7, "more": {"a": [None, True]}})
    answer = example.upload(PICTURE)
    assert answer.status == 200
    assert answer.json["card"]["name"] == 7
    assert "report" not in answer.json


def test_wrong_account_is_nobody_s_business(tmp_path: Path, sandbox: Sandbox) -> None:
    account = {**account_at(sandbox.url), "WXIDCARD_SECRET": "canary-secret"}
    with running(tmp_path, account) as example:
        answer = example.upload(PICTURE)
        assert answer.problem == (500, "unavailable")
        assert set(answer.json["error"]) == {"kind", "message", "retryable"}
        for word in ("secret", "app", "40125", "canary"):
            assert word not in answer.text
    log = example.log()
    assert "recognition failed: credential: errcode 40125, rid " in log
    assert not tells(log)


def test_token_in_hand(tmp_path: Path, sandbox: Sandbox) -> None:
    account = {"WXIDCARD_ACCESS_TOKEN": "canary-token", "WXIDCARD_BASE_URL": sandbox.url}
    with running(tmp_path, account) as example:
        assert example.upload(PICTURE).problem == (500, "unavailable")
    assert "recognition failed: token: errcode 40001, rid " in example.log()
    assert not tells(example.log())


def test_wrong_settings(tmp_path: Path) -> None:
    """They are said in the log when the workers start, and the page works."""
    both = {**account_at("http://127.0.0.1:9"), "WXIDCARD_ACCESS_TOKEN": "canary-token"}
    with running(tmp_path, both) as example:
        assert example.send("GET", "/").status == 200
        assert example.upload(PICTURE).problem == (500, "unavailable")
    assert "access_token" in example.log()
    assert not tells(example.log())


def tells(text: str) -> bool:
    return "canary" in text


def test_nothing_is_kept(example: Example, sandbox: Sandbox) -> None:
    """Neither in the log nor on disk, whatever goes through: many at once, and some too large."""
    large = PICTURE + bytes(1_000_000)
    replies = [CARD, failure(101001), failure(45009), failure(48001), CARD] * 8
    sandbox.play(*replies)
    with ThreadPoolExecutor(8) as pool:
        pictures = [PICTURE, large] * (len(replies) // 2)
        answers = list(
            pool.map(lambda picture: example.upload(picture, file_name="canary.jpg"), pictures)
        )
    assert sorted(answer.status for answer in answers) == sorted([200, 200, 422, 429, 500] * 8)
    assert not any(tells(answer.text) for answer in answers if answer.status != 200)
    example.post_json("/check", {"front": CARD})
    example.send("POST", "/check", b"canary", {"Content-Type": "application/json"})
    assert example.comes_to_keep(0)
    assert not tells(example.log())
    assert not any(tells(path.name) for path in example.folder.rglob("*"))
    files = [path for path in example.folder.rglob("*") if path.is_file()]
    assert not any(tells(path.read_text(errors="replace")) for path in files)


def test_each_gets_its_own(tmp_path: Path, sandbox: Sandbox, specimens: Path) -> None:
    """Many at once, through both workers: nobody gets the card of another."""
    truth = json.loads((specimens / "specimens.json").read_text())
    names = ["front-01.jpg", "back-01.jpg", "front-02.jpg", "back-02.jpg"] * 8
    with (
        running(tmp_path, account_at(sandbox.url)) as example,
        ThreadPoolExecutor(8) as pool,
    ):
        answers = list(
            pool.map(lambda name: example.upload((specimens / name).read_bytes()), names)
        )
    for name, answer in zip(names, answers, strict=True):
        card = answer.json["card"]
        card.pop("card_property", None)
        assert card == truth[name]

"""The command ``wxidcard``: recognize, with a scripted service, and check."""

import io
import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from given import JPEG
from scripted import Reply, ScriptedService
from wxidcard import cli

FRONT = {
    "type": "Front",
    "name": "张三",
    "id": "11010519491231002X",
    "addr": "北京市朝阳区某路1号",
    "gender": "男",
    "nationality": "汉",
}
CARD = Reply(json.dumps({"errcode": 0, **FRONT}).encode())
TOO_LARGE = 3_000_000


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, service: ScriptedService) -> None:
    for name in (*os.environ,):
        if name.startswith(("WXIDCARD_", "LC_")) and name != "WXIDCARD_VECTOR_COUNTS":
            monkeypatch.delenv(name)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("WXIDCARD_BASE_URL", service.url)
    monkeypatch.setenv("WXIDCARD_ACCESS_TOKEN", "canary_token")


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "front.jpg"
    path.write_bytes(JPEG)
    return str(path)


def run(*arguments: str) -> int:
    return cli.main(arguments)


def test_recognize_prints_every_field(
    service: ScriptedService, picture: str, capsys: pytest.CaptureFixture[str]
) -> None:
    service.otherwise = CARD
    assert run("recognize", picture) == 0
    said = capsys.readouterr()
    assert said.err == ""
    lines = said.out.splitlines()
    assert lines[0] == picture
    assert [line.split() for line in lines[1:]] == [list(field) for field in FRONT.items()]
    assert "access_token=canary_token" in service.requests[0].target


def test_recognize_as_json_with_checks(
    service: ScriptedService, picture: str, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script.append(CARD)
    assert run("recognize", "--jsonl", "--check", picture) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["picture"], printed["card"]) == (picture, FRONT)
    assert [finding["code"] for finding in printed["findings"]] == ["gender_mismatch"]


@pytest.mark.parametrize(
    ("language", "wanted"),
    [("C", "is not the one that the number says"), ("zh_CN.UTF-8", "性别与公民身份号码不一致")],
)
def test_recognize_with_checks_and_mask(
    service: ScriptedService,
    picture: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    wanted: str,
) -> None:
    monkeypatch.setenv("LC_ALL", language)
    service.script.append(CARD)
    assert run("recognize", "--check", "--mask", picture) == 0
    printed = capsys.readouterr().out
    assert wanted in printed
    assert "110105********002X" in printed and "张*" in printed
    assert not any(value in printed for value in ("张三", "19491231", "某路"))


def test_recognize_by_url(service: ScriptedService, capsys: pytest.CaptureFixture[str]) -> None:
    service.script.append(CARD)
    assert run("recognize", "--type", "scan", "https://example.com/a.jpg") == 0
    assert "img_url=https%3A%2F%2Fexample.com%2Fa.jpg" in service.requests[0].target
    assert "type=scan" in service.requests[0].target


def test_recognize_goes_on_after_a_bad_picture(
    service: ScriptedService, picture: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    no_picture = tmp_path / "notes.txt"
    no_picture.write_text("text")
    no_card = Reply(b'{"errcode":101001,"errmsg":"certificate not found"}')
    no_card_in_it = tmp_path / "landscape.jpg"
    no_card_in_it.write_bytes(JPEG)
    service.script += [no_card, CARD]
    missing = str(tmp_path / "missing.jpg")
    pictures = (str(no_picture), missing, str(no_card_in_it), picture)
    assert run("recognize", "--concurrency", "1", *pictures) == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == picture
    errors = said.err.splitlines()
    assert len(errors) == 3
    for line, name in zip(errors, pictures[:3], strict=True):
        assert line.startswith(f"wxidcard: {name}: ")


def test_recognize_with_a_refused_token(
    service: ScriptedService, picture: str, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script.append(Reply(b'{"errcode":40001,"errmsg":"invalid credential"}'))
    assert run("recognize", picture) == 2
    assert "invalid credential" in capsys.readouterr().err


def jpeg_with(comment: bytes, times: int = 1) -> bytes:
    """A small JPEG with a comment, which can make it too large without a pixel more."""
    encoded = io.BytesIO()
    Image.new("RGB", (640, 400), "white").save(encoded, "JPEG")
    segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment
    return encoded.getvalue()[:2] + segment * times + encoded.getvalue()[2:]


@pytest.mark.parametrize(("options", "status", "sent"), [((), 0, 1), (("--no-fit",), 1, 0)])
def test_recognize_fits_unless_told_not_to(
    service: ScriptedService,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: Sequence[str],
    status: int,
    sent: int,
) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(jpeg_with(b" " * 60_000, times=TOO_LARGE // 60_000))
    service.script.append(CARD)
    assert run("recognize", *options, str(path)) == status
    assert len(service.requests) == sent
    if sent:
        assert len(service.requests[0].body) < 100_000
    else:
        assert "max_image_bytes" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "kept"), [((), True), (("--strip-metadata",), False)])
def test_recognize_takes_metadata_out_when_told(
    service: ScriptedService,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: Sequence[str],
    kept: bool,
) -> None:
    path = tmp_path / "front.jpg"
    path.write_bytes(jpeg_with(b"Comment"))
    service.script.append(CARD)
    assert run("recognize", *options, str(path)) == 0
    assert (b"Comment" in service.requests[0].body) == kept


def test_token_from_a_file(
    service: ScriptedService,
    picture: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WXIDCARD_APPID", "wx_sandbox")
    file = tmp_path / "token"
    file.write_text("canary_of_a_file\n")
    service.script.append(CARD)
    assert run("recognize", "--access-token-file", str(file), picture) == 0
    assert "access_token=canary_of_a_file" in service.requests[0].target


def test_no_credential(
    picture: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WXIDCARD_ACCESS_TOKEN")
    assert run("recognize", picture) == 2
    assert "appid" in capsys.readouterr().err
    assert run("recognize", "--access-token-file", "/nowhere/token", picture) == 2
    assert "No such file" in capsys.readouterr().err


def test_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "11010519491231002X") == 0
    assert capsys.readouterr().out == "11010519491231002X  valid  1949-12-31  女  北京市\n"
    assert run("check", "11010519491231002X", "110105194912310028") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("110105194912310028  not valid")
    assert "check character" in lines[2]
    assert lines[3] == "  perhaps 11010519491231002X"


def test_check_in_chinese_and_as_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert run("check", "1101051949123100") == 1
    assert "应为17位数字" in capsys.readouterr().out
    assert run("check", "--jsonl", "11010519491231002X") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["number"], report["valid"]) == ("11010519491231002X", True)


def test_check_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("11010519491231002X\n\n440524188001010014\n"))
    assert run("check", "-") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    "arguments",
    [("recognize",), ("check",), ("recognize", "--unknown", "x"), ("check", "--json", "1")],
)
def test_wrong_usage(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == 2

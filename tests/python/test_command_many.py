"""``wxidcard recognize`` of many pictures: folders, formats, failures, and what ends it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from commands import (
    PROGRAM,
    WITHOUT_RICH,
    answer_by_number,
    card_of,
    cards_in,
    make_folder,
    number_of,
    records_in,
    run,
)
from given import JPEG
from many_calls import Gate
from scripted import Reply, Request, ScriptedService, reply
from wxidcard import cli

BAD = (0, 7, 20, 33, 77, 100, 101, 150, 198, 199)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, service: ScriptedService) -> None:
    """For commands in this process; :mod:`commands` has its own."""
    for name in (*os.environ,):
        if name.startswith(("WXIDCARD_", "LC_")) and name != "WXIDCARD_VECTOR_COUNTS":
            monkeypatch.delenv(name)
    monkeypatch.setenv("WXIDCARD_BASE_URL", service.url)
    monkeypatch.setenv("WXIDCARD_ACCESS_TOKEN", "canary_token")
    service.otherwise = answer_by_number


def recognize(*arguments: str | Path) -> int:
    return cli.main(["recognize", *map(str, arguments)])


@pytest.mark.parametrize("form", ["jsonl", "json", "csv"])
@pytest.mark.parametrize("to_file", [True, False])
def test_two_hundred_of_which_ten_are_bad(
    service: ScriptedService, tmp_path: Path, form: str, to_file: bool
) -> None:
    """Five are no pictures, and in five the service finds no card."""
    paths = make_folder(tmp_path / "pictures", 200, bad=BAD[:5])

    def answer(request: Request) -> Reply:
        if number_of(request) in BAD:
            return reply({"errcode": 101001, "errmsg": "certificate not found rid: 1-2-3"})
        return answer_by_number(request)

    service.otherwise = answer
    file = tmp_path / f"cards.{form}"
    destination = ("-o", file) if to_file else (f"--{form}",)
    status, output, problems = run(service.url, "recognize", tmp_path / "pictures", *destination)
    assert status == 1
    if to_file:
        assert output == ""
        assert file.stat().st_mode & 0o777 == 0o600
    else:
        file.write_text(output, "utf-8")
    good = {path: card_of(n) for n, path in enumerate(paths) if n not in BAD}
    assert len(good) == 190
    assert cards_in(file, form) == good
    bad = {path for n, path in enumerate(paths) if n in BAD}
    records = records_in(file.read_text("utf-8"), form)
    failures = {r["picture"]: r["error"]["kind"] for r in records if "error" in r}
    assert failures == {
        path: "image_input" if path in paths[: BAD[5]] else "no_card" for path in bad
    }
    lines = [line for line in problems.splitlines() if ".jpg: " in line]
    assert {line.split(": ")[1] for line in lines} == bad
    assert len(lines) == 10
    assert len(service.requests) == 195


def test_as_text_when_piped(service: ScriptedService, tmp_path: Path) -> None:
    paths = make_folder(tmp_path / "pictures", 20)
    status, output, problems = run(service.url, "recognize", tmp_path / "pictures")
    assert (status, problems) == (0, "")
    assert {line for line in output.splitlines() if not line.startswith(" ")} == set(paths)
    assert "\x1b" not in output
    assert len(output.splitlines()) == 20 * 4


def test_they_are_recognised_side_by_side(service: ScriptedService, tmp_path: Path) -> None:
    gate = Gate(service, answer_by_number)

    def answer(request: Request) -> Reply:
        if len(service.requests) >= 8:
            gate.open()
        return gate.pass_through(answer_by_number(request))

    service.otherwise = answer
    paths = make_folder(tmp_path / "pictures", 20)
    assert recognize("--jsonl", *paths) == 0
    assert gate.most_at_once == 8


def test_concurrency_is_as_told(service: ScriptedService, tmp_path: Path) -> None:
    """Beyond the connections that a client has when not told, too."""
    gate = Gate(service, answer_by_number)

    def answer(request: Request) -> Reply:
        if len(service.requests) >= 40:
            gate.open()
        return gate.pass_through(answer_by_number(request))

    service.otherwise = answer
    paths = make_folder(tmp_path / "pictures", 50)
    assert recognize("--jsonl", "--concurrency", "40", *paths) == 0
    assert gate.most_at_once == 40


def test_a_folder_means_the_pictures_in_it(
    service: ScriptedService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = ["f/A.PNG", "f/b.jpeg", "f/c/a.webp", "f/c/z.Bmp", "f/link.jpg", "f/z.gif"]
    others = ["f/.d.jpg", "f/.e/f.jpg", "f/g.pdf", "f/h.pdf", "f/i", "f/c/j.heic", "other/k.jpg"]
    for name in (*wanted, *others):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        if name != "f/link.jpg":
            Path(name).write_bytes(JPEG + b"number 1")
    Path("f/link.jpg").symlink_to("../other/k.jpg")
    Path("f/linked").symlink_to("../other")
    Path("f/loop.jpg").symlink_to(".")
    assert recognize("f", "--jsonl", "--concurrency", "1") == 0
    said = capsys.readouterr()
    assert [json.loads(line)["picture"] for line in said.out.splitlines()] == wanted
    assert said.err.count("\n") == 1
    assert said.err.endswith(": none (2), .heic (1), .jpg (1), .pdf (2)\n")


def test_what_is_named_twice_is_recognised_once(
    service: ScriptedService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = make_folder(tmp_path / "f", 3)
    assert recognize(paths[1], tmp_path / "f", paths[2], "--jsonl", "--concurrency", "1") == 0
    pictures = [json.loads(line)["picture"] for line in capsys.readouterr().out.splitlines()]
    assert pictures == [paths[1], paths[0], paths[2]]


def test_a_folder_without_pictures(
    service: ScriptedService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    file = tmp_path / "cards.jsonl"
    assert recognize(tmp_path / "empty", "-o", file) == 1
    assert f"{tmp_path}/empty: there are no pictures in it" in capsys.readouterr().err
    assert not file.exists()
    paths = make_folder(tmp_path / "f", 1)
    assert recognize(tmp_path / "empty", *paths, "--jsonl") == 1
    assert len(capsys.readouterr().out.splitlines()) == 1


REFUSALS = [(40001, 2), (40013, 2), (48001, 2), (45009, 1), (101003, 1)]


@pytest.mark.parametrize(("errcode", "status"), REFUSALS)
def test_it_stops_when_further_calls_would_fail(
    service: ScriptedService,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    errcode: int,
    status: int,
) -> None:
    paths = make_folder(tmp_path / "f", 30)
    service.script += [answer_by_number] * 5
    service.otherwise = reply({"errcode": errcode, "errmsg": "as scripted"})
    file = tmp_path / "cards.jsonl"
    assert recognize(tmp_path / "f", "-o", file, "--concurrency", "4") == status
    assert len(service.requests) <= 5 + 4
    problems = capsys.readouterr().err
    left = 30 - len(service.requests)
    failed = 25 - left
    assert f"5 recognised, {failed} failed, {left} not begun" in problems
    assert f"wxidcard recognize --resume {tmp_path}/f -o {file} --concurrency 4" in problems
    service.otherwise = answer_by_number
    assert recognize("--resume", tmp_path / "f", "-o", file) == 0
    assert cards_in(file, "jsonl") == {path: card_of(n) for n, path in enumerate(paths)}
    assert len(service.requests) == 30 + failed


def test_resume_says_what_it_skips_and_recognises_nothing_twice(
    service: ScriptedService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = make_folder(tmp_path / "f", 5)
    arguments = ("--resume", "-o", tmp_path / "cards.csv", "--concurrency", "1")
    assert recognize(*arguments, *paths[:2]) == 0  # no file yet: it is made
    assert recognize(*arguments, *paths) == 0
    assert "2 of 5 were recognised before" in capsys.readouterr().err
    assert recognize(*arguments, *paths) == 0
    assert [number_of(request) for request in service.requests] == [0, 1, 2, 3, 4]


def test_checks_and_masks_in_files(service: ScriptedService, tmp_path: Path) -> None:
    (path,) = make_folder(tmp_path / "f", 1)
    file = tmp_path / "cards.json"
    assert recognize(path, "--check", "--mask", "-o", file) == 0
    ((record),) = records_in(file.read_text("utf-8"), "json")
    assert record["card"]["id"] == "110105********002X"
    assert isinstance(record["findings"], list)
    assert "19491231" not in file.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--resume"], "-o FILE"),
        (["-o", "cards"], "--jsonl, --json or --csv"),
        (["-o", "cards.txt"], "--jsonl, --json or --csv"),
        (["--concurrency", "0"], "--concurrency"),
        (["--concurrency", "5000"], "1024"),
        (["-o", "nowhere/cards.csv"], "nowhere/cards.csv"),
        (["-o", "there.csv"], "--resume"),
        (["-o", "there.csv", "--resume"], "line 1 of"),
        (["-o", "nobody.json"], "appid"),
    ],
)
def test_wrong_usage(
    service: ScriptedService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    wanted: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.jpg").write_bytes(JPEG)
    Path("there.csv").write_text("a diary")
    if wanted == "appid":
        monkeypatch.delenv("WXIDCARD_ACCESS_TOKEN")
    assert recognize("a.jpg", *arguments) == 2
    problem = capsys.readouterr().err
    assert problem.startswith("wxidcard: ") and wanted in problem
    assert problem.count("\n") == 1
    assert service.requests == []
    assert sorted(os.listdir()) == ["a.jpg", "there.csv"]
    assert Path("there.csv").read_text() == "a diary"


def test_two_formats_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        recognize("a.jpg", "--json", "--csv")
    assert ended.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


def test_an_option_goes_before_the_file_s_name(service: ScriptedService, tmp_path: Path) -> None:
    (path,) = make_folder(tmp_path / "f", 1)
    assert recognize(path, "--csv", "-o", tmp_path / "cards.json") == 0
    assert cards_in(tmp_path / "cards.json", "csv") == {path: card_of(0)}


@pytest.mark.parametrize("program", [PROGRAM, WITHOUT_RICH], ids=["rich", "without"])
def test_nothing_but_ascii_can_be_printed(
    service: ScriptedService, tmp_path: Path, program: str
) -> None:
    (path,) = make_folder(tmp_path / "张", 1)
    narrow = "import sys\nfor s in (sys.stdout, sys.stderr): s.reconfigure(encoding='ascii')\n"
    status, output, problems = run(service.url, "recognize", path, program=narrow + program)
    assert (status, problems) == (0, "")
    assert output.splitlines()[0] == path.replace("张", "\\u5f20")
    status, output, _ = run(service.url, "recognize", "--json", path, program=narrow + program)
    assert status == 0
    read: Any = json.loads(output)
    assert read[0]["card"]["name"] == "张0"

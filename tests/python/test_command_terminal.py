"""``wxidcard recognize`` on a terminal, wide and narrow, with colour and without, and no rich."""

import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from rich.cells import cell_len

from commands import PROGRAM, WITHOUT_RICH, make_folder, number_of, run_on_terminal
from many_calls import Gate
from scripted import Reply, Request, ScriptedService, reply

COUNT = 12
NO_CARD = 5
NAMES = ("张三", "欧阳样本", "阿依古丽·买买提")
ADDRESS = "新疆维吾尔自治区乌鲁木齐市虚构区样本街道某某路1234号5栋6单元789室"
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
COLOURS = re.compile(r"\x1b\[[0-9;]*3\d[0-9;]*m")
CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def answer(request: Request) -> Reply:
    number = number_of(request)
    if number == NO_CARD:
        return reply({"errcode": 101001, "errmsg": "certificate not found"})
    if number % 4 == 3:
        return reply({"errcode": 0, "type": "Back", "valid_date": "20070105-20270105"})
    front = {"name": NAMES[number % 3], "id": "11010519491231002X", "addr": ADDRESS}
    rest = {"gender": "男", "nationality": "维吾尔", "birth": "1949-12-31"}
    return reply({"errcode": 0, "type": "Front", **front, **rest})


@pytest.fixture
def folder(service: ScriptedService, tmp_path: Path) -> Path:
    service.otherwise = answer
    make_folder(tmp_path / "扫描件", COUNT)
    return tmp_path / "扫描件"


def table_in(sent: str) -> list[str]:
    """The lines of the table, without colours."""
    plain = CONTROLS.sub("", sent)
    return [line for line in plain.splitlines() if line[:1] in ("┏", "┃", "┡", "│", "├", "└")]


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("colours", [True, False])
def test_a_table(service: ScriptedService, folder: Path, width: int, colours: bool) -> None:
    more = {} if colours else {"NO_COLOR": "1"}
    status, sent = run_on_terminal(service.url, width, "recognize", "--check", folder, **more)
    assert status == 1
    lines = table_in(sent)
    # A frame without a gap, as wide in every line, whatever its characters take.
    assert len({cell_len(line) for line in lines}) == 1
    assert cell_len(lines[0]) <= width
    assert (lines[0][0], lines[-1][0]) == ("┏", "└")
    together = "".join(re.sub(r"[│\s]", "", line) for line in lines)
    assert together.count("11010519491231002X") == 8
    assert sum(together.count(name) for name in NAMES) == 8
    assert together.count("20070105-20270105") == 3
    if width == 200:  # a row for each card, in the order of the names
        rows = [line.split("│") for line in lines if ".jpg" in line]
        names = [row[1].strip().rpartition("/")[2] for row in rows]
        assert names == [f"{n:03}.jpg" for n in range(COUNT) if n != NO_CARD]
        assert "valid_date" in lines[1]
    assert bool(COLOURS.search(sent)) == colours
    assert f"{COUNT - 1} recognised, 1 failed" in CONTROLS.sub("", sent).replace("\n", "")


@pytest.mark.parametrize("width", [40, 80])
def test_a_bar_that_goes_away(service: ScriptedService, folder: Path, width: int) -> None:
    _, sent = run_on_terminal(service.url, width, "recognize", folder)
    assert sent.index(HIDE_CURSOR) < sent.index(SHOW_CURSOR) < sent.index("┏")
    assert f"{COUNT}/{COUNT} 1 failed" in CONTROLS.sub("", sent)
    for line in CONTROLS.sub("", sent).replace("\r", "\n").splitlines():
        if f"/{COUNT} " in line:
            assert cell_len(line) <= width
    # The error stands above it and stays, whole.
    assert f"{folder}/005.jpg: no ID card was found" in CONTROLS.sub("", sent).replace("\n", "")


@pytest.mark.parametrize("width", [40, 80])
def test_ctrl_c_is_shown_in_the_bar(service: ScriptedService, folder: Path, width: int) -> None:
    gate = Gate(service, answer)

    def interrupt(running: subprocess.Popen[bytes]) -> None:
        gate.wait_for(8)
        running.send_signal(signal.SIGINT)
        time.sleep(0.3)  # the bar is drawn ten times a second
        gate.open()

    status, sent = run_on_terminal(service.url, width, "recognize", folder, meanwhile=interrupt)
    assert status == 130
    assert "finishing" in sent
    assert "7 recognised, 1 failed, 4 not begun" in CONTROLS.sub("", sent).replace("\n", "")
    assert sent.rindex(HIDE_CURSOR) < sent.rindex(SHOW_CURSOR)
    assert len(table_in(sent)) > 10


def test_ctrl_c_twice_gives_the_cursor_back(service: ScriptedService, folder: Path) -> None:
    gate = Gate(service, answer)

    def interrupt(running: subprocess.Popen[bytes]) -> None:
        gate.wait_for(8)
        while running.poll() is None:
            running.send_signal(signal.SIGINT)
            time.sleep(0.1)

    status, sent = run_on_terminal(service.url, 80, "recognize", folder, meanwhile=interrupt)
    gate.open()
    assert status == -signal.SIGINT
    assert sent.rindex(HIDE_CURSOR) < sent.rindex(SHOW_CURSOR)
    assert "Traceback" not in sent


def test_one_picture_has_no_bar(service: ScriptedService, folder: Path) -> None:
    status, sent = run_on_terminal(service.url, 80, "recognize", folder / "000.jpg")
    assert status == 0
    assert HIDE_CURSOR not in sent
    assert len(table_in(sent)) > 3
    assert "recognised" not in sent


def test_a_format_on_a_terminal_has_no_bar(service: ScriptedService, folder: Path) -> None:
    """A bar would be drawn into what is printed."""
    status, sent = run_on_terminal(service.url, 80, "recognize", "--jsonl", folder)
    assert status == 1
    assert "\x1b" not in sent
    assert sent.count('{"picture": ') == COUNT


def test_a_file_has_a_bar_and_no_table(
    service: ScriptedService, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "cards.csv"
    _, sent = run_on_terminal(service.url, 80, "recognize", folder, "-o", file)
    assert HIDE_CURSOR in sent
    assert table_in(sent) == []
    assert "张三" not in sent
    assert file.read_text("utf-8").count("\n") == COUNT + 1


def test_without_rich(service: ScriptedService, folder: Path) -> None:
    status, sent = run_on_terminal(service.url, 80, "recognize", folder, program=WITHOUT_RICH)
    assert status == 1
    assert "\x1b" not in sent and "┏" not in sent
    assert sent.count("  id           11010519491231002X\n") == 8


def test_a_terminal_is_sent_no_controls_of_others(service: ScriptedService, folder: Path) -> None:
    """Names of files and what the service answers are strangers' texts."""
    awkward = folder / "\x1b[31m[red]\u202ea.jpg"
    (folder / "000.jpg").rename(awkward)
    service.otherwise = reply({"errcode": 0, "type": "Front", "name": "\x1b]0;title\x07[bold]张"})
    for program in (PROGRAM, WITHOUT_RICH):
        _, sent = run_on_terminal(service.url, 200, "recognize", awkward, program=program)
        assert "\\x1b[31m[red]\\u202ea.jpg" in sent
        assert "\\x1b]0;title\\x07[bold]张" in sent
        assert not COLOURS.search(sent)
        assert not set(sent) & {"\x07", "\u202e"}

"""The file of ``wxidcard recognize -o``: formats, modes, what is torn, what is refused."""

import contextlib
import csv
import fcntl
import io
import json
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import wxidcard
from commands import cards_in, records_in
from wxidcard.cli_file import FileRefusedError, OutputFile
from wxidcard.cli_records import COLUMNS, FIELDS, FORMATS, Format, Record, record_of

FORMS = {form.name: form for form in FORMATS}
PICTURES = ("a.jpg", "b.jpg", "c.jpg", "d.jpg")
CARDS = {
    name: {"type": "Front", "name": f"张{number}", "id": "11010519491231002X"}
    for number, name in enumerate(PICTURES)
}


@pytest.fixture(params=FORMATS, ids=lambda form: form.name)
def form(request: pytest.FixtureRequest) -> Format:
    found: Format = request.param
    return found


@pytest.fixture
def file(tmp_path: Path, form: Format) -> Path:
    return tmp_path / f"cards.{form.name}"


@pytest.fixture(autouse=True)
def synced(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What a file held each time it was made to reach the disk, which takes long: it is not."""
    contents: list[bytes] = []

    def sync(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            contents.append(os.pread(descriptor, 1_000_000, 0))

    monkeypatch.setattr(os, "fsync", sync)
    return contents


def error() -> wxidcard.Error:
    return wxidcard.CardNotFoundError("no card")


def write(file: Path, form: Format, *records: Record) -> bytes:
    """Write a new file; its content."""
    with contextlib.closing(OutputFile.create(str(file), form)) as output:
        for record in records:
            output.append(record)
    return file.read_bytes()


def write_cards(file: Path, form: Format, pictures: Sequence[str] = PICTURES) -> bytes:
    return write(file, form, *(Record(name, CARDS[name]) for name in pictures))


@contextlib.contextmanager
def resumed(
    file: Path, form: Format, pictures: Sequence[str] = PICTURES
) -> Iterator[tuple[OutputFile, list[str]]]:
    output, left = OutputFile.resume(str(file), form, pictures)
    with contextlib.closing(output):
        yield output, left


def finish(file: Path, form: Format) -> list[str]:
    """Go on with the file as a run would; the pictures that were left."""
    with resumed(file, form) as (output, left):
        for name in left:
            output.append(Record(name, CARDS[name]))
    return left


def test_cut_off_anywhere(form: Format, file: Path) -> None:
    """Whatever a kill has left of a file, what is whole in it is kept, and the rest done again."""
    whole = write_cards(file, form)
    ends = []
    for length in range(len(whole) + 1):
        file.write_bytes(whole[:length])
        left = finish(file, form)
        assert left == list(PICTURES[len(PICTURES) - len(left) :])
        assert cards_in(file, form.name) == CARDS
        ends.append(len(left))
    assert ends == sorted(ends, reverse=True)
    assert set(ends) == {0, 1, 2, 3, 4}


def test_cut_off_while_it_was_written_over(form: Format, file: Path) -> None:
    """A record goes over the foot behind the one before, of which a part may still be there."""
    before = write_cards(file, form, PICTURES[:2])
    file.unlink()
    after = write_cards(file, form, PICTURES[:3])
    for written in range(len(after) + 1):
        file.write_bytes(after[:written] + before[written:])
        assert finish(file, form) in ([*PICTURES[2:]], [*PICTURES[3:]])
        assert cards_in(file, form.name) == CARDS


def test_it_is_whole_after_every_record(form: Format, file: Path) -> None:
    with contextlib.closing(OutputFile.create(str(file), form)) as output:
        for count in range(len(PICTURES) + 1):
            assert len(records_in(file.read_text("utf-8"), form.name)) == count
            if count < len(PICTURES):
                output.append(Record(PICTURES[count], CARDS[PICTURES[count]]))


def test_every_record_is_made_to_reach_the_disk(
    form: Format, file: Path, synced: list[bytes]
) -> None:
    whole = write_cards(file, form)
    assert len(synced) == len(PICTURES) + 1
    assert synced[-1] == whole
    assert [len(records_in(content.decode(), form.name)) for content in synced] == [0, 1, 2, 3, 4]


def test_failures_are_tried_again_and_not_kept_twice(form: Format, file: Path) -> None:
    write(
        file,
        form,
        Record("a.jpg", error=error()),
        Record("b.jpg", CARDS["b.jpg"]),
        Record("of another run.jpg", error=error()),
        Record("c.jpg", error=OSError(2, "No such file")),
    )
    with resumed(file, form, PICTURES[:2]) as (output, left):
        assert left == ["a.jpg"]
        output.append(Record("a.jpg", CARDS["a.jpg"]))
    names = [record["picture"] for record in records_in(file.read_text("utf-8"), form.name)]
    assert names == ["b.jpg", "of another run.jpg", "c.jpg", "a.jpg"]
    assert finish(file, form) == ["c.jpg", "d.jpg"]


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
def test_only_its_owner_may_read_it(form: Format, file: Path, mask: int) -> None:
    def mode() -> int:
        return stat.S_IMODE(file.stat().st_mode)

    before = os.umask(mask)
    try:
        write_cards(file, form, PICTURES[:1])
        assert mode() == 0o600
        file.chmod(0o644)
        finish(file, form)
        assert mode() == 0o600
    finally:
        os.umask(before)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_what_is_there_is_not_written_over(form: Format, file: Path) -> None:
    file.write_bytes(b"")
    with pytest.raises(FileRefusedError, match="--resume"):
        OutputFile.create(str(file), form)
    file.unlink()
    file.symlink_to(file.parent / "elsewhere")
    with pytest.raises(FileRefusedError, match="--resume"):
        OutputFile.create(str(file), form)


@pytest.mark.parametrize(
    "content",
    [
        b"a diary",
        b"a diary\n",
        b'{"picture": 5}\n',
        b'{"picture": "a.jpg"}\n',
        b"[1, 2]\n",
        b"[\n1\n]\n",
        b"picture,card\na.jpg,b\n",
        FORMS["csv"].head + b'"a.jpg"b,' + b"," * 12 + b"\n",
        b"\0" * 4096,
    ],
)
def test_a_file_of_something_else_is_refused(form: Format, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(FileRefusedError, match=r"line [12] of"):
        OutputFile.resume(str(file), form, PICTURES)
    assert file.read_bytes() == content


def test_a_file_of_another_format_is_refused(form: Format, file: Path) -> None:
    for other in FORMATS:
        if other is not form:
            content = write_cards(file, other)
            with pytest.raises(FileRefusedError, match="line 1 of"):
                OutputFile.resume(str(file), form, PICTURES)
            assert file.read_bytes() == content
            file.unlink()


def test_a_damaged_line_is_refused(form: Format, file: Path) -> None:
    """What stands before the last line was whole once: nobody's kill has done that."""
    content = write_cards(file, form)
    second = content.index(b"b.jpg")
    file.write_bytes(content[: second - 3] + content[second:])
    if form.name == "csv":
        file.write_bytes(content.replace(b"b.jpg,", b"b.jpg"))
    with pytest.raises(FileRefusedError, match=r"line [23] of"):
        OutputFile.resume(str(file), form, PICTURES)


def test_what_is_no_file_is_refused(form: Format, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileRefusedError, match="no file"):
        OutputFile.resume(str(tmp_path / "pipe"), form, PICTURES)
    with pytest.raises(FileRefusedError, match="no file"):
        OutputFile.resume(os.devnull, form, PICTURES)
    with pytest.raises(IsADirectoryError):
        OutputFile.resume(str(tmp_path), form, PICTURES)
    with pytest.raises(FileNotFoundError):
        OutputFile.create(str(tmp_path / "nowhere/cards"), form)


def test_it_is_locked_while_it_is_open(form: Format, file: Path) -> None:
    with contextlib.closing(OutputFile.create(str(file), form)) as output:
        with pytest.raises(FileRefusedError, match="another run"):
            OutputFile.resume(str(file), form, PICTURES)
        output.append(Record("a.jpg", CARDS["a.jpg"]))
    with resumed(file, form) as (_, left):
        assert left == [*PICTURES[1:]]
        with pytest.raises(FileRefusedError, match="another run"):
            OutputFile.resume(str(file), form, PICTURES)


def test_a_file_that_is_replaced_before_it_is_locked(
    form: Format, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As another run does that begins at the same moment: what would be locked is no file now."""
    content = write_cards(file, form)
    flock = fcntl.flock

    def lock(descriptor: int, operation: int) -> None:
        file.unlink()
        file.write_bytes(content)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", lock)
    with pytest.raises(FileRefusedError, match="another run"):
        OutputFile.resume(str(file), form, PICTURES)
    assert file.read_bytes() == content


def test_a_link_is_followed(form: Format, file: Path) -> None:
    real = file.with_name("real")
    write_cards(real, form, PICTURES[:1])
    file.symlink_to(real)
    assert finish(file, form) == [*PICTURES[1:]]
    assert file.is_symlink()
    assert cards_in(real, form.name) == CARDS


def test_what_a_killed_run_left_beside_it_goes(form: Format, file: Path) -> None:
    write_cards(file, form, PICTURES[:1])
    Path(f"{file}.tmp").write_text("the beginning of a copy")
    finish(file, form)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


NAMES = ("a\nb.jpg", "=1+1.jpg", 'a"b,c.jpg', "a\x1b[2J.jpg", os.fsdecode(b"\xff.jpg"), "张.jpg")


def test_names_that_are_awkward(form: Format, file: Path) -> None:
    """Each keeps to its line, and is known again."""
    card: Any = CARDS["a.jpg"]
    write(file, form, *(record_of(name, card, check=False, mask=False) for name in NAMES))
    text = file.read_text("utf-8")
    assert len(records_in(text, form.name)) == len(NAMES)
    assert not set(text) & {"\x1b", "\r"}
    with resumed(file, form, [*NAMES, "b.jpg"]) as (_, left):
        assert left == ["b.jpg"]


def test_csv_has_every_field(tmp_path: Path) -> None:
    card: Any = {
        "type": "Front",
        "name": "=HYPERLINK(1)",
        "id": "11010519491231002X",
        "addr": "+86\n2",
        "card_property": -3,
        "rare": [1, "张"],
        "none": None,
    }
    file = tmp_path / "cards.csv"
    records = [
        record_of("a.jpg", card, check=True, mask=False),
        record_of("b.jpg", error(), check=True, mask=False),
    ]
    content = write(file, FORMS["csv"], *records)
    assert content.startswith(b"\xef\xbb\xbfpicture,type,name,id,")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert list(rows[0]) == list(COLUMNS)
    assert set(FIELDS) <= set(COLUMNS)
    assert rows[0]["name"] == "'=HYPERLINK(1)"
    assert (rows[0]["addr"], rows[0]["card_property"]) == ("'+86\\n2", "-3")
    assert json.loads(rows[0]["other"]) == {"rare": [1, "张"], "none": None}
    assert rows[0]["ok"] in ("true", "false")
    assert rows[0]["findings"]
    assert (rows[0]["error"], rows[1]["error"], rows[1]["ok"]) == ("", "no_card", "")
    assert rows[1]["message"] == "no card"


@pytest.mark.parametrize("name", ["jsonl", "json"])
def test_json_has_every_field(tmp_path: Path, name: str) -> None:
    card: Any = {"type": "Front", "name": "=张\n", "more": [1, None, {"a": True}]}
    records = [
        record_of("a.jpg", card, check=True, mask=False),
        record_of("b.jpg", OSError(2, "No such file"), check=True, mask=False),
        record_of("c.jpg", TypeError("wrong"), check=True, mask=False),
    ]
    content = write(tmp_path / "cards", FORMS[name], *records)
    read = records_in(content.decode(), name)
    assert read[0]["card"] == card
    assert [finding["code"] for finding in read[0]["findings"]]
    assert read[1]["error"] == {"kind": "system", "message": "[Errno 2] No such file"}
    assert read[2]["error"] == {"kind": "usage", "message": "wrong"}

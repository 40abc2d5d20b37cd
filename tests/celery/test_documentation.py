"""The example's pages are about what is there, in both languages."""

import re
from pathlib import Path

import pytest
from installation import EXAMPLE

ROOT = EXAMPLE.parents[1]
PAGES = [EXAMPLE / "README.md", EXAMPLE / "README.zh-CN.md"]
NUMBERS = re.compile(r"\d+")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_variables(page: Path) -> None:
    text = text_of(page)
    programs = "\n".join(text_of(path) for path in EXAMPLE.glob("*.py"))
    assert set(re.findall(r"`(\w+\.py)[` ]", text)) == {path.name for path in EXAMPLE.glob("*.py")}
    read = set(re.findall(r'environ(?:\.get\(|\[)"(\w+)"', programs))
    assert set(re.findall(r"\b(?:IDCARDS|WXIDCARD)_\w+", text)) == read
    for target in re.findall(r"\]\(([\w./-]+)\)", text):
        assert (EXAMPLE / target).exists(), target


def test_both_pages_have_the_same_programs_and_tables() -> None:
    english, chinese = map(text_of, PAGES)
    for pattern in (r"```.*?```", r"^\| `[^|]*`"):
        found = [
            [re.sub("[,、] ?", ", ", part) for part in re.findall(pattern, text, re.DOTALL | re.M)]
            for text in (english, chinese)
        ]
        assert found[0] == found[1] != []
    rows = [len(re.findall(r"^\|", text, re.MULTILINE)) for text in (english, chinese)]
    assert rows[0] == rows[1]


def test_the_numbers_are_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IDCARDS_BROKER_URL", "WXIDCARD_APPID", "WXIDCARD_SECRET"):
        monkeypatch.setenv(name, "redis://localhost")
    monkeypatch.delenv("IDCARDS_DAILY_LIMIT", raising=False)
    monkeypatch.syspath_prepend(EXAMPLE)
    import celeryconfig
    import pictures
    import tasks

    visible = celeryconfig.broker_transport_options["visibility_timeout"]
    assert (tasks.MOST_TRIES, tasks.RECOGNITIONS_A_DAY) == (6, 100)
    assert (pictures.KEEP.days, visible) == (7, 5 * 60)
    # As the page says of the times.
    lock = celeryconfig.task_time_limit + tasks.LOCK_MARGIN
    assert 20 < celeryconfig.task_soft_time_limit < celeryconfig.task_time_limit < lock
    longest_pause = max(tasks.MINUTE + tasks.LONGEST_PAUSE, 1 + lock)
    assert celeryconfig.task_time_limit + longest_pause < visible

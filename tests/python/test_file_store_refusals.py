"""What FileTokenStore refuses: files of others, what is no file, and paths that cannot be right."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storing import ALL, CANARY, KEY, READ, VALUE, WRITES, Call, assert_secret
from wxidcard.file_store import FileTokenStore


@pytest.fixture
def store(token_file: Path) -> FileTokenStore:
    return FileTokenStore(token_file)


def lock_of(path: Path) -> Path:
    return Path(f"{path}.lock")


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602, 0o666])
@pytest.mark.parametrize("call", ALL)
def test_a_file_open_to_others_is_refused(
    store: FileTokenStore, token_file: Path, call: Call, mode: int
) -> None:
    store.set(KEY, VALUE, 60)
    token_file.chmod(mode)
    with pytest.raises(PermissionError, match="chmod 600") as caught:
        call(store)
    assert_secret(caught.value)
    assert stat.S_IMODE(token_file.stat().st_mode) == mode


@pytest.mark.parametrize("call", WRITES)
def test_a_lock_open_to_others_is_refused(
    store: FileTokenStore, token_file: Path, call: Call
) -> None:
    store.set(KEY, VALUE, 60)
    lock_of(token_file).chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600") as caught:
        call(store)
    assert_secret(caught.value)


@pytest.mark.parametrize("call", ALL)
def test_a_file_of_another_user_is_refused(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    store.set(KEY, VALUE, 60)
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    with pytest.raises(PermissionError, match="chmod 600") as caught:
        call(store)
    assert_secret(caught.value)


def make_link(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.touch(0o600)
    path.symlink_to(target)


def make_dangling_link(path: Path) -> None:
    path.symlink_to(path.with_name("missing"))


def make_socket(path: Path) -> None:
    os.mknod(path, stat.S_IFSOCK | 0o600)


@pytest.mark.parametrize("name_of", [Path, lock_of])
@pytest.mark.parametrize("make", [make_link, make_dangling_link, Path.mkdir, make_socket])
@pytest.mark.parametrize("call", ALL)
def test_what_is_no_file_is_refused(
    store: FileTokenStore,
    token_file: Path,
    call: Call,
    make: Callable[[Path], None],
    name_of: Callable[[Path], Path],
) -> None:
    make(name_of(token_file))
    kind = stat.S_IFMT(name_of(token_file).lstat().st_mode)
    if call is READ and name_of is lock_of:
        assert call(store) is None
        return
    with pytest.raises(OSError, match=r"is a symbolic link|not a regular file") as caught:
        call(store)
    assert_secret(caught.value)
    assert stat.S_IFMT(name_of(token_file).lstat().st_mode) == kind
    assert not token_file.with_name("missing").exists()


@pytest.mark.parametrize("ending", ["", ".lock"])
def test_a_fifo_is_refused_at_once(token_file: Path, ending: str) -> None:
    """In a process of its own, which can be ended if it waits for the FIFO's other end."""
    os.mkfifo(f"{token_file}{ending}", 0o600)
    program = (
        "import sys; from wxidcard.file_store import FileTokenStore\n"
        "store = FileTokenStore(sys.argv[1])\n"
        "for call in (lambda: store.get('k'), lambda: store.set('k', 'v', 60)):\n"
        "    try: call()\n"
        "    except OSError as error: print(error)\n"
    )
    command = [sys.executable, "-c", program, str(token_file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    refusals = 1 if ending else 2  # to read, no lock is needed
    assert done.stdout.count("not a regular file") == refusals
    assert (done.stderr, CANARY in done.stdout) == ("", False)


def test_a_device_is_refused() -> None:
    with pytest.raises(OSError, match="not a regular file"):
        FileTokenStore("/dev/zero").get(KEY)


@pytest.mark.parametrize("call", ALL)
def test_missing_folder(tmp_path: Path, call: Call) -> None:
    store = FileTokenStore(tmp_path / f"{CANARY}-missing/tokens.json")
    with pytest.raises(FileNotFoundError, match="folder") as caught:
        call(store)
    assert_secret(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [None, 1, b"tokens.json", Path, ["tokens.json"]])
def test_wrong_paths(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r'write FileTokenStore\("tokens.json"\)'):
        FileTokenStore(wrong)


@pytest.mark.parametrize("wrong", [f"{CANARY}\0", f"{CANARY}\ud800"])
def test_paths_that_no_file_can_have(wrong: str) -> None:
    with pytest.raises(ValueError, match="no file name") as caught:
        FileTokenStore(wrong)
    assert_secret(caught.value)

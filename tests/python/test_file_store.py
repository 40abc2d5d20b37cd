"""FileTokenStore in one process: what it keeps, and for how long."""

import copy
import errno
import json
import os
import pickle
import stat
import string
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storing import ALL, KEY, VALUE, Clock, assert_secret
from wxidcard.file_store import FileTokenStore
from wxidcard.stores import TokenStore

DAY = 86_400.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(token_file: Path, clock: Clock) -> FileTokenStore:
    return FileTokenStore(token_file, clock=clock)


def lock_of(path: Path) -> Path:
    return Path(f"{path}.lock")


def temporary_of(path: Path) -> Path:
    return Path(f"{path}.tmp")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_a_token_store(store: FileTokenStore) -> None:
    assert isinstance(store, TokenStore)


def test_values_come_back(store: FileTokenStore, token_file: Path) -> None:
    assert store.get(KEY) is None
    store.set(KEY, VALUE, 60)
    store.set("other", string.printable * 50, 60)
    assert FileTokenStore(token_file, clock=Clock()).get("other") == string.printable * 50
    store.set(KEY, "later", 60)
    assert (store.get(KEY), store.get("none")) == ("later", None)


def test_add_takes_what_is_free(store: FileTokenStore, clock: Clock) -> None:
    assert store.add(KEY, "first", 60)
    assert not store.add(KEY, "second", 600)
    assert store.get(KEY) == "first"
    # Its owner was killed: it is free when its time has passed, and not before.
    clock.now += 59.9
    assert not store.add(KEY, "second", 60)
    clock.now += 0.1
    assert store.add(KEY, "second", 60)
    assert store.get(KEY) == "second"


def test_delete_only_if_equal(store: FileTokenStore) -> None:
    store.set(KEY, VALUE, 60)
    for other in ("another", VALUE[:-1], f"{VALUE}x", ""):
        store.delete(KEY, other)
    store.delete("other", VALUE)
    assert store.get(KEY) == VALUE
    store.delete(KEY, VALUE)
    assert store.get(KEY) is None
    assert store.add(KEY, "again", 60)


def test_expired_entries_leave_the_file(
    store: FileTokenStore, clock: Clock, token_file: Path
) -> None:
    store.set("short", VALUE, 1)
    store.set("long", "kept", 60)
    clock.now += 1
    assert store.get("short") is None
    store.set(KEY, "new", 60)
    document = json.loads(token_file.read_bytes())
    assert set(document) == {"long", KEY}
    assert document[KEY] == {"value": "new", "expires_at": clock.now + 60, "ttl": 60}


@pytest.mark.parametrize(("back", "live"), [(0.9, True), (1.1, False), (DAY, False)])
def test_clock_set_back(store: FileTokenStore, clock: Clock, back: float, live: bool) -> None:
    """A lock must not last a day because the clock went back by one."""
    store.set(KEY, VALUE, 60)
    clock.now -= back
    assert store.get(KEY) == (VALUE if live else None)
    assert store.add(KEY, "mine", 60) is not live


def test_clock_set_forward(store: FileTokenStore, clock: Clock) -> None:
    store.set(KEY, VALUE, 60)
    clock.now += DAY
    assert store.get(KEY) is None


@pytest.mark.parametrize("umask", [0, 0o777])
def test_modes_whatever_the_umask(store: FileTokenStore, token_file: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        store.set(KEY, VALUE, 60)
        store.set(KEY, VALUE, 60)
    finally:
        os.umask(before)
    assert (mode_of(token_file), mode_of(lock_of(token_file))) == (0o600, 0o600)


def test_no_moment_with_another_mode(
    store: FileTokenStore, token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even before it is written to, the new file is nobody else's to open."""
    modes = []
    monkeypatch.setattr(os, "fchmod", lambda fd, _: modes.append(os.fstat(fd).st_mode & 0o7777))
    before = os.umask(0)
    try:
        store.set(KEY, VALUE, 60)
    finally:
        os.umask(before)
    assert modes == [0o600, 0o600]


def entry(**changes: Any) -> dict[str, Any]:
    return {"value": VALUE, "expires_at": Clock().now + 60, "ttl": 60, **changes}


CORRUPT = [
    b"",
    b"{",
    json.dumps({KEY: entry()}).encode()[:-1],
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b"[]",
    b"null",
    b"1" * 5_000,
    *(
        json.dumps({KEY: value}).encode()
        for value in (
            None,
            VALUE,
            {},
            entry(value=None),
            entry(value=1),
            entry(expires_at="1800000000"),
            entry(expires_at=float("inf"), ttl=float("inf")),
            entry(expires_at=float("nan")),
            entry(expires_at=10**400, ttl=10**400),
            entry(ttl=None),
            entry(ttl=float("nan")),
        )
    ),
]


@pytest.mark.parametrize("content", CORRUPT, ids=range(len(CORRUPT)))
def test_corrupt_files_count_as_empty(
    store: FileTokenStore, token_file: Path, content: bytes
) -> None:
    token_file.write_bytes(content)
    token_file.chmod(0o600)
    assert store.get(KEY) is None
    store.delete(KEY, VALUE)
    assert store.add(KEY, "new", 60)
    assert store.get(KEY) == "new"


def test_whole_entries_beside_corrupt_ones_are_kept(
    store: FileTokenStore, token_file: Path
) -> None:
    token_file.write_text(json.dumps({KEY: entry(), "broken": 1}))
    token_file.chmod(0o600)
    store.set("other", "more", 60)
    assert (store.get(KEY), store.get("other"), store.get("broken")) == (VALUE, "more", None)


@pytest.mark.parametrize("function", ["replace", "fchmod"])
def test_a_write_that_fails_leaves_nothing(
    store: FileTokenStore, token_file: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    store.set(KEY, VALUE, 60)

    def fail(*_: object) -> None:
        assert temporary_of(token_file).exists()
        raise OSError(
            errno.ENOSPC, "No space left on device", str(token_file), None, str(token_file)
        )

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space") as caught:
        patched.setattr(os, function, fail)
        store.set(KEY, "later", 60)
    assert_secret(caught.value)
    assert caught.value.errno == errno.ENOSPC
    assert {p.name for p in token_file.parent.iterdir()} == {"tokens.json", "tokens.json.lock"}
    assert store.get(KEY) == VALUE
    store.set(KEY, "later", 60)  # no lock was left behind
    assert store.get(KEY) == "later"


def test_no_descriptor_is_left_open(store: FileTokenStore, token_file: Path) -> None:
    def use() -> None:
        for call in ALL:
            call(store)
        token_file.chmod(0o644)
        with pytest.raises(PermissionError):
            store.set(KEY, VALUE, 60)
        token_file.unlink()

    use()
    before = os.listdir("/dev/fd")
    use()
    assert os.listdir("/dev/fd") == before


def test_the_path_is_made_absolute_at_once(
    token_file: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(token_file.parent)
    store = FileTokenStore(token_file.name, clock=clock)
    monkeypatch.chdir("/")
    store.set(KEY, VALUE, 60)
    assert token_file.exists()


def test_copies_have_the_path_only(token_file: Path) -> None:
    store = FileTokenStore(token_file, clock=lambda: time.time())  # which no pickle takes
    store.set(KEY, VALUE, 60)
    pickled = pickle.dumps(store)
    assert VALUE.encode() not in pickled
    for made in (pickle.loads(pickled), copy.copy(store), copy.deepcopy(store)):
        assert made is not store
        assert made.get(KEY) == VALUE
        assert repr(made) == "<wxidcard.FileTokenStore>"


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["get", "set", "add", "delete", "pass"]),
        st.sampled_from("ab"),
        st.text(string.printable, max_size=2),
        st.sampled_from([0.5, 1, 10, 60]),
    ),
    max_size=30,
)


@given(operations=OPERATIONS)
def test_like_a_dict_with_times(
    tmp_path_factory: pytest.TempPathFactory, operations: list[tuple[str, str, str, float]]
) -> None:
    clock = Clock()
    store = FileTokenStore(tmp_path_factory.mktemp("model") / "tokens.json", clock=clock)
    model: dict[str, tuple[str, float]] = {}
    for operation, key, value, seconds in operations:
        model = {k: (v, end) for k, (v, end) in model.items() if clock.now < end}
        there = model.get(key, (None, 0))[0]
        if operation == "pass":
            clock.now += seconds
        elif operation == "get":
            assert store.get(key) == there
        elif operation == "delete":
            store.delete(key, value)
            if there == value:
                del model[key]
        else:
            is_stored = operation == "set" or there is None
            answer = getattr(store, operation)(key, value, seconds)
            assert answer is (None if operation == "set" else is_stored)
            if is_stored:
                model[key] = (value, clock.now + seconds)

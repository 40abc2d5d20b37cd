"""A token store in one file."""

import contextlib
import errno
import fcntl
import functools
import json
import math
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, ParamSpec, TypeVar

from .stores import TokenStore

__all__ = ["FileTokenStore"]

# How long the lock is waited for, in seconds. Its holders need it for less than a millisecond, so
# whoever keeps it longer was stopped.
LOCK_SECONDS = 5
# Between two tries to get it, in seconds: the first, and the most to which it doubles.
FIRST_PAUSE, LONGEST_PAUSE = 0.0005, 0.01
# A wall clock may have been set back by this many seconds before an entry counts as dead.
CLOCK_SLACK = 1

OWNER_ONLY = 0o600
OTHERS = stat.S_IRWXG | stat.S_IRWXO
# Not through a link, not into a child program, and not waiting for a FIFO's other end.
OPEN_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
CREATE_FLAGS = OPEN_FLAGS | os.O_CREAT | os.O_EXCL
NOT_A_FILE = "the token file or its lock is not a regular file"
# Where the system's own words would leave open what is meant.
CLEARER = {
    errno.ENOENT: "the folder of the token file does not exist",
    errno.ELOOP: "the token file or its lock is a symbolic link",
    errno.EISDIR: NOT_A_FILE,
    errno.ENXIO: NOT_A_FILE,  # of a socket
}

P = ParamSpec("P")
R = TypeVar("R")

# Path -> what keeps the threads of this process apart. A POSIX lock is the process's: every thread
# would get it, and the first to close the file would end it for all.
_thread_locks: dict[str, threading.Lock] = {}
# In a child, whoever held one of them is no more.
os.register_at_fork(after_in_child=_thread_locks.clear)


class Entry(NamedTuple):
    """What the file has under a key. Times are in seconds, ``expires_at`` since 1970."""

    value: str
    expires_at: float
    ttl: float

    def is_live(self, now: float) -> bool:
        # When the clock went back by a day, a lock must not be kept for a day.
        return now < self.expires_at and self.expires_at - now <= self.ttl + CLOCK_SLACK


def _without_path(method: Callable[P, R]) -> Callable[P, R]:
    """Let a method raise OSErrors that do not name a file."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except OSError as error:
            number, text = error.errno, error.strerror
        # Raised out here, it has no __context__ with the path in it.
        raise OSError(number, CLEARER.get(number or 0, text))

    return call


class FileTokenStore(TokenStore):
    """Shares access tokens between the processes of one machine, through one file.

    ``path`` is the JSON file, made by the first who writes, with mode 0600, in a folder that must
    be there, on a local file system. Beside it stand ``path.lock``, which stays, and for moments
    ``path.tmp``. It is for the processes of one user, who share it by giving the same path::

        store = wxidcard.FileTokenStore("/var/lib/myapp/wechat-tokens.json")

    ``clock`` gives the wall clock's seconds since 1970; tests put their own in its place.

    Any number of threads may use one store, and forked children go on using it. Nothing is kept
    open. Pickling and copying take the path only.

    A file that is not JSON, or was cut off, counts as empty. All methods raise PermissionError for
    a file or lock file that is another user's, or that group or others have any access to,
    FileNotFoundError where the folder is missing, and OSError for what else cannot be read or
    written, without the path; all but :meth:`get` raise TimeoutError when the file has been locked
    for 5 seconds. The constructor raises TypeError for a path that is neither str nor os.PathLike,
    and ValueError for one that no file can have.
    """

    __slots__ = ("_clock", "_path")

    _clock: Callable[[], float]
    _path: str

    def __init__(
        self, path: str | os.PathLike[str], *, clock: Callable[[], float] = time.time
    ) -> None:
        text = os.fspath(path) if isinstance(path, os.PathLike) else path
        if not isinstance(text, str):
            raise TypeError(
                f"path must be a str or an os.PathLike of str, not {type(path).__name__}; "
                'write FileTokenStore("tokens.json")'
            )
        if not _is_encodable(text):
            raise ValueError("path has characters that no file name can have")
        self._path = os.path.abspath(text)
        self._clock = clock

    @_without_path
    def get(self, key: str) -> str | None:
        """Return the value, or None when there is none or its time has passed.

        Waits for nobody: the file is always replaced as a whole.
        """
        entry = self._load(self._read())[1].get(key)
        return None if entry is None else entry.value

    @_without_path
    def set(self, key: str, value: str, ttl: float) -> None:
        """Store the value for ``ttl`` seconds, in the place of any other."""
        with self._locked():
            now, entries = self._load(self._read())
            entries[key] = Entry(value, now + ttl, ttl)
            self._write(entries)

    @_without_path
    def add(self, key: str, value: str, ttl: float) -> bool:
        """Store the value for ``ttl`` seconds if nothing live is there; return whether it was."""
        with self._locked():
            now, entries = self._load(self._read())
            if key in entries:
                return False
            entries[key] = Entry(value, now + ttl, ttl)
            self._write(entries)
            return True

    @_without_path
    def delete(self, key: str, value: str) -> None:
        """Delete the key if exactly this value is there."""
        with self._locked():
            entries = self._load(self._read())[1]
            if key in entries and entries[key].value == value:
                del entries[key]
                self._write(entries)

    def __repr__(self) -> str:
        return f"<wxidcard.{type(self).__name__}>"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return type(self), (self._path,)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other threads and processes from changing the file."""
        deadline = time.monotonic() + LOCK_SECONDS
        folder, name = os.path.split(self._path)
        # One file has one real path, whichever way a store goes to it.
        real_path = os.path.join(os.path.realpath(folder), name)
        thread_lock = _thread_locks.setdefault(real_path, threading.Lock())
        if not thread_lock.acquire(True, LOCK_SECONDS):
            raise _is_locked()
        try:
            descriptor = _open_lock(self._path + ".lock")
            try:
                _wait_for_lock(descriptor, deadline)
                yield
            finally:
                os.close(descriptor)  # which unlocks it
        finally:
            thread_lock.release()

    def _read(self) -> bytes:
        try:
            descriptor = _open_own(self._path, os.O_RDONLY)
        except FileNotFoundError:
            if os.path.isdir(os.path.dirname(self._path)):
                return b""
            raise
        with open(descriptor, "rb") as file:
            return file.read()

    def _load(self, content: bytes) -> tuple[float, dict[str, Entry]]:
        """The time, and what is live by it."""
        now = self._clock()
        entries = _parse(content).items()
        return now, {key: entry for key, entry in entries if entry.is_live(now)}

    def _write(self, entries: dict[str, Entry]) -> None:
        document = {key: entry._asdict() for key, entry in entries.items()}
        content = json.dumps(document, indent=1).encode("ascii")
        # One name for all, as only who has the lock writes; one that is there was left by somebody
        # who was killed.
        temporary = self._path + ".tmp"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        try:
            descriptor = os.open(temporary, os.O_WRONLY | CREATE_FLAGS, OWNER_ONLY)
            with open(descriptor, "wb") as file:
                os.fchmod(descriptor, OWNER_ONLY)  # of which the umask may have taken
                file.write(content)
            os.replace(temporary, self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def _is_encodable(path: str) -> bool:
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeError:
        return False


def _parse(content: bytes) -> dict[str, Entry]:
    """The entries of a file, without what is none."""
    try:
        # As a float even a number of a thousand digits can be compared.
        document = json.loads(content, parse_int=float)
    except (ValueError, RecursionError):
        return {}
    entries = {}
    for key, fields in document.items() if isinstance(document, dict) else ():
        match fields:
            case {"value": str(value), "expires_at": float(expires_at), "ttl": float(ttl)}:
                if math.isfinite(expires_at):
                    entries[key] = Entry(value, expires_at, ttl)
    return entries


def _open_own(path: str, flags: int) -> int:
    """Open a file that is there; refuse it unless it is a file of this user alone."""
    descriptor = os.open(path, flags | OPEN_FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, NOT_A_FILE)
        if status.st_uid != os.geteuid():
            raise PermissionError(
                errno.EPERM,
                "the token file or its lock is another user's; chown it to this one and chmod 600",
            )
        if status.st_mode & OTHERS:
            raise PermissionError(
                errno.EACCES, "the token file or its lock is open to other users; chmod 600 it"
            )
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _open_lock(path: str) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | CREATE_FLAGS, OWNER_ONLY)
    except FileExistsError:
        # It is never deleted: two could then have locked two files of one name.
        return _open_own(path, os.O_RDWR)
    try:
        os.fchmod(descriptor, OWNER_ONLY)  # of which the umask may have taken
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _wait_for_lock(descriptor: int, deadline: float) -> None:
    """Lock the file, by tries: a wait in the kernel would have no end if its holder is stopped."""
    pause = FIRST_PAUSE
    while True:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                raise
        left = deadline - time.monotonic()
        if left <= 0:
            raise _is_locked()
        time.sleep(min(pause, left))
        pause = min(2 * pause, LONGEST_PAUSE)


def _is_locked() -> OSError:
    return TimeoutError(errno.ETIMEDOUT, "another process or thread keeps the token file locked")

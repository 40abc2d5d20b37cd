"""The file of ``-o``: added to a record at a time, and gone on with after a run that was cut off.

A record has reached the disk when :meth:`OutputFile.append` returns. A run that is killed leaves
the records before, and at most the beginning of one more, which the next run cuts off. The file is
locked as long as it is open, by which two runs of one file are kept apart.
"""

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from typing import Self

from .cli_records import Format, Record
from .cli_text import printable

OWNER_ONLY = 0o600  # it holds identities
OPEN_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK
CREATE_FLAGS = OPEN_FLAGS | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class FileRefusedError(ValueError):
    """The file cannot be written to; says what to do instead."""


class OutputFile:
    """An open file of records, locked."""

    def __init__(self, descriptor: int, form: Format, lines: Sequence[bytes] = ()) -> None:
        self._descriptor = descriptor
        self._form = form
        self._is_empty = not lines
        body = form.head + form.between.join(lines)
        # The foot lies behind the end, where the next record goes over it.
        self._end = len(body)
        self._write(body + form.foot if lines else form.empty, 0)

    @classmethod
    def create(cls, path: str, form: Format) -> Self:
        """Make the file, which must not be there yet."""
        try:
            descriptor = os.open(path, CREATE_FLAGS, OWNER_ONLY)
        except FileExistsError:
            raise FileRefusedError(
                f"{printable(path)} is there already: add --resume to go on with it, or name "
                "another file"
            ) from None
        with _closed_on_failure(descriptor):
            os.fchmod(descriptor, OWNER_ONLY)  # of which the umask may have taken
            _lock(descriptor, path)
            made = cls(descriptor, form)
            _sync_folder(path)
        return made

    @classmethod
    def resume(cls, path: str, form: Format, pictures: Sequence[str]) -> tuple[Self, list[str]]:
        """Go on with the file, or make it; gives those of ``pictures`` that it has no card of.

        What it says of failures with these is forgotten, since they are tried again.
        """
        path = os.path.realpath(path)
        try:
            descriptor = os.open(path, OPEN_FLAGS)
        except FileNotFoundError:
            return cls.create(path, form), list(pictures)
        with _closed_on_failure(descriptor):
            _lock(descriptor, path)
            records = list(_records(_read(descriptor), form, path))
            cells = {picture: form.cell(printable(picture)) for picture in pictures}
            recognised = {cell for cell, is_recognised, _ in records if is_recognised}
            left = [picture for picture, cell in cells.items() if cell not in recognised]
            again = {cells[picture] for picture in left}
            kept = [line for cell, _, line in records if cell not in again]
            made = cls._replace(path, form, kept)
        os.close(descriptor)
        return made, left

    @classmethod
    def _replace(cls, path: str, form: Format, lines: Sequence[bytes]) -> Self:
        """Put a new file in the place of the one that is there, whole or not at all."""
        temporary = path + ".tmp"
        # Only who has the lock comes here: one that is there was left by a run that was killed.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        descriptor = os.open(temporary, CREATE_FLAGS, OWNER_ONLY)
        with _closed_on_failure(descriptor):
            os.fchmod(descriptor, OWNER_ONLY)
            _lock(descriptor, temporary)
            made = cls(descriptor, form, lines)
            os.replace(temporary, path)
            _sync_folder(path)
        return made

    def append(self, record: Record) -> None:
        """Write a record to the disk. After an OSError the file is as it was before."""
        form = self._form
        data = (b"" if self._is_empty else form.between) + form.write(record)
        try:
            self._write(data + form.foot, self._end)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._end)
                self._write(form.empty[self._end :] if self._is_empty else form.foot, self._end)
            raise
        self._is_empty = False
        self._end += len(data)

    def close(self) -> None:
        """Close and unlock it."""
        os.close(self._descriptor)

    def _write(self, data: bytes, offset: int) -> None:
        while data:
            written = os.pwrite(self._descriptor, data, offset)
            data, offset = data[written:], offset + written
        os.fsync(self._descriptor)


@contextlib.contextmanager
def _closed_on_failure(descriptor: int) -> Iterator[None]:
    try:
        yield
    except BaseException:
        os.close(descriptor)
        raise


def _lock(descriptor: int, path: str) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise FileRefusedError(f"{printable(path)} is no file that can be gone on with")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EAGAIN):
            raise
    else:
        # Another run may have put a new file in its place between the opening and the locking.
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return
    raise FileRefusedError(f"another run is writing to {printable(path)}: wait for its end")


def _sync_folder(path: str) -> None:
    """Let the file's name be on the disk, too."""
    descriptor = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> bytes:
    with open(descriptor, "rb", closefd=False) as file:
        return file.read()


def _records(content: bytes, form: Format, path: str) -> Iterator[tuple[str, bool, bytes]]:
    """Of each record that is whole: its picture, whether it was recognised, and its line."""
    if form.head.startswith(content):
        return  # a run was killed before it had written that much
    if not content.startswith(form.head):
        raise _not_ours(path, form, 1)
    *lines, torn = content.removeprefix(form.head).split(b"\n")
    before = form.head.count(b"\n")
    for number, whole in enumerate(lines, start=before + 1):
        line = whole.rstrip(form.trail)
        if line or not form.trail:
            try:
                yield *form.read(line), line
            except ValueError:
                raise _not_ours(path, form, number) from None
    # A file of something else is not cut off, even if it is one line without an end.
    if not lines and not (form.begins.startswith(torn) or torn.startswith(form.begins)):
        raise _not_ours(path, form, before + 1)


def _not_ours(path: str, form: Format, number: int) -> FileRefusedError:
    return FileRefusedError(
        f"line {number} of {printable(path)} is not as --{form.name} writes it: name another file"
    )

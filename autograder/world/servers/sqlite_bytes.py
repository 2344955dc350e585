"""How the supervisor locks and reads a SQLite file that a submission may write.

SQLite obeys what it finds in a file and beside it. A forged journal makes it delete any file of the
user who opens the database; a view can make it compute forever. The supervisor runs outside of a
submission's jail, so it never opens such a file with SQLite. It makes the content in another
folder, and keeps the descriptor with which it wrote the file. On this descriptor it takes the locks
that SQLite takes (sqlite.org/lockingv3, sqlite.org/walformat). It reads the bytes, and
`sqlite_rows` finds the rows in them.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

if sys.platform != "win32":
    import fcntl

NAME = "bot.sqlite"
LOCKED = "The file cannot be read (database is locked): close or commit what still holds it."
MOST = 8 << 20  # bytes of the file, and of its -wal: a lab's file has 12 kB, a -wal up to 4.2 MB
# The bytes that SQLite locks (sqlite.org/fileformat2, section 1.4), in the file's order.
_PENDING, _RESERVED, _SHARED = 1 << 30, (1 << 30) + 1, (1 << 30) + 2
_READERS = 510  # how many bytes, from _SHARED on
_WRITER = 120  # the byte of a -shm that the writer of a file in WAL mode locks
_POLL = 0.005  # s
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


class Unreadable(Exception):
    """The file cannot be read; the sentence tells the learner why."""


class OwnFile:
    """A SQLite file, held by one descriptor, in a folder that others may write to.

    This process must not open the file a second time: to close another descriptor of a file drops
    all of the process's locks on it.
    """

    def __init__(self, folder: Path, content: bytes, *, for_all: bool) -> None:
        """Write a new file into the folder. Raises OSError."""
        self.path = folder / NAME
        self._folder: int | None = None
        self._shm: int | None = None
        self._moving = threading.Lock()  # the descriptor has one position for all threads
        if os.open in os.supports_dir_fd:  # so a link in the folder's place has no effect
            self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _FLAGS)
        self._file = self._open("", os.O_RDWR | os.O_CREAT | os.O_EXCL)
        self._write(content)
        if for_all:
            os.chmod(self._file, 0o666)
            os.chmod(folder if self._folder is None else self._folder, 0o777)

    def close(self) -> None:
        """Close the file, and free every lock on it."""
        self.unlock()
        os.close(self._file)
        if self._folder is not None:
            os.close(self._folder)

    def changes(self) -> int:
        """Return the change counter in the file's header (sqlite.org/fileformat, section 1.3.7)."""
        found = self._read(self._file, 4, 24)
        return int(struct.unpack("!I", found)[0]) if len(found) == 4 else 0  # 0: file too short

    # -- locks -------------------------------------------------------------------------------------

    def lock(self, patience: float) -> bool:
        """Keep all other processes out; if they have it open in WAL mode, keep out the writers.

        Returns False when another process holds a lock for `patience` seconds.
        """
        if _until(self._lock, patience):
            return True
        self.unlock()
        return False

    def unlock(self) -> None:
        """Free all locks."""
        _free(self._file)
        if self._shm is not None:
            os.close(self._shm)
            self._shm = None

    def _lock(self) -> bool:
        """Take the next locks, and keep those already taken, so that no new reader can begin."""
        if self._in_wal_mode() and (shm := self._beside("-shm", os.O_RDWR)) is not None:
            # Take a reader's lock too. Without it, the last of the other processes would believe
            # that no other process uses the file, and remove the -shm together with our lock.
            taken = _taken(self._file, _SHARED, _READERS, alone=False)
            if taken and _taken(shm, _WRITER, 1):
                self._shm = shm
                return True
            os.close(shm)
            return False
        return self._lock_all()

    def _lock_all(self) -> bool:
        parts = ((_RESERVED, 1), (_PENDING, 1), (_SHARED, _READERS))
        return all(_taken(self._file, start, length) for start, length in parts)

    # -- bytes -------------------------------------------------------------------------------------

    def refill(self, content: bytes, patience: float) -> bool:
        """Replace the file's content in the way of a transaction, in a file without WAL mode.

        Returns False when another process is in the way for `patience` seconds (a process that has
        the file open in WAL mode always is), and when another file is in its place.
        """
        try:
            if not self._in_place() or not _until(self._lock_all, patience):
                return False
            for suffix in ("-journal", "-wal", "-shm"):  # no process that uses them is left
                with contextlib.suppress(OSError):
                    os.unlink(self._place(suffix), dir_fd=self._folder)
            # The change counter goes up: else a process that has the file open trusts its cache.
            counter = struct.pack("!I", (self.changes() + 1) & 0xFFFFFFFF)
            self._write(content[:24] + counter + content[28:92] + counter + content[96:])
            return True
        finally:
            self.unlock()

    def content(self, patience: float) -> tuple[bytes, bytes]:
        """Return the bytes of the file and of its -wal, from one moment between two transactions.

        A journal is never read: while no process writes, the file is complete without it. Raises
        Unreadable when the file cannot be read, or is being written for `patience` seconds.
        """
        if not self._in_place():
            raise Unreadable(
                f"The file {NAME} was removed or replaced by another one, while other programs "
                "use it: change the file that is there, with SQLite."
            )
        if not _until(self._may_read, patience):
            raise Unreadable(LOCKED)
        try:
            found: list[tuple[bytes, bytes]] = []
            if not _until(lambda: self._copied(found), patience):
                raise Unreadable(
                    "The file cannot be read: something still writes into it. Wait for it to end."
                )
            return found[0]
        finally:
            _free(self._file)

    def _in_place(self) -> bool:
        own = os.fstat(self._file)
        with contextlib.suppress(OSError):
            there = os.stat(self.path, follow_symlinks=False)
            return (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino)
        return False

    def _may_read(self) -> bool:
        """Take a reader's lock; as in SQLite, this fails while a writer is waiting."""
        if not _taken(self._file, _PENDING, 1, alone=False):
            return False
        taken = _taken(self._file, _SHARED, _READERS, alone=False)
        _free(self._file, _PENDING, 1)
        return taken

    def _copied(self, found: list[tuple[bytes, bytes]]) -> bool:
        """Copy the file and its -wal; return False when the -wal has changed during the copy."""
        if not self._in_wal_mode():
            found[:] = [(self._whole(self._file, NAME), b"")]
            return True
        before = self._wal()
        found[:] = [(self._whole(self._file, NAME), before)]
        return before == self._wal()

    def _wal(self) -> bytes:
        wal = self._beside("-wal", os.O_RDONLY)
        if wal is None:
            return b""
        try:
            return self._whole(wal, f"{NAME}-wal")
        finally:
            os.close(wal)

    def _whole(self, file: int, name: str) -> bytes:
        content = self._read(file, MOST + 1, 0)
        if len(content) > MOST:
            raise Unreadable(
                f"The file {name} has more than {MOST >> 20} MB; a lab's file has 12 kB."
            )
        return content

    def _in_wal_mode(self) -> bool:
        return self._read(self._file, 2, 18) == b"\2\2"

    def _beside(self, suffix: str, flags: int) -> int | None:
        """Open a file beside this one, following no links; None if there is no regular file."""
        with contextlib.suppress(OSError):
            file = self._open(suffix, flags)
            if stat.S_ISREG(os.fstat(file).st_mode):
                return file
            os.close(file)
        return None

    def _open(self, suffix: str, flags: int) -> int:
        return os.open(self._place(suffix), flags | _FLAGS, 0o600, dir_fd=self._folder)

    def _place(self, suffix: str) -> str:
        return NAME + suffix if self._folder is not None else f"{self.path}{suffix}"

    def _write(self, content: bytes) -> None:
        with self._moving:
            os.lseek(self._file, 0, os.SEEK_SET)
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.ftruncate(self._file, len(content))

    def _read(self, file: int, count: int, offset: int) -> bytes:
        with self._moving:
            os.lseek(file, offset, os.SEEK_SET)
            parts = []
            while count and (part := os.read(file, min(count, 1 << 20))):
                parts.append(part)
                count -= len(part)
            return b"".join(parts)


def made(tables: str) -> bytes:
    """Return the content of a new SQLite file after this SQL. Raises sqlite3.Error.

    The file is made in a private folder: where others may write, they could put a journal there.
    """
    with tempfile.TemporaryDirectory(prefix="unblocked-sqlite-") as folder:
        path = Path(folder, NAME)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA synchronous = OFF")  # a new file needs no care for crashes
            connection.executescript(tables)
        return path.read_bytes()


def _until(step: Callable[[], bool], patience: float) -> bool:
    """Try a step until it succeeds, for up to `patience` seconds; return whether it did."""
    deadline = time.monotonic() + patience
    while not step():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL)
    return True


def _taken(file: int, start: int, length: int, *, alone: bool = True) -> bool:
    """Take a lock on these bytes; return False when another process is in the way."""
    if sys.platform == "win32":  # Windows has other locks, and no grading
        return True
    kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    try:
        fcntl.lockf(file, kind | fcntl.LOCK_NB, length, start)
    except OSError:
        return False
    return True


def _free(file: int, start: int = _PENDING, length: int = 2 + _READERS) -> None:
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            fcntl.lockf(file, fcntl.LOCK_UN, length, start)

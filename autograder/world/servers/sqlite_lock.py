"""A SQLite file that another process, the supervisor, locks for as long as a test asks for.

A POSIX lock belongs to a process, so the learner's process cannot free this one. It gets `database
is locked` after the timeout that it chose. The supervisor never opens the file with SQLite: see
`sqlite_bytes.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

from autograder.outcomes import UserMistake
from autograder.world.servers import sqlite_bytes
from autograder.world.servers.sqlite_bytes import OwnFile, Unreadable

_IN_THE_WAY = 1.0  # s to wait for other processes before `renew` makes another file
_PATIENCE = 3.0  # s to wait for a writer; less than the 5 s that a client waits for an answer

_TABLES = """
CREATE TABLE guilds (id INTEGER PRIMARY KEY, name TEXT NOT NULL, prefix TEXT NOT NULL);
INSERT INTO guilds VALUES (1, 'Python', '!'), (2, 'Chess', '?'), (3, 'Gardening', '.');
"""


class SqliteLock:
    """A `Server` of the world (see `supervisor.py`); address: path. `tables`: SQL that fills it."""

    shared = False
    controls = frozenset({"lock", "release", "renew", "content"})

    def __init__(self, tables: str = _TABLES) -> None:
        self._tables = tables
        self._directory = Path()
        self._file: OwnFile | None = None
        self._end: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self._unlocked = asyncio.Event()
        self._unlocked.set()
        self._locks = 0
        self._seconds = 0.0
        self._since = 0.0
        self._base = 0

    async def start(self) -> dict[str, Any]:
        try:
            self._directory = _new_directory()
            making = asyncio.ensure_future(asyncio.to_thread(self._make))
            try:
                await asyncio.shield(making)
            except asyncio.CancelledError:  # the thread still writes; `stop` removes the folder
                await asyncio.wait([making])
                await self.stop()
                raise
        except (OSError, sqlite3.Error) as error:
            await self.stop()
            raise UserMistake(
                f"SQLite found no room for its file ({error}): free some space in "
                f"{tempfile.gettempdir()}, or set TMPDIR to another directory"
            ) from None
        self._base = self._made.changes()
        return {"path": str(self._made.path)}

    async def stop(self) -> None:
        await self.release()
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._directory.name:
            await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    def counters(self) -> dict[str, Any]:
        """Return the counts since the last reset.

        These are locks, locked (now), held (seconds of all locks) and commits. Commits are the
        transactions of others, from SQLite's change counter, which does not count in WAL mode.
        """
        locked = not self._unlocked.is_set()
        held = self._seconds + (time.monotonic() - self._since if locked else 0.0)
        return {
            "locks": self._locks,
            "locked": locked,
            "held": round(held, 4),
            "commits": self._made.changes() - self._base,
        }

    async def reset(self) -> None:
        """Release the lock and set the counts to zero; the file keeps its content."""
        await self.release()
        self._locks, self._seconds, self._base = 0, 0.0, self._made.changes()

    # -- its controls ------------------------------------------------------------------------------

    async def lock(self, seconds: float = 0.5) -> str:
        """Lock the file for `seconds` from now on, and return its path when it is locked.

        Raises UserMistake when another process uses the file for more than 5 s.
        """
        if not 0 < seconds <= 60:
            raise UserMistake(f"a file cannot be locked for {seconds} s: choose between 0 and 60 s")
        await self.release()
        async with self._changing:
            if not await asyncio.to_thread(self._made.lock, 5):
                raise UserMistake("the SQLite file is in use: close its connections first")
            self._since = time.monotonic()
            self._unlocked.clear()
        self._locks += 1
        self._end = asyncio.create_task(self._release_after(seconds))
        return str(self._made.path)

    async def release(self) -> None:
        """End the lock now."""
        if self._end is not None and self._end is not asyncio.current_task():
            self._end.cancel()
        self._end = None
        async with self._changing:
            if not self._unlocked.is_set():
                self._seconds += time.monotonic() - self._since
                self._made.unlock()
                self._unlocked.set()

    async def renew(self, tables: str) -> str:
        """Release the lock, fill the file again with this SQL, reset the counts, return the path.

        The path is a new one when another process is in the way. A process that has the file open
        in WAL mode always is.
        """
        await self.release()
        async with self._changing:
            await asyncio.to_thread(self._refill, tables)
        self._locks, self._seconds, self._base = 0, 0.0, self._made.changes()
        return str(self._made.path)

    async def content(self) -> dict[str, str]:
        """Return the bytes of the file (`main`) and its -wal, in base64, while no process writes.

        When that is not possible, return a sentence as `refused`. `SqliteFile.rows` reads this.
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._unlocked.wait(), _PATIENCE)
        async with self._changing:
            if not self._unlocked.is_set():
                return {"refused": sqlite_bytes.LOCKED}
            try:
                main, wal = await asyncio.to_thread(self._made.content, _PATIENCE)
            except Unreadable as why:
                return {"refused": str(why)}
        return {"main": b64encode(main).decode(), "wal": b64encode(wal).decode()}

    async def _release_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.release()

    @property
    def _made(self) -> OwnFile:
        assert self._file is not None, "it was never started"
        return self._file

    def _make(self) -> None:
        content = sqlite_bytes.made(self._tables)
        self._file = OwnFile(self._directory, content, for_all=_shared() is not None)

    def _refill(self, tables: str) -> None:
        content = sqlite_bytes.made(tables)
        if self._made.refill(content, _IN_THE_WAY):
            return
        directory = _new_directory()
        file = OwnFile(directory, content, for_all=_shared() is not None)
        self._made.close()
        shutil.rmtree(self._directory, ignore_errors=True)
        self._file, self._directory = file, directory


def _shared() -> str | None:
    """Return the folder that a graded candidate can write to, too: it may be another user.

    The examination sets the variable.
    """
    return os.environ.get("UNBLOCKED_SHARED")


def _new_directory() -> Path:
    return Path(tempfile.mkdtemp(prefix="unblocked-sqlite-", dir=_shared()))

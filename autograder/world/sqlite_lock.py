"""A SQLite file that another process, the supervisor, keeps locked for as long as a test wants.

POSIX locks are held by processes, so that the learner's meets a lock it cannot lift: `database is
locked`, after the timeout that it chose.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
import struct
import tempfile
import time
from io import FileIO
from pathlib import Path
from typing import Any

from autograder.outcomes import UserMistake

_TABLES = """
CREATE TABLE guilds (id INTEGER PRIMARY KEY, name TEXT NOT NULL, prefix TEXT NOT NULL);
INSERT INTO guilds VALUES (1, 'Python', '!'), (2, 'Chess', '?'), (3, 'Gardening', '.');
"""


class SqliteLock:
    """A `Server` of the world (see `supervisor.py`); address: path. `tables`: SQL that fills it."""

    shared = False
    controls = frozenset({"lock", "release"})

    def __init__(self, tables: str = _TABLES) -> None:
        self._tables = tables
        self._path = Path()
        self._connection: sqlite3.Connection | None = None
        self._end: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self._header: FileIO | None = None
        self._locks = 0
        self._seconds = 0.0
        self._since = 0.0
        self._base = 0

    async def start(self) -> dict[str, Any]:
        try:
            # Where a graded candidate can write as well: it may be another user (see grading/room).
            shared = os.environ.get("UNBLOCKED_SHARED")
            directory = Path(tempfile.mkdtemp(prefix="unblocked-sqlite-", dir=shared))
            self._path = directory / "bot.sqlite"
            making = asyncio.ensure_future(asyncio.to_thread(self._make))
            try:
                await asyncio.shield(making)
            except asyncio.CancelledError:  # the thread would write into what `stop` removes
                await asyncio.wait([making])
                await self.stop()
                raise
        except (OSError, sqlite3.Error) as error:
            await self.stop()
            raise UserMistake(
                f"SQLite found no room for its file ({error}): free some space in "
                f"{tempfile.gettempdir()}, or set TMPDIR to another directory"
            ) from None
        # Kept open: closing any descriptor of a file drops the POSIX locks this process has on it.
        self._header = self._path.open("rb", buffering=0)
        self._base = self._changes()
        return {"path": str(self._path)}

    async def stop(self) -> None:
        await self.release()
        if self._header is not None:
            self._header.close()
        if self._path.name:
            await asyncio.to_thread(shutil.rmtree, self._path.parent, ignore_errors=True)

    def counters(self) -> dict[str, Any]:
        """locks, locked (now), held (seconds of all locks), and commits: transactions of others
        that changed the file, as SQLite's own change counter says (not in WAL mode)."""
        held = self._seconds + (time.monotonic() - self._since if self._connection else 0.0)
        return {
            "locks": self._locks,
            "locked": self._connection is not None,
            "held": round(held, 4),
            "commits": self._changes() - self._base,
        }

    async def reset(self) -> None:
        """Release the lock and count anew; what was written stays."""
        await self.release()
        self._locks, self._seconds, self._base = 0, 0.0, self._changes()

    # -- what may be asked of it -------------------------------------------------------------------

    async def lock(self, seconds: float = 0.5) -> str:
        """Lock the file for so long from now on, and return its path once nobody else gets in.

        Raises UserMistake when somebody else holds it for more than 5 s.
        """
        if not 0 < seconds <= 60:
            raise UserMistake(f"a lock of {seconds} s is none: choose between 0 and 60 s")
        await self.release()
        async with self._changing:
            self._connection = await asyncio.to_thread(self._take)
        self._since = time.monotonic()
        self._locks += 1
        self._end = asyncio.create_task(self._release_after(seconds))
        return str(self._path)

    async def release(self) -> None:
        """Give the file free now."""
        if self._end is not None and self._end is not asyncio.current_task():
            self._end.cancel()
        self._end = None
        async with self._changing:
            connection, self._connection = self._connection, None
            if connection is not None:
                self._seconds += time.monotonic() - self._since
                await asyncio.to_thread(connection.close)

    async def _release_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.release()

    def _take(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=5, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            connection.close()
            raise UserMistake("the SQLite file is in use: close its connections first") from None
        return connection

    def _make(self) -> None:
        with contextlib.closing(sqlite3.connect(self._path)) as connection:
            connection.executescript(self._tables)
        if os.environ.get("UNBLOCKED_SHARED"):  # in a closed folder
            self._path.chmod(0o666)
            self._path.parent.chmod(0o777)

    def _changes(self) -> int:
        """The change counter: four bytes at 24 of the file's header (sqlite.org/fileformat)."""
        assert self._header is not None
        return int(struct.unpack("!I", os.pread(self._header.fileno(), 4, 24))[0])

"""Reads rows out of the bytes of a SQLite file that a submission could write.

`rows` writes the bytes to a folder of their own, so that no journal can be beside the copy, and
SQLite opens the copy as immutable. Nothing that the submission wrote is executed: a file with a
view, a trigger, a virtual table or a generated column is refused, and SQLite may only read columns.
Reading has a limit in seconds, rows and bytes.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import struct
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.outcomes import WrongValue
from autograder.world.servers.sqlite_bytes import MOST

SECONDS = 2.0  # for all queries; a lab's table takes 1 ms
ROWS = 1000  # a lab's table has 8 at most
LONGEST = 10_000  # bytes of a row, or of the text of a table's definition
_STEPS = 1000  # instructions of SQLite between two checks of the deadline: 0.02 ms
_PLAIN = re.compile(r"CREATE (TABLE|INDEX|UNIQUE INDEX) ")  # as SQLite itself writes them
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: LONGEST,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: LONGEST,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 50,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_PRAGMA}
_CALLED = {int: "an int", str: "text", float: "a float", bytes: "bytes", type(None): "NULL"}


def rows(main: bytes, wal: bytes, table: str, columns: dict[str, type]) -> list[tuple[Any, ...]]:
    """Return these columns of a table, from the bytes of a SQLite file and of its -wal.

    `columns` gives the type of each column's values. Raises WrongValue, with a sentence for the
    learner, for a file that cannot be read, or that contains what a lab never asks for.
    """
    try:
        with _opened(_committed(main, wal)) as database:
            _ensure_plain(database, table)
            # With the table's name: SQLite takes a lone name that is not a column for a string.
            names = ", ".join(f'"{table}"."{name}"' for name in columns)
            found = database.execute(f'SELECT {names} FROM "{table}" NOT INDEXED LIMIT {ROWS + 1}')
            read = found.fetchall()
    except (sqlite3.Error, ValueError, struct.error) as error:
        raise WrongValue(
            f"The table `{table}` cannot be read ({_shown(error)}). "
            "Write to the file only with SQLite."
        ) from None
    if len(read) > ROWS:
        raise WrongValue(f"The table `{table}` has more than {ROWS} rows; expected a few.")
    for row in read:
        for (name, kind), value in zip(columns.items(), row, strict=True):
            if type(value) is not kind:
                raise WrongValue(
                    f"In the file a value of the column `{name}` is "
                    f"{_CALLED[type(value)]}, `{_shown(value)}`; expected {_CALLED[kind]}."
                )
    return read


@contextlib.contextmanager
def _opened(content: bytes) -> Iterator[sqlite3.Connection]:
    """Open a copy as a database that SQLite may only read; queries end after SECONDS."""
    deadline = time.monotonic() + SECONDS
    with tempfile.TemporaryDirectory(prefix="unblocked-copy-") as folder:
        path = Path(folder).resolve() / "copy.sqlite"
        path.write_bytes(content)
        address = f"{path.as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
            for limit, most in _LIMITS.items():
                database.setlimit(limit, most)
            database.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("PRAGMA query_only = ON")
            database.set_authorizer(_only_reading)
            yield database


def _only_reading(action: int, *_: Any) -> int:
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


def _ensure_plain(database: sqlite3.Connection, table: str) -> None:
    """Raise WrongValue when the file holds more than tables of stored values, and indexes.

    Other tables do no harm and may be honest, such as one of the messages already handled.
    """
    found = f"SELECT type, name, sql FROM sqlite_master LIMIT {ROWS + 1}"
    known = database.execute(found).fetchall()
    for kind, name, sql in known:
        index = kind == "index" and sql is None  # the index of a PRIMARY KEY
        if not index and not (kind in ("table", "index") and _PLAIN.match(str(sql))):
            raise WrongValue(
                f"The file holds `{_shown(name)}`, which is not a plain table ({_shown(kind)}): "
                f"leave the table `{table}` as it was, and have only plain tables beside it."
            )
    if len(known) > ROWS:
        raise WrongValue(f"The file has more than {ROWS} tables; expected a few.")
    if not any((kind, name) == ("table", table) for kind, name, _ in known):
        raise WrongValue(f"The file has no table `{table}` any more: leave the table there.")
    for _, name, _, _, _, _, hidden in database.execute(f'PRAGMA table_xinfo("{table}")'):
        if hidden:
            raise WrongValue(
                f"The column `{_shown(name)}` of the table `{table}` is computed, not stored: "
                "leave the table as it was."
            )


def _shown(text: object) -> str:
    """Return a text from the file, short, and without characters that control a terminal."""
    return repr(str(text)[:60])[1:-1]


# -- a file in WAL mode (sqlite.org/fileformat2, section 4) ----------------------------------------


def _committed(main: bytes, wal: bytes) -> bytes:
    """Return the file with all complete transactions of its -wal, and without WAL mode."""
    pages, count, size = _pages(wal)
    if count * size > MOST:
        raise ValueError(f"it claims to have {count} pages")
    content = bytearray(main[: count * size].ljust(count * size, b"\0") if count else main)
    for number, page in pages.items():
        if 0 < number <= count:
            content[(number - 1) * size : number * size] = page
    if content[18:20] == b"\2\2":
        content[18:20] = b"\1\1"
    return bytes(content)


def _pages(wal: bytes) -> tuple[dict[int, bytes], int, int]:
    """Return the pages of complete transactions by number, the file's page count, the page size."""
    pages: dict[int, bytes] = {}
    waiting: dict[int, bytes] = {}
    count = 0
    if len(wal) < 32:
        return pages, 0, 0
    magic, _, size, _, *salts, first, second = struct.unpack(">8I", wal[:32])
    order = ">" if magic & 1 else "<"
    sums = _summed(wal[:24], (0, 0), order)
    if magic & ~1 != 0x377F0682 or sums != (first, second) or not _is_page_size(size):
        return pages, 0, 0
    for start in range(32, len(wal) - 24 - size + 1, 24 + size):
        head, page = wal[start : start + 24], wal[start + 24 : start + 24 + size]
        number, whole, *rest = struct.unpack(">6I", head)
        sums = _summed(head[:8] + page, sums, order)
        if rest != [*salts, *sums]:  # left from an earlier use of the -wal, or not fully written
            break
        waiting[number] = page
        if whole:
            pages |= waiting
            waiting, count = {}, whole
    return pages, count, size


def _is_page_size(size: int) -> bool:
    return 512 <= size <= 65536 and size & (size - 1) == 0


def _summed(content: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    """Return SQLite's checksum; 4 MB take 0.2 s."""
    one, two = sums
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        one = (one + even + two) & 0xFFFFFFFF
        two = (two + odd + one) & 0xFFFFFFFF
    return one, two

"""A SQLite file that a stranger wrote is locked and read, and nothing that lies in it is run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import shutil
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tries import tries
from worked_labs import worked

from autograder import world
from autograder.course.unit import Unit, repository
from autograder.environment import finding
from autograder.grading.examination import session, verdicts
from autograder.grading.examination.cells import Cell
from autograder.grading.jail import availability, confine
from autograder.grading.submission import assignment
from autograder.outcomes import WrongValue
from autograder.world.handles import Sqlite, SqliteFile
from autograder.world.servers import sqlite_rows

TABLE = "CREATE TABLE xp (name TEXT PRIMARY KEY, points INTEGER); INSERT INTO xp VALUES ('ada', 7)"
ENDLESS = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r"
ADA = [("ada", 7)]


@pytest.fixture(scope="module")
def sqlite() -> Iterator[Sqlite]:
    """The world's file, in a supervisor of this module's own."""
    world.private()
    handle: Any = asyncio.run(world.start("sqlite")).sqlite
    yield handle
    world.leave()


@pytest.fixture
def file(sqlite: Sqlite) -> SqliteFile:
    return asyncio.run(sqlite(0.01, TABLE))


def rows(file: SqliteFile) -> list[tuple[Any, ...]]:
    return file.rows("xp", name=str, points=int)


def run(file: SqliteFile, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(file.path, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement)


def plant_journal(path: str, victim: Path) -> None:
    """A journal that says: this was a transaction over several databases, led by `victim`."""
    magic = bytes.fromhex("d9d505f920a163d7")
    head = magic + struct.pack(">IIIII", 0, 1, os.path.getsize(path) // 4096, 512, 4096)
    name = str(victim).encode()
    tail = struct.pack(">I", 1 + (1 << 30) // 4096) + name
    tail += struct.pack(">II", len(name), sum(name)) + magic
    Path(f"{path}-journal").write_bytes(head.ljust(512, b"\0") + tail)


# -- attacks ---------------------------------------------------------------------------------------


def test_a_forged_journal_deletes_nothing(file: SqliteFile, tmp_path: Path) -> None:
    victim = tmp_path / "gradebook.db"
    run(file, f"ATTACH '{victim}' AS other", "CREATE TABLE other.grade (score)")
    plant_journal(file.path, victim)
    assert rows(file) == ADA
    asyncio.run(file.lock(0.05))
    assert rows(file) == ADA
    asyncio.run(file.renew(TABLE))
    assert rows(file) == ADA
    assert victim.exists()
    assert not Path(f"{file.path}-journal").exists(), "it would be rolled back into the new page"


SCHEMAS = {
    "a view in its place": ["DROP TABLE xp", f"CREATE VIEW xp AS SELECT 'ada' AS name, count(*) AS "
                            f"points FROM ({ENDLESS})"],
    "a view that eats memory": ["DROP TABLE xp", "CREATE VIEW xp AS SELECT zeroblob(100000000) AS "
                                f"name, n AS points FROM ({ENDLESS} LIMIT 30)"],
    "a view beside it": ["CREATE VIEW other AS SELECT 1"],
    "a trigger": ["CREATE TRIGGER t AFTER UPDATE ON xp BEGIN DELETE FROM xp; END"],
    "a virtual table": ["DROP TABLE xp", "CREATE VIRTUAL TABLE xp USING fts5(name, points)"],
    "a computed column": ["DROP TABLE xp", "CREATE TABLE xp (name TEXT, points INTEGER AS "
                          "(length(hex(zeroblob(100000000)))))", "INSERT INTO xp VALUES ('ada')"],
    "no table": ["DROP TABLE xp"],
    "other columns": ["DROP TABLE xp", "CREATE TABLE xp (who, what)"],
    "text for a number": ["UPDATE xp SET points = 'many'"],
    "NULL for a number": ["UPDATE xp SET points = NULL"],
    "no UTF-8": ["UPDATE xp SET name = CAST(x'ff' AS TEXT)"],
    "a long row": ["UPDATE xp SET name = hex(zeroblob(400000))"],
    "rows without end": [f"INSERT INTO xp SELECT n, n FROM ({ENDLESS} LIMIT 20000)"],
    "a definition that lies": ["PRAGMA writable_schema = ON", "UPDATE sqlite_master SET sql = "
                               f"'CREATE/**/VIEW xp AS {ENDLESS}' WHERE name = 'xp'"],
    "a big file": ["CREATE TABLE big (a)", "INSERT INTO big VALUES (zeroblob(20000000))"],
}  # fmt: skip


@pytest.mark.parametrize("statements", SCHEMAS.values(), ids=SCHEMAS)
def test_what_a_file_holds_is_not_run(statements: list[str], file: SqliteFile) -> None:
    run(file, *statements)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(WrongValue):
        rows(file)
    assert time.monotonic() - began < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB
    asyncio.run(file.lock(0.05))


def link(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def hard_link(path: Path, victim: Path) -> None:
    try:
        os.link(victim, path)
    except OSError:
        shutil.copy(victim, path)


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize(
    "put", [link, hard_link, lambda path, _: os.mkfifo(path), lambda path, _: path.mkdir()]
)
def test_another_thing_in_the_place_of_a_file_is_not_touched(
    put: Callable[[Path, Path], None], suffix: str, file: SqliteFile, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    run(file, f"ATTACH '{victim}' AS v", "CREATE TABLE v.xp (name, points)")
    run(file, f"ATTACH '{victim}' AS v", "INSERT INTO v.xp VALUES ('ada', 99)")
    before, began = victim.read_bytes(), time.monotonic()
    if suffix in ("-wal", "-shm"):
        with open(file.path, "r+b") as header:
            header.seek(18)
            header.write(b"\2\2")  # in WAL mode, so that they are looked for
    place = Path(f"{file.path}{suffix}")
    place.unlink(missing_ok=True)
    put(place, victim)
    if suffix:
        assert rows(file) == ADA
    else:
        with pytest.raises(WrongValue, match=r"removed or replaced by another one"):
            rows(file)
    asyncio.run(file.lock(0.05))
    path = asyncio.run(file.renew(TABLE))
    assert (rows(file), path == str(place)) == (ADA, bool(suffix) and path == str(place))
    assert victim.read_bytes() == before
    assert time.monotonic() - began < 8


def test_a_file_that_is_cut_off_or_grown_is_told(file: SqliteFile) -> None:
    for size in (1 << 40, 100, 0):
        os.truncate(file.path, size)
        with pytest.raises(WrongValue):
            rows(file)
        file.counters()


def test_a_forged_wal_is_no_more_than_its_pages() -> None:
    """Frames of pages far away, or of no page, are left out; nothing is written for them."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.executescript(TABLE)
        main = bytearray(database.serialize())
    main[18:20] = b"\2\2"

    def wal(number: int, count: int) -> bytes:
        head = struct.pack(">6I", 0x377F0682, 3007000, 4096, 0, 5, 6)
        sums = sqlite_rows._summed(head, (0, 0), "<")
        frame, page = struct.pack(">2I", number, count), bytes(4096)
        ends = sqlite_rows._summed(frame + page, sums, "<")
        return head + struct.pack(">2I", *sums) + frame + struct.pack(">4I", 5, 6, *ends) + page

    pages = len(main) // 4096
    for number in (0, pages + 1, 0xFFFFFFFF):
        found = sqlite_rows.rows(bytes(main), wal(number, pages), "xp", {"name": str})
        assert found == [("ada",)]
    with pytest.raises(WrongValue, match="4294967295 pages"):
        sqlite_rows.rows(bytes(main), wal(1, 0xFFFFFFFF), "xp", {"name": str})
    for torn in (b"x" * 500, wal(1, pages)[:-1], b""):
        assert sqlite_rows.rows(bytes(main), torn, "xp", {"name": str}) == [("ada",)]


# -- honest ones -----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [512, 1024, 4096, 65536])
def test_what_was_committed_in_wal_mode_is_read_while_it_stays_open(
    page: int, file: SqliteFile
) -> None:
    run(file, f"PRAGMA page_size = {page}", "VACUUM")
    database = sqlite3.connect(file.path, isolation_level=None)
    with contextlib.closing(database):
        assert database.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
        database.execute("CREATE TABLE seen (id INTEGER PRIMARY KEY)")
        database.execute("UPDATE xp SET points = points + 1")
        assert rows(file) == [("ada", 8)]
        database.execute("BEGIN")
        database.execute("UPDATE xp SET points = 0")
        assert rows(file) == [("ada", 8)], "not committed yet"
        database.execute("COMMIT")
        assert rows(file) == [("ada", 0)]
        database.execute("PRAGMA wal_checkpoint(RESTART)")
        database.execute("UPDATE xp SET points = 9")
        assert rows(file) == [("ada", 9)]
    assert rows(file) == [("ada", 9)]


@pytest.mark.parametrize("mode", ["DELETE", "TRUNCATE", "PERSIST", "MEMORY", "WAL"])
def test_the_lock_holds_and_ends_in_every_journal_mode(mode: str, file: SqliteFile) -> None:
    database = sqlite3.connect(file.path, isolation_level=None)
    with contextlib.closing(database):
        database.execute(f"PRAGMA journal_mode = {mode}")
        database.execute("UPDATE xp SET points = 8")
        database.execute("PRAGMA busy_timeout = 50")
        asyncio.run(file.lock(30))
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            database.execute("UPDATE xp SET points = 9")
        with (
            contextlib.closing(sqlite3.connect(file.path, timeout=0.05)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("UPDATE xp SET points = 9")
        asyncio.run(file.release())
        database.execute("UPDATE xp SET points = 9")
        assert rows(file) == [("ada", 9)]


@pytest.mark.slow
def test_who_still_writes_is_asked_about(file: SqliteFile) -> None:
    with contextlib.closing(sqlite3.connect(file.path, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        with pytest.raises(WrongValue, match="what still holds it"):
            rows(file)


def test_a_file_is_filled_anew_for_those_who_have_it_open(file: SqliteFile) -> None:
    path = file.path
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        for points in (1, 2, 3):
            new = TABLE.replace("7", str(points))
            assert asyncio.run(file.renew(new)) == path
            assert database.execute("SELECT points FROM xp").fetchone() == (points,)
            database.execute("UPDATE xp SET points = points + 10")
            assert rows(file) == [("ada", points + 10)]
            assert file.counters()["commits"] == 1
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("UPDATE xp SET points = 0")
        assert asyncio.run(file.renew(TABLE)) != path  # who is in the way keeps the old one
        assert rows(file) == ADA


# -- in an examination -----------------------------------------------------------------------------


def lab_08(xp: str) -> list[Cell]:
    """The lab of unit 08 with this answer, and the visible test of it."""
    import nbformat

    notebook = nbformat.reads(worked("08_databases"), as_version=4)
    source = Unit(repository(), "08_databases").lab.read_text("utf-8")
    originals = assignment.originals_of_notebook(json.loads(source))
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "xp":
            cell.source = xp
    cells = assignment.cells_to_examine(notebook, originals)
    return [cell for cell in cells if cell.role != "test" or cell.name == "xp_visible"]


JOURNAL = """
import os, struct
active = 0

def plant(path):
    magic = bytes.fromhex("d9d505f920a163d7")
    pages = os.path.getsize(path) // 4096
    header = magic + struct.pack(">IIIII", 0, 1, pages, 512, 4096)
    name = {victim!r}.encode()
    tail = struct.pack(">I", 1 + (1 << 30) // 4096) + name
    tail += struct.pack(">II", len(name), sum(name)) + magic
    with open(path + "-new", "wb") as file:
        file.write(header.ljust(512, b"\\0") + tail)
    os.rename(path + "-new", path + "-journal")


async def add_xp(path, name, points):
    global active
    active += 1
    try:
        async with aiosqlite.connect(path, timeout=5) as db:
            await db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
            async with db.execute("SELECT points FROM xp WHERE name = ?", (name,)) as rows:
                now = (await rows.fetchone())[0]
            await db.commit()
        return now
    finally:
        active -= 1
        if not active:
            plant(path)
"""
VIEW = """
async def add_xp(path, name, points):
    def replace():
        db = sqlite3.connect(path, timeout=5)
        try:
            db.executescript("DROP TABLE IF EXISTS xp; CREATE VIEW IF NOT EXISTS xp AS SELECT 'a' "
                             "AS name, count(*) AS points FROM ({endless})")
        except sqlite3.Error:
            pass
        db.close()
    await asyncio.to_thread(replace)
    return 1
"""


@pytest.mark.slow
@pytest.mark.skipif(
    bool(confine.weakness(confine.offered()[0])), reason=finding.reason(availability.namespaces())
)
@pytest.mark.timeout(240)  # an open verdict is examined three times
def test_an_answer_that_leaves_a_forged_journal_deletes_nothing_outside(tmp_path: Path) -> None:
    victim = tmp_path / "gradebook.db"
    with contextlib.closing(sqlite3.connect(victim)) as book:
        book.execute("CREATE TABLE grade (score)")
    before = victim.read_bytes()
    session.examine(lab_08(JOURNAL.replace("{victim!r}", repr(str(victim)))), seconds=20)
    assert victim.read_bytes() == before


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_an_answer_that_leaves_an_endless_view_is_failed_in_time() -> None:
    cells = lab_08(VIEW.replace("{endless}", ENDLESS))
    [test] = [cell for cell in cells if cell.role == "test"]
    for _ in tries():  # beside other work the verdict may stay open
        began = time.monotonic()
        seen = session.examine(cells, seconds=20, attempts=1).seen[test.index]
        if seen.status != verdicts.INCONCLUSIVE:
            break
    assert seen.status == verdicts.FAILED, seen.message
    assert time.monotonic() - began < 30

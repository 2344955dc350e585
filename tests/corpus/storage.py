"""Files, mapped files and sqlite: what the loop reads, packs and looks up itself."""

import asyncio
import contextlib
import csv
import functools
import gzip
import io
import mmap
import os
import sqlite3
import tempfile
import time
import zipfile

from autograder.bench.probe.labels import blocks, free, part
from autograder.bench.probe.sizing import LONG, SHORT, sized

cpu = part("cpu")


@functools.cache
def folder():
    return tempfile.mkdtemp(prefix="corpus-")


def _content(size):
    return b"unblocked " * (size // 10)


NEEDLE = b"\0" * 20 + b"x"  # begins at each byte of a file of zeros, and is not in it


@functools.cache
def mapped(seconds=LONG):
    """A file in memory that is searched for so long, mapped; every page of it has been read."""

    def find(size):
        with mmap.mmap(-1, size) as memory:
            memory.find(NEEDLE)

    size = sized(find, seconds, start=1 << 20)
    path = os.path.join(folder(), f"mapped-{seconds}")
    with open(path, "wb") as file:
        file.write(bytes(size))
    with open(path, "rb") as file:
        memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    memory.find(b"x")
    return (memory,)


@blocks(LONG, kind="cpu", given=mapped)
async def search_of_a_mapped_file(memory):
    memory.find(NEEDLE)  # <- blocks


@free("search_of_a_mapped_file", given=lambda: mapped(SHORT))
async def search_of_a_small_mapped_file(memory):
    memory.find(NEEDLE)


@free("search_of_a_mapped_file", given=lambda: mapped(SHORT))
async def search_of_a_mapped_file_in_slices(memory):
    for _ in range(6):
        memory.find(NEEDLE)
        await asyncio.sleep(0)


@blocks(LONG, kind="gil", given=mapped)
async def search_of_a_mapped_file_in_a_thread(memory):
    """mmap keeps the GIL."""

    def work():
        memory.find(NEEDLE)  # <- blocks

    await asyncio.to_thread(work)


@free("search_of_a_mapped_file_in_a_thread", given=lambda: mapped(SHORT))
async def search_of_a_small_mapped_file_in_a_thread(memory):
    await asyncio.to_thread(memory.find, NEEDLE)


@functools.cache
def packed(seconds=LONG):
    def read(size):
        gzip.decompress(gzip.compress(_content(size), 1))

    size = sized(read, seconds, start=1 << 20)
    path = os.path.join(folder(), f"packed-{seconds}.gz")
    with gzip.open(path, "wb", 1) as file:
        file.write(_content(4 * size))
    return (path,)


@blocks(LONG, kind="cpu", given=packed)
async def gzip_file(path):
    with gzip.open(path) as file:
        file.read()  # <- blocks


@free("gzip_file", given=packed)
async def gzip_file_in_thread(path):
    def work():
        with gzip.open(path) as file:
            while file.read(1 << 16):
                pass

    await asyncio.to_thread(work)


@functools.cache
def table(seconds=LONG):
    def read(lines):
        return len(list(csv.reader(io.StringIO("ada,1,2,3\n" * lines))))

    return ("ada,1,2,3\n" * sized(read, seconds, start=2000),)


@blocks(LONG, kind="cpu", given=table)
async def csv_table(text):
    return len(list(csv.reader(io.StringIO(text))))  # <- blocks


@free("csv_table", given=table)
async def csv_table_row_by_row(text):
    for number, _ in enumerate(csv.reader(io.StringIO(text))):
        if number % 500 == 0:
            await asyncio.sleep(0)


@blocks(LONG, kind="cpu", given=lambda: cpu.data(LONG, "zlib"))
async def zip_archive(content):
    with zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bot.db", content)  # <- blocks


@free("zip_archive", given=lambda: cpu.data(SHORT, "zlib"))
async def small_zip_archive(content):
    with zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bot.db", content)


@functools.cache
def scores(seconds=LONG):
    """A database without an index, and how many members to look up so that it takes so long."""
    path = os.path.join(folder(), f"scores-{seconds}.db")
    made = sqlite3.connect(path)
    made.execute("create table points (member integer, points integer)")
    made.executemany("insert into points values (?, ?)", ((n, n % 97) for n in range(20_000)))
    made.commit()

    def look(count):
        for member in range(count):
            made.execute("select points from points where member = ?", (-member,)).fetchall()

    count = sized(look, seconds, start=20)
    made.close()
    return path, count


@blocks(LONG, kind="cpu", given=scores)
async def lookups_without_an_index(path, count):
    with contextlib.closing(sqlite3.connect(path)) as made:
        for member in range(count):  # <- blocks
            made.execute(  # <- blocks
                "select points from points where member = ?",  # <- blocks
                (-member,),  # <- blocks
            ).fetchall()  # <- blocks


@free("lookups_without_an_index", given=scores)
async def lookups_with_a_turn_in_between(path, count):
    with contextlib.closing(sqlite3.connect(path)) as made:
        for member in range(count // 4):
            made.execute("select points from points where member = ?", (-member,)).fetchall()
            await asyncio.sleep(0)


@free("lookups_without_an_index", given=scores)
async def lookups_in_one_thread(path, count):
    def work():
        with contextlib.closing(sqlite3.connect(path)) as made:
            for member in range(count // 4):
                made.execute("select points from points where member = ?", (-member,)).fetchall()

    await asyncio.to_thread(work)


@blocks(0.15, kind="sleep", given=lambda: scores()[:1])
async def backup_that_pauses(path):
    with contextlib.closing(sqlite3.connect(path)) as made, sqlite3.connect(":memory:") as copy:
        made.backup(copy, pages=1, progress=lambda *_: time.sleep(0.15 / 50))  # <- blocks


@free("backup_that_pauses", given=lambda: scores()[:1])
async def backup_in_a_thread(path):
    def work():
        with contextlib.closing(sqlite3.connect(path)) as made, sqlite3.connect(":memory:") as copy:
            made.backup(copy)

    await asyncio.to_thread(work)


@blocks(LONG, kind="cpu", given=cpu.floats)
async def function_of_ours_in_sqlite(numbers):
    def score(_):
        return len(sorted(numbers))  # <- blocks

    with contextlib.closing(sqlite3.connect(":memory:")) as made:
        made.create_function("score", 1, score)
        made.execute("select score(1)").fetchall()  # <- blocks


@free("function_of_ours_in_sqlite")
async def light_function_of_ours_in_sqlite():
    with contextlib.closing(sqlite3.connect(":memory:")) as made:
        made.create_function("double", 1, lambda points: 2 * points)
        made.execute("select double(21)").fetchall()


@functools.cache
def tree(seconds=LONG):
    """How often to walk through the standard library's folder of asyncio, to take so long."""
    path = os.path.dirname(asyncio.__file__)

    def walk(times):
        for _ in range(times):
            for _, _, names in os.walk(path):
                len(names)

    return path, sized(walk, seconds, start=20)


@blocks(LONG, kind="cpu", given=tree)
async def walk_through_folders(path, times):
    for _ in range(times):  # <- blocks
        for _, _, names in os.walk(path):  # <- blocks
            len(names)  # <- blocks


@free("walk_through_folders", given=tree)
async def walk_through_folders_with_turns(path, times):
    for _ in range(times // 4):
        for _, _, names in os.walk(path):
            len(names)
        await asyncio.sleep(0)

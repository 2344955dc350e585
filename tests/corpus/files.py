"""Files, pipes, databases, child processes, logs and imports."""

import asyncio
import contextlib
import fcntl
import functools
import importlib
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from autograder.bench.probe.labels import blocks, free
from autograder.bench.probe.sizing import LONG, SHORT, sized
from autograder.bench.world.slow_servers import DELAY, servers


def slow():
    return (servers(),)


@blocks(DELAY, kind="sleep", given=slow)
async def open_a_fifo(at):
    path = at.fifo()
    at.poke(f"write {path}")
    with open(path) as fifo:  # <- blocks
        fifo.readline()


@free("open_a_fifo", given=slow)
async def open_a_fifo_in_thread(at):
    path = at.fifo()
    at.poke(f"write {path}")
    await asyncio.to_thread(Path(path).read_text)


@blocks(DELAY, kind="sleep", given=slow)
async def read_a_pipe(at):
    path = at.fifo()
    # For reading and writing, so that opening does not wait.
    fifo = os.open(path, os.O_RDWR)
    at.poke(f"write {path}")
    os.read(fifo, 100)  # <- blocks
    os.close(fifo)


@free("read_a_pipe", given=slow)
async def connect_read_pipe(at):
    path = at.fifo()
    fifo = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    at.poke(f"write {path}")
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(fifo, "rb"))
    await reader.readline()
    transport.close()


@blocks(DELAY, kind="sleep", given=slow)
async def print_flood(at):
    path = at.fifo()
    at.poke(f"drain {path}")
    with open(path, "w") as terminal:  # <- blocks
        for number in range(6_000):
            print("a line of a bot that tells everything", number, file=terminal)  # <- blocks


@free("print_flood", given=slow)
async def print_flood_in_thread(at):
    path = at.fifo()
    at.poke(f"drain {path}")

    def tell():
        with open(path, "w") as terminal:
            for number in range(6_000):
                print("a line of a bot that tells everything", number, file=terminal)

    await asyncio.to_thread(tell)


@free("print_flood")
async def print_a_little():
    with open(os.devnull, "w") as terminal:
        for number in range(200):
            print("a line", number, file=terminal)


@blocks(0.12, kind="sleep", exact=True)
async def slow_log_handler():
    class Remote(logging.Handler):
        def emit(self, record):
            time.sleep(0.12)  # <- blocks

    logger = logging.Logger("bot")
    logger.addHandler(Remote())
    logger.warning("a command came in")


@free("slow_log_handler")
async def log_to_a_file():
    logger = logging.Logger("bot")
    handler = logging.FileHandler(os.devnull)
    logger.addHandler(handler)
    for number in range(50):
        logger.warning("command %d came in", number)
    handler.close()


@functools.cache
def locked_database():
    folder = tempfile.mkdtemp(prefix="corpus-")
    path = os.path.join(folder, "bot.db")
    owner = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    owner.execute("create table points (member text, points integer)")
    owner.execute("begin exclusive")
    return path, owner


@blocks(0.12, kind="sleep", given=lambda: locked_database()[:1])
async def locked_sqlite(path):
    database = sqlite3.connect(path, timeout=0.12)
    with contextlib.suppress(sqlite3.OperationalError):
        database.execute("insert into points values ('ada', 1)")  # <- blocks
    database.close()


@free("locked_sqlite", given=lambda: locked_database()[:1])
async def locked_sqlite_in_thread(path):
    def insert():
        database = sqlite3.connect(path, timeout=0.12)
        with contextlib.suppress(sqlite3.OperationalError):
            database.execute("insert into points values ('ada', 1)")
        database.close()

    await asyncio.to_thread(insert)


COUNT = (
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < {}) "
    "select sum(i) from n"
)


@functools.cache
def rows(seconds=LONG):
    database = sqlite3.connect(":memory:")
    size = sized(lambda n: database.execute(COUNT.format(n)).fetchall(), seconds, start=20_000)
    return (COUNT.format(size),)


@blocks(LONG, kind="cpu", given=rows)
async def heavy_sqlite_query(query):
    database = sqlite3.connect(":memory:")
    began = time.thread_time()
    database.execute(query).fetchall()  # <- blocks
    spent = time.thread_time() - began
    database.close()
    return spent


@free("heavy_sqlite_query", given=rows)
async def heavy_sqlite_query_in_thread(query):
    def count():
        with contextlib.closing(sqlite3.connect(":memory:")) as database:
            return database.execute(query).fetchall()

    await asyncio.to_thread(count)


@free("heavy_sqlite_query", given=lambda: rows(SHORT))
async def light_sqlite_query(query):
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute(query).fetchall()


@blocks(0.2, kind="sleep")
async def flock_held_elsewhere():
    with tempfile.NamedTemporaryFile() as file:
        owner = os.open(file.name, os.O_RDWR)
        fcntl.flock(owner, fcntl.LOCK_EX)
        threading.Timer(0.2, os.close, [owner]).start()
        fcntl.flock(file, fcntl.LOCK_EX)  # <- blocks


@free("flock_held_elsewhere")
async def flock_tried():
    with tempfile.NamedTemporaryFile() as file, open(file.name) as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        for _ in range(5):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            await asyncio.sleep(0.01)


@blocks(0.15, kind="sleep")
async def subprocess_run():
    subprocess.run(["sleep", "0.15"], check=True)  # <- blocks


@free("subprocess_run")
async def asyncio_subprocess():
    process = await asyncio.create_subprocess_exec("sleep", "0.1")
    await process.wait()


@free("subprocess_run")
async def subprocess_run_in_thread():
    await asyncio.to_thread(subprocess.run, ["sleep", "0.1"])


@blocks(0.15, kind="sleep")
async def os_system():
    os.system("sleep 0.15")  # <- blocks


@free("os_system")
async def asyncio_shell():
    process = await asyncio.create_subprocess_shell("sleep 0.1; echo done", stdout=subprocess.PIPE)
    await process.communicate()


@blocks(0.15, kind="sleep")
async def popen_communicate():
    process = subprocess.Popen(["sleep", "0.15"], stdout=subprocess.PIPE)
    process.communicate()  # <- blocks


@free("popen_communicate")
async def popen_polled():
    process = subprocess.Popen(["sleep", "0.1"])
    while process.poll() is None:
        await asyncio.sleep(0.01)


@functools.cache
def heavy_library():
    """A library whose import takes long, where libraries live."""
    folder = Path(tempfile.mkdtemp(prefix="corpus-")) / "site-packages"
    folder.mkdir()
    (folder / "heavy_library.py").write_text("import time\n\ntime.sleep(0.12)\n")
    sys.path.append(str(folder))
    return ()


@blocks(0.12, kind="sleep", given=heavy_library)
async def import_of_a_heavy_library():
    sys.modules.pop("heavy_library", None)
    import heavy_library  # <- blocks

    return heavy_library.__name__


@free("import_of_a_heavy_library", given=heavy_library)
async def import_in_thread():
    sys.modules.pop("heavy_library", None)
    await asyncio.to_thread(importlib.import_module, "heavy_library")


@free("import_of_a_heavy_library")
async def import_of_a_loaded_library():
    import sqlite3

    return sqlite3.__name__


@functools.cache
def many_files(seconds=LONG):
    folder = Path(tempfile.mkdtemp(prefix="corpus-"))
    path = folder / "page.txt"
    path.write_text("hello " * 300)
    return path, sized(lambda n: [path.read_text() for _ in range(n)], seconds, start=200)


@blocks(LONG, kind="cpu", given=many_files)
async def many_small_files(path, count):
    began = time.thread_time()
    for _ in range(count):
        path.read_text()  # <- blocks
    return time.thread_time() - began


@free("many_small_files", given=lambda: many_files(SHORT))
async def a_few_small_files(path, count):
    for _ in range(count):
        path.read_text()


@free("many_small_files", given=lambda: many_files(LONG / 2))
async def many_small_files_in_one_thread(path, count):
    await asyncio.to_thread(lambda: [path.read_text() for _ in range(count)])

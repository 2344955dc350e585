"""Locks whose holder works: the loop waits for what a thread does meanwhile."""

import asyncio
import functools
import hashlib
import importlib
import io
import logging
import logging.handlers
import os
import queue
import sqlite3
import sys
import tempfile
import threading
import time

from autograder.bench.probe.labels import blocks, free, part
from autograder.bench.probe.sizing import LONG, burn

cpu = part("cpu")


def locked(lock, work):
    """A thread that holds the lock while it works; it has the lock when this returns."""
    held = threading.Event()

    def hold():
        with lock:
            held.set()
            work()

    threading.Thread(target=hold, daemon=True).start()
    return held


async def has(held):
    while not held.is_set():
        await asyncio.sleep(0.001)


@blocks(0.16, kind="sleep")
async def lock_of_a_thread_that_computes():
    lock = threading.Lock()
    await has(locked(lock, lambda: burn(0.2)))
    with lock:  # <- blocks
        pass


@free("lock_of_a_thread_that_computes")
async def lock_of_a_thread_that_computes_briefly():
    lock = threading.Lock()
    await has(locked(lock, lambda: burn(0.005)))
    with lock:
        pass


@free("lock_of_a_thread_that_computes")
async def lock_of_a_thread_that_computes_tried():
    lock = threading.Lock()
    await has(locked(lock, lambda: burn(0.1)))
    while not lock.acquire(blocking=False):
        await asyncio.sleep(0.005)
    lock.release()


@blocks(LONG, kind="sleep", given=cpu.data)
async def lock_of_a_thread_that_hashes(content):
    lock = threading.Lock()
    await has(locked(lock, lambda: hashlib.sha256(content)))
    with lock:  # <- blocks
        pass


@free("lock_of_a_thread_that_hashes", given=cpu.data)
async def lock_of_a_thread_that_hashes_taken_in_a_thread(content):
    lock = threading.Lock()
    await has(locked(lock, lambda: hashlib.sha256(content)))
    await asyncio.to_thread(lock.acquire)


@blocks(0.2, kind="sleep")
async def lock_with_a_line_of_waiters():
    """Three threads take the lock in turn, each for 70 ms; the loop comes after them."""
    lock, begun = threading.Lock(), [locked(threading.Lock(), int)]
    for _ in range(3):
        begun.append(locked(lock, lambda: time.sleep(0.07)))
    await has(begun[1])
    await asyncio.to_thread(time.sleep, 0.005)
    while lock.locked():
        lock.acquire()  # <- blocks
        lock.release()


@free("lock_with_a_line_of_waiters")
async def asyncio_lock_with_a_line_of_waiters():
    lock = asyncio.Lock()

    async def take():
        async with lock:
            await asyncio.sleep(0.03)

    await asyncio.gather(*(take() for _ in range(4)))


class Slow(io.StringIO):
    def write(self, text):
        time.sleep(0.2)
        return super().write(text)


@blocks(0.15, kind="sleep")
async def lock_of_a_log_handler():
    """Another thread logs through the same handler, which writes slowly."""
    handler = logging.StreamHandler(io.StringIO())
    record = logging.makeLogRecord({"msg": "a command came in"})
    await has(locked(handler.lock, lambda: time.sleep(0.2)))
    handler.handle(record)  # <- blocks


@free("lock_of_a_log_handler")
async def log_handler_with_a_queue():
    records = queue.SimpleQueue()
    handler = logging.handlers.QueueHandler(records)
    listener = logging.handlers.QueueListener(records, logging.StreamHandler(Slow()))
    listener.start()
    handler.handle(logging.makeLogRecord({"msg": "a command came in"}))
    await asyncio.sleep(0.05)
    await asyncio.to_thread(listener.stop)


@functools.cache
def slow_module():
    """A module that takes 0.2 s to import, made anew for each import."""
    folder = tempfile.mkdtemp(prefix="corpus-")
    with open(os.path.join(folder, "slow_module.py"), "w") as file:
        file.write("import time\ntime.sleep(0.2)\n")
    sys.path.append(folder)
    return ()


@blocks(0.15, kind="sleep", given=slow_module)
async def lock_of_an_import_in_a_thread():
    sys.modules.pop("slow_module", None)
    importing = asyncio.create_task(asyncio.to_thread(importlib.import_module, "slow_module"))
    await asyncio.sleep(0.02)
    importlib.import_module("slow_module")  # <- blocks
    await importing


@free("lock_of_an_import_in_a_thread", given=slow_module)
async def import_in_a_thread_awaited():
    sys.modules.pop("slow_module", None)
    await asyncio.to_thread(importlib.import_module, "slow_module")
    importlib.import_module("slow_module")


@functools.cache
def shared_database():
    path = os.path.join(tempfile.mkdtemp(prefix="corpus-"), "bot.db")
    with sqlite3.connect(path) as made:
        made.execute("create table points (member text, points integer)")
    return (path,)


def writing(path, seconds, begun=None):
    """Hold the database's lock for so long."""
    owner = sqlite3.connect(path, isolation_level=None)
    owner.execute("begin exclusive")
    if begun is not None:
        begun.set()
    time.sleep(seconds)
    owner.execute("commit")
    owner.close()


def insert(path):
    with sqlite3.connect(path, timeout=5) as made:
        made.execute("insert into points values ('ada', 1)")
    made.close()


@blocks(0.2, kind="sleep", given=shared_database)
async def sqlite_locked_by_a_thread(path):
    begun = threading.Event()
    holding = asyncio.create_task(asyncio.to_thread(writing, path, 0.2, begun))
    await has(begun)
    made = sqlite3.connect(path, timeout=5)
    made.execute("insert into points values ('ada', 1)")  # <- blocks
    made.close()
    await holding


@free("sqlite_locked_by_a_thread", given=shared_database)
async def sqlite_locked_by_a_thread_written_in_a_thread(path):
    begun = threading.Event()
    holding = asyncio.create_task(asyncio.to_thread(writing, path, 0.1, begun))
    await has(begun)
    await asyncio.to_thread(insert, path)
    await holding


@blocks(0.2, kind="sleep")
async def condition_notified_by_a_thread_that_computes():
    changed, found = threading.Condition(), []

    def work():
        burn(0.2)
        with changed:
            found.append(1)
            changed.notify()

    threading.Thread(target=work, daemon=True).start()
    with changed:
        changed.wait_for(lambda: found)  # <- blocks


@free("condition_notified_by_a_thread_that_computes")
async def future_set_by_a_thread_that_computes():
    loop = asyncio.get_running_loop()
    found = loop.create_future()

    def work():
        burn(0.1)
        loop.call_soon_threadsafe(found.set_result, 1)

    threading.Thread(target=work, daemon=True).start()
    await found

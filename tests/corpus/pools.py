"""Threads and pools made beforehand, as a good bot does: older than the call that needs them."""

import asyncio
import functools
import hashlib
import json
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from autograder.bench.probe.labels import blocks, free, part
from autograder.bench.probe.sizing import LONG, SHORT

cpu = part("cpu")


@functools.cache
def pool():
    made = ThreadPoolExecutor(4)
    made.submit(int).result()  # one of its threads runs, and waits for more
    return made


@functools.cache
def another_loop():
    """A loop in a thread, with a default pool of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    asyncio.run_coroutine_threadsafe(asyncio.to_thread(int), loop).result()
    return loop


@functools.cache
def worker():
    """A thread that takes functions from a queue, and calls them."""
    jobs = queue.SimpleQueue()

    def work():
        while True:
            jobs.get()()

    threading.Thread(target=work, daemon=True).start()
    return jobs


def both(made, given=lambda: ()):
    """What is made beforehand, and then what the work is about."""
    return lambda: (made(), *given())


@blocks(LONG, kind="gil", given=both(pool, cpu.json_text))
async def json_loads_in_pool_made_once(made, text):
    def work():
        return len(json.loads(text))  # <- blocks

    await asyncio.get_running_loop().run_in_executor(made, work)


@free("json_loads_in_pool_made_once", given=both(pool, lambda: cpu.json_text(SHORT / 16)))
async def small_json_loads_in_pool_made_once(made, text):
    def work():
        for _ in range(96):
            json.loads(text)

    await asyncio.get_running_loop().run_in_executor(made, work)


@free("json_loads_in_pool_made_once", given=both(pool, cpu.data))
async def hash_in_pool_made_once(made, content):
    await asyncio.get_running_loop().run_in_executor(made, hashlib.sha256, content)


@blocks(LONG, kind="gil", given=both(pool, cpu.floats))
async def sort_given_to_pool_made_once(made, numbers):
    await asyncio.get_running_loop().run_in_executor(made, sorted, numbers)  # <- blocks


@free("sort_given_to_pool_made_once", given=both(pool))
async def sleep_given_to_pool_made_once(made):
    await asyncio.get_running_loop().run_in_executor(made, time.sleep, 0.12)


@blocks(LONG, kind="gil", given=both(another_loop, cpu.json_text))
async def json_loads_in_pool_of_another_loop(loop, text):
    def work():
        return len(json.loads(text))  # <- blocks

    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asyncio.to_thread(work), loop))


@free("json_loads_in_pool_of_another_loop", given=both(another_loop, cpu.data))
async def hash_in_pool_of_another_loop(loop, content):
    work = asyncio.to_thread(hashlib.sha256, content)
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))


@blocks(LONG, kind="gil", given=both(worker, cpu.floats))
async def sort_in_thread_with_a_queue(jobs, numbers):
    loop, sorted_ = asyncio.get_running_loop(), asyncio.Event()

    def work():
        numbers[:].sort()  # <- blocks
        loop.call_soon_threadsafe(sorted_.set)

    jobs.put(work)
    await sorted_.wait()


@free("sort_in_thread_with_a_queue", given=both(worker, cpu.data))
async def hash_in_thread_with_a_queue(jobs, content):
    loop, hashed = asyncio.get_running_loop(), asyncio.Event()

    def work():
        hashlib.sha256(content)
        loop.call_soon_threadsafe(hashed.set)

    jobs.put(work)
    await hashed.wait()


def hashing():
    """A job of before the call, which lets go of the GIL."""
    pool().submit(hashlib.sha256, cpu.data()[0])
    return ()


@free("json_loads_in_pool_made_once", given=hashing)
async def ticks_beside_a_hash_of_before():
    for _ in range(12):
        await asyncio.sleep(0.01)


@blocks(0.12, kind="sleep", given=hashing)
async def sleep_beside_a_hash_of_before():
    time.sleep(0.12)  # <- blocks

"""Threads and pools made beforehand, as a good bot does: older than the call that needs them."""

import _thread
import asyncio
import ctypes
import functools
import hashlib
import json
import multiprocessing.pool
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
def pool_of_processing():
    """The pool of threads that `multiprocessing` has."""
    made = multiprocessing.pool.ThreadPool(2)
    made.apply(int)
    return made


@functools.cache
def another_loop():
    """A loop in a thread, with a default pool of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    asyncio.run_coroutine_threadsafe(asyncio.to_thread(int), loop).result()
    return loop


def _calls(jobs):
    while True:
        jobs.get()()


@functools.cache
def worker():
    """A thread that takes functions from a queue, and calls them."""
    jobs = queue.SimpleQueue()
    threading.Thread(target=_calls, args=(jobs,), daemon=True).start()
    return jobs


@functools.cache
def worker_with_python_queue():
    jobs = queue.Queue()
    threading.Thread(target=_calls, args=(jobs,), daemon=True).start()
    return jobs


@functools.cache
def raw_worker():
    """The same, unknown to `threading`."""
    jobs = queue.SimpleQueue()
    _thread.start_new_thread(_calls, (jobs,))
    return jobs


@functools.cache
def worker_of_c():
    """The same, in a thread that the C library has started."""
    jobs = queue.SimpleQueue()
    start = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(lambda _: _calls(jobs))
    jobs_and_start = (jobs, start)  # ctypes keeps no reference to the function
    assert ctypes.CDLL(None).pthread_create(ctypes.byref(ctypes.c_ulong()), None, start, None) == 0
    return jobs_and_start


def poller():
    """A thread that looks every 5 ms whether there is something to do, as file watchers do.

    It ends after 0.3 s: a job of before leaves the verdicts of other snippets open.
    """
    jobs, until = [], time.monotonic() + 0.3

    def poll():
        while jobs or time.monotonic() < until:
            time.sleep(0.005)
            while jobs:
                jobs.pop()()

    threading.Thread(target=poll, daemon=True).start()
    return jobs


class Told:
    """Something to do in another thread, and the coroutine that waits until it is done."""

    def __init__(self, work):
        self.work, self.loop, self.done = work, asyncio.get_running_loop(), asyncio.Event()

    def __call__(self):
        self.work()
        self.loop.call_soon_threadsafe(self.done.set)

    async def wait(self):
        await self.done.wait()


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


@blocks(LONG, kind="gil", given=both(pool, cpu.floats))
async def sort_submitted_to_pool_made_once(made, numbers):
    def work():
        return sorted(numbers)  # <- blocks

    done = made.submit(work)
    while not done.done():
        await asyncio.sleep(0.005)


@free("sort_submitted_to_pool_made_once", given=both(pool, cpu.data))
async def hash_submitted_to_pool_made_once(made, content):
    done = made.submit(hashlib.sha256, content)
    while not done.done():
        await asyncio.sleep(0.005)


@blocks(LONG, kind="gil", given=both(pool_of_processing, cpu.floats))
async def sort_in_thread_pool_of_multiprocessing(made, numbers):
    def work():
        return len(sorted(numbers))  # <- blocks

    done = made.apply_async(work)
    while not done.ready():
        await asyncio.sleep(0.005)


@free("sort_in_thread_pool_of_multiprocessing", given=both(pool_of_processing, cpu.data))
async def hash_in_thread_pool_of_multiprocessing(made, content):
    done = made.apply_async(hashlib.sha256, (content,))
    while not done.ready():
        await asyncio.sleep(0.005)


@free("sort_in_thread_pool_of_multiprocessing", given=both(pool_of_processing))
async def sleeps_in_thread_pool_of_multiprocessing(made):
    done = made.map_async(time.sleep, [0.03] * 6)
    while not done.ready():
        await asyncio.sleep(0.005)


@blocks(LONG, kind="gil", given=both(another_loop, cpu.json_text))
async def json_loads_in_pool_of_another_loop(loop, text):
    def work():
        return len(json.loads(text))  # <- blocks

    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asyncio.to_thread(work), loop))


@free("json_loads_in_pool_of_another_loop", given=both(another_loop, cpu.data))
async def hash_in_pool_of_another_loop(loop, content):
    work = asyncio.to_thread(hashlib.sha256, content)
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))


@blocks(LONG, kind="gil", given=both(another_loop, cpu.floats))
async def sort_on_another_loop(loop, numbers):
    async def work():
        return len(sorted(numbers))  # <- blocks

    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), loop))


@free("sort_on_another_loop", given=both(another_loop))
async def sleep_of_another_loop(loop):
    async def work():
        time.sleep(0.12)

    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), loop))


@blocks(LONG, kind="gil", given=both(worker, cpu.floats))
async def sort_in_thread_with_a_queue(jobs, numbers):
    def work():
        numbers[:].sort()  # <- blocks

    jobs.put(told := Told(work))
    await told.wait()


@free("sort_in_thread_with_a_queue", given=both(worker, cpu.data))
async def hash_in_thread_with_a_queue(jobs, content):
    jobs.put(told := Told(lambda: hashlib.sha256(content)))
    await told.wait()


@blocks(LONG, kind="gil", given=both(worker_with_python_queue, cpu.big_range))
async def sum_in_thread_with_python_queue(jobs, numbers):
    def work():
        sum(numbers)  # <- blocks

    jobs.put(told := Told(work))
    await told.wait()


@free("sum_in_thread_with_python_queue", given=both(worker_with_python_queue, cpu.data))
async def hash_in_thread_with_python_queue(jobs, content):
    jobs.put(told := Told(lambda: hashlib.sha256(content)))
    await told.wait()


@blocks(LONG, kind="gil", given=both(raw_worker, cpu.floats))
async def sort_in_raw_thread(jobs, numbers):
    def work():
        numbers[:].sort()  # <- blocks

    jobs.put(told := Told(work))
    await told.wait()


@free("sort_in_raw_thread", given=both(raw_worker, cpu.data))
async def hash_in_raw_thread(jobs, content):
    jobs.put(told := Told(lambda: hashlib.sha256(content)))
    await told.wait()


@blocks(LONG, kind="gil", given=both(worker_of_c, cpu.floats))
async def sort_in_thread_of_c(jobs_and_start, numbers):
    def work():
        numbers[:].sort()  # <- blocks

    jobs_and_start[0].put(told := Told(work))
    await told.wait()


@free("sort_in_thread_of_c", given=both(worker_of_c))
async def sleep_in_thread_of_c(jobs_and_start):
    jobs_and_start[0].put(told := Told(lambda: time.sleep(0.12)))
    await told.wait()


@free("sort_in_raw_thread", given=both(poller, cpu.data))
async def hash_in_polling_thread(jobs, content):
    jobs.append(told := Told(lambda: hashlib.sha256(content)))
    await told.wait()


@blocks(LONG, kind="gil", given=cpu.floats)
async def sort_in_timer(numbers):
    def work():
        numbers[:].sort()  # <- blocks

    threading.Timer(0.01, told := Told(work)).start()
    await told.wait()


@free("sort_in_timer", given=cpu.data)
async def hash_in_timer(content):
    threading.Timer(0.01, told := Told(lambda: hashlib.sha256(content))).start()
    await told.wait()


def hashing():
    """A job of before the call, which lets go of the GIL."""
    pool().submit(hashlib.sha256, cpu.data()[0])
    return ()


def sleeping():
    """A job of before the call, which sleeps for as long as the call takes."""
    pool().submit(time.sleep, 0.15)
    return ()


@free("sleep_beside_a_hash_of_before", given=hashing)
async def ticks_beside_a_hash_of_before():
    for _ in range(12):
        await asyncio.sleep(0.01)


@blocks(0.12, kind="sleep", given=hashing)
async def sleep_beside_a_hash_of_before():
    time.sleep(0.12)  # <- blocks


@free("sleep_beside_a_sleep_of_before", given=sleeping)
async def ticks_beside_a_sleep_of_before():
    for _ in range(12):
        await asyncio.sleep(0.01)


@blocks(0.12, kind="sleep", given=sleeping)
async def sleep_beside_a_sleep_of_before():
    time.sleep(0.12)  # <- blocks

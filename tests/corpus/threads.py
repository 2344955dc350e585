"""Threads and pools used by somebody who means well."""

import asyncio
import functools
import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from autograder.bench.probe.labels import blocks, free, part
from autograder.bench.probe.sizing import LONG, SHORT, burn

cpu = part("cpu")


def look_up(seconds):
    time.sleep(seconds)
    return "found"


@blocks(0.12, kind="sleep")
async def called_before_to_thread():
    def fetch(seconds):
        time.sleep(seconds)  # <- blocks
        return str

    await asyncio.to_thread(fetch(0.12))


@free("called_before_to_thread")
async def given_to_to_thread():
    def fetch(seconds):
        time.sleep(seconds)
        return str

    await asyncio.to_thread(fetch, 0.12)


@blocks(0.12, kind="sleep")
async def called_before_run_in_executor():
    def fetch(seconds):
        time.sleep(seconds)  # <- blocks
        return str

    await asyncio.get_running_loop().run_in_executor(None, fetch(0.12))


@free("called_before_run_in_executor")
async def partial_given_to_run_in_executor():
    await asyncio.get_running_loop().run_in_executor(None, functools.partial(look_up, seconds=0.12))


@blocks(0.2, kind="sleep")
async def pool_closed_before_the_await():
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as pool:  # <- blocks
        future = loop.run_in_executor(pool, time.sleep, 0.2)
    await future


@free("pool_closed_before_the_await")
async def awaited_inside_the_pool():
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as pool:
        await loop.run_in_executor(pool, time.sleep, 0.12)


@blocks(0.2, kind="sleep")
async def submit_and_result():
    pool = ThreadPoolExecutor(1)
    pool.submit(look_up, 0.2).result()  # <- blocks
    pool.shutdown(wait=False)


@free("submit_and_result")
async def submit_and_await():
    pool = ThreadPoolExecutor(1)
    await asyncio.wrap_future(pool.submit(look_up, 0.12))
    pool.shutdown(wait=False)


@blocks(0.2, kind="sleep")
async def shutdown_of_a_busy_pool():
    pool = ThreadPoolExecutor(1)
    pool.submit(time.sleep, 0.2)
    pool.shutdown()  # <- blocks


@free("shutdown_of_a_busy_pool")
async def shutdown_without_waiting():
    pool = ThreadPoolExecutor(1)
    pool.submit(time.sleep, 0.12)
    pool.shutdown(wait=False)


@blocks(0.12, kind="sleep", exact=True)
async def slow_callback_from_a_thread():
    loop, heard = asyncio.get_running_loop(), asyncio.Event()

    def told():
        time.sleep(0.12)  # <- blocks
        heard.set()

    threading.Timer(0.01, loop.call_soon_threadsafe, [told]).start()
    await heard.wait()


@free("slow_callback_from_a_thread")
async def quick_callback_from_a_thread():
    loop = asyncio.get_running_loop()

    def told():
        time.sleep(0.005)

    threading.Timer(0.01, loop.call_soon_threadsafe, [told]).start()
    await asyncio.sleep(0.06)


@blocks(0.12, kind="sleep", exact=True)
async def slow_coroutine_from_a_thread():
    loop = asyncio.get_running_loop()

    async def told():
        time.sleep(0.12)  # <- blocks

    def tell():
        asyncio.run_coroutine_threadsafe(told(), loop).result()

    await asyncio.to_thread(tell)


@free("slow_coroutine_from_a_thread")
async def patient_coroutine_from_a_thread():
    loop = asyncio.get_running_loop()

    async def told():
        await asyncio.sleep(0.12)

    def tell():
        asyncio.run_coroutine_threadsafe(told(), loop).result()

    await asyncio.to_thread(tell)


@blocks(0.12, kind="sleep", exact=True)
async def sleep_while_a_thread_hashes():
    content = cpu.data()[0]
    hashing = asyncio.create_task(asyncio.to_thread(hashlib.sha256, content))
    await asyncio.sleep(0.01)
    time.sleep(0.12)  # <- blocks
    await hashing


@free("sleep_while_a_thread_hashes")
async def async_sleep_while_a_thread_hashes():
    content = cpu.data()[0]
    hashing = asyncio.create_task(asyncio.to_thread(hashlib.sha256, content))
    await asyncio.sleep(0.12)
    await hashing


@blocks(0.12, kind="sleep", exact=True)
async def sleep_while_a_thread_sleeps():
    sleeping = asyncio.create_task(asyncio.to_thread(time.sleep, 0.15))
    await asyncio.sleep(0.01)
    time.sleep(0.12)  # <- blocks
    await sleeping


@free("sleep_while_a_thread_sleeps")
async def async_sleep_while_a_thread_sleeps():
    sleeping = asyncio.create_task(asyncio.to_thread(time.sleep, 0.15))
    await asyncio.sleep(0.12)
    await sleeping


@blocks(0.2, kind="sleep")
async def sleep_while_a_thread_loops():
    """A thread that loops in Python: the loop also waits for the GIL, 5 ms at most, on waking."""
    stop = threading.Event()

    def work():
        while not stop.is_set():
            burn(0.002)

    working = asyncio.create_task(asyncio.to_thread(work))
    await asyncio.sleep(0.02)
    time.sleep(0.2)  # <- blocks
    stop.set()
    await working


@free("sleep_while_a_thread_loops")
async def async_sleep_while_a_thread_loops():
    stop = threading.Event()

    def work():
        while not stop.is_set():
            burn(0.002)

    working = asyncio.create_task(asyncio.to_thread(work))
    await asyncio.sleep(0.15)
    stop.set()
    await working


@blocks(LONG, kind="cpu", given=cpu.steps)
async def loop_while_a_thread_sleeps(count):
    sleeping = asyncio.create_task(asyncio.to_thread(time.sleep, 0.1))
    await asyncio.sleep(0.01)
    began = time.thread_time()
    total = 0
    for step in range(count):  # <- blocks
        total += step * step % 7  # <- blocks
    spent = time.thread_time() - began
    await sleeping
    return spent


@free("loop_while_a_thread_sleeps", given=lambda: cpu.steps(SHORT))
async def short_loop_while_a_thread_sleeps(count):
    sleeping = asyncio.create_task(asyncio.to_thread(time.sleep, 0.1))
    await asyncio.sleep(0.01)
    cpu.python_loop(count)
    await sleeping


@free("executor_map")
async def more_calls_than_the_pool_has_threads():
    pool = ThreadPoolExecutor(2)
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.run_in_executor(pool, time.sleep, 0.02) for _ in range(10)))
    pool.shutdown(wait=False)


@free("called_before_to_thread")
async def many_quick_thread_calls():
    for _ in range(40):
        await asyncio.to_thread(int)


@blocks(0.2, kind="sleep")
async def many_threads_joined():
    threads = [threading.Thread(target=time.sleep, args=(0.2,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()  # <- blocks


@free("many_threads_joined")
async def many_threads_left_alone():
    threads = [threading.Thread(target=time.sleep, args=(0.1,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    await asyncio.sleep(0.12)


@blocks(0.2, kind="sleep")
async def asyncio_run_in_a_joined_thread():
    """The usual way around "asyncio.run() cannot be called from a running event loop"."""
    thread = threading.Thread(target=asyncio.run, args=(asyncio.sleep(0.2),))
    thread.start()
    thread.join()  # <- blocks


@free("asyncio_run_in_a_joined_thread")
async def asyncio_run_in_an_awaited_thread():
    await asyncio.to_thread(lambda: asyncio.run(asyncio.sleep(0.12)))

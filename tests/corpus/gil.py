"""Work in a thread: one long C call that keeps the GIL stops the loop, everything else does not."""

import asyncio
import contextlib
import copy
import ctypes
import functools
import hashlib
import json
import random
import re
import threading
import time
import zlib

from autograder.bench.probe.labels import blocks, free, part
from autograder.bench.probe.sizing import LONG, SHORT

cpu = part("cpu")
# PyDLL keeps the GIL during the call, CDLL releases it: the same C function, both ways.
keeping = ctypes.PyDLL(None)
releasing = ctypes.CDLL(None)


@blocks(0.12, kind="sleep", exact=True)
async def c_call_that_keeps_the_gil():
    keeping.usleep(120_000)  # <- blocks


@free("c_call_that_keeps_the_gil")
async def c_call_that_releases_the_gil_in_thread():
    await asyncio.to_thread(releasing.usleep, 120_000)


@contextlib.contextmanager
def a_thread_that_wakes_often():
    over = threading.Event()

    def wake():
        while not over.is_set():
            time.sleep(0.004)

    thread = threading.Thread(target=wake)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@blocks(0.12, kind="sleep")
async def c_call_beside_a_thread_that_wakes_often():
    """The thread asks for the GIL meanwhile, and nobody can look at the loop."""
    with a_thread_that_wakes_often():
        await asyncio.sleep(0.013)
        keeping.usleep(120_000)  # <- blocks
        await asyncio.sleep(0.013)


@free("c_call_beside_a_thread_that_wakes_often")
async def c_call_in_a_thread_beside_one_that_wakes_often():
    with a_thread_that_wakes_often():
        await asyncio.to_thread(releasing.usleep, 120_000)


@blocks(0.12, kind="gil")
async def c_call_in_thread_keeps_the_gil():
    def work():
        keeping.usleep(120_000)  # <- blocks

    await asyncio.to_thread(work)


@free("c_call_in_thread_keeps_the_gil")
async def c_call_in_thread_keeps_the_gil_briefly():
    def work():
        for _ in range(12):
            keeping.usleep(10_000)
            time.sleep(0.001)

    await asyncio.to_thread(work)


@blocks(LONG, kind="gil", given=cpu.floats)
async def sort_in_thread(numbers):
    def work():
        return sorted(numbers)  # <- blocks

    await asyncio.to_thread(work)


@blocks(LONG, kind="gil", given=cpu.floats)
async def sort_given_to_thread(numbers):
    await asyncio.to_thread(sorted, numbers)  # <- blocks


@blocks(LONG, kind="gil", given=cpu.floats)
async def sort_in_started_thread(numbers):
    def work():
        numbers[:].sort()  # <- blocks

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(0.01)


@functools.cache
def chunks():
    numbers = cpu.floats()[0]
    size = max(1, len(numbers) // 240)  # 0.6 ms each: longer ones add up to a block of 60 ms
    return ([numbers[start : start + size] for start in range(0, len(numbers), size)],)


@free("sort_in_thread", given=chunks)
async def sort_of_chunks_in_thread(slices):
    def work():
        for piece in slices:
            sorted(piece)

    await asyncio.to_thread(work)


@free("sort_given_to_thread", given=lambda: cpu.floats(SHORT))
async def small_sort_given_to_thread(numbers):
    await asyncio.to_thread(sorted, numbers)


@free("sort_in_started_thread", given=chunks)
async def sort_of_chunks_in_started_thread(slices):
    def work():
        for piece in slices:
            sorted(piece)

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(0.01)


@blocks(LONG, kind="gil", given=cpu.json_text)
async def json_loads_in_thread(text):
    def work():
        return len(json.loads(text))  # <- blocks

    await asyncio.to_thread(work)


@free("json_loads_in_thread", given=lambda: cpu.json_text(SHORT / 16))
async def small_json_loads_in_thread(text):
    # Each call keeps the GIL for 0.75 ms; the loop may lose the race for it a few times.
    def work():
        for _ in range(96):
            json.loads(text)

    await asyncio.to_thread(work)


@blocks(LONG, kind="gil", given=cpu.json_value)
async def json_dumps_in_thread(value):
    def work():
        return len(json.dumps(value))  # <- blocks

    await asyncio.to_thread(work)


@free("json_dumps_in_thread", given=cpu.json_value)
async def json_dumps_in_pieces_in_thread(value):
    # The pure-Python encoder yields piece by piece and lets the GIL go every 5 ms.
    def work():
        encoder = json.JSONEncoder()
        return sum(len(piece) for piece in encoder.iterencode(value[: len(value) // 8]))

    await asyncio.to_thread(work)


@blocks(LONG, kind="gil", given=cpu.backtracking)
async def regex_in_thread(text):
    def work():
        return re.match("a*a*b", text)  # <- blocks

    await asyncio.to_thread(work)


@free("regex_in_thread", given=cpu.backtracking)
async def harmless_regex_in_thread(text):
    def work():
        for _ in range(20):
            re.match("a*b", text)

    await asyncio.to_thread(work)


@blocks(LONG, kind="gil", given=cpu.big_range)
async def sum_in_thread(numbers):
    def work():
        return sum(numbers)  # <- blocks

    await asyncio.to_thread(work)


@free("sum_in_thread", given=cpu.big_range)
async def sum_in_thread_in_python(numbers):
    def work():
        total = 0
        for number in numbers[: len(numbers) // 2]:
            total += number
        return total

    await asyncio.to_thread(work)


@blocks(LONG, kind="gil", given=cpu.big_number)
async def power_in_executor(number):
    loop = asyncio.get_running_loop()

    def work():
        return cpu.math.factorial(number)  # <- blocks

    await loop.run_in_executor(None, work)


@free("power_in_executor", given=lambda: (range(1, 3000),))
async def product_in_executor(numbers):
    def work():
        product = 1
        for number in numbers:
            product *= number
        return product.bit_length()

    await asyncio.get_running_loop().run_in_executor(None, work)


@free("sort_in_thread", given=cpu.data)
async def two_hashes_in_threads(content):
    await asyncio.gather(
        asyncio.to_thread(hashlib.sha256, content), asyncio.to_thread(hashlib.sha256, content)
    )


@free("json_loads_in_thread", given=lambda: cpu.data(LONG, "zlib"))
async def decompress_in_thread(content):
    packed = await asyncio.to_thread(zlib.compress, content, 1)
    await asyncio.to_thread(zlib.decompress, packed)


@free("pure_python_loop", given=lambda: cpu.json_value(SHORT))
async def deepcopy_in_thread(value):
    await asyncio.to_thread(copy.deepcopy, value)


@free("sort_in_thread", given=lambda: (random.Random(1).randbytes(1_000),))
async def python_loop_in_two_threads(content):
    def work():
        total = 0
        for _ in range(300):
            for byte in content:
                total += byte
        return total

    await asyncio.gather(asyncio.to_thread(work), asyncio.to_thread(work))

"""CPU work on the loop's thread: Python code and single long C calls, sized at run time."""

import asyncio
import base64
import copy
import difflib
import functools
import gc
import hashlib
import io
import json
import math
import multiprocessing
import pickle
import random
import re
import time
import zlib
from concurrent.futures import ProcessPoolExecutor

from PIL import Image, ImageFilter

from autograder.bench.probe.labels import blocks, free
from autograder.bench.probe.sizing import LONG, SHORT, burn, least_cost, nap, sized


def python_loop(steps):
    total = 0
    for step in range(steps):
        total += step * step % 7
    return total


@functools.cache
def steps(seconds=LONG):
    return (sized(python_loop, seconds, start=20_000),)


@functools.cache
def json_text(seconds=LONG):
    def text(records):
        return json.dumps([{"id": n, "name": f"user {n}", "roles": [n, n]} for n in range(records)])

    # Size on the parsing alone: making the text must not count.
    size, cost = 100, 0.0
    while cost < seconds:
        size = int(size * max(1.3, min(8, 0.9 * seconds / cost))) if cost else size
        document = text(size)
        cost = least_cost(functools.partial(json.loads, document))
    return (document,)


@functools.cache
def json_value(seconds=LONG):
    """A value that takes so long to dump."""
    value = json.loads(json_text(seconds)[0])
    cost = least_cost(functools.partial(json.dumps, value))
    return ((value * math.ceil(seconds / cost))[: int(len(value) * seconds / cost)],)


@functools.cache
def backtracking(seconds=LONG):
    def match(length):
        re.match("a*a*b", "a" * length)

    return ("a" * sized(match, seconds, start=200, power=2),)


@functools.cache
def floats(seconds=LONG):
    numbers = [random.random() for _ in range(100_000)]
    cost = least_cost(functools.partial(sorted, numbers))
    # n log n: a tenth more than proportional.
    return ([random.random() for _ in range(int(100_000 * 0.95 * seconds / cost))],)


@functools.cache
def data(seconds=LONG, algorithm="sha256"):
    work = {
        "sha256": lambda size: hashlib.sha256(bytes(size)).digest(),
        "zlib": lambda size: zlib.compress(random.Random(1).randbytes(size // 4) * 4, 6),
        "base64": lambda size: base64.b85encode(bytes(size)),
    }[algorithm]
    size = sized(work, seconds, start=400_000)
    return (random.Random(1).randbytes(size // 4) * 4,)


@functools.cache
def rounds(seconds=LONG):
    def derive(count):
        hashlib.pbkdf2_hmac("sha256", b"password", b"salt", count)

    return (sized(derive, seconds, start=2_000),)


@functools.cache
def picture(seconds=LONG):
    def blur(side):
        Image.effect_noise((side, side), 60).filter(ImageFilter.GaussianBlur(6))

    side = sized(blur, seconds, start=300, power=2)
    image = Image.effect_noise((side, side), 60)
    cost = least_cost(functools.partial(image.filter, ImageFilter.GaussianBlur(6)))
    return (image.resize((int(side * (1.1 * seconds / cost) ** 0.5),) * 2),)


@blocks(LONG, kind="cpu", given=steps)
async def pure_python_loop(count):
    began = time.thread_time()
    total = 0
    for step in range(count):  # <- blocks
        total += step * step % 7  # <- blocks
    return time.thread_time() - began


@free("pure_python_loop", given=lambda: steps(SHORT))
async def short_python_loop(count):
    python_loop(count)


@free("pure_python_loop", given=steps)
async def python_loop_in_thread(count):
    await asyncio.to_thread(python_loop, count)


@free("pure_python_loop", given=steps)
async def python_loop_with_yields(count):
    async def work():
        due = time.perf_counter() + 0.005
        total = 0
        for step in range(count):
            total += step * step % 7
            if step % 256 == 0 and time.perf_counter() > due:
                await asyncio.sleep(0)
                due = time.perf_counter() + 0.005

    await work()


@blocks(LONG, kind="cpu", given=steps)
async def cpu_after_one_yield_at_the_top(count):
    await asyncio.sleep(0)
    began = time.thread_time()
    total = 0
    for step in range(count):  # <- blocks
        total += step * step % 7  # <- blocks
    return time.thread_time() - began


@free("cpu_after_one_yield_at_the_top", given=steps)
async def cpu_after_many_yields(count):
    for _ in range(40):
        await asyncio.sleep(0)
        python_loop(count // 40)


@blocks(LONG, kind="cpu")
async def spin_on_the_clock():
    began = time.thread_time()
    while time.thread_time() - began < 0.16:  # <- blocks
        pass  # <- blocks
    return time.thread_time() - began


@free("spin_on_the_clock")
async def spin_on_the_clock_with_yields():
    until = time.monotonic() + 0.1
    while time.monotonic() < until:
        await asyncio.sleep(0)


@blocks(LONG, kind="cpu", given=json_text)
async def json_loads(text):
    began = time.thread_time()
    json.loads(text)  # <- blocks
    return time.thread_time() - began


@free("json_loads", given=lambda: json_text(SHORT))
async def json_loads_small(text):
    json.loads(text)
    await asyncio.sleep(0.02)
    json.loads(text)


@blocks(LONG, kind="cpu", given=json_value)
async def json_dumps(value):
    began = time.thread_time()
    json.dumps(value)  # <- blocks
    return time.thread_time() - began


@free("json_dumps", given=lambda: json_value(SHORT / 2))
async def json_dumps_small(value):
    for _ in range(5):
        json.dumps(value)
        await asyncio.sleep(0)


@blocks(LONG, kind="cpu", given=backtracking)
async def regex_backtracks(text):
    began = time.thread_time()
    re.match("a*a*b", text)  # <- blocks
    return time.thread_time() - began


@free("regex_backtracks", given=backtracking)
async def regex_that_does_not_backtrack(text):
    re.match("a*b", text)


@blocks(LONG, kind="cpu", given=floats)
async def sort_on_the_loop(numbers):
    began = time.thread_time()
    sorted(numbers)  # <- blocks
    return time.thread_time() - began


@free("sort_on_the_loop", given=lambda: floats(SHORT))
async def sort_a_little(numbers):
    sorted(numbers)


@blocks(LONG, kind="cpu", given=data)
async def sha256_on_the_loop(content):
    began = time.thread_time()
    hashlib.sha256(content).digest()  # <- blocks
    return time.thread_time() - began


@free("sha256_on_the_loop", given=data)
async def sha256_in_thread(content):
    await asyncio.to_thread(hashlib.sha256, content)


@blocks(LONG, kind="cpu", given=rounds)
async def password_hash_on_the_loop(count):
    began = time.thread_time()
    hashlib.pbkdf2_hmac("sha256", b"password", b"salt", count)  # <- blocks
    return time.thread_time() - began


@free("password_hash_on_the_loop", given=rounds)
async def password_hash_in_thread(count):
    await asyncio.to_thread(hashlib.pbkdf2_hmac, "sha256", b"password", b"salt", count)


@blocks(LONG, kind="cpu", given=lambda: data(LONG, "zlib"))
async def compress_on_the_loop(content):
    began = time.thread_time()
    zlib.compress(content, 6)  # <- blocks
    return time.thread_time() - began


@free("compress_on_the_loop", given=lambda: data(LONG, "zlib"))
async def compress_in_thread(content):
    await asyncio.to_thread(zlib.compress, content, 6)


@blocks(LONG, kind="cpu", given=picture)
async def pillow_blur_on_the_loop(image):
    began = time.thread_time()
    image.filter(ImageFilter.GaussianBlur(6))  # <- blocks
    return time.thread_time() - began


@free("pillow_blur_on_the_loop", given=picture)
async def pillow_blur_in_thread(image):
    await asyncio.to_thread(image.filter, ImageFilter.GaussianBlur(6))


@blocks(LONG, kind="cpu", given=lambda: picture(LONG / 6))
async def pillow_save_on_the_loop(image):
    began = time.thread_time()
    while time.thread_time() - began < 0.13:  # <- blocks
        image.save(io.BytesIO(), "PNG")  # <- blocks
    return time.thread_time() - began


@free("pillow_save_on_the_loop", given=lambda: picture(LONG / 6))
async def pillow_save_in_thread(image):
    await asyncio.to_thread(image.save, io.BytesIO(), "PNG")


@blocks(LONG, kind="cpu", given=json_value)
async def deepcopy(value):
    began = time.thread_time()
    copy.deepcopy(value[: len(value) // 5])  # <- blocks
    return time.thread_time() - began


@free("deepcopy", given=lambda: json_value(SHORT / 8))
async def deepcopy_small(value):
    copy.deepcopy(value[: len(value) // 2])


@blocks(LONG, kind="cpu", given=json_value)
async def pickle_on_the_loop(value):
    began = time.thread_time()
    while time.thread_time() - began < 0.13:  # <- blocks
        pickle.loads(pickle.dumps(value))  # <- blocks
    return time.thread_time() - began


@free("pickle_on_the_loop", given=lambda: json_value(SHORT / 2))
async def pickle_small(value):
    pickle.loads(pickle.dumps(value))


@functools.cache
def big_number():
    return (sized(math.factorial, LONG, start=4_000, power=1.6),)


@blocks(LONG, kind="cpu", given=big_number)
async def factorial(number):
    began = time.thread_time()
    math.factorial(number)  # <- blocks
    return time.thread_time() - began


@free("factorial", given=lambda: (sum, range(steps()[0] * 2), process_pool()))
async def sum_in_process_pool(function, numbers, pool):
    await asyncio.get_running_loop().run_in_executor(pool, function, numbers)


@functools.cache
def process_pool():
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    pool.submit(sum, [1, 2]).result()
    return pool


@functools.cache
def big_range():
    return (range(sized(lambda n: sum(range(n)), LONG, start=1_000_000)),)


@blocks(LONG, kind="cpu", given=big_range)
async def sum_of_a_range(numbers):
    began = time.thread_time()
    sum(numbers)  # <- blocks
    return time.thread_time() - began


@free("sum_of_a_range", given=big_range)
async def sum_in_slices(numbers):
    size = max(1, len(numbers) // 40)
    for start in range(0, len(numbers), size):
        sum(numbers[start : start + size])
        await asyncio.sleep(0)


@functools.cache
def texts():
    rng = random.Random(1)

    def lines(count):
        return [f"line {rng.randrange(30)} {n % 7}" for n in range(count)]

    def compare(count):
        difflib.SequenceMatcher(None, lines(count), lines(count), autojunk=False).ratio()

    size = sized(compare, LONG, start=60, power=1.7)
    return lines(size), lines(size)


@blocks(LONG, kind="cpu", given=texts)
async def compare_texts(one, other):
    began = time.thread_time()
    difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()  # <- blocks
    return time.thread_time() - began


@free("compare_texts", given=texts)
async def compare_texts_in_thread(one, other):
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    await asyncio.to_thread(matcher.ratio)


@blocks(LONG, kind="cpu")
async def collect_garbage():
    objects = [[n] for n in range(20_000)]
    await asyncio.sleep(0.01)
    began = time.thread_time()
    while time.thread_time() - began < 0.13:  # <- blocks
        gc.collect()  # <- blocks
    del objects
    return time.thread_time() - began


@free("collect_garbage")
async def collect_young_garbage():
    for _ in range(5):
        gc.collect(0)
        await asyncio.sleep(0.005)


@functools.cache
def source_text():
    line = "value = [n * 2 for n in range(10) if n % 3]\n"
    return (line * sized(lambda n: compile(line * n, "<sized>", "exec"), LONG, start=200),)


@blocks(LONG, kind="cpu", given=source_text)
async def compile_source(text):
    began = time.thread_time()
    compile(text, "<learner>", "exec")  # <- blocks
    return time.thread_time() - began


@free("compile_source", given=lambda: ("answer = 42\n" * 20,))
async def compile_a_little(text):
    compile(text, "<learner>", "exec")


@blocks(0.12, kind="cpu")
async def half_cpu_half_sleep():
    began = time.thread_time()
    for _ in range(6):
        burn(0.01)  # <- blocks
        nap(0.01)  # <- blocks
    return time.thread_time() - began + 0.06


@free("half_cpu_half_sleep")
async def a_little_cpu_and_a_little_sleep():
    for _ in range(6):
        burn(0.005)
        time.sleep(0.005)
        await asyncio.sleep(0)


@blocks(LONG, kind="cpu", given=steps)
async def cpu_in_recursion(count):
    def nest(depth):
        if depth:
            return nest(depth - 1)
        return python_part(count)

    def python_part(count):
        total = 0
        for step in range(count):  # <- blocks
            total += step * step % 7  # <- blocks
        return total

    began = time.thread_time()
    nest(40)
    return time.thread_time() - began


@free("cpu_in_recursion", given=lambda: steps(SHORT))
async def short_cpu_in_recursion(count):
    def nest(depth):
        return nest(depth - 1) if depth else python_loop(count)

    nest(40)

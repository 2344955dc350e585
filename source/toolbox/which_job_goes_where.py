# The cheat sheet: one page, whose numbers are measured on the reader's own machine.

# %% [markdown]
# # Which job goes where
#
# One page to keep. *Run All* takes about ten seconds, and fills the table with the numbers of **your**
# machine.
#
# | your job ... | put it | in code |
# |---|---|---|
# | waits, and has an async client | on the loop, awaited | `async with session.get(url) as page:` |
# | waits, and has none | in a thread | `await asyncio.to_thread(sdk.ask, question)` |
# | waits, has none, and many come at the same time | in a pool of its own | `await loop.run_in_executor(POOL, sdk.ask, question)` |
# | computes for less than 10 ms | on the loop, as it is | `throw("2d6")` |
# | computes in plain Python, a loop of yours | in slices, or a thread | `async for item in gently(items):` (lab of unit 04) |
# | computes in C code that releases the GIL (hashes, zlib, Pillow) | in a thread | `await asyncio.to_thread(image.save, file)` |
# | computes in C code that keeps it (`sorted`, `json`, `re`) | in a process | `await loop.run_in_executor(PROCESSES, job, data)` |
#
# Four jobs stand for all of them. Each takes about a quarter of a second:

# %%
# %%writefile jobs.py
"""Four jobs, in a file of their own, because another process must be able to import them."""
import hashlib
import random
import time
from array import array


def wait(seconds):
    time.sleep(seconds)  # as an SDK does, or a locked file


def count(numbers):
    return sum(1 for number in range(int(numbers)) if number % 7 == 0)  # plain Python


def sort(numbers):
    return sorted(array("Q", random.Random(1).randbytes(8 * int(numbers))))[0]  # C, keeps the GIL


def digest(rounds):
    return hashlib.pbkdf2_hmac("sha256", b"tea", b"salt", int(rounds)).hex()  # C, releases it

# %%
import asyncio
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import jobs
from autograder import watch

PROCESSES = ProcessPoolExecutor(1, get_context("spawn"))
PROCESSES.submit(jobs.wait, 0).result()  # so that its start is not measured


def sized(job, size, seconds=0.25):
    """The size at which this job takes so much CPU time on this machine."""
    while True:
        began = time.thread_time()
        job(size)
        if (cost := time.thread_time() - began) > 0.03:
            return size * seconds / cost
        size *= 2

# %% [markdown]
# The places. `slices` exists only for loops that you can write yourself:

# %%
async def on_the_loop(name, size):
    getattr(jobs, name)(size)


async def thread(name, size):
    await asyncio.to_thread(getattr(jobs, name), size)


async def process(name, size):
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(PROCESSES, getattr(jobs, name), size)


async def slices(name, size):
    turn = time.monotonic() + 0.005  # 5 ms, then a turn for the loop
    for number in range(int(size)):
        number % 7 == 0  # noqa: B015 the work of `count`
        if number % 100 == 0 and time.monotonic() > turn:
            await asyncio.sleep(0)
            turn = time.monotonic() + 0.005

# %%
JOBS = {"wait": 0.25, "count": sized(jobs.count, 1e5), "sort": sized(jobs.sort, 1e4),
        "digest": sized(jobs.digest, 1e4)}
PLACES = {"on the loop": on_the_loop, "thread": thread, "process": process, "slices": slices}
reports = {
    (job, place): await watch(function, job, size)
    for job, size in JOBS.items()
    for place, function in PLACES.items()
    if place != "slices" or job == "count"
}

# %%
def figure(job, place):
    report = reports.get((job, place))
    if report is None:
        return "-"
    seconds = report.longest_block
    said = f"{seconds * 1000:.0f} ms" if seconds >= 0.005 else "< 5 ms"
    if seconds >= 0.1:
        return f"{said}  X"
    return f"{said}  ?" if seconds + report.late_by_machine >= 0.1 else said


print("how long each job held the loop; X: too long, 100 ms or more;")
print("?: other programs kept the loop waiting as well, so close some of them and run it again\n")
print(f"{'':10}" + "".join(f"{place:>14}" for place in PLACES))
for job in JOBS:
    print(f"{job:10}" + "".join(f"{figure(job, place):>14}" for place in PLACES))

# %% [markdown]
# Read it by rows. A thread is right for `wait` and `digest`. `sort` needs a process. `count` can go
# anywhere but on the loop in one piece: slices are simplest; in a thread, it and the loop take turns
# with the GIL.
#
# **And how many?** A pool serves *threads / seconds per job* jobs per second. asyncio's own has
# `min(32, cpus + 4)` threads, and DNS uses it too.

# %%
import os

processors = getattr(os, "process_cpu_count", os.cpu_count)  # the first exists since Python 3.13
threads = min(32, (processors() or 1) + 4)
print(f"The default pool here has {threads} threads: {threads / 0.2:.0f} jobs of 0.2 s per second.")

# %% [markdown]
# Where it is shown: blocking at all in [unit 03](lesson:03_gateway/sleep-in-handler), the load that
# a pool can bear in [unit 12](lesson:12_capstone/all-in-threads).

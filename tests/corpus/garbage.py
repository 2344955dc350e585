"""Python's search for garbage: it is the call's for what the call has made, and for nothing else.

What is older than the call is frozen: here by the worker, in a notebook by `watch`.
"""

import asyncio
import functools
import gc

from autograder.bench.probe.labels import blocks, free
from autograder.bench.probe.sizing import LONG, sized

OLDER = [[n] for n in range(300_000)]  # 20 ms more for each full collection


def collected(count):
    objects = [[n] for n in range(count)]
    gc.collect()
    return objects


@functools.cache
def containers():
    return (sized(collected, 2 * LONG, start=200_000),)


async def fill(objects, count):
    for begin in range(0, count, 1000):
        objects += [[n] for n in range(begin, begin + 1000)]
        await asyncio.sleep(0)


@blocks(LONG, kind="garbage", given=containers)
async def collect_what_the_call_made(count):
    objects = []
    gc.disable()
    await fill(objects, 2 * count)
    gc.enable()
    gc.collect()  # <- blocks


@free("collect_what_the_call_made")
async def collect_what_was_there_before():
    objects = []
    await fill(objects, 10_000)
    gc.collect()
    await asyncio.sleep(0.01)

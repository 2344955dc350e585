"""Loops and calls whose line is hard to name: jumps back without a line, texts, library code.

Python 3.11 hands the GIL over at the jump back to the head of a loop. If the loop ends in an `if`,
this jump has no line (gh-94485).
"""

import asyncio
import time

from autograder.bench.probe.labels import blocks, free, part
from autograder.bench.probe.sizing import LONG, SHORT


def many():
    return part("cpu").steps(LONG)


def few():
    return part("cpu").steps(SHORT)


@blocks(LONG, kind="cpu", given=many)
async def for_ends_in_if(steps):
    total = 0
    for step in range(steps):  # <- blocks
        total += step * step % 7  # <- blocks
        if total < 0:  # <- blocks
            total = 1


@free("for_ends_in_if", given=few)
async def short_for_ends_in_if(steps):
    total = 0
    for step in range(steps):
        total += step * step % 7
        if total < 0:
            total = 1


@blocks(LONG, kind="cpu", given=many)
async def for_ends_in_if_and_debug_mode(steps):
    async def count():
        total = 0
        for step in range(steps):  # <- blocks
            total += step * step % 7  # <- blocks
            if total < 0:  # <- blocks
                total = 1

    asyncio.get_running_loop().set_debug(True)
    await asyncio.create_task(count())


@free("for_ends_in_if_and_debug_mode", given=few)
async def short_for_and_debug_mode(steps):
    asyncio.get_running_loop().set_debug(True)
    await asyncio.create_task(short_for_ends_in_if(steps))


@blocks(LONG, kind="cpu", given=many)
async def while_true_ends_in_if(steps):
    total = 0
    while True:  # <- blocks
        steps -= 1  # <- blocks
        total += steps * steps % 7  # <- blocks
        if steps == 0:  # <- blocks
            break
        if total < 0:  # <- blocks
            total = 1


@free("while_true_ends_in_if", given=few)
async def short_while_true(steps):
    total = 0
    while True:
        steps -= 1
        total += steps * steps % 7
        if steps == 0:
            break
        if total < 0:
            total = 1


@blocks(LONG, kind="cpu", given=many)
async def comprehension_over_lines(steps):
    return len(
        [  # <- blocks
            step  # <- blocks
            for step in range(steps)  # <- blocks
            if step * step % 7  # <- blocks
            if step % 1000 == 1  # <- blocks
        ]
    )


@free("comprehension_over_lines", given=few)
async def short_comprehension(steps):
    return len([step for step in range(steps) if step * step % 7 if step % 1000 == 1])


@blocks(LONG, kind="cpu", given=many)
async def generator_ends_in_if(steps):
    def odd_ones():
        for step in range(steps):  # <- blocks
            rest = step * step % 7  # <- blocks
            if rest == 8:  # <- blocks
                yield step

    for _ in odd_ones():  # <- blocks
        pass


@free("generator_ends_in_if", given=few)
async def short_generator(steps):
    for _ in (step for step in range(steps) if step * step % 7 == 8):
        pass


@blocks(LONG, kind="cpu", given=many)
async def asynchronous_generator(steps):
    async def squares():
        for step in range(steps):  # <- blocks
            square = step * step % 7  # <- blocks
            if square == 2:  # <- blocks
                yield square  # <- blocks

    total = 0
    async for square in squares():  # <- blocks
        total += square  # <- blocks
        if total < 0:  # <- blocks
            total = 1


@free("asynchronous_generator", given=few)
async def short_asynchronous_generator(steps):
    async def squares():
        for step in range(steps):
            square = step * step % 7
            if square == 2:
                yield square

    async for _ in squares():
        pass


@blocks(0.12, kind="sleep", exact=True)
async def callback_of_asyncio_alone():
    loop = asyncio.get_running_loop()
    loop.call_soon(time.sleep, 0.12)
    await asyncio.sleep(0.01)  # <- blocks


@free("callback_of_asyncio_alone")
async def short_callback_of_asyncio_alone():
    loop = asyncio.get_running_loop()
    loop.call_soon(time.sleep, 0.005)
    await asyncio.sleep(0.01)

"""The last pass, and what a loop does while it ends: cancel what is left, close generators."""

import asyncio
import contextlib
import socket
import time

from autograder.bench.probe.labels import blocks, free
from autograder.bench.probe.sizing import burn


@blocks(0.12, kind="sleep", exact=True)
async def sleep_in_the_last_pass():
    await asyncio.sleep(0.02)
    time.sleep(0.12)  # <- blocks


@free("sleep_in_the_last_pass")
async def short_sleep_in_the_last_pass():
    await asyncio.sleep(0.02)
    time.sleep(0.01)


@blocks(0.12, kind="sleep", exact=True)
async def sleep_when_cancelled_at_the_end():
    async def background():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            time.sleep(0.12)  # <- blocks
            raise

    kept.append(asyncio.create_task(background()))
    await asyncio.sleep(0.01)


@free("sleep_when_cancelled_at_the_end")
async def quick_when_cancelled_at_the_end():
    async def background():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            time.sleep(0.005)
            raise

    kept.append(asyncio.create_task(background()))
    await asyncio.sleep(0.01)


@free("sleep_when_cancelled_at_the_end")
async def suspends_when_cancelled_at_the_end():
    async def background():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.12)

    kept.append(asyncio.create_task(background()))
    await asyncio.sleep(0.01)


@blocks(0.12, kind="sleep", exact=True)
async def generator_that_sleeps_when_closed():
    async def pages():
        try:
            yield 1
            yield 2
        finally:
            time.sleep(0.12)  # <- blocks

    reading = pages()
    kept.append(reading)
    await anext(reading)


@free("generator_that_sleeps_when_closed")
async def generator_that_is_quick_when_closed():
    async def pages():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0.05)

    reading = pages()
    kept.append(reading)
    await anext(reading)


@blocks(0.12, kind="sleep", exact=True)
async def sleep_before_an_exception():
    try:
        raise ValueError("no such command")
    finally:
        time.sleep(0.12)  # <- blocks


@free("sleep_before_an_exception")
async def async_sleep_before_an_exception():
    try:
        raise ValueError("no such command")
    finally:
        await asyncio.sleep(0.12)


@free("sleep_in_the_last_pass")
async def thread_that_outlives_the_answer():
    kept.append(asyncio.create_task(asyncio.to_thread(time.sleep, 0.12)))
    await asyncio.sleep(0.01)


@blocks(0.15, kind="cpu")
async def computing_when_cancelled_at_the_end():
    async def background():
        try:
            await asyncio.sleep(60)
        finally:
            burn(0.15)  # <- blocks

    kept.append(asyncio.create_task(background()))
    await asyncio.sleep(0.01)


@free("computing_when_cancelled_at_the_end")
async def many_tasks_cancelled_at_the_end():
    kept.extend(asyncio.create_task(asyncio.sleep(60)) for _ in range(100))
    await asyncio.sleep(0.01)


@blocks(0.15, kind="sleep")
async def tasks_that_sleep_when_cancelled_together():
    async def background():
        try:
            await asyncio.sleep(60)
        finally:
            time.sleep(0.03)  # <- blocks

    kept.extend(asyncio.create_task(background()) for _ in range(5))
    await asyncio.sleep(0.01)


@free("tasks_that_sleep_when_cancelled_together")
async def tasks_that_wait_for_a_thread_when_cancelled():
    async def background():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.to_thread(time.sleep, 0.05)

    kept.extend(asyncio.create_task(background()) for _ in range(3))
    await asyncio.sleep(0.01)


@blocks(0.15, kind="sleep")
async def transport_that_sleeps_when_it_is_lost():
    class Slow(asyncio.Protocol):
        def connection_lost(self, error):
            time.sleep(0.15)  # <- blocks

    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    transport, _ = await loop.create_connection(Slow, sock=ours)
    transport.close()
    theirs.close()
    await asyncio.sleep(0.01)


@free("transport_that_sleeps_when_it_is_lost")
async def transport_that_is_lost():
    loop, lost = asyncio.get_running_loop(), asyncio.Event()

    class Quick(asyncio.Protocol):
        def connection_lost(self, error):
            lost.set()

    ours, theirs = socket.socketpair()
    transport, _ = await loop.create_connection(Quick, sock=ours)
    transport.close()
    await lost.wait()
    theirs.close()


@blocks(0.15, kind="sleep")
async def stack_of_exits_that_sleep():
    def leave():
        time.sleep(0.05)  # <- blocks

    async with contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            stack.callback(leave)
        await asyncio.sleep(0.01)


@free("stack_of_exits_that_sleep")
async def stack_of_exits_that_suspend():
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            stack.push_async_callback(asyncio.sleep, 0.03)
        await asyncio.sleep(0.01)


kept = []  # what must not be collected before the loop ends

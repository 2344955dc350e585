"""The last pass, and what a loop does while it ends: cancel what is left, close generators."""

import asyncio
import time

from autograder.bench.probe.labels import blocks, free


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


kept = []  # what must not be collected before the loop ends

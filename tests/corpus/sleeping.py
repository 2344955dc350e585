"""Calls that sleep on the loop's thread, wherever in the learner's code they stand."""

import asyncio
import contextlib
import functools
import gc
import select
import threading
import time

from autograder.bench.probe.labels import blocks, free


@blocks(0.12, kind="sleep", exact=True)
async def time_sleep():
    time.sleep(0.12)  # <- blocks


@free("time_sleep")
async def asyncio_sleep():
    await asyncio.sleep(0.12)


@blocks(0.12, kind="sleep", exact=True)
async def sleep_in_own_function():
    def look_up():
        time.sleep(0.12)  # <- blocks

    look_up()


@free("sleep_in_own_function")
async def own_function_in_thread():
    def look_up():
        time.sleep(0.12)

    await asyncio.to_thread(look_up)


@blocks(0.12, kind="sleep", exact=True)
async def sleep_after_an_await():
    await asyncio.sleep(0.02)
    time.sleep(0.12)  # <- blocks
    await asyncio.sleep(0.02)


@free("sleep_after_an_await")
async def short_sleep_after_an_await():
    await asyncio.sleep(0.02)
    time.sleep(0.015)
    await asyncio.sleep(0.02)


@blocks(0.121, kind="sleep", exact=True)  # each sleep takes 0.08 ms more than asked for
async def many_short_sleeps_without_yielding():
    for _ in range(12):
        time.sleep(0.01)  # <- blocks


@free("many_short_sleeps_without_yielding")
async def many_short_sleeps_with_yields():
    for _ in range(12):
        time.sleep(0.01)
        await asyncio.sleep(0)


@blocks(0.12, kind="sleep", exact=True)
async def timeout_cannot_cut_a_sleep():
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.03):
            time.sleep(0.12)  # <- blocks


@free("timeout_cannot_cut_a_sleep")
async def timeout_cuts_an_async_sleep():
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.03):
            await asyncio.sleep(5)


@blocks(0.12, kind="sleep", exact=True)
async def wait_for_cannot_cut_a_sleep():
    async def answer():
        time.sleep(0.12)  # <- blocks

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(answer(), 0.03)


@free("wait_for_cannot_cut_a_sleep")
async def wait_for_cuts_an_async_sleep():
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.sleep(5), 0.03)


@blocks(0.12, kind="sleep", exact=True)
async def select_with_timeout():
    select.select([], [], [], 0.12)  # <- blocks


@free("select_with_timeout")
async def select_that_polls():
    for _ in range(10):
        select.select([], [], [], 0)
        await asyncio.sleep(0.01)


@blocks(0.12, kind="sleep", exact=True)
async def event_wait_with_timeout():
    threading.Event().wait(0.12)  # <- blocks


@free("event_wait_with_timeout")
async def asyncio_event_wait_with_timeout():
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 0.12)


@blocks(0.12, kind="sleep", exact=True)
async def sleep_in_async_generator():
    async def pages():
        for number in range(2):
            yield number
            time.sleep(0.06)  # <- blocks

    async for _ in pages():
        pass


@free("sleep_in_async_generator")
async def async_generator_that_suspends():
    async def pages():
        for number in range(6):
            await asyncio.sleep(0.02)
            yield number

    async for _ in pages():
        pass


@blocks(0.12, kind="sleep", exact=True)
async def sleep_in_aexit():
    class Session:
        async def __aenter__(self):
            await asyncio.sleep(0.01)

        async def __aexit__(self, *exc):
            time.sleep(0.12)  # <- blocks

    async with Session():
        await asyncio.sleep(0.01)


@free("sleep_in_aexit")
async def aexit_that_suspends():
    class Session:
        async def __aenter__(self):
            await asyncio.sleep(0.01)

        async def __aexit__(self, *exc):
            await asyncio.sleep(0.12)

    async with Session():
        await asyncio.sleep(0.01)


@blocks(0.12, kind="sleep", exact=True)
async def sleep_in_finaliser():
    class Session:
        def __del__(self):
            time.sleep(0.12)  # <- blocks

    session = Session()
    await asyncio.sleep(0.01)
    del session
    await asyncio.sleep(0.01)


@free("sleep_in_finaliser")
async def light_finaliser():
    class Session:
        def __del__(self):
            time.sleep(0.005)

    session = Session()
    await asyncio.sleep(0.01)
    del session
    await asyncio.sleep(0.01)


@blocks(0.12, kind="sleep", exact=True)
async def sleep_in_collected_cycle():
    class Session:
        def __init__(self):
            self.me = self

        def __del__(self):
            time.sleep(0.12)  # <- blocks

    Session()
    await asyncio.sleep(0.01)
    gc.collect(0)


@free("sleep_in_collected_cycle")
async def light_collected_cycle():
    class Session:
        def __init__(self):
            self.me = self

    Session()
    await asyncio.sleep(0.01)
    gc.collect(0)


@blocks(0.12, kind="sleep", exact=True)
async def sleep_in_done_callback():
    def report(task):
        time.sleep(0.12)  # <- blocks

    task = asyncio.create_task(asyncio.sleep(0.01))
    task.add_done_callback(report)
    await task
    await asyncio.sleep(0.01)


@free("sleep_in_done_callback")
async def light_done_callback():
    def report(task):
        time.sleep(0.005)

    task = asyncio.create_task(asyncio.sleep(0.01))
    task.add_done_callback(report)
    await task
    await asyncio.sleep(0.01)


@blocks(0.12, kind="sleep", exact=True)
async def sleep_in_call_later():
    asyncio.get_running_loop().call_later(0.02, lambda: time.sleep(0.12))  # <- blocks
    await asyncio.sleep(0.05)


@free("sleep_in_call_later")
async def light_call_later():
    asyncio.get_running_loop().call_later(0.02, lambda: time.sleep(0.005))
    await asyncio.sleep(0.05)


@blocks(0.12, kind="sleep", exact=True)
async def sleep_given_to_call_soon():
    # No line of the learner's runs meanwhile: the one that asked or the one that waits will do.
    asyncio.get_running_loop().call_soon(time.sleep, 0.12)  # <- blocks
    await asyncio.sleep(0.02)  # <- blocks


@free("sleep_given_to_call_soon")
async def short_sleep_given_to_call_soon():
    asyncio.get_running_loop().call_soon(time.sleep, 0.005)
    await asyncio.sleep(0.02)


@blocks(0.12, kind="sleep", exact=True)
async def sleep_in_exception_handler():
    def complain(loop, context):
        time.sleep(0.12)  # <- blocks

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(complain)
    loop.call_soon(lambda: 1 / 0)
    await asyncio.sleep(0.02)


@free("sleep_in_exception_handler")
async def light_exception_handler():
    def complain(loop, context):
        time.sleep(0.005)

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(complain)
    loop.call_soon(lambda: 1 / 0)
    await asyncio.sleep(0.02)


@blocks(0.12, kind="sleep", exact=True)
async def sleep_in_decorated_function():
    def slowly(function):
        @functools.wraps(function)
        async def wrapper(*args):
            time.sleep(0.12)  # <- blocks
            return await function(*args)

        return wrapper

    @slowly
    async def answer():
        await asyncio.sleep(0.01)

    await answer()


@free("sleep_in_decorated_function")
async def decorated_function_that_suspends():
    def slowly(function):
        @functools.wraps(function)
        async def wrapper(*args):
            await asyncio.sleep(0.12)
            return await function(*args)

        return wrapper

    @slowly
    async def answer():
        await asyncio.sleep(0.01)

    await answer()


@blocks(0.12, kind="sleep", exact=True)
async def sleep_in_comprehension():
    return str([time.sleep(0.03) for _ in range(4)])  # <- blocks


@free("sleep_in_comprehension")
async def async_sleep_in_comprehension():
    return str([await asyncio.sleep(0.03) for _ in range(4)])


@blocks(0.12, kind="sleep", exact=True)
async def sleep_in_property():
    class Member:
        @property
        def roles(self):
            time.sleep(0.12)  # <- blocks
            return ["admin"]

    await asyncio.sleep(0.01)
    return ", ".join(Member().roles)


@free("sleep_in_property")
async def property_read_in_thread():
    class Member:
        @property
        def roles(self):
            time.sleep(0.12)
            return ["admin"]

    return ", ".join(await asyncio.to_thread(lambda: Member().roles))


@blocks(0.12, kind="sleep", exact=True)
async def sleep_in_protocol():
    class Echo(asyncio.DatagramProtocol):
        def datagram_received(self, data, addr):
            time.sleep(0.12)  # <- blocks

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    transport.sendto(b"hello", transport.get_extra_info("sockname"))
    await asyncio.sleep(0.05)
    transport.close()


@free("sleep_in_protocol")
async def light_protocol():
    class Echo(asyncio.DatagramProtocol):
        def datagram_received(self, data, addr):
            time.sleep(0.005)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    transport.sendto(b"hello", transport.get_extra_info("sockname"))
    await asyncio.sleep(0.05)
    transport.close()


@blocks(0.14, kind="sleep", exact=True)
async def sleep_beside_another_task():
    async def heartbeat():
        for _ in range(5):
            await asyncio.sleep(0.02)

    beating = asyncio.create_task(heartbeat())
    await asyncio.sleep(0.03)
    time.sleep(0.14)  # <- blocks
    await beating


@free("sleep_beside_another_task")
async def async_sleep_beside_another_task():
    async def heartbeat():
        for _ in range(5):
            await asyncio.sleep(0.02)

    beating = asyncio.create_task(heartbeat())
    await asyncio.sleep(0.14)
    await beating

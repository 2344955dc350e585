"""Many tasks and callbacks, each short: how many of them share one pass of the loop?"""

import asyncio
import contextvars
import functools
import hashlib
import time

from autograder.bench.probe.labels import blocks, free, part
from autograder.bench.probe.sizing import LONG, SHORT, burn, nap

cpu = part("cpu")


@blocks(0.62, kind="cpu")
async def ten_photos_in_one_pass():
    async def portrait():
        await asyncio.sleep(0)
        burn(0.062)  # <- blocks

    await asyncio.gather(*(portrait() for _ in range(10)))


@free("ten_photos_in_one_pass", given=lambda: cpu.data(SHORT))
async def ten_hashes_in_threads(content):
    await asyncio.gather(*(asyncio.to_thread(hashlib.sha256, content) for _ in range(10)))


@free("ten_photos_in_one_pass")
async def ten_photos_one_after_the_other():
    async def portrait(turn):
        async with turn:
            burn(0.012)
            await asyncio.sleep(0.001)

    turn = asyncio.Lock()
    await asyncio.gather(*(portrait(turn) for _ in range(10)))


@blocks(0.15, kind="sleep")
async def timers_that_are_due_together():
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def ring():
        nap(0.03)  # <- blocks

    for _ in range(5):
        loop.call_at(loop.time() + 0.01, ring)
    loop.call_later(0.05, done.set)
    await done.wait()


@free("timers_that_are_due_together")
async def timers_that_are_due_in_turn():
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    for turn in range(5):
        loop.call_later(0.01 + 0.03 * turn, nap, 0.004)  # all of them may be late
    loop.call_later(0.2, done.set)
    await done.wait()


@blocks(0.16, kind="cpu")
async def workers_that_find_a_full_queue():
    """Four workers empty a queue that is never empty: no `get` waits."""
    jobs = asyncio.Queue()
    for _ in range(80):
        jobs.put_nowait(0.002)

    async def work():
        while not jobs.empty():
            burn(await jobs.get())  # <- blocks

    await asyncio.gather(*(work() for _ in range(4)))


@free("workers_that_find_a_full_queue")
async def workers_that_yield():
    jobs = asyncio.Queue()
    for _ in range(40):
        jobs.put_nowait(0.002)

    async def work():
        while not jobs.empty():
            burn(await jobs.get())
            await asyncio.sleep(0)

    await asyncio.gather(*(work() for _ in range(4)))


@blocks(0.16, kind="cpu")
async def tasks_of_a_group_in_one_pass():
    async def answer(number):
        burn(0.02)  # <- blocks
        return number

    async with asyncio.TaskGroup() as group:
        for number in range(8):
            group.create_task(answer(number))


@free("tasks_of_a_group_in_one_pass")
async def tasks_of_a_group_in_many_passes():
    async def answer(number):
        await asyncio.sleep(0.02 * number)
        burn(0.004)  # beside other work, all of them may be due in one pass

    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(answer(number))


@blocks(0.15, kind="cpu")
async def waiters_of_one_event():
    """All that wait for an event run in the pass after it is set."""
    start = asyncio.Event()

    async def runner():
        await start.wait()
        burn(0.03)  # <- blocks

    running = [asyncio.create_task(runner()) for _ in range(5)]
    await asyncio.sleep(0.01)
    start.set()
    await asyncio.gather(*running)


@free("waiters_of_one_event")
async def waiters_of_one_semaphore():
    gate = asyncio.Semaphore(1)

    async def runner():
        async with gate:
            burn(0.012)
            await asyncio.sleep(0)

    await asyncio.gather(*(runner() for _ in range(8)))


@blocks(0.15, kind="cpu")
async def done_callbacks_of_many_tasks():
    def told(_):
        burn(0.03)  # <- blocks

    tasks = [asyncio.create_task(asyncio.sleep(0)) for _ in range(5)]
    for task in tasks:
        task.add_done_callback(told)
    await asyncio.gather(*tasks)
    await asyncio.sleep(0)


@free("done_callbacks_of_many_tasks")
async def light_done_callbacks_of_many_tasks():
    seen = []
    tasks = [asyncio.create_task(asyncio.sleep(0)) for _ in range(200)]
    for task in tasks:
        task.add_done_callback(seen.append)
    await asyncio.gather(*tasks)
    await asyncio.sleep(0)


@blocks(LONG, kind="cpu", given=cpu.steps)
async def task_made_by_a_task(count):
    async def inner():
        total = 0
        for step in range(count):  # <- blocks
            total += step * step % 7  # <- blocks

    async def outer():
        await asyncio.create_task(inner())

    await asyncio.create_task(outer())


@free("task_made_by_a_task", given=lambda: cpu.steps(SHORT))
async def short_task_made_by_a_task(count):
    async def inner():
        cpu.python_loop(count)

    async def outer():
        await asyncio.create_task(inner())

    await asyncio.create_task(outer())


@blocks(0.15, kind="sleep", exact=True)
async def handler_in_a_context_of_its_own():
    def handler():
        nap(0.15)  # <- blocks

    asyncio.get_running_loop().call_soon(handler, context=contextvars.copy_context())
    await asyncio.sleep(0.01)


@free("handler_in_a_context_of_its_own")
async def light_handler_in_a_context_of_its_own():
    asyncio.get_running_loop().call_soon(int, context=contextvars.copy_context())
    await asyncio.sleep(0.01)


@blocks(0.15, kind="sleep")
async def shielded_task_that_sleeps():
    async def save():
        await asyncio.sleep(0.01)
        time.sleep(0.15)  # <- blocks

    try:
        await asyncio.wait_for(asyncio.shield(save()), 0.05)
    except TimeoutError:
        pass


@free("shielded_task_that_sleeps")
async def shielded_task_that_suspends():
    saving = asyncio.create_task(asyncio.sleep(0.1))
    try:
        await asyncio.wait_for(asyncio.shield(saving), 0.02)
    except TimeoutError:
        await saving


@blocks(0.15, kind="cpu")
async def cached_answer_that_is_computed_on_the_loop():
    @functools.cache
    def table():
        burn(0.15)  # <- blocks
        return {}

    await asyncio.gather(*(asyncio.sleep(0, table()) for _ in range(5)))


@free("cached_answer_that_is_computed_on_the_loop")
async def cached_answer_that_is_computed_in_a_thread():
    table = asyncio.ensure_future(asyncio.to_thread(burn, 0.1))

    async def command():
        return await table

    await asyncio.gather(*(command() for _ in range(5)))

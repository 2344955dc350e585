"""Tasks, callbacks and awaits that do not give the loop a turn."""

import asyncio
import functools
import time

from autograder.bench.probe.labels import blocks, free, part
from autograder.bench.probe.sizing import LONG, SHORT, burn, sized

cpu = part("cpu")


@functools.cache
def callbacks(seconds=LONG):
    """How many empty callbacks one pass of a loop works off in so long."""

    def work(count):
        loop = asyncio.new_event_loop()
        for _ in range(count):
            loop.call_soon(int)
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()

    return (sized(work, seconds, start=20_000),)


@blocks(LONG, kind="cpu", given=callbacks)
async def many_callbacks_in_one_pass(count):
    loop = asyncio.get_running_loop()

    def count_one():
        burn(0)  # <- blocks

    for _ in range(count):  # <- blocks
        loop.call_soon(count_one)  # <- blocks
    await asyncio.sleep(0)


@free("many_callbacks_in_one_pass", given=callbacks)
async def many_callbacks_in_many_passes(count):
    loop = asyncio.get_running_loop()
    for _ in range(20):
        for _ in range(count // 100):
            loop.call_soon(int)
        await asyncio.sleep(0)


@blocks(LONG, kind="cpu")
async def many_tasks_in_one_pass():
    async def answer():
        burn(0.002)  # <- blocks

    await asyncio.gather(*(answer() for _ in range(80)))


@free("many_tasks_in_one_pass")
async def many_tasks_one_after_the_other():
    async def answer():
        burn(0.002)

    for _ in range(40):
        await asyncio.create_task(answer())


@blocks(LONG, kind="cpu")
async def yields_of_many_tasks_add_up():
    """Each task yields every 4 ms; the loop meets all forty in one pass."""

    async def answer():
        burn(0.004)  # <- blocks
        await asyncio.sleep(0)

    await asyncio.gather(*(answer() for _ in range(40)))


@free("yields_of_many_tasks_add_up")
async def yields_of_two_tasks_add_up():
    async def answer():
        for _ in range(8):
            burn(0.004)
            await asyncio.sleep(0)

    await asyncio.gather(answer(), answer())


@blocks(LONG, kind="cpu")
async def await_of_a_coroutine_does_not_yield():
    async def roll():
        burn(0.002)  # <- blocks

    for _ in range(80):
        await roll()


@free("await_of_a_coroutine_does_not_yield")
async def await_of_a_coroutine_that_suspends():
    async def roll():
        burn(0.002)
        await asyncio.sleep(0)

    for _ in range(40):
        await roll()


@blocks(LONG, kind="cpu", given=cpu.steps)
async def cpu_in_created_task(count):
    async def work():
        total = 0
        for step in range(count):  # <- blocks
            total += step * step % 7  # <- blocks

    await asyncio.create_task(work())


@free("cpu_in_created_task", given=cpu.steps)
async def cpu_in_created_thread_task(count):
    await asyncio.create_task(asyncio.to_thread(cpu.python_loop, count))


@blocks(LONG, kind="cpu", given=cpu.steps)
async def cpu_in_gather(count):
    async def work():
        total = 0
        for step in range(count // 2):  # <- blocks
            total += step * step % 7  # <- blocks

    await asyncio.gather(work(), work())


@free("cpu_in_gather")
async def sleeps_in_gather():
    await asyncio.gather(*(asyncio.sleep(0.1) for _ in range(20)))


@blocks(LONG, kind="cpu")
async def async_for_over_ready_values():
    async def rows():
        for number in range(80):
            burn(0.002)  # <- blocks
            yield number

    async for _ in rows():
        pass


@free("async_for_over_ready_values")
async def async_for_with_yields():
    async def rows():
        for number in range(40):
            burn(0.002)
            await asyncio.sleep(0)
            yield number

    async for _ in rows():
        pass


@blocks(LONG, kind="cpu")
async def queue_get_of_ready_items():
    queue = asyncio.Queue()
    for number in range(80):
        queue.put_nowait(number)
    while not queue.empty():
        await queue.get()
        burn(0.002)  # <- blocks


@free("queue_get_of_ready_items")
async def queue_get_of_items_that_come():
    queue = asyncio.Queue(maxsize=1)

    async def produce():
        for number in range(40):
            await queue.put(number)

    producing = asyncio.create_task(produce())
    for _ in range(40):
        await queue.get()
        burn(0.002)
        await asyncio.sleep(0)
    await producing


@blocks(LONG, kind="cpu")
async def free_lock_does_not_yield():
    lock = asyncio.Lock()
    for _ in range(80):
        async with lock:
            burn(0.002)  # <- blocks


@free("free_lock_does_not_yield")
async def free_lock_and_a_yield():
    lock = asyncio.Lock()
    for _ in range(40):
        async with lock:
            burn(0.002)
        await asyncio.sleep(0)


@blocks(0.12, kind="sleep", exact=True)
async def one_task_of_a_group_sleeps():
    async def sleeper():
        await asyncio.sleep(0.02)
        time.sleep(0.12)  # <- blocks

    async def friend():
        for _ in range(5):
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as group:
        group.create_task(friend())
        group.create_task(sleeper())
        group.create_task(friend())


@free("one_task_of_a_group_sleeps")
async def all_tasks_of_a_group_suspend():
    async def friend():
        for _ in range(5):
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(friend())


@blocks(0.12, kind="sleep", exact=True)
async def sleep_in_own_awaitable():
    class Later:
        def __await__(self):
            time.sleep(0.12)  # <- blocks
            yield from asyncio.sleep(0).__await__()

    await Later()


@free("sleep_in_own_awaitable")
async def own_awaitable_that_suspends():
    class Later:
        def __await__(self):
            return (yield from asyncio.sleep(0.12).__await__())

    await Later()


@blocks(LONG, kind="cpu")
async def cpu_while_cancelled():
    async def work():
        try:
            await asyncio.sleep(5)
        finally:
            burn(0.16)  # <- blocks

    task = asyncio.create_task(work())
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])


@free("cpu_while_cancelled")
async def cancelled_tasks():
    tasks = [asyncio.create_task(asyncio.sleep(5)) for _ in range(100)]
    await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


@free("many_tasks_in_one_pass")
async def three_hundred_sleeping_tasks():
    await asyncio.gather(*(asyncio.sleep(0.05 + n / 10_000) for n in range(300)))


@free("await_of_a_coroutine_does_not_yield")
async def thousand_yields():
    for _ in range(1000):
        await asyncio.sleep(0)


@free("cpu_in_created_task", given=lambda: cpu.steps(SHORT))
async def short_cpu_in_created_task(count):
    await asyncio.create_task(asyncio.sleep(0.01))

    async def work():
        cpu.python_loop(count)

    await asyncio.create_task(work())

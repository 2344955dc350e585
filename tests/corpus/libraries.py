"""Threads that a library keeps, warm before the call: its pools, its monitors, its listeners."""

import asyncio
import contextlib
import functools
import hashlib
import io
import logging
import logging.handlers
import queue
import sqlite3
import threading
import time
import types
from concurrent.futures import Future, ThreadPoolExecutor

import aiosqlite
import anyio.from_thread
import anyio.to_thread
import janus
import rich.console
import rich.live

from autograder.bench.probe.labels import blocks, free, part
from autograder.bench.probe.sizing import LONG, SHORT, burn

cpu = part("cpu")
files = part("files")

# A bot framework that runs plain functions in its own pool; its file is where libraries live.
FRAMEWORK = """
import asyncio
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(2)
pool.submit(int).result()

async def invoke(function, *args):
    return await asyncio.get_running_loop().run_in_executor(pool, function, *args)

async def sort_members(members):
    return await invoke(sorted, members)

async def digest(content):
    import hashlib
    return (await invoke(hashlib.sha256, content)).digest()
"""


@functools.cache
def framework():
    module = types.ModuleType("framework")
    exec(compile(FRAMEWORK, "/opt/site-packages/framework.py", "exec"), module.__dict__)
    return module


def with_framework(given=lambda: ()):
    return lambda: (framework(), *given())


@blocks(LONG, kind="gil", given=with_framework(cpu.json_text))
async def command_in_the_pool_of_a_framework(bot, text):
    def command():
        return len(cpu.json.loads(text))  # <- blocks

    await bot.invoke(command)


@free("command_in_the_pool_of_a_framework", given=with_framework(cpu.data))
async def hash_in_the_pool_of_a_framework(bot, content):
    def command():
        return hashlib.sha256(content).digest()

    await bot.invoke(command)


@blocks(LONG, kind="gil", given=with_framework(cpu.floats))
async def sort_of_a_framework(bot, numbers):
    """No line of ours runs in the thread: the one that waits for it is named."""
    await bot.sort_members(numbers)  # <- blocks


@free("sort_of_a_framework", given=with_framework(cpu.data))
async def hash_of_a_framework(bot, content):
    await bot.digest(content)


@free("sort_of_a_framework", given=with_framework(lambda: cpu.floats(SHORT)))
async def small_sort_of_a_framework(bot, numbers):
    await bot.sort_members(numbers)


class Session:
    """As requests-futures has it: a pool, and a future for each request."""

    def __init__(self):
        self.pool = ThreadPoolExecutor(2)
        self.pool.submit(int).result()

    def get(self, answer, hook=None):
        def work():
            time.sleep(0.03)  # the network
            return hook(answer) if hook is not None else answer

        return self.pool.submit(work)


@functools.cache
def session():
    return Session()


def with_session(given=lambda: ()):
    return lambda: (session(), *given())


@blocks(LONG, kind="gil", given=with_session(cpu.json_text))
async def hook_of_a_session_of_futures(futures, text):
    def parsed(answer):
        return len(cpu.json.loads(answer))  # <- blocks

    await asyncio.wrap_future(futures.get(text, parsed))


@free("hook_of_a_session_of_futures", given=with_session(lambda: cpu.json_text(SHORT)))
async def light_hook_of_a_session_of_futures(futures, text):
    await asyncio.gather(*(asyncio.wrap_future(futures.get(text)) for _ in range(4)))


@functools.cache
def listener():
    """A QueueListener, whose thread formats what the loop's handler has put into a queue."""

    class Slow(logging.Handler):
        def emit(self, record):
            record.msg(*record.args)

    records = queue.Queue()
    logging.handlers.QueueListener(records, Slow()).start()
    return records


def with_listener(given=lambda: ()):
    return lambda: (listener(), *given())


def told(records, work):
    """Log a record whose formatting is this work; the future of its end."""
    over = Future()
    records.put(logging.makeLogRecord({"msg": lambda: over.set_result(work())}))
    return asyncio.wrap_future(over)


@blocks(LONG, kind="gil", given=with_listener(cpu.floats))
async def sort_in_a_queue_listener(records, numbers):
    def formatted():
        return len(sorted(numbers))  # <- blocks

    await told(records, formatted)


@free("sort_in_a_queue_listener", given=with_listener(cpu.data))
async def hash_in_a_queue_listener(records, content):
    await told(records, lambda: hashlib.sha256(content))


@free("sort_in_a_queue_listener", given=with_listener())
async def records_for_a_queue_listener(records):
    handler = logging.handlers.QueueHandler(records)
    logger = logging.Logger("bot")
    logger.addHandler(handler)
    for _ in range(20):
        await told(records, int)


@functools.cache
def monitor():
    """A thread that wakes up now and then, as the one of a progress bar; the bar's work."""
    due, works = threading.Event(), []

    def watch():
        while True:
            due.wait()
            due.clear()
            while works:
                works.pop()()

    threading.Thread(target=watch, daemon=True).start()
    return due, works


def with_monitor(given=lambda: ()):
    return lambda: (*monitor(), *given())


def drawn(due, works, work):
    over = Future()
    works.append(lambda: over.set_result(work()))
    due.set()
    return asyncio.wrap_future(over)


@blocks(LONG, kind="gil", given=with_monitor(cpu.big_range))
async def sum_in_the_monitor_of_a_bar(due, works, numbers):
    def bar():
        return sum(numbers)  # <- blocks

    await drawn(due, works, bar)


@free("sum_in_the_monitor_of_a_bar", given=with_monitor())
async def light_monitor_of_a_bar(due, works):
    for step in range(8):
        await drawn(due, works, functools.partial(str, step))
        await asyncio.sleep(0.01)


class Column:
    """What a learner lets rich draw: the thread of rich asks for it again and again.

    The display ends when it had nothing to do for 3 s: a thread that wants the GIL 50 times a
    second would take it from the snippets that have nothing to do with rich.
    """

    def __init__(self):
        self.work, self.idle = int, 0
        console = rich.console.Console(file=io.StringIO(), force_terminal=True)
        self.display = rich.live.Live(self, console=console, refresh_per_second=50)

    def __rich__(self):
        work, self.work = self.work, int
        self.idle = self.idle + 1 if work is int else 0
        if self.idle == 150:
            self.display.stop()
        return str(work())


column = functools.cache(Column)


def live():
    """A live display that was started in an earlier cell."""
    column().idle = 0
    column().display.start()
    return column()


def with_live(given=lambda: ()):
    return lambda: (live(), *given())


def shown(column, work):
    over = Future()
    column.work = lambda: over.set_result(work())
    return asyncio.wrap_future(over)


@blocks(LONG, kind="gil", given=with_live(cpu.floats))
async def sort_in_the_display_of_rich(column, numbers):
    def table():
        return len(sorted(numbers))  # <- blocks

    await shown(column, table)


@free("sort_in_the_display_of_rich", given=with_live())
async def light_display_of_rich(column):
    for _ in range(3):
        await shown(column, int)


@functools.cache
def database():
    """An aiosqlite connection that another loop has opened: its thread is warm."""

    async def opened():
        made = await aiosqlite.connect(":memory:")
        await made.execute("create table points (member text, points integer)")
        await made.executemany("insert into points values ('ada', ?)", ((n,) for n in range(64)))
        return made

    return asyncio.run(opened())


def with_database(given=lambda: ()):
    return lambda: (database(), *given())


@blocks(LONG, kind="gil", given=with_database(cpu.floats))
async def function_of_ours_in_aiosqlite(connection, numbers):
    def score(_):
        return len(sorted(numbers))  # <- blocks

    await connection.create_function("score", 1, score)
    await connection.execute_fetchall("select score(1)")


@free("function_of_ours_in_aiosqlite", given=with_database())
async def light_function_of_ours_in_aiosqlite(connection):
    await connection.create_function("double", 1, lambda points: 2 * points)
    await connection.execute_fetchall("select double(points) from points")


@free("function_of_ours_in_aiosqlite", given=with_database(files.rows))
async def heavy_query_in_aiosqlite(connection, query):
    await connection.execute_fetchall(query)


@blocks(LONG, kind="gil", given=cpu.floats)
async def sort_in_a_thread_of_anyio(numbers):
    def work():
        return len(sorted(numbers))  # <- blocks

    await anyio.to_thread.run_sync(int)  # its thread is warm
    await anyio.to_thread.run_sync(work)


@free("sort_in_a_thread_of_anyio", given=cpu.data)
async def hash_in_a_thread_of_anyio(content):
    await anyio.to_thread.run_sync(int)
    await anyio.to_thread.run_sync(hashlib.sha256, content)


@blocks(0.12, kind="sleep")
async def sleep_told_by_a_thread_of_anyio():
    def slow():
        time.sleep(0.12)  # <- blocks

    def work():
        anyio.from_thread.run_sync(slow)

    await anyio.to_thread.run_sync(work)


@free("sleep_told_by_a_thread_of_anyio")
async def async_sleep_told_by_a_thread_of_anyio():
    def work():
        anyio.from_thread.run(anyio.sleep, 0.12)

    await anyio.to_thread.run_sync(work)


@blocks(LONG, kind="gil", given=cpu.big_number)
async def factorial_for_a_queue_of_janus(number):
    answers = janus.Queue()

    def work():
        answers.sync_q.put(cpu.math.factorial(number).bit_length())  # <- blocks

    working = asyncio.create_task(asyncio.to_thread(work))
    await answers.async_q.get()
    await working
    await answers.aclose()


@free("factorial_for_a_queue_of_janus")
async def items_for_a_queue_of_janus():
    answers = janus.Queue()

    def work():
        for number in range(20):
            time.sleep(0.004)
            answers.sync_q.put(number)

    working = asyncio.create_task(asyncio.to_thread(work))
    for _ in range(20):
        await answers.async_q.get()
    await working
    await answers.aclose()


@blocks(0.12, kind="sleep")
async def put_into_a_full_queue_of_janus():
    """The side for threads, used on the loop."""
    answers = janus.Queue(1)
    answers.sync_q.put(1)
    with contextlib.suppress(janus.SyncQueueFull):
        answers.sync_q.put(2, timeout=0.12)  # <- blocks
    answers.close()


@free("put_into_a_full_queue_of_janus")
async def wait_for_a_full_queue_of_janus():
    answers = janus.Queue(1)
    await answers.async_q.put(1)
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(answers.async_q.put(2), 0.1)
    await answers.aclose()


@blocks(0.15, kind="sleep")
async def tracer_of_sqlite_on_the_loop():
    """A library calls back: the callback's line is named, not the library's."""
    made = sqlite3.connect(":memory:")
    made.set_trace_callback(lambda _: time.sleep(0.15))  # <- blocks
    made.execute("select 1")  # <- blocks
    made.close()


@free("tracer_of_sqlite_on_the_loop")
async def light_tracer_of_sqlite_on_the_loop():
    made, seen = sqlite3.connect(":memory:"), []
    made.set_trace_callback(seen.append)
    made.execute("select 1")
    made.close()


@blocks(0.15, kind="cpu")
async def key_function_given_to_a_library():
    sorted([3, 1, 2], key=lambda _: burn(0.05))  # <- blocks


@free("key_function_given_to_a_library")
async def light_key_function_given_to_a_library():
    sorted([3, 1, 2], key=lambda _: burn(0.002))

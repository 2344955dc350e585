"""The loop of uvloop, whose passes run in C; there are none of these where uvloop is not installed.

Its verdict comes from a timer of 5 ms, so blocks are longer than the limit by far.
"""

import asyncio
import functools
import hashlib
import importlib.util
import json
import os
import subprocess
import tempfile
import threading
import time

from autograder.bench.probe import labels
from autograder.bench.probe.labels import part
from autograder.bench.probe.sizing import LONG, SHORT, burn

cpu = part("cpu")
pools = part("pools")
HERE = importlib.util.find_spec("uvloop") is not None


def blocks(seconds, **given):
    return labels.blocks(seconds, loop="uvloop", **given) if HERE else lambda function: function


def free(twin, **given):
    return labels.free(twin, loop="uvloop", **given) if HERE else lambda function: function


@blocks(0.12, kind="sleep")
async def sleep_on_uvloop():
    time.sleep(0.12)  # <- blocks


@free("sleep_on_uvloop")
async def async_sleep_on_uvloop():
    await asyncio.sleep(0.12)


@free("sleep_on_uvloop")
async def sleep_in_thread_of_uvloop():
    await asyncio.to_thread(time.sleep, 0.12)


@blocks(LONG, kind="cpu", given=cpu.steps)
async def python_loop_on_uvloop(count):
    total = 0
    for step in range(count):  # <- blocks
        total += step * step % 7  # <- blocks


@free("python_loop_on_uvloop", given=cpu.steps)
async def python_loop_with_yields_on_uvloop(count):
    for _ in range(40):
        cpu.python_loop(count // 40)
        await asyncio.sleep(0)


@blocks(LONG, kind="cpu", given=cpu.json_text)
async def json_loads_on_uvloop(text):
    await asyncio.sleep(0.01)
    json.loads(text)  # <- blocks


@free("json_loads_on_uvloop", given=lambda: cpu.json_text(SHORT))
async def small_json_loads_on_uvloop(text):
    await asyncio.sleep(0.01)
    json.loads(text)


@blocks(LONG, kind="gil", given=cpu.floats)
async def sort_in_thread_of_uvloop(numbers):
    def work():
        return len(sorted(numbers))  # <- blocks

    await asyncio.to_thread(work)


@free("sort_in_thread_of_uvloop", given=cpu.data)
async def hash_in_thread_of_uvloop(content):
    await asyncio.to_thread(hashlib.sha256, content)


@blocks(LONG, kind="gil", given=pools.both(pools.pool, cpu.json_text))
async def json_loads_in_pool_made_once_on_uvloop(made, text):
    def work():
        return len(json.loads(text))  # <- blocks

    await asyncio.get_running_loop().run_in_executor(made, work)


@free("json_loads_in_pool_made_once_on_uvloop", given=pools.both(pools.pool, cpu.data))
async def hash_in_pool_made_once_on_uvloop(made, content):
    await asyncio.get_running_loop().run_in_executor(made, hashlib.sha256, content)


@blocks(0.2, kind="sleep")
async def lock_on_uvloop():
    lock = threading.Lock()
    lock.acquire()
    threading.Timer(0.2, lock.release).start()
    with lock:  # <- blocks
        pass


@free("lock_on_uvloop")
async def asyncio_lock_on_uvloop():
    lock = asyncio.Lock()
    await lock.acquire()
    asyncio.get_running_loop().call_later(0.1, lock.release)
    async with lock:
        pass


@blocks(0.15, kind="sleep")
async def subprocess_run_on_uvloop():
    subprocess.run(["sleep", "0.15"], check=True)  # <- blocks


@free("subprocess_run_on_uvloop", alone=True)
async def subprocess_of_uvloop():
    process = await asyncio.create_subprocess_exec("sleep", "0.1")
    await process.wait()


@free("subprocess_run_on_uvloop", alone=True)
async def shell_of_uvloop():
    process = await asyncio.create_subprocess_shell("sleep 0.05; echo done", stdout=-1)
    await process.communicate()


@blocks(0.12, kind="sleep")
async def slow_callback_on_uvloop():
    heard = asyncio.Event()

    def told():
        time.sleep(0.12)  # <- blocks
        heard.set()

    asyncio.get_running_loop().call_later(0.01, told)
    await heard.wait()


@free("slow_callback_on_uvloop")
async def quick_callback_on_uvloop():
    heard = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, heard.set)
    await heard.wait()


@blocks(0.15, kind="cpu")
async def tasks_in_one_pass_of_uvloop():
    async def answer():
        burn(0.015)  # <- blocks

    await asyncio.gather(*(answer() for _ in range(10)))


@free("tasks_in_one_pass_of_uvloop")
async def tasks_in_many_passes_of_uvloop():
    async def answer(number):
        await asyncio.sleep(0.02 * number)
        burn(0.004)  # beside other work, all of them may be due in one pass

    await asyncio.gather(*(answer(number) for number in range(5)))


@functools.cache
def folder():
    return (tempfile.mkdtemp(prefix="corpus-"),)


@blocks(0.12, kind="sleep", given=folder)
async def protocol_on_uvloop(at):
    """A server that sleeps in data_received, over a UNIX socket."""
    path, answered = os.path.join(at, f"{time.monotonic_ns()}"), asyncio.Event()

    class Slow(asyncio.Protocol):
        def data_received(self, data):
            time.sleep(0.12)  # <- blocks
            answered.set()

    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(Slow, path)
    transport, _ = await loop.create_unix_connection(asyncio.Protocol, path)
    transport.write(b"!roll")
    await answered.wait()
    transport.close()
    server.close()


@free("protocol_on_uvloop", given=folder)
async def quick_protocol_on_uvloop(at):
    path, answered = os.path.join(at, f"{time.monotonic_ns()}"), asyncio.Event()

    class Quick(asyncio.Protocol):
        def data_received(self, data):
            answered.set()

    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(Quick, path)
    transport, _ = await loop.create_unix_connection(asyncio.Protocol, path)
    transport.write(b"!roll")
    await answered.wait()
    transport.close()
    server.close()

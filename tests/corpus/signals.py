"""Signal handlers run on the main thread, also inside select()."""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
import time

from autograder.bench.probe.labels import blocks, free
from autograder.bench.probe.sizing import burn, nap


@contextlib.contextmanager
def alarm(handler, after=0.02):
    """Call the handler once, so many seconds from now."""
    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, after)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@blocks(0.12, kind="sleep", exact=True, main_thread=True)
async def sleep_in_signal_handler():
    def handler(number, frame):
        nap(0.12)  # <- blocks

    with alarm(handler):
        await asyncio.sleep(0.05)


@free("sleep_in_signal_handler", main_thread=True)
async def light_signal_handler():
    with alarm(lambda number, frame: time.sleep(0.005)):
        await asyncio.sleep(0.05)


@blocks(0.15, kind="cpu", main_thread=True)
async def cpu_in_signal_handler():
    def handler(number, frame):
        burn(0.15)  # <- blocks

    with alarm(handler):
        await asyncio.sleep(0.05)


@free("cpu_in_signal_handler", main_thread=True)
async def short_cpu_in_signal_handler():
    with alarm(lambda number, frame: burn(0.01)):
        await asyncio.sleep(0.05)


@blocks(0.12, kind="sleep", exact=True, main_thread=True)
async def sleep_in_loop_signal_handler():
    arrived = asyncio.Event()

    def handler():
        time.sleep(0.12)  # <- blocks
        arrived.set()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    await arrived.wait()
    loop.remove_signal_handler(signal.SIGALRM)


@free("sleep_in_loop_signal_handler", main_thread=True)
async def light_loop_signal_handler():
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGALRM, arrived.set)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    await arrived.wait()
    loop.remove_signal_handler(signal.SIGALRM)


@blocks(0.12, kind="sleep", exact=True, main_thread=True)
async def sigtimedwait():
    signal.sigtimedwait([signal.SIGUSR1], 0.12)  # <- blocks


@free("sigtimedwait", main_thread=True)
async def sigtimedwait_that_polls():
    for _ in range(5):
        signal.sigtimedwait([signal.SIGUSR1], 0)
        await asyncio.sleep(0.01)


@blocks(0.15, kind="sleep", main_thread=True)
async def join_in_signal_handler():
    thread = threading.Thread(target=time.sleep, args=(0.17,))
    thread.start()

    def handler(number, frame):
        thread.join()  # <- blocks

    with alarm(handler, 0.01):
        await asyncio.sleep(0.05)


@free("join_in_signal_handler", main_thread=True)
async def signal_handler_that_tells_the_loop():
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()
    with alarm(lambda number, frame: loop.call_soon_threadsafe(arrived.set)):
        await arrived.wait()


@free("sleep_in_signal_handler", main_thread=True)
async def thirty_light_signals():
    seen = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: seen.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.003, 0.003)
    try:
        await asyncio.sleep(0.1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@blocks(0.15, kind="sleep", main_thread=True)
async def handler_of_a_child_that_ends():
    """SIGCHLD comes when the child ends; its handler then waits for another child."""
    slow = subprocess.Popen(["sleep", "0.2"])

    def handler(number, frame):
        signal.signal(signal.SIGCHLD, before)
        slow.wait()  # <- blocks

    before = signal.signal(signal.SIGCHLD, handler)
    quick = subprocess.Popen(["sleep", "0.01"])
    await asyncio.sleep(0.05)
    quick.wait()


@free("handler_of_a_child_that_ends", main_thread=True)
async def light_handler_of_a_child_that_ends():
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGCHLD, ended.set)
    child = subprocess.Popen(["sleep", "0.05"])
    await ended.wait()
    loop.remove_signal_handler(signal.SIGCHLD)
    child.wait()


@blocks(0.15, kind="sleep", exact=True, main_thread=True)
async def signal_to_itself_with_a_slow_handler():
    before = signal.signal(signal.SIGUSR1, lambda number, frame: nap(0.15))  # <- blocks
    try:
        await asyncio.sleep(0.01)
        signal.raise_signal(signal.SIGUSR1)  # <- blocks
    finally:
        signal.signal(signal.SIGUSR1, before)


@free("signal_to_itself_with_a_slow_handler", main_thread=True)
async def signal_from_a_thread_with_a_light_handler():
    before = signal.signal(signal.SIGUSR1, lambda number, frame: None)
    try:
        await asyncio.to_thread(os.kill, os.getpid(), signal.SIGUSR1)
        await asyncio.sleep(0.01)
    finally:
        signal.signal(signal.SIGUSR1, before)

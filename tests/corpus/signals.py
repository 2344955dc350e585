"""Signal handlers run on the main thread, also inside select()."""

import asyncio
import contextlib
import signal
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

"""Processes that use up CPU or memory bandwidth while something is measured.

Hogs stay in the POSIX session of the process that measures. With autogrouping on, the kernel first
divides the CPU between sessions, so hogs of another session hardly disturb: the naive error is
5.8 ms against 88-138 ms, and a stress test with them would prove nothing. A candidate and a kernel
have sessions of their own; they are disturbed by rivals, each of which has its own session too.
Each of these processes ends by itself when its parent has ended, or after an hour.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

_CPU = """
import os, sys, time
parent, over = os.getppid(), time.monotonic() + 3600
print(flush=True)
while os.getppid() == parent and time.monotonic() < over:
    for _ in range(200_000):
        pass
"""
_MEMORY = """
import os, sys, time
parent, over = os.getppid(), time.monotonic() + 3600
one, other = bytearray(96 << 20), bytearray(96 << 20)
print(flush=True)
while os.getppid() == parent and time.monotonic() < over:
    one[:] = other
"""
_RIVAL = """
import os, random, time
parent, over = os.getppid(), time.monotonic() + 3600
print(flush=True)
while os.getppid() == parent and time.monotonic() < over:
    turn = time.monotonic() // 0.7  # the same for all of them
    if random.Random(turn).random() < 0.6:
        while time.monotonic() // 0.7 == turn:
            pass
    else:
        time.sleep(0.01)
"""


@contextlib.contextmanager
def hogs(cpu: int = 0, memory: int = 0) -> Iterator[None]:
    """Keep this number of hogs running; they are ended by their process ids."""
    with _running([_CPU] * cpu + [_MEMORY] * memory, alone=False):
        yield


@contextlib.contextmanager
def rivals(number: int) -> Iterator[None]:
    """Keep this number of rivals running, each in its own session.

    All of them are busy at the same time and idle at the same time, for 0.7 s or more. So two
    readings of a clock are taken under different load.
    """
    with _running([_RIVAL] * number, alone=True):
        yield


@contextlib.contextmanager
def _running(programs: Sequence[str], *, alone: bool) -> Iterator[None]:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=alone
        )
        for program in programs
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
            if hasattr(os, "getsid") and not alone:
                assert os.getsid(process.pid) == os.getsid(0), "a hog in another session is none"
        if processes:
            time.sleep(0.3)
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

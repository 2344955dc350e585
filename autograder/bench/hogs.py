"""Processes that use up CPU or memory bandwidth while something is measured.

They stay in the POSIX session of the process that measures: with autogrouping on, the kernel
divides the CPU between sessions first, and hogs of another session hardly disturb (naive error
5.8 ms against 88-138 ms), so that a stress test with them would prove nothing. A room, and a
kernel, has a session of its own: what disturbs it is rivals, which have theirs. Each of these
processes ends by itself when its parent is gone, or after an hour.
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
    """Keep so many hogs running; they are ended by their process ids."""
    with _running([_CPU] * cpu + [_MEMORY] * memory, alone=False):
        yield


@contextlib.contextmanager
def rivals(number: int) -> Iterator[None]:
    """Keep so many rivals running: each in its own session, busy and idle by turns of 0.7 s or
    more, and all of them at once, so that two looks at a clock see two different machines."""
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

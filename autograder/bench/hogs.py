"""Processes that use up CPU or memory bandwidth while something is measured.

They stay in the POSIX session of the process that measures: with autogrouping on, the kernel
divides the CPU between sessions first, and hogs of another session hardly disturb (naive error
5.8 ms against 88-138 ms), so that a stress test with them would prove nothing. Each hog ends by
itself when its parent is gone, or after an hour.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

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


@contextlib.contextmanager
def hogs(cpu: int = 0, memory: int = 0) -> Iterator[None]:
    """Keep so many hogs running; they are ended by their process ids."""
    programs = [_CPU] * cpu + [_MEMORY] * memory
    processes = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        for program in programs
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
            if hasattr(os, "getsid"):
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

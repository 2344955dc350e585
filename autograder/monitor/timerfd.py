"""A timer that one thread waits for, and that another thread sets again without waking it.

The sampler sleeps on such a timer as long as the loop makes short passes, so it never takes the GIL
from code that does not block. On Linux the kernel keeps the time (timerfd). Elsewhere the waiting
thread wakes when the time is up, and sleeps again if the timer was postponed.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
import threading
from time import perf_counter_ns
from typing import Any, Protocol

NEVER = 1 << 62


class Timer(Protocol):
    """Rings once at `due`, a time of `perf_counter_ns`."""

    due: int

    def set(self, at: int) -> None:
        """Set the time at which it rings; any thread may call this. 1 us; Linux keeps the GIL."""

    def wait(self) -> None:
        """Sleep until it rings; only one thread may wait."""

    def close(self) -> None:
        """Close the timer; no thread may be waiting for it."""


def timer() -> Timer:
    """Return a timer that is not set."""
    if sys.platform == "linux":
        try:
            return _KernelTimer()
        except OSError:  # a sandbox without timerfd
            pass
    return _EventTimer()


class _KernelTimer:
    """A timerfd: `set` is one system call, and the waiting thread does not wake early."""

    def __init__(self) -> None:
        self.due = NEVER
        self._descriptor = _libc().timerfd_create(_MONOTONIC, os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")

    def set(self, at: int) -> None:
        self.due = at
        value = (ctypes.c_long * 4)(0, 0, *divmod(max(1, at), 1_000_000_000))
        _libc().timerfd_settime(self._descriptor, _ABSOLUTE, value, None)

    def wait(self) -> None:
        os.read(self._descriptor, 8)

    def close(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1


class _EventTimer:
    """For other systems: `set` wakes the waiting thread only to make it ring sooner."""

    def __init__(self) -> None:
        self.due = NEVER
        self._sooner = threading.Event()

    def set(self, at: int) -> None:
        sooner, self.due = at < self.due, at
        if sooner:
            self._sooner.set()

    def wait(self) -> None:
        while True:
            self._sooner.clear()
            left = self.due - perf_counter_ns()
            if left <= 0:
                return
            self._sooner.wait(min(left / 1e9, 3600.0))

    def close(self) -> None:
        pass


_MONOTONIC, _ABSOLUTE = 1, 1  # CLOCK_MONOTONIC, which perf_counter_ns reads; TFD_TIMER_ABSTIME


@functools.cache
def _libc() -> Any:
    return ctypes.PyDLL(None, use_errno=True)

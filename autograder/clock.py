"""What the kernel says about a thread: wall time, CPU time, run-queue wait, voluntary switches.

Linux counts for every thread how long it was ready to run while other work had the CPU (second
field of `/proc/<pid>/task/<tid>/schedstat`, in nanoseconds). That figure is what tells code that
blocks from a machine that is busy. Throttling by a cgroup quota is contained in it already.

macOS, Windows and gVisor tell no such thing: there `knows_waits()` is false, and the verdict
says "inconclusive" where it would otherwise have to guess.
"""

from __future__ import annotations

import os
import sys
from threading import get_native_id
from time import perf_counter_ns, thread_time_ns
from typing import NamedTuple

if sys.platform != "win32":
    import resource

_TORN = 60_000  # ns: reads further apart than this straddled a preemption, and are taken again


class Reading(NamedTuple):
    """One consistent look at a thread; all in nanoseconds but `switches`, a count."""

    wall: int
    cpu: int
    wait: int
    switches: int


class ThreadClock:
    """Reads the calling thread; `read` costs about 3 us, `voluntary` half a microsecond."""

    def __init__(self) -> None:
        self._fd = _open_schedstat(get_native_id()) if knows_waits() else -1

    def read(self) -> Reading:
        """Return wall, CPU, run-queue wait and switches as of one moment.

        A preemption between the reads would count the same time as wait and as wall: measured, it
        makes a block look 10 ms shorter. So torn reads are repeated, at most four times.
        """
        for _ in range(5):
            wall = perf_counter_ns()
            wait = int(os.pread(self._fd, 80, 0).split()[1]) if self._fd >= 0 else 0
            cpu = thread_time_ns()
            if perf_counter_ns() - wall < _TORN:
                break
        return Reading(wall, cpu, wait, voluntary_switches())

    def close(self) -> None:
        """Give the file descriptor back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class OtherThreads:
    """The CPU time and run-queue wait of every other thread of this process.

    `mine` are the threads that were there before the watched call: the kernel's own. What they do
    is noise; only threads that the call started can be blamed for holding the GIL.
    """

    def __init__(self) -> None:
        self._me = get_native_id()
        self._fds: dict[int, int] = {}
        self._known = knows_waits()
        self.before = set(self._tids())

    def read(self) -> dict[int, tuple[int, int]]:
        """Return {thread id: (CPU ns, run-queue wait ns)}; threads that have ended are left out."""
        readings = {}
        for tid in self._tids():
            try:
                fd = self._fds.get(tid)
                if fd is None:
                    fd = self._fds[tid] = _open_schedstat(tid)
                cpu, wait = os.pread(fd, 80, 0).split()[:2]
            except (OSError, ValueError):
                self._forget(tid)
                continue
            readings[tid] = (int(cpu), int(wait))
        return readings

    def close(self) -> None:
        """Give the file descriptors back."""
        for tid in list(self._fds):
            self._forget(tid)

    def _tids(self) -> list[int]:
        if not self._known:
            return []
        return [tid for name in os.listdir("/proc/self/task") if (tid := int(name)) != self._me]

    def _forget(self, tid: int) -> None:
        fd = self._fds.pop(tid, None)
        if fd is not None:
            os.close(fd)


def knows_waits() -> bool:
    """Whether this kernel tells how long a thread waited for a CPU."""
    if os.environ.get("UNBLOCKED_HIDE_SCHEDSTAT"):  # the tests of the honest path set this
        return False
    try:
        with open("/proc/thread-self/schedstat", "rb") as file:
            return len(file.read().split()) >= 2
    except OSError:
        return False


if sys.platform == "linux":

    def voluntary_switches() -> int:
        """Return how often the calling thread gave up its CPU to wait for something."""
        return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw

else:

    def voluntary_switches() -> int:
        """Return 0: this platform does not count the switches of one thread."""
        return 0


def _open_schedstat(tid: int) -> int:
    return os.open(f"/proc/self/task/{tid}/schedstat", os.O_RDONLY | os.O_CLOEXEC)

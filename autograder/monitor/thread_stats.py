"""What the kernel says about a thread: wall time, CPU time, run-queue wait, voluntary switches.

Linux counts for every thread how long it was ready to run while other work had the CPU (second
field of `/proc/<pid>/task/<tid>/schedstat`, in nanoseconds). This figure shows whether the code
blocks or the machine is busy. It includes throttling by a cgroup quota.

macOS, Windows and gVisor do not provide this figure. There `knows_waits()` is false, `blind` finds
what is certain all the same, and the verdict is "inconclusive" where it would be a guess.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import sys
from collections.abc import Callable
from threading import get_native_id
from time import perf_counter_ns, thread_time_ns
from typing import Any, NamedTuple

if sys.platform != "win32":
    import resource

OWN = "/proc/thread-self/schedstat"
THREADS = "/proc/self/task"
_TORN = 60_000  # ns: reads further apart had a preemption in between, and are repeated


class Reading(NamedTuple):
    """The figures of one thread at one moment: nanoseconds, and `switches` and `runs`, counts.

    `system` is the part of `cpu` that the kernel used; it is estimated, and off by up to 4 ms.
    `runs` is how often the thread got a CPU.
    """

    wall: int
    cpu: int
    wait: int
    switches: int
    system: int = 0
    runs: int = 0


# A reading as the kernel gave it: wall, CPU time, the text of schedstat, switches, system time.
RawReading = tuple[int, int, bytes, int, int]


class Times(NamedTuple):
    """What schedstat says about a thread: nanoseconds, and how often the thread got a CPU."""

    cpu: int
    wait: int
    runs: int = 0


class KeptFile:
    """A file of /proc that is read without releasing the GIL; 1 us more than `os.pread`.

    A thread that releases the GIL while another thread wants it waits 5 ms to get it back. The
    measurement itself would cause this delay.
    """

    def __init__(self, path: str, size: int = 80) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._buffer = ctypes.create_string_buffer(size)

    def read(self) -> bytes:
        """Return the beginning of the file; b"" when its thread or process has ended."""
        length = _pread()(self.descriptor, self._buffer, len(self._buffer), 0)
        return self._buffer.raw[: max(0, length)]

    def close(self) -> None:
        """Give the file descriptor back."""
        os.close(self.descriptor)


@functools.cache
def _pread() -> Any:
    """Return the C library's `pread`, called with the GIL kept; only on systems with a /proc."""
    pread = ctypes.PyDLL(None).pread
    pread.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long]
    return pread


class ThreadClock:
    """Reads the figures of the calling thread; `read` takes about 4 us.

    `read_raw` takes 2.5 us, and half of the 10 us of `read` among other code. It returns None
    where it would have to read again, and where the kernel does not show the waits.
    """

    def __init__(self) -> None:
        self._file = KeptFile(schedstat_of(get_native_id())) if knows_waits() else None
        self.read_raw = _raw_reader(self._file) if self._file is not None else _no_reading

    def read(self, *, keep_gil: bool = False) -> Reading:
        """Return wall time, CPU time, run-queue wait and switches at one moment.

        A preemption between the reads would count in one figure and not in the other: measured, it
        makes a block look 10 ms shorter. So such torn reads are repeated, at most four times.
        """
        for _ in range(5):
            wall, wait, runs = perf_counter_ns(), 0, 0
            if self._file is not None:
                file = self._file
                stat = file.read() if keep_gil else os.pread(file.descriptor, 80, 0)
                wait, runs = (int(word) for word in stat.split()[1:3])
            keep_gil = True  # a thread that wants the GIL may have torn the first read
            cpu, more = thread_time_ns(), _switches_and_system()
            if perf_counter_ns() - wall < _TORN:
                break
        return Reading(wall, cpu, wait, *more, runs)

    def close(self) -> None:
        """Give the file descriptor back."""
        if self._file is not None:
            self._file.close()
            self._file, self.read_raw = None, _no_reading


def _no_reading() -> RawReading | None:
    return None


def _raw_reader(file: KeptFile) -> Callable[[], RawReading | None]:
    """Return what reads the figures of the calling thread, with the GIL kept, and unparsed."""
    pread = ctypes.PyDLL(None)["pread"]  # a function of its own: it converts no argument
    descriptor, buffer = ctypes.c_int(file.descriptor), ctypes.create_string_buffer(80)
    size, offset = ctypes.c_size_t(80), ctypes.c_long(0)

    def read_raw() -> RawReading | None:
        wall = perf_counter_ns()
        length = pread(descriptor, buffer, size, offset)
        cpu, more = thread_time_ns(), _switches_and_system()
        if length < 1 or perf_counter_ns() - wall > _TORN:
            return None
        return wall, cpu, buffer.raw, *more

    return read_raw


def parsed(raw: RawReading) -> Reading:
    """Return a raw reading as a `Reading`."""
    wall, cpu, stat, switches, system = raw
    _, wait, runs = stat.split(None, 3)[:3]
    return Reading(wall, cpu, int(wait), switches, system, int(runs))


class Glance:
    """Reads one thread from another thread; 3 us.

    It keeps the GIL, so that the thread that is read cannot move on meanwhile.
    """

    def __init__(self, tid: int) -> None:
        self._stat = KeptFile(schedstat_of(tid))
        self._place: KeptFile | None = None
        with contextlib.suppress(OSError):
            self._place = KeptFile(f"/proc/self/task/{tid}/wchan")
        self._status = KeptFile(f"/proc/self/task/{tid}/status", 4095)

    def times(self) -> Times:
        """Return the thread's times."""
        return Times(*map(int, self._stat.read().split()))

    def switches(self) -> int:
        """Return the voluntary switches; 20 us."""
        return self.switches_and_sleep()[0]

    def switches_and_sleep(self) -> tuple[int, bool]:
        """Return the voluntary switches, and whether the thread is asleep; 20 us.

        This is also known of a sleeping thread that Linux still keeps in a CPU's queue (since
        6.12), of which `sleeps_in` does not know.
        """
        status = self._status.read()
        _, _, state = status.partition(b"\nState:")
        _, _, switches = status.rpartition(b"\nvoluntary_ctxt_switches:")
        return int(switches.split()[0]), state.lstrip()[:1] in {b"S", b"D"}

    def sleeps_in(self) -> bytes:
        """Return the kernel function in which the thread sleeps.

        It is b"futex_..." when the thread waits for a lock or the GIL, and b"" when the thread runs
        or the kernel does not say.
        """
        place = self._place.read() if self._place is not None else b""
        return b"" if place == b"0" else place

    def close(self) -> None:
        """Give the file descriptors back."""
        for file in (self._stat, self._place, self._status):
            if file is not None:
                file.close()


def times_at(schedstat: str) -> Times:
    """Return the times in a schedstat file; zeros if the kernel has none or the thread ended."""
    try:
        with open(schedstat, "rb") as file:
            return Times(*map(int, file.read().split()))
    except (OSError, ValueError, TypeError):
        return Times(0, 0, 0)


def own_times() -> Times:
    """Return the times of the calling thread."""
    return times_at(OWN)


def knows_waits() -> bool:
    """Whether this kernel shows how long a thread waited for a CPU."""
    if os.environ.get("UNBLOCKED_HIDE_SCHEDSTAT"):  # set by tests of such systems
        return False
    try:
        with open(OWN, "rb") as file:
            return len(file.read().split()) >= 2
    except OSError:
        return False


def has_gil() -> bool:
    """Whether a thread that computes keeps others from running Python; not on free-threaded builds.

    Such a build may switch its GIL on when it imports a module that needs it.
    """
    enabled: Callable[[], bool] = getattr(sys, "_is_gil_enabled", lambda: True)
    return enabled()


if sys.platform == "linux":

    def both_switches() -> tuple[int, int]:
        """Return the calling thread's voluntary switches and its preemptions."""
        usage = resource.getrusage(resource.RUSAGE_THREAD)
        return usage.ru_nvcsw, usage.ru_nivcsw

    def voluntary_switches() -> int:
        """Return how often the calling thread gave up its CPU to wait for something."""
        return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw

    def _switches_and_system() -> tuple[int, int]:
        usage = resource.getrusage(resource.RUSAGE_THREAD)
        return usage.ru_nvcsw, int(usage.ru_stime * 1e9)

else:

    def both_switches() -> tuple[int, int]:
        """Return zeros: this platform does not count the switches of one thread."""
        return 0, 0

    def voluntary_switches() -> int:
        """Return 0: this platform does not count the switches of one thread."""
        return 0

    def _switches_and_system() -> tuple[int, int]:
        return 0, 0


def schedstat_of(tid: int) -> str:
    """Return the path of the file that has a thread's times."""
    return f"/proc/self/task/{tid}/schedstat"

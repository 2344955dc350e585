"""What the kernel says about a thread: wall time, CPU time, run-queue wait, voluntary switches.

Linux counts for every thread how long it was ready to run while other work had the CPU (second
field of `/proc/<pid>/task/<tid>/schedstat`, in nanoseconds). That figure is what tells code that
blocks from a machine that is busy. Throttling by a cgroup quota is contained in it already.

macOS, Windows and gVisor tell no such thing: there `knows_waits()` is false, and the verdict
says "inconclusive" where it would otherwise have to guess.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable
from threading import get_native_id
from time import perf_counter_ns, thread_time_ns
from typing import Any, NamedTuple

if sys.platform != "win32":
    import resource

_OWN = "/proc/thread-self/schedstat"
_THREADS = "/proc/self/task"
_TORN = 60_000  # ns: reads further apart than this straddled a preemption, and are taken again


class Reading(NamedTuple):
    """One consistent look at a thread; all in nanoseconds but `switches`, a count."""

    wall: int
    cpu: int
    wait: int
    switches: int


class Times(NamedTuple):
    """What schedstat says of a thread: nanoseconds, and how often it was given a CPU."""

    cpu: int
    wait: int
    runs: int = 0


class KeptFile:
    """A file of /proc that is read without letting go of the GIL; 1 us more than `os.pread`.

    Who lets go of it beside a thread that wants it waits 5 ms to have it back, and that would be
    our doing.
    """

    def __init__(self, path: str, size: int = 80) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._buffer = ctypes.create_string_buffer(size)

    def read(self) -> bytes:
        """Return the file's beginning; empty when what it is about has ended."""
        length = _pread()(self.descriptor, self._buffer, len(self._buffer), 0)
        return self._buffer.raw[: max(0, length)]

    def close(self) -> None:
        """Give the file descriptor back."""
        os.close(self.descriptor)


@functools.cache
def _pread() -> Any:
    """`pread` of the C library with the GIL kept; only where there is a /proc."""
    pread = ctypes.PyDLL(None).pread
    pread.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long]
    return pread


class ThreadClock:
    """Reads the calling thread; `read` costs about 3 us, `voluntary` half a microsecond."""

    def __init__(self) -> None:
        self._file = KeptFile(_schedstat(get_native_id())) if knows_waits() else None

    def read(self, *, keep_gil: bool = False) -> Reading:
        """Return wall, CPU, run-queue wait and switches as of one moment.

        A preemption between the reads would count the same time as wait and as wall: measured, it
        makes a block look 10 ms shorter. So torn reads are repeated, at most four times.
        """
        for _ in range(5):
            wall, wait = perf_counter_ns(), 0
            if self._file is not None:
                file = self._file
                stat = file.read() if keep_gil else os.pread(file.descriptor, 80, 0)
                wait = int(stat.split()[1])
            keep_gil = True  # if it was torn, then perhaps by a thread that wants the GIL
            cpu = thread_time_ns()
            if perf_counter_ns() - wall < _TORN:
                break
        return Reading(wall, cpu, wait, voluntary_switches())

    def close(self) -> None:
        """Give the file descriptor back."""
        if self._file is not None:
            self._file.close()
            self._file = None


class Glance:
    """Looks at one thread from another one without letting go of the GIL, so that the thread
    looked at stays where it is; 3 us."""

    def __init__(self, tid: int) -> None:
        self._stat = KeptFile(_schedstat(tid))
        self._place: KeptFile | None = None
        with contextlib.suppress(OSError):
            self._place = KeptFile(f"/proc/self/task/{tid}/wchan")
        self._status = KeptFile(f"/proc/self/task/{tid}/status", 4095)

    def times(self) -> tuple[int, int]:
        """Return (CPU ns, run-queue wait ns)."""
        cpu, wait = self._stat.read().split()[:2]
        return int(cpu), int(wait)

    def switches(self) -> int:
        """Return the voluntary switches; 20 us."""
        _, _, rest = self._status.read().rpartition(b"\nvoluntary_ctxt_switches:")
        return int(rest.split()[0])

    def sleeps_in(self) -> bytes:
        """Return the kernel function in which the thread sleeps: b"futex_..." where it waits for
        a lock or the GIL; empty when it runs, or the kernel does not say."""
        place = self._place.read() if self._place is not None else b""
        return b"" if place == b"0" else place

    def close(self) -> None:
        """Give the file descriptors back."""
        for file in (self._stat, self._place, self._status):
            if file is not None:
                file.close()


class OtherThreads:
    """The CPU time and run-queue wait of every other thread of this process.

    `serves` says of a thread that starts from now on whether it serves the kernel, or us.
    """

    def __init__(self, serves: Callable[[threading.Thread], bool] = lambda _: False) -> None:
        self._serves = serves
        self._me = get_native_id()
        self._files: dict[int, KeptFile] = {}
        self._known = knows_waits()
        self._ended: dict[int, Times] = {}
        self._births: dict[int, int] = {}
        self.started = False  # whether the call has started a thread
        if self._known:
            self._list()
            self._note_ends()
        self.foreign = set(self._files)  # less those that `ownership` finds to be the learner's

    def read(self) -> dict[int, Times]:
        """Return {thread id: its times}, also of threads that ended since the last call; 8 us, and
        20 where a thread came."""
        if not self._known:
            return {}
        readings = self._figures()
        # The folder has a link for each thread, one of them ours, and two of its own.
        if os.stat(_THREADS).st_nlink - 3 != len(readings):
            self._list()
            readings = self._figures()
        # Last, because listing the threads lets go of the GIL: one may end meanwhile.
        ended, self._ended = self._ended, {}
        return readings | ended

    def take_births(self) -> dict[int, int]:
        """Return {thread id: ns it waited for its first turn on a CPU} of threads started since the
        last call."""
        births, self._births = self._births, {}
        return births

    def close(self) -> None:
        """Give the file descriptors back."""
        for file in self._files.values():
            file.close()
        self._files.clear()
        if self._known and threading.Thread._bootstrap_inner is self._noting:  # type: ignore[attr-defined]
            threading.Thread._bootstrap_inner = self._bootstrap  # type: ignore[attr-defined]

    def _note_ends(self) -> None:
        """Have each thread that the call starts say, before it is gone, how long it waited.

        A loop that waits for a thread to end (`join`, the shutdown of a pool) is held by that
        thread's run-queue wait, and the kernel forgets a thread that has ended.
        """
        bootstrap = self._bootstrap = threading.Thread._bootstrap_inner  # type: ignore[attr-defined]

        def noting(thread: threading.Thread) -> None:
            tid = get_native_id()
            if self._serves(thread):
                self.foreign.add(tid)
            else:
                self.started = True
                self._births[tid] = _times(_OWN).wait
            try:
                bootstrap(thread)
            finally:
                self._ended[tid] = _times(_OWN)

        self._noting = noting
        threading.Thread._bootstrap_inner = noting  # type: ignore[attr-defined]

    def _figures(self) -> dict[int, Times]:
        readings: dict[int, Times] = {}
        for tid, file in self._files.items():
            if figures := file.read():  # it has not ended
                readings[tid] = Times(*map(int, figures.split()))
        return readings

    def _list(self) -> None:
        tids = {int(name) for name in os.listdir(_THREADS)} - {self._me}
        for tid in self._files.keys() - tids:
            self._files.pop(tid).close()
        for tid in tids - self._files.keys():
            with contextlib.suppress(OSError):
                self._files[tid] = KeptFile(_schedstat(tid))


class Children:
    """The processes that the calling thread starts: who starts one sleeps until it runs its
    program, and on a busy machine that waits for a CPU."""

    def __init__(self) -> None:
        self._list: KeptFile | None = None
        with contextlib.suppress(OSError):
            self._list = KeptFile(f"{_THREADS}/{get_native_id()}/children", 4096)
        self._before = self._known = set(self._pids())

    def renew(self) -> None:
        """Take note of the processes there are."""
        self._known = set(self._pids())

    def newborn_wait(self) -> int:
        """Return the longest run-queue wait, in ns, of the processes started since the last call
        that live."""
        before, self._known = self._known, set(self._pids())
        return _longest_wait(self._known - before)

    def longest_wait(self) -> int:
        """Return the longest run-queue wait, in ns, of the processes started since the beginning
        that live."""
        return _longest_wait(set(self._pids()) - self._before)

    def close(self) -> None:
        """Give the file descriptor back."""
        if self._list is not None:
            self._list.close()
            self._list = None

    def _pids(self) -> list[int]:
        return [int(pid) for pid in self._list.read().split()] if self._list is not None else []


def at_rest(tids: Collection[int]) -> set[int]:
    """Return those of these threads that wait for a lock, and not for the GIL; takes 6 ms when one
    waits for either. Who wants the GIL wakes every 5 ms to ask for it."""
    before = {tid: runs for tid in tids if (runs := _runs_at_lock(tid)) is not None}
    if before:
        time.sleep(0.006)
    return {tid for tid, runs in before.items() if _runs_at_lock(tid) == runs}


def _runs_at_lock(tid: int) -> int | None:
    """How often a thread was given a CPU until now, if it sleeps at a lock or the GIL."""
    try:
        with open(f"{_THREADS}/{tid}/wchan", "rb") as place:
            if not place.read().startswith(b"futex"):
                return None
    except OSError:
        return None
    return _times(_schedstat(tid)).runs


def _longest_wait(pids: Iterable[int]) -> int:
    return max((_times(f"/proc/{pid}/schedstat").wait for pid in pids), default=0)


def _times(schedstat: str) -> Times:
    """The times of a thread; zeros where the kernel does not tell, or it has ended."""
    try:
        with open(schedstat, "rb") as file:
            return Times(*map(int, file.read().split()))
    except (OSError, ValueError, TypeError):
        return Times(0, 0, 0)


def knows_waits() -> bool:
    """Whether this kernel tells how long a thread waited for a CPU."""
    if os.environ.get("UNBLOCKED_HIDE_SCHEDSTAT"):  # the tests of the honest path set this
        return False
    try:
        with open(_OWN, "rb") as file:
            return len(file.read().split()) >= 2
    except OSError:
        return False


if sys.platform == "linux":

    def both_switches() -> tuple[int, int]:
        """Return the calling thread's voluntary switches and its preemptions."""
        usage = resource.getrusage(resource.RUSAGE_THREAD)
        return usage.ru_nvcsw, usage.ru_nivcsw

    def voluntary_switches() -> int:
        """Return how often the calling thread gave up its CPU to wait for something."""
        return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw

else:

    def both_switches() -> tuple[int, int]:
        """Return zeros: this platform does not count the switches of one thread."""
        return 0, 0

    def voluntary_switches() -> int:
        """Return 0: this platform does not count the switches of one thread."""
        return 0


def _schedstat(tid: int) -> str:
    return f"/proc/self/task/{tid}/schedstat"

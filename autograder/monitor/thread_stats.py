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
import itertools
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
_TORN = 60_000  # ns: reads further apart had a preemption in between, and are repeated


class Reading(NamedTuple):
    """The figures of one thread at one moment: nanoseconds, and `switches`, a count.

    `system` is the part of `cpu` that the kernel used; it is estimated, and off by up to 4 ms.
    """

    wall: int
    cpu: int
    wait: int
    switches: int
    system: int = 0


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
        self._file = KeptFile(_schedstat(get_native_id())) if knows_waits() else None
        self.read_raw = _raw_reader(self._file) if self._file is not None else _no_reading

    def read(self, *, keep_gil: bool = False) -> Reading:
        """Return wall time, CPU time, run-queue wait and switches at one moment.

        A preemption between the reads would count in one figure and not in the other: measured, it
        makes a block look 10 ms shorter. So such torn reads are repeated, at most four times.
        """
        for _ in range(5):
            wall, wait = perf_counter_ns(), 0
            if self._file is not None:
                file = self._file
                stat = file.read() if keep_gil else os.pread(file.descriptor, 80, 0)
                wait = int(stat.split()[1])
            keep_gil = True  # a thread that wants the GIL may have torn the first read
            cpu = thread_time_ns()
            if perf_counter_ns() - wall < _TORN:
                break
        return Reading(wall, cpu, wait, *_switches_and_system())

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
        cpu = thread_time_ns()
        if length < 1 or perf_counter_ns() - wall > _TORN:
            return None
        return wall, cpu, buffer.raw, *_switches_and_system()

    return read_raw


def parsed(raw: RawReading) -> Reading:
    """Return a raw reading as a `Reading`."""
    wall, cpu, stat, switches, system = raw
    return Reading(wall, cpu, int(stat.split(None, 2)[1]), switches, system)


class Glance:
    """Reads one thread from another thread; 3 us.

    It keeps the GIL, so that the thread that is read cannot move on meanwhile.
    """

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


class OtherThreads:
    """The CPU time and run-queue wait of every other thread of this process.

    `serves` tells whether a thread that starts from now on serves the kernel or the course.
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
        self.foreign = set(self._files)  # `ownership` removes those that are the learner's

    def read(self) -> dict[int, Times]:
        """Return {thread id: its times}, also of threads that ended since the last call.

        It takes 8 us, and 20 us when a thread has started.
        """
        if not self._known:
            return {}
        readings = self._figures()
        # The folder's link count is 2, plus 1 for each thread, this one too.
        if os.stat(_THREADS).st_nlink - 3 != len(readings):
            self._list()
            readings = self._figures()
        # Last, because listing the threads releases the GIL, and a thread may end meanwhile.
        ended, self._ended = self._ended, {}
        return readings | ended

    def take_births(self) -> dict[int, int]:
        """Return {thread id: ns that it waited for its first CPU}.

        It has the threads that the call started since `take_births` was last called.
        """
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
        """Make each thread that the call starts record its times before it ends.

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
            if figures := file.read():  # the thread has not ended
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
    """The processes that the calling thread starts.

    A thread that starts a process sleeps until the new process runs its program. On a busy machine
    the new process first waits for a CPU.
    """

    def __init__(self) -> None:
        self._list: KeptFile | None = None
        with contextlib.suppress(OSError):
            self._list = KeptFile(f"{_THREADS}/{get_native_id()}/children", 4096)
        self._before = self._known = set(self._pids())
        # A pool made once has processes that are older than the call, and does the call's work.
        self._older = {pid: _wait_of(pid) for pid in _workers()}

    def renew(self) -> None:
        """Record which processes exist now; they are not new later."""
        self._known = set(self._pids())

    def newborn_wait(self) -> int:
        """Return the longest run-queue wait, in ns, of the living processes started since the last
        `newborn_wait` or `renew`."""
        before, self._known = self._known, set(self._pids())
        return _longest_wait(self._known - before)

    def longest_wait(self) -> int:
        """Return the longest run-queue wait, in ns, of a living child process since this object was
        made, of those that were there before as well."""
        started = _longest_wait(set(self._pids()) - self._before)
        older = (_wait_of(pid) - wait for pid, wait in self._older.items())
        return max(started, *older, 0)

    def close(self) -> None:
        """Give the file descriptor back."""
        if self._list is not None:
            self._list.close()
            self._list = None

    def _pids(self) -> list[int]:
        return [int(pid) for pid in self._list.read().split()] if self._list is not None else []


def native_ids() -> dict[int, int]:
    """Return {ident: native id} of all threads that run Python code; {} where this is not known.

    `threading` does not know the threads that `_thread` or C code started. The C library does: the
    number of a thread's CPU clock is made of its native id. The list and the questions are one
    chain of C functions, so that no thread can end between them: its memory would be read.

    It keeps the GIL. `knows_waits` opens a file, and that releases the GIL: a thread that had kept
    it got it back, and ended unseen, so that a block of 340 ms was called free in 4 of 12 runs.
    """
    if sys.platform != "linux" or not hasattr(time, "pthread_getcpuclockid"):
        return {}
    frames = itertools.starmap(sys._current_frames, [()])
    idents, asked = itertools.tee(itertools.chain.from_iterable(frames))
    clocks = dict(zip(idents, map(time.pthread_getcpuclockid, asked), strict=False))
    return {ident: ~(clock >> 3) for ident, clock in clocks.items()}


def at_rest(tids: Collection[int]) -> set[int]:
    """Return the threads of `tids` that wait for a lock, and not for the GIL.

    A thread that wants the GIL wakes every 5 ms to ask for it. So this takes 6 ms if any of the
    threads waits for a lock or the GIL.
    """
    before = {tid: runs for tid in tids if (runs := _runs_at_lock(tid)) is not None}
    if before:
        time.sleep(0.006)
    return {tid for tid, runs in before.items() if _runs_at_lock(tid) == runs}


def _runs_at_lock(tid: int) -> int | None:
    """Return how often a thread has got a CPU; None unless it waits for a lock or the GIL."""
    try:
        with open(f"{_THREADS}/{tid}/wchan", "rb") as place:
            if not place.read().startswith(b"futex"):
                return None
    except OSError:
        return None
    return _times(_schedstat(tid)).runs


def _longest_wait(pids: Iterable[int]) -> int:
    return max((_wait_of(pid) for pid in pids), default=0)


def _wait_of(pid: int) -> int:
    """Return the run-queue wait of a process's first thread, in ns; 0 when it has ended."""
    return _times(f"/proc/{pid}/schedstat").wait


def _workers() -> list[int]:
    """Return the processes that multiprocessing started here and that live, those of pools as well.

    Other children count for nothing: a program that a notebook started does not do a call's work.
    """
    process: Any = sys.modules.get("multiprocessing.process")
    started = list(process._children) if process is not None else []
    return [worker.pid for worker in started if worker.pid is not None]


def _times(schedstat: str) -> Times:
    """Return the times in a schedstat file; zeros if the kernel has none or the thread ended."""
    try:
        with open(schedstat, "rb") as file:
            return Times(*map(int, file.read().split()))
    except (OSError, ValueError, TypeError):
        return Times(0, 0, 0)


def own_times() -> Times:
    """Return the times of the calling thread."""
    return _times(_OWN)


def knows_waits() -> bool:
    """Whether this kernel shows how long a thread waited for a CPU."""
    if os.environ.get("UNBLOCKED_HIDE_SCHEDSTAT"):  # set by tests of such systems
        return False
    try:
        with open(_OWN, "rb") as file:
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


def _schedstat(tid: int) -> str:
    return f"/proc/self/task/{tid}/schedstat"

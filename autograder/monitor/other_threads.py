"""The other threads of this process: their times, and which of them only wait."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Collection
from threading import get_native_id

from autograder.monitor.garbage import without_collections
from autograder.monitor.thread_stats import (
    OWN,
    THREADS,
    KeptFile,
    Times,
    knows_waits,
    schedstat_of,
    times_at,
)


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
        self._used: list[_Own] = []  # files of threads that have ended, not closed yet
        self._closed = False
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
        if os.stat(THREADS).st_nlink - 3 != len(readings):
            self._list()
            readings = self._figures()
        # Last, because listing the threads releases the GIL, and a thread may end meanwhile. Where
        # the kernel still has it, its figures are newer than what it recorded.
        ended, self._ended = self._ended, {}
        return ended | readings

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
        self._closed = True
        self._used.clear()
        if self._known and threading.Thread._bootstrap_inner is self._noting:  # type: ignore[attr-defined]
            threading.Thread._bootstrap_inner = self._bootstrap  # type: ignore[attr-defined]

    def _note_ends(self) -> None:
        """Make each thread that the call starts record its times before it ends.

        A loop that waits for a thread to end (`join`, the shutdown of a pool) is held by that
        thread's run-queue wait, and the kernel forgets a thread that has ended.

        The record is the last thing that it does with the GIL: whatever releases the GIL after it,
        as the opening of a file does, may cost a wait for the GIL and for a CPU that nobody counts.
        A `join` beside 8 hogs was once blamed for 77 ms of it.
        """
        bootstrap = self._bootstrap = threading.Thread._bootstrap_inner  # type: ignore[attr-defined]

        def noting(thread: threading.Thread) -> None:
            tid = get_native_id()
            figures = _Own()
            if self._serves(thread):
                self.foreign.add(tid)
            else:
                self.started = True
                self._births[tid] = figures.read().wait
            try:
                bootstrap(thread)
            finally:
                self._used.clear()
                self._ended[tid] = figures.read()
                if not self._closed:  # to close the file now would release the GIL
                    self._used.append(figures)

        self._noting = noting
        threading.Thread._bootstrap_inner = noting  # type: ignore[attr-defined]

    def _figures(self) -> dict[int, Times]:
        readings: dict[int, Times] = {}
        for tid, file in self._files.items():
            if figures := file.read():  # the thread has not ended
                readings[tid] = Times(*map(int, figures.split()))
        return readings

    def _list(self) -> None:
        tids = {int(name) for name in os.listdir(THREADS)} - {self._me}
        for tid in self._files.keys() - tids:
            self._files.pop(tid).close()
        for tid in tids - self._files.keys():
            with contextlib.suppress(OSError):
                self._files[tid] = KeptFile(schedstat_of(tid))


class _Own:
    """The times of the thread that makes it, read without releasing the GIL."""

    def __init__(self) -> None:
        self._file: KeptFile | None = None
        with contextlib.suppress(OSError):  # the learner's code has used all descriptors
            self._file = KeptFile(OWN)

    def read(self) -> Times:
        """Return the times; zeros where the file could not be opened."""
        return Times(*map(int, self._file.read().split())) if self._file else Times(0, 0, 0)

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()


def native_ids() -> dict[int, int]:
    """Return {ident: native id} of all threads that run Python code; {} where this is not known.

    `threading` does not know the threads that `_thread` or C code started. The C library does: the
    number of a thread's CPU clock is made of its native id. The list and the questions are one
    chain of C functions, so that no thread can end between them: its memory would be read. For the
    same reason no garbage may be collected meanwhile: a finalizer in Python can release the GIL.

    It keeps the GIL. `knows_waits` opens a file, and that releases the GIL: a thread that had kept
    it got it back, and ended unseen, so that a block of 340 ms was called free in 4 of 12 runs.
    """
    if sys.platform != "linux" or not hasattr(time, "pthread_getcpuclockid"):
        return {}
    frames = itertools.starmap(sys._current_frames, [()])
    idents, asked = itertools.tee(itertools.chain.from_iterable(frames))
    with without_collections():
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
        with open(f"{THREADS}/{tid}/wchan", "rb") as place:
            if not place.read().startswith(b"futex"):
                return None
    except OSError:
        return None
    return times_at(schedstat_of(tid)).runs

"""The processes that a call starts: how long they waited for a CPU."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from threading import get_native_id
from typing import Any

from autograder.monitor.thread_stats import THREADS, KeptFile, times_at


class Children:
    """The processes that the calling thread starts.

    A thread that starts a process sleeps until the new process runs its program. On a busy machine
    the new process first waits for a CPU.
    """

    def __init__(self) -> None:
        self._list: KeptFile | None = None
        with contextlib.suppress(OSError):
            self._list = KeptFile(f"{THREADS}/{get_native_id()}/children", 4096)
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


def _longest_wait(pids: Iterable[int]) -> int:
    return max((_wait_of(pid) for pid in pids), default=0)


def _wait_of(pid: int) -> int:
    """Return the run-queue wait of a process's first thread, in ns; 0 when it has ended."""
    return times_at(f"/proc/{pid}/schedstat").wait


def _workers() -> list[int]:
    """Return the processes that multiprocessing started here and that live, those of pools as well.

    Other children count for nothing: a program that a notebook started does not do a call's work.
    """
    process: Any = sys.modules.get("multiprocessing.process")
    started = list(process._children) if process is not None else []
    return [worker.pid for worker in started if worker.pid is not None]

"""The jobs of thread pools: which function each thread of a pool was given last, and when it ended.

A job that keeps the GIL may end before any other thread can look at its stack: it gives the GIL up
as its long step ends, and gets it back before the loop or the sampler. In a kernel, whose own
threads want the GIL too, one block in twenty was then told with the line that waits for the job.
"""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import thread as pools
from contextvars import Context
from time import perf_counter_ns
from types import CodeType
from typing import Any, NamedTuple

from autograder.monitor.frames import Line, function_name, is_own

_KEPT = 32  # jobs that have ended
_ITEM: Any = pools._WorkItem  # what a pool runs


class Job(NamedTuple):
    """A job that has ended; times in ns. It keeps neither a function nor its arguments alive."""

    tid: int  # native id of its thread
    code: CodeType | None  # of a function in Python
    began: int
    ended: int


class Jobs:
    """Notes the jobs of all pools while at least one watched call has asked for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls = 0
        self._running: dict[int, CodeType | None] = {}
        self._ended: deque[Job] = deque(maxlen=_KEPT)
        self._run: Callable[..., None] | None = None

    def begin(self) -> None:
        """Note jobs from now on, until `end` was called as often as `begin`."""
        with self._lock:
            self._calls += 1
            if self._calls == 1:
                self._run = _ITEM.run
                _ITEM.run = self._noting(_ITEM.run)

    def end(self) -> None:
        """Undo one `begin`."""
        with self._lock:
            self._calls -= 1
            if self._calls == 0:
                _ITEM.run = self._run
                self._running.clear()
                self._ended.clear()

    def line_of(self, tid: int, moment: int) -> Line | None:
        """Return a line of the present job of a thread, or of its last one if it ended since."""
        if tid in self._running:
            return line_in(self._running.get(tid))
        ended = [job.code for job in self._since(moment) if job.tid == tid]
        return line_in(ended[-1]) if ended else None

    def ended_since(self, moment: int) -> tuple[int, Line] | None:
        """Return the longest job that ended after `moment`: its thread's native id and its line."""
        jobs = self._since(moment)
        if not jobs:
            return None
        longest = max(jobs, key=lambda job: job.ended - job.began)
        line = line_in(longest.code)
        return (longest.tid, line) if line is not None else None

    def _since(self, moment: int) -> list[Job]:
        return [job for job in tuple(self._ended) if job.ended > moment]

    def _noting(self, run: Callable[..., None]) -> Callable[..., None]:
        def noting(item: Any, *context: Any) -> None:
            function = item.fn if hasattr(item, "fn") else item.task[0]  # Python 3.14 has a task
            code = getattr(given(function), "__code__", None)
            tid, began = threading.get_native_id(), perf_counter_ns()
            self._running[tid] = code
            try:
                run(item, *context)
            finally:
                self._running.pop(tid, None)
                self._ended.append(Job(tid, code, began, perf_counter_ns()))

        return noting


def line_in(code: CodeType | None) -> Line | None:
    """Return the line of a learner's function, or None if it is not the learner's.

    It is the line of its body if that is one line, else the line at which the function begins.
    """
    if code is None or not is_own(code.co_filename):
        return None
    body = {line for _, _, line in code.co_lines() if line} - {code.co_firstlineno}
    line = body.pop() if len(body) == 1 else code.co_firstlineno
    return Line(code.co_filename, line, function_name(code))


def given(function: Any, *arguments: Any) -> Any:
    """Return the function that a person gave to a pool or a thread: `to_thread` wraps it twice."""
    while isinstance(function, functools.partial):
        function, arguments = function.func, (*function.args, *arguments)
    if isinstance(getattr(function, "__self__", None), Context) and arguments:
        return given(arguments[0], *arguments[1:])
    return getattr(function, "__func__", function)


jobs = Jobs()

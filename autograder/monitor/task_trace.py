"""Which task ran when: the steps of every task, for the chart.

A task factory wraps each coroutine and records when each step begins and ends: 0.6 us per step of
an echo, where each system call leaves the caches cold. It keeps no reference to the task, so the
garbage collector can still remove a task that nothing refers to (unit 06 shows this).

The moments go to a list, because an array's `append` takes 59 ns and a list's 13. A list takes 80
bytes a step, so `pack` moves them to an array, 16 bytes a step, while the loop is not running.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from array import array
from bisect import bisect_left
from collections.abc import Coroutine
from functools import cache
from time import perf_counter_ns
from types import FrameType
from typing import Any

from autograder.monitor.frames import is_own
from autograder.paths import PACKAGE
from autograder.report.record import MOST_TASKS

# Labs that learners have kept count objects, and leave out ours by this module name.
KEPT_NAME = "autograder.lanes"
MOST_LANES = 40
LOOKS_FOR_A_NAME = 5  # steps of a library's task; after them the task keeps the library's name
MOST_STEPS = 400  # per lane; more steps are merged
PACKED = 500  # moments: a longer list is packed
PACKED_AT_ONCE = 50  # lanes looked at in one turn: 3 us, and 10 us to pack 500 moments
_PACKAGE = re.compile(r"[/\\](?:site|dist)-packages[/\\](\w+)")
_OURS = str(PACKAGE) + os.sep  # a frame from here on asked for no task
# More steps than this are merged by numpy where it is loaded, as in an examination. In Python a
# million steps take 0.1 to 0.3 s after the call, and the witness would see this CPU time as work
# that no record explains.
MANY_STEPS = 20_000


class Latest(list[int]):
    """The latest steps of a task: a class of its own, so that nobody takes it for a learner's."""

    __module__ = KEPT_NAME
    __slots__ = ()


class TaskTrace:
    """The steps of one task: begin, end, begin, end, ... in nanoseconds.

    `package` is the library that made the task for itself; "" if it runs code of the learner's.
    """

    __module__ = KEPT_NAME

    def __init__(self, name: str) -> None:
        self.name = name
        self.package = ""
        self.steps = array("q")
        self.latest = Latest()  # the steps after those in `steps`

    def pack(self) -> None:
        """Move the latest steps to the others; meanwhile the loop's thread may record more."""
        latest = self.latest[:]
        self.steps.fromlist(latest)
        del self.latest[: len(latest)]

    @property
    def shown_name(self) -> str:
        """The task's name; a library's own task has the library's name before it."""
        return f"{self.package}: {self.name}" if self.package else self.name


class TaskTracer:
    """The lanes of one run."""

    __module__ = KEPT_NAME

    def __init__(self) -> None:
        self._lanes: list[TaskTrace] = []
        self._packed = 0  # up to where the last turn of `pack` looked

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Record the steps of all tasks that `loop` creates from now on."""
        loop.set_task_factory(self._make_task)

    def name_first(self, name: str) -> None:
        """Name the first lane after the function that was given to `watch`."""
        if self._lanes:
            self._lanes[0].name, self._lanes[0].package = name, ""

    def pack(self) -> None:
        """Pack the next lane whose list is long, of the few that this turn looks at."""
        if self._packed >= len(self._lanes):
            self._packed = 0
        for lane in self._lanes[self._packed : self._packed + PACKED_AT_ONCE]:
            self._packed += 1
            if len(lane.latest) > PACKED:
                lane.pack()
                break

    def pack_all(self) -> None:
        """Pack every lane, once the loop has stopped; `tasks_in` sees what is packed."""
        for lane in self._lanes:
            lane.pack()

    def shown(self, start: int) -> list[tuple[str, list[tuple[float, float]]]]:
        """Return [(name, [(begin, seconds), ...]), ...] of at most 40 lanes; s since `start`."""
        self.pack_all()
        ran = _joined([lane for lane in self._lanes if lane.steps])
        if len(ran) > MOST_LANES:
            busiest = set(map(id, sorted(ran, key=_busy, reverse=True)[:MOST_LANES]))
            ran = [lane for lane in ran if id(lane) in busiest]
        return [(lane.shown_name, _seconds(lane.steps, start)) for lane in ran]

    def tasks_in(self, began: int, ended: int, block: int) -> int:
        """Return how many tasks held the loop in a block, one directly after the other, or 1.

        `began` and `ended` bound the pass, and the code answers for `block` of it; all in ns. Two
        commands that sleep for 0.9 s each can run in one pass: one block of 1.8 s. A task counts if
        its step is at least half as long as the average, which is a share of the *block*: steps are
        wall time, and beside other programs a few of them are many times as long as the others (ten
        steps of 62 ms were once called 4 tasks). If these steps are less than 90 % of the block,
        the result is 1: the rest is something else, or was not recorded.

        Other programs also make short steps long. If they took much of the pass, tasks count only
        if most tasks of their name do.
        """
        found = self._steps_in(began, ended)
        every = sorted((length for steps in found.values() for length in steps), reverse=True)
        shortest = block
        for tasks in range(len(every), 1, -1):
            if 2 * tasks * every[tasks - 1] >= block:
                shortest = every[tasks - 1]
                break
        counted = []
        for steps in found.values():
            long = [length for length in steps if length >= shortest]
            if ended - began < 1.2 * block or 2 * len(long) > len(steps):
                counted += long
        return max(1, len(counted)) if sum(counted) >= 0.9 * block else 1

    def _steps_in(self, began: int, ended: int) -> dict[str, list[int]]:
        """Return how long each step was that began in this time, by the name of its task."""
        found: dict[str, list[int]] = {}
        for lane in self._lanes:
            steps = lane.steps
            if not steps or steps[0] >= ended or steps[-1] < began:
                continue
            first = bisect_left(steps, began)
            for at in range(first + first % 2, len(steps) - 1, 2):
                if steps[at] >= ended:
                    break
                found.setdefault(lane.shown_name, []).append(steps[at + 1] - steps[at])
        return found

    def _make_task(
        self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
    ) -> asyncio.Task[Any]:
        if not asyncio.iscoroutine(coroutine):  # asyncio raises the right error
            return asyncio.Task(coroutine, loop=loop, **options)
        lane = TaskTrace(_name(coroutine))
        code = getattr(coroutine, "cr_code", None)
        wrap = _Traced
        if code is not None and not is_own(code.co_filename):
            lane.package = _made_by(sys._getframe(1), code.co_filename)
            wrap = _Strange
        if len(self._lanes) < MOST_TASKS:  # a run of 10 000 tasks keeps the first 4000
            self._lanes.append(lane)
        # `asyncio.Task` is looked up here because nest_asyncio replaces it with tasks written in
        # Python. With its nested loops, a C task that runs inside another never ends since 3.14.
        make = Task if _RENAMES else asyncio.Task
        return make(wrap(coroutine, lane), loop=loop, **options)


class Task(asyncio.Task[Any]):
    """Keeps its name: Python 3.13.0 to 3.13.2 rename the tasks of a task factory to "None"."""

    def set_name(self, value: object) -> None:
        if value is not None:
            super().set_name(value)


_RENAMES = (3, 13) <= sys.version_info < (3, 13, 3)


class _Traced(Coroutine[Any, Any, Any]):
    """A coroutine that records its steps and passes on everything else."""

    __module__ = KEPT_NAME
    __slots__ = ("__weakref__", "_coroutine", "_lane", "_note", "_send")

    def __init__(self, coroutine: Any, lane: TaskTrace) -> None:
        self._coroutine = coroutine
        self._lane = lane
        self._send = coroutine.send
        self._note = lane.latest.append

    def __next__(self) -> Any:
        """Run the next step; asyncio's tasks in C prefer this to the dearer `send`."""
        note = self._note
        note(perf_counter_ns())
        try:
            return self._send(None)
        finally:
            note(perf_counter_ns())

    def send(self, value: Any) -> Any:
        self._note(perf_counter_ns())
        try:
            return self._send(value)
        finally:
            self._note(perf_counter_ns())

    def throw(self, *error: Any) -> Any:
        self._note(perf_counter_ns())
        try:
            return self._coroutine.throw(*error)
        finally:
            self._note(perf_counter_ns())

    def close(self) -> None:
        self._coroutine.close()

    def learners_place(self) -> tuple[str, int] | None:
        """Return where the learner's function begins that this coroutine runs, or None."""
        code = getattr(self._coroutine, "cr_code", None)
        if code is None or not is_own(code.co_filename):
            return None
        return code.co_filename, code.co_firstlineno

    def __await__(self) -> Any:
        return self._coroutine.__await__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._coroutine, name)


class _Strange(_Traced):
    """A library's coroutine whose task has no name of the learner's yet.

    It turns into a `_Traced` when it has one, so that other tasks pay nothing for the search.
    """

    __module__ = KEPT_NAME
    __slots__ = ()

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        try:
            return super().send(value)
        finally:
            self._look_for_a_name()

    def _look_for_a_name(self) -> None:
        """Name the task after the first function of the learner's that it runs.

        So the chart shows `roll`, not `Client._run_event`, as discord.py calls that task.
        """
        lane, inner = self._lane, self._coroutine.cr_await
        found = len(lane.latest) > 2 * LOOKS_FOR_A_NAME
        while inner is not None:
            code = getattr(inner, "cr_code", None)
            if code is not None and is_own(code.co_filename):
                lane.name, lane.package, found = _name(inner), "", True
                break
            inner = getattr(inner, "cr_await", None)
        if found:
            self.__class__ = _Traced  # type: ignore[assignment]


def _name(coroutine: Any) -> str:
    name: str = getattr(coroutine, "__qualname__", type(coroutine).__name__)
    return name.rpartition("<locals>.")[2]


def _made_by(frame: FrameType | None, file: str) -> str:
    """Return the library that made a task for itself, "" if the learner's code made the task.

    It is the library whose code asked asyncio for the task. If the request came from another
    thread, it is the library that the coroutine's `file` belongs to. A task that the learner's code
    made for a library's coroutine is the learner's.
    """
    while frame is not None and not frame.f_code.co_filename.startswith(_OURS):
        if is_own(frame.f_code.co_filename):
            return ""
        if package := _package(frame.f_code.co_filename):
            return package
        frame = frame.f_back
    return _package(file)


@cache
def _package(file: str) -> str:
    installed = _PACKAGE.search(file)
    return installed[1] if installed else ""


def _joined(lanes: list[TaskTrace]) -> list[TaskTrace]:
    """Put tasks of one name that follow each other into one lane.

    Each heartbeat of discord.py is a task of its own. In a long run none of them would be among the
    40 busiest lanes.
    """
    joined: list[TaskTrace] = []
    last: dict[str, TaskTrace] = {}
    for lane in lanes:
        before = last.get(lane.shown_name)
        if before is not None and before.steps[-1] <= lane.steps[0]:
            before.steps.extend(lane.steps)
        else:
            joined.append(lane)
            last[lane.shown_name] = lane
    return joined


def _merged(steps: array[int], gap: int) -> array[int]:
    numpy = sys.modules.get("numpy")
    if numpy is not None and len(steps) > MANY_STEPS:
        return _merged_at_once(numpy, steps, gap)
    merged = array("q", steps[:2])
    for i in range(2, len(steps) - 1, 2):
        if steps[i] - merged[-1] <= gap:
            merged[-1] = steps[i + 1]
        else:
            merged.extend(steps[i : i + 2])
    return merged


def _merged_at_once(numpy: Any, steps: array[int], gap: int) -> array[int]:
    moments = numpy.frombuffer(steps, dtype=numpy.int64)[: len(steps) // 2 * 2]
    begins, ends = moments[::2], moments[1::2]
    apart = begins[1:] - ends[:-1] > gap
    kept = numpy.empty((int(apart.sum()) + 1, 2), dtype=numpy.int64)
    kept[:, 0] = begins[numpy.append(True, apart)]
    kept[:, 1] = ends[numpy.append(apart, True)]
    return array("q", kept.tobytes())


def _seconds(steps: array[int], start: int) -> list[tuple[float, float]]:
    gap = 100_000
    while len(steps) > 2 * MOST_STEPS:
        steps = _merged(steps, gap)
        gap *= 2
    return [
        (max(0, steps[i] - start) / 1e9, (steps[i + 1] - steps[i]) / 1e9)
        for i in range(0, len(steps) - 1, 2)
    ]


def _busy(lane: TaskTrace) -> int:
    return sum(lane.steps[1::2]) - sum(lane.steps[: len(lane.steps) // 2 * 2 : 2])

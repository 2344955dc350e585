"""Python's search for garbage: what is older than a call is left out of it, and it is watched.

A full collection looks at every container in the process. In a kernel that has run for an hour it
takes 60 ms of CPU, at whatever line happens to make one object more: a line that is not to blame.
So the collector leaves out all objects that are there when a call begins (`gc.freeze`), until the
last of the calls that overlap has ended. What the call itself has made is the call's to answer for.

Nothing is frozen where somebody has frozen objects before: `gc.unfreeze` would undo that, too. A
candidate of an examination, whose fork server has done so, unfreezes nothing and so freezes all the
same, or it would blame an answer for what the given cells above it have made. Where a learner has
frozen objects, and many others are there when the call begins, no search tells whose it is.

No Python code of ours runs inside a collection: there the GIL would change hands, and the exception
that stops a call at its time limit would be lost.

If the call itself unfreezes, as exercises on garbage do, the next full collection looks at older
objects again. A knot of garbage, made before the freeze, shows this: that collection removes it.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from time import perf_counter_ns, thread_time_ns
from typing import Any

# Python 3.12 moves some hundred objects of its own, which never end, among the frozen ones. Whoever
# freezes on purpose freezes all that there is: 8000 objects in a bare Python.
IMMORTAL = 4000
# The collector counts towards its next full collection from zero after a freeze. So calls that
# follow each other closely would put off that collection for ever, and each one makes the objects
# that it freezes old. Every so many calls we collect fully, and in between the young objects only.
CALLS_PER_FULL = 20
YOUNG, FULL = 1, 2
MANY = 50_000  # containers: a full search through so many takes 2 to 5 ms
_MOST_TIMES = 20_000


@contextlib.contextmanager
def without_collections() -> Iterator[None]:
    """Let Python collect no garbage by itself inside the block, and then as it did before."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def tidy() -> None:
    """Collect all garbage, and leave what remains out of collections for good."""
    gc.collect(FULL)
    gc.freeze()


class _Knot:
    """An object that only the collector can remove."""

    def __init__(self) -> None:
        self.itself = self


class Heap:
    """The objects of this process, for the calls that overlap in time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls = self._freezes = 0
        self._knot: weakref.ref[_Knot] | None = None  # None while nothing is frozen by us
        self._removed: list[int] = []  # when the knot was removed
        self._looks_at_all = False  # somebody else has frozen objects, and there are many others

    @contextlib.contextmanager
    def left_out(self, *, for_good: bool = False) -> Iterator[None]:
        """Leave all objects that are there now out of collections, for one call.

        With `for_good` they stay left out, which suits a process that lives for a few calls. Then
        nothing is collected here: `tidy` does that, where nobody measures.
        """
        with self._lock:
            self._calls += 1
            if self._calls == 1:
                self._begin(for_good)
        try:
            yield
        finally:
            with self._lock:
                self._calls -= 1
                if self._calls == 0 and self._knot is not None:
                    self._knot = None
                    if not for_good:
                        gc.unfreeze()

    def looked_at(self, until: int) -> bool:
        """Whether a collection before this time looked at objects that are older than the calls."""
        return self._looks_at_all or (bool(self._removed) and self._removed[0] <= until)

    def _begin(self, for_good: bool) -> None:
        free = for_good or gc.get_freeze_count() < IMMORTAL
        self._looks_at_all = not free and len(gc.get_objects()) > MANY
        self._removed = []
        if not free:
            return
        if not for_good:
            full = (self._freezes + 1) % CALLS_PER_FULL == 0
            gc.collect(FULL if full else YOUNG)
        self._freeze()

    def _freeze(self) -> None:
        self._freezes += 1
        note = map(self._removed.append, iter(perf_counter_ns, None))
        with without_collections():  # or one may remove the knot before it is frozen
            self._knot = weakref.ref(_Knot(), functools.partial(next, note))
            gc.freeze()


class _Clock(map):  # type: ignore[type-arg]
    """Goes on by one step when the attribute of a phase of a collection is read, all in C."""

    start = stop = property(next)


class Collections:
    """The collections that ran on the current thread, and the CPU time that each one took.

    Nothing here looks at a frame while a collection runs: CPython 3.11 crashes there (2 of 5
    examinations of a unit ended so).
    """

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        # Of the begin and the end of each collection: thread, wall time, CPU time.
        self._times: deque[tuple[int, int, int]] = deque(maxlen=_MOST_TIMES)
        now = zip(
            iter(threading.get_ident, None),
            iter(perf_counter_ns, None),
            iter(thread_time_ns, None),
            strict=True,
        )
        # Called with the phase and a dict: `getattr(clock, "start", {...})`.
        self._note: Any = functools.partial(getattr, _Clock(self._times.append, now))

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the collector inside the block."""
        gc.callbacks.append(self._note)
        try:
            yield
        finally:
            with contextlib.suppress(ValueError):  # the learner has cleared the list
                gc.callbacks.remove(self._note)

    def spent(self, since: int, until: int) -> tuple[int, int]:
        """Return the CPU ns spent between two times: on the call's objects, and on older ones."""
        times = list(self._times)
        own = of_older = 0
        if len(times) % 2:  # the learner cleared the list of callbacks during a collection
            return own, of_older
        for (thread, began, cpu), (_, ended, cpu_then) in zip(times[::2], times[1::2], strict=True):
            if thread == self._thread and since <= began < until:
                if heap.looked_at(ended):
                    of_older += cpu_then - cpu
                else:
                    own += cpu_then - cpu
        return own, of_older


heap = Heap()

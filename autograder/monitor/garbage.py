"""Python's search for garbage: what is older than a call is left out of it, and it is watched.

A full collection looks at every container in the process. In a kernel that has run for an hour it
takes 60 ms of CPU, at whatever line happens to make one object more: a line that is not to blame.
So the collector leaves out all objects that are there when a call begins (`gc.freeze`), until the
last of the calls that overlap has ended. What the call itself has made is the call's to answer for.

Nothing is frozen where somebody has frozen objects before, as the fork server of the examination
has: `gc.unfreeze` would undo that, too.

If the call itself unfreezes, as exercises on garbage do, the next full collection looks at older
objects again. A knot of garbage, made before the freeze, shows this: that collection removes it.
"""

from __future__ import annotations

import contextlib
import gc
import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from time import thread_time_ns
from typing import Any, Protocol

# Python 3.12 moves some hundred objects of its own, which never end, among the frozen ones. Whoever
# freezes on purpose freezes all that there is: 8000 objects in a bare Python.
IMMORTAL = 4000
# The collector counts towards its next full collection from zero after a freeze. So calls that
# follow each other closely would put off that collection for ever, and each one makes the objects
# that it freezes old. Every so many calls we collect fully, and in between the young objects only.
CALLS_PER_FULL = 20
YOUNG, FULL = 1, 2


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

    @contextlib.contextmanager
    def left_out(self) -> Iterator[None]:
        """Leave all objects that are there now out of collections, for one call."""
        with self._lock:
            self._calls += 1
            if self._calls == 1 and gc.get_freeze_count() < IMMORTAL:
                self._freeze()
        try:
            yield
        finally:
            with self._lock:
                self._calls -= 1
                if self._calls == 0 and self._knot is not None:
                    self._knot = None
                    gc.unfreeze()

    def looked_at(self) -> bool:
        """Whether a collection has looked at objects that are older than the running calls."""
        return self._knot is not None and self._knot() is None

    def _freeze(self) -> None:
        self._freezes += 1
        gc.collect(YOUNG if self._freezes % CALLS_PER_FULL else FULL)
        collects = gc.isenabled()
        gc.disable()  # or a collection may remove the knot before it is frozen
        self._knot = weakref.ref(_Knot())
        gc.freeze()
        if collects:
            gc.enable()


class HasPasses(Protocol):
    """What is read of the probe."""

    moment: int  # when the current pass began; 0 during select


class Collections:
    """How much CPU time collections took on the current thread, in each pass of its loop; ns."""

    def __init__(self, probe: HasPasses) -> None:
        self._probe = probe
        self._thread = threading.get_ident()
        self._began = 0
        self._own: Counter[int] = Counter()
        self._of_older: Counter[int] = Counter()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the collector inside the block."""
        gc.callbacks.append(self._step)
        try:
            yield
        finally:
            with contextlib.suppress(ValueError):  # the learner has cleared the list
                gc.callbacks.remove(self._step)

    def in_pass(self, moment: int) -> tuple[int, int]:
        """Return the time spent on what the call has made, and on older objects as well."""
        return self._own[moment], self._of_older[moment]

    def _step(self, phase: str, info: dict[str, Any]) -> None:
        # The youngest generation has 700 to 2000 objects, which take less than 0.1 ms.
        if not info["generation"] or threading.get_ident() != self._thread:
            return
        if phase == "start":
            self._began = thread_time_ns()
        elif self._began:
            spent = self._of_older if heap.looked_at() else self._own
            spent[self._probe.moment] += thread_time_ns() - self._began
            self._began = 0


heap = Heap()

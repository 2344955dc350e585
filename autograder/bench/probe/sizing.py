"""Blocks of a known length: work that takes a wanted CPU time on this machine, and a true sleep."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from functools import partial

from autograder.monitor.garbage import without_collections
from autograder.monitor.thread_stats import ThreadClock

# Identical work cost 87-154 ms of CPU between runs on one machine (neighbours, SMT): at 0.16 s the
# cheapest run is still far above a limit of 0.05 s.
LONG = 0.16
SHORT = 0.012


def sized(work: Callable[[int], object], seconds: float, *, start: int, power: float = 1.0) -> int:
    """Return the n for which `work(n)` takes about `seconds` of CPU; its cost grows as n**power."""
    size, cost = start, _cost(partial(work, start))
    while cost < seconds / 6:
        size *= 2
        cost = _cost(partial(work, size))
    for _ in range(3):
        size = max(1, int(size * (seconds / cost) ** (1 / power)))
        cost = least_cost(partial(work, size))
        if 0.85 <= cost / seconds <= 1.25:
            break
    return size


def burn(seconds: float) -> float:
    """Spend `seconds` of this thread's CPU in Python code; return what was really spent."""
    began = time.thread_time()
    while (spent := time.thread_time() - began) < seconds:
        pass
    return spent


def nap(seconds: float) -> float:
    """Sleep in the kernel for `seconds`, and return `seconds`.

    time.sleep begins to count a little before the thread is asleep. A thread that loses its CPU in
    between sleeps up to 8 ms less than it should; with 8 hogs this happens after computing.
    """
    select.select([], [], [], seconds)
    return seconds


class Held:
    """For how long the calling thread has held the loop: wall time without waits for a CPU."""

    def __init__(self) -> None:
        self._clock = ThreadClock()
        self._first = self._clock.read()

    def below(self, seconds: float) -> bool:
        """Whether that is less than `seconds` until now."""
        now, first = self._clock.read(), self._first
        return now.wall - first.wall - (now.wait - first.wait) < seconds * 1e9


def least_cost(work: Callable[[], object]) -> float:
    """Return the CPU time of the cheaper of two calls, in seconds."""
    return min(_cost(work), _cost(work))


def _cost(work: Callable[[], object]) -> float:
    # A collection of garbage goes through all workloads made so far: it made a block of 160 ms one
    # of 59 ms, because in the run there is nothing left to go through.
    with without_collections():
        began = time.thread_time()
        made = work()
        spent = time.thread_time() - began
        del made  # after the clock: where the loop waits for `work`, that is a block of its own
        return spent

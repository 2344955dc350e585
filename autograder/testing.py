"""What the test cells of the labs share: outcomes, the words for a test that passed, waiting.

    from autograder.testing import Inconclusive, WrongValue, beside, right, wrong

A lab's locked setup cells import it, in the learner's kernel and on both sides of an examination.
Learners keep their copies of a lab for years, so a name that is here stays here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

from autograder.monitor.thread_stats import ThreadClock
from autograder.outcomes import (
    Inconclusive,
    LoopBlocked,
    NotAttempted,
    Outcome,
    TooSlow,
    WrongValue,
)
from autograder.outside import kept, reached
from autograder.report.report import TOO_BUSY, Report

__all__ = [
    "OURS",
    "Connections",
    "Inconclusive",
    "LoopBlocked",
    "NotAttempted",
    "Outcome",
    "ThreadClock",
    "TooSlow",
    "WrongValue",
    "beside",
    "kept",
    "meanwhile",
    "reached",
    "right",
    "sized",
    "wrong",
]

# The modules of what `watch` keeps of each task, for its picture: `type(one).__module__ in OURS`.
# A test that counts the objects an answer leaves in memory leaves these out.
OURS = ("autograder.lanes", "array")
_MEASURABLE = 0.01  # s of CPU; three times as much is measured then. 0.02 was no more exact
_STEP = 16  # times as much work, at most, from one try to the next
_LATE = 0.3  # s; what must come is waited for for 1 s, and it wakes three processes

_Said = TypeVar("_Said")


def right(report: Report, points: float) -> None:
    """Say that a test was passed which has a hidden part as well."""
    print(f"Right. {report}")
    print(f"Its hidden part runs when you check the lab. Then you get its {points} points.")


def wrong(report: Report, sentence: str) -> NoReturn:
    """Raise WrongValue with this sentence; Inconclusive when the machine may be the reason.

    For a test in which the learner's process, the server's and this one wait for each other: the
    machine may be the reason when it kept the watched loop waiting for more than 0.3 s.
    """
    if report.late_by_machine > _LATE:
        raise Inconclusive(TOO_BUSY)
    raise WrongValue(sentence)


class Connections:
    """Counts the connections to a server that are still open when an answer has closed its own.

    `count` returns how many are open now. A test keeps this (`kept`), and its driver asks for
    `closed`; then `left` says how many were still open 1 s later.
    """

    def __init__(self, count: Callable[[], int]) -> None:
        self._count, self._before = count, count()
        self.left = 0

    async def closed(self) -> None:
        """Wait until all are closed, for 1 s at most: what was closed is gone after some ms."""
        for _ in range(50):
            self.left = self._count() - self._before
            if self.left <= 0:
                break
            await asyncio.sleep(0.02)


def sized(
    work: Callable[[Any], object], start: int, seconds: float, made: Callable[[int], Any] = int
) -> int:
    """Return the n for which `work(made(n))` takes about so many seconds of CPU time here.

    `start` is a small n, which is raised until the work can be measured: 0.05 to 0.1 s of CPU time
    in all. `made` is not measured; by default the work gets n itself.
    """

    def cost(n: int) -> float:
        needed = made(n)
        began = time.thread_time()
        work(needed)
        return time.thread_time() - began

    n = start
    while (few := cost(n)) < _MEASURABLE:
        n *= min(_STEP, max(2, int(1.25 * _MEASURABLE / max(few, 1e-6))))
    more = cost(3 * n) - few  # the cost of 2n more, so that what a call costs at the least is out
    return int(2 * n * seconds / max(more, few / 2))


async def beside(
    run: Coroutine[Any, Any, Report], other: Coroutine[Any, Any, _Said]
) -> tuple[Report, _Said | str]:
    """Await a run and what happens beside it; return the report and what the other one said.

    The other one is awaited to its end, also when that is after the run's. Only when the run
    raised is it cancelled, and then it said "".
    """
    task = asyncio.ensure_future(other)
    report = await run
    if report.error is not None and not task.done():
        task.cancel()
        await asyncio.wait([task])
        return report, ""
    return report, await task


async def meanwhile(
    run: Coroutine[Any, Any, Report], other: Coroutine[Any, Any, _Said]
) -> tuple[Report, _Said | None]:
    """Await a run while something else goes on; return the report and what the other one said.

    The other one ends with the run: what has not come to its end by then is cancelled, and said
    None.
    """
    task = asyncio.ensure_future(other)
    report = await run
    # The last step of the other one may be due just now, and the servers' answer on its way to it.
    await asyncio.wait([task], timeout=_LATE if report.error is None else 0)
    said = task.result() if task.done() else None
    task.cancel()
    return report, said

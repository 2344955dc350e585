"""Who ran when: the steps of every task, for the picture.

A task factory wraps each coroutine and notes when a step begins and ends: 0.4 us a step, and no
reference to the task is kept, so that a task nobody holds can still be lost (unit 06 shows it).
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Coroutine
from time import perf_counter_ns
from typing import Any

MOST_LANES = 40
MOST_STEPS = 400  # a lane shown; more are merged


class Lane:
    """The steps of one task: begin, end, begin, end, ... in nanoseconds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.steps = array("q")


class Lanes:
    """The lanes of one run."""

    def __init__(self) -> None:
        self._lanes: list[Lane] = []

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make `loop` note the steps of the tasks it will create."""
        loop.set_task_factory(self._make_task)

    def name_first(self, name: str) -> None:
        """Call the first lane after the function that was given to `watch`."""
        if self._lanes:
            self._lanes[0].name = name

    def shown(self, start: int) -> list[tuple[str, list[tuple[float, float]]]]:
        """Return [(name, [(begin, seconds), ...]), ...], seconds since `start`; at most 40."""
        ran = [lane for lane in self._lanes if lane.steps]
        if len(ran) > MOST_LANES:
            busiest = set(map(id, sorted(ran, key=_busy, reverse=True)[:MOST_LANES]))
            ran = [lane for lane in ran if id(lane) in busiest]
        return [(lane.name, _seconds(lane.steps, start)) for lane in ran]

    def _make_task(
        self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
    ) -> asyncio.Task[Any]:
        name = getattr(coroutine, "__qualname__", type(coroutine).__name__)
        lane = Lane(name.rpartition("<locals>.")[2])
        if len(self._lanes) < 100 * MOST_LANES:  # a run of 10 000 tasks keeps the first 4000
            self._lanes.append(lane)
        return asyncio.Task(_Traced(coroutine, lane), loop=loop, **options)


class _Traced(Coroutine[Any, Any, Any]):
    """A coroutine that notes its steps; everything else is the coroutine's own."""

    __slots__ = ("__weakref__", "_coroutine", "_note", "_send")

    def __init__(self, coroutine: Any, lane: Lane) -> None:
        self._coroutine = coroutine
        self._send = coroutine.send
        self._note = lane.steps.append

    def send(self, value: Any) -> Any:
        note = self._note
        note(perf_counter_ns())
        try:
            return self._send(value)
        finally:
            note(perf_counter_ns())

    def throw(self, *error: Any) -> Any:
        self._note(perf_counter_ns())
        try:
            return self._coroutine.throw(*error)
        finally:
            self._note(perf_counter_ns())

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Any:
        return self._coroutine.__await__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._coroutine, name)


def _merged(steps: array[int], gap: int) -> array[int]:
    merged = array("q", steps[:2])
    for i in range(2, len(steps) - 1, 2):
        if steps[i] - merged[-1] <= gap:
            merged[-1] = steps[i + 1]
        else:
            merged.extend(steps[i : i + 2])
    return merged


def _seconds(steps: array[int], start: int) -> list[tuple[float, float]]:
    gap = 100_000
    while len(steps) > 2 * MOST_STEPS:
        steps = _merged(steps, gap)
        gap *= 2
    return [
        (max(0, steps[i] - start) / 1e9, (steps[i + 1] - steps[i]) / 1e9)
        for i in range(0, len(steps) - 1, 2)
    ]


def _busy(lane: Lane) -> int:
    return sum(lane.steps[1::2]) - sum(lane.steps[: len(lane.steps) // 2 * 2 : 2])

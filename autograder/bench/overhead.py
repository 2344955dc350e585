"""What watching costs: CPU of an echo round trip, and of a pass with 50 callbacks, against nothing.

Each repeat runs the bare loop, the watched one, and the bare one again, and gives one ratio; the
table shows their median and the middle half. All three run in one process, since two processes of
one program differ by 5 %; but for the peers that leave their patches behind.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from autograder.bench.worker import Worker

ROUND_TRIPS = 4_000
PASSES = 4_000
PATCH_FOR_GOOD = ("aiodebug", "aiocop")


@dataclass(frozen=True)
class Ratio:
    """CPU against the bare loop: median and quartiles over the repeats; bare in microseconds."""

    median: float
    low: float
    high: float
    bare: float
    repeats: int


def ratios(workers: Mapping[str, Worker], repeats: int) -> dict[str, dict[str, Ratio]]:
    """Return {"echo" or "callbacks": {detector: Ratio}}."""
    tasks = {"echo": f"echo {ROUND_TRIPS}", "callbacks": f"callbacks {PASSES}"}
    return {what: _compare(workers, task, repeats) for what, task in tasks.items()}


def _compare(workers: Mapping[str, Worker], task: str, repeats: int) -> dict[str, Ratio]:
    found: dict[str, list[float]] = {name: [] for name in workers}
    bare: list[float] = []
    for _ in range(repeats):
        for name, worker in workers.items():
            base = workers["probe"] if name in PATCH_FOR_GOOD else worker
            before = _cost(base, task, "bare")
            watched = _cost(worker, task, "")
            after = _cost(base, task, "bare")
            if before and watched and after:
                bare.append((before + after) / 2)
                found[name].append(watched / bare[-1])
    return {name: _ratio(values, bare) for name, values in found.items() if values}


def _cost(worker: Worker, task: str, detector: str) -> float:
    seen = worker.run(task, detector)
    return seen.returned or 0.0 if seen is not None else 0.0


def _ratio(values: list[float], bare: list[float]) -> Ratio:
    quartiles = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    return Ratio(
        median=statistics.median(values),
        low=quartiles[0],
        high=quartiles[2],
        bare=statistics.median(bare) * 1e6,
        repeats=len(values),
    )

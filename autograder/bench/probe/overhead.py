"""What each detector costs: CPU of an echo round trip and of a pass with 50 callbacks.

Each repeat runs the bare loop, the watched loop, and the bare loop again, and gives one ratio. The
table shows the median of the ratios and their middle half. All three run in one process, because
two processes of one program differ by 5 %. Peers that leave their patches behind are an exception.

They run on a thread of their own, as `watch` does in a notebook. On the main thread, where a signal
handler could hide in select's sleep, the probe gives every select a time-out, and costs more.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from autograder.bench.probe.worker import Worker

ROUND_TRIPS = 4_000
PASSES = 4_000
PATCH_FOR_GOOD = ("aiodebug", "aiocop")
ON_MAIN = "probe, on the main thread"


@dataclass(frozen=True)
class Ratio:
    """CPU against the bare loop: median and quartiles over the repeats; bare in microseconds."""

    median: float
    low: float
    high: float
    bare: float
    repeats: int


def ratios(detectors: Iterable[str], repeats: int) -> dict[str, dict[str, Ratio]]:
    """Return {"echo" or "callbacks": {detector: Ratio}}."""
    workers = {name: Worker(name, [], on_thread=True) for name in detectors}
    workers[ON_MAIN] = Worker("probe", [])
    tasks = {"echo": f"echo {ROUND_TRIPS}", "callbacks": f"callbacks {PASSES}"}
    try:
        return {what: _compare(workers, task, repeats) for what, task in tasks.items()}
    finally:
        for worker in workers.values():
            worker.close()


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
    return {name: ratio(values, bare) for name, values in found.items() if values}


def _cost(worker: Worker, task: str, detector: str) -> float:
    seen = worker.run(task, detector)
    return seen.returned or 0.0 if seen is not None else 0.0


def ratio(values: list[float], bare: list[float]) -> Ratio:
    """Return the figures of many pairs; `bare` in seconds."""
    quartiles = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    return Ratio(
        median=statistics.median(values),
        low=quartiles[0],
        high=quartiles[2],
        bare=statistics.median(bare) * 1e6,
        repeats=len(values),
    )

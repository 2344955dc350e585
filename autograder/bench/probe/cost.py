"""`bench cost`: the CPU that `watch` adds to an echo round trip, whole, and each of its parts.

The echo runs over asyncio's streams, and measures the CPU of the whole process while it runs: the
sampler and the notebook's own loop count too. Each watched run is divided by the mean of the two
bare runs right before and after it, on a thread of the same kind: a bare loop on the main thread is
1 to 2 % cheaper than one on another thread. All ways take turns in one process, in random order,
because two processes of one program differ by 5 %; the figures of several processes are put
together. The row `bare` is a bare run among bare runs: it shows the error.
Where other programs take the CPU away, caches are cold and readings are old when the loop goes on.
So the half of the pairs is kept that had most of the CPU: the choice does not look at the ratio.

What happens once per call, the start of the threads and the picture, is not in the ratios. It is
printed below the table.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from typing import Any

from autograder import wire
from autograder.bench.probe.overhead import Ratio, ratio
from autograder.bench.probe.snippets import echo
from autograder.monitor.probe import Probe
from autograder.monitor.run import Run, run
from autograder.monitor.sampler import Sampler
from autograder.monitor.task_trace import TaskTracer
from autograder.monitor.watch import watch
from autograder.paths import FIGURES
from autograder.report.record import Record
from autograder.report.report import Report

MOST = 1.10  # the bound of `watch` as a whole
WHOLE = "`await watch(...)`, picture drawn"
ON_MAIN = "a call in an examination, on the main thread"
PROCESSES = 3
MAIN = threading.main_thread().native_id or 0  # waits for the loop's thread, as a kernel does
PATIENCE = 60.0  # s; beside 8 hogs, 30 ms of CPU once took 10 s
ROUND_TRIPS = 1_000  # 30 ms: short, so that both runs of a pair meet the same weather

Cost = tuple[float, float]  # s of CPU, and of wall time, of one round trip
Pair = tuple[float, float, float]  # s of CPU watched, and bare; the CPU's share of the wall time


def measure(repeats: int, *, quick: bool) -> int:
    """Print the table, write it unless quick; 0 if `watch` as a whole is within its bound."""
    found: dict[str, list[float]] = {}
    once: dict[str, list[float]] = {}
    bare: list[float] = []
    for _ in range(1 if quick else PROCESSES):
        command = [sys.executable, "-m", __name__, str(10 if quick else max(30, repeats))]
        rounds = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        for way, pairs in rounds["pairs"].items():
            kept = sorted(pairs, key=lambda pair: -pair[2])[: (len(pairs) + 1) // 2]
            bare += [base for _, base, _ in kept]
            found.setdefault(way, []).extend(watched / base for watched, base, _ in kept)
        for what, seconds in rounds["once"].items():
            once.setdefault(what, []).extend(seconds)
    ratios = {way: ratio(values, bare) for way, values in found.items()}
    spent = {what: statistics.median(seconds) for what, seconds in once.items()}
    text = _text(ratios, spent)
    print(text)
    if not quick:
        FIGURES.mkdir(exist_ok=True)
        (FIGURES / "cost.md").write_text(text)
        figures = {"ratios": {way: asdict(one) for way, one in ratios.items()}, "once": spent}
        (FIGURES / "cost.json").write_text(json.dumps(figures, indent=1) + "\n")
    return 0 if ratios[WHOLE].median <= MOST else 1


def _text(ratios: dict[str, Ratio], once: dict[str, float]) -> str:
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    some = ratios[WHOLE]
    lines = [
        "# What watching costs\n",
        "CPU of an echo round trip against a bare loop: median (middle half) of pairs taken in "
        f"turn. Bare: {some.bare:.1f} us. {some.repeats} pairs, {os.cpu_count()} CPUs, {system}, "
        f"CPython {platform.python_version()}, load average {os.getloadavg()[0]:.1f}.\n",
        "| what runs | CPU |",
        "|---|---|",
        *(f"| {way} | {r.median:.3f}x ({r.low:.3f}-{r.high:.3f}) |" for way, r in ratios.items()),
        "",
        *(
            f"{what}: {seconds * 1000:.1f} ms of CPU, once a call."
            for what, seconds in once.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def _rounds(rounds: int) -> None:
    """Print the pairs (watched, bare) of each way, and what happens once a call; in s of CPU."""
    pairs: dict[str, list[Pair]] = {way: [] for way in WAYS}
    once: dict[str, list[float]] = {"a call that does nothing": [], "its picture": []}
    for one in range(rounds + 1):
        before = {True: _bare(), False: _on_thread(_bare)}
        for way in random.sample(list(WAYS), len(WAYS)):
            main = way == ON_MAIN
            watched = WAYS[way]()
            after = _bare() if main else _on_thread(_bare)
            # In the first round malloc maps and unmaps each buffer: 60 us a round trip, not 26.
            if one:
                pairs[way].append(_pair(before[main], watched, after))
            before[main] = after
        empty, drawn = asyncio.run(_once())
        if one:
            once["a call that does nothing"].append(empty)
            once["its picture"].append(drawn)
    print(json.dumps({"pairs": pairs, "once": once}))


def _pair(before: Cost, watched: Cost, after: Cost) -> Pair:
    cpu, wall = (sum(of) for of in zip(before, watched, after, strict=True))
    return watched[0], (before[0] + after[0]) / 2, cpu / wall


def _bare() -> Cost:
    with closing(asyncio.SelectorEventLoop()) as loop:
        return _echoes(loop)


def _bracket() -> Cost:
    with closing(Probe(caller=MAIN)) as probe, closing(probe.make_loop()) as loop:
        return _echoes(loop)


def _trace() -> Cost:
    with closing(asyncio.SelectorEventLoop()) as loop:
        TaskTracer().install(loop)
        return _echoes(loop)


def _bracket_and_sampler() -> Cost:
    return _with_sampler(lambda loop: None)


def _bracket_sampler_and_trace() -> Cost:
    return _with_sampler(TaskTracer().install)


def _with_sampler(install: Callable[[asyncio.AbstractEventLoop], None]) -> Cost:
    sampler = Sampler()
    sampler.start()
    try:
        with closing(Probe(sampler, MAIN)) as probe, closing(probe.make_loop()) as loop:
            sampler.probe = probe
            install(loop)
            return _echoes(loop)
    finally:
        sampler.stop()


def _run() -> Cost:
    call = Run(echo, (ROUND_TRIPS,), {}, PATIENCE, "asyncio")
    return _on_thread(lambda: _value(call.go()))


def _examined() -> Cost:
    return _value(run(echo, (ROUND_TRIPS,), timeout=PATIENCE))


def _value(record: Record) -> Cost:
    assert record.value is not None, record.error
    return _cost(wire.unpack(record.value))


def _watch() -> Cost:
    return _cost(asyncio.run(_watched()).value)


def _watch_and_draw() -> Cost:
    async def cell() -> Cost:
        report = await _watched()
        report._repr_mimebundle_()
        return _cost(report.value)

    return asyncio.run(cell())


async def _watched() -> Report:
    return (await watch(echo, ROUND_TRIPS, timeout=PATIENCE)).responsive(PATIENCE)


async def _once() -> tuple[float, float]:
    async def nothing() -> None:
        pass

    began = time.process_time()
    report = await watch(nothing)
    ended = time.process_time()
    report._repr_mimebundle_()
    return ended - began, time.process_time() - ended


def _echoes(loop: asyncio.AbstractEventLoop) -> Cost:
    return loop.run_until_complete(echo(ROUND_TRIPS))


def _cost(value: Any) -> Cost:
    cpu, wall = value
    return cpu, wall


def _on_thread(way: Callable[[], Cost]) -> Cost:
    spent: list[Cost] = []
    thread = threading.Thread(target=lambda: spent.append(way()))
    thread.start()
    thread.join()
    return spent[0]


WAYS: dict[str, Callable[[], Cost]] = {
    "bare": lambda: _on_thread(_bare),
    "bracket": lambda: _on_thread(_bracket),
    "bracket, sampler": lambda: _on_thread(_bracket_and_sampler),
    "task trace": lambda: _on_thread(_trace),
    "bracket, sampler, task trace": lambda: _on_thread(_bracket_sampler_and_trace),
    "`run`": _run,
    "`await watch(...)`": _watch,
    WHOLE: _watch_and_draw,
    ON_MAIN: _examined,
}

if __name__ == "__main__":
    _rounds(int(sys.argv[1]))

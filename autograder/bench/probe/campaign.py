"""`bench probe`: is the verdict right at every load, how exact is the block, which line, what cost?

Without `quick` it takes more than an hour and writes figures/probe.md, .svg and .json, which the
README shows. A run that was interrupted goes on where it stopped when the same command is given
again, unless the code has changed (`journal`).
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Sequence

from autograder.bench.crowded_memory import crowd
from autograder.bench.probe import figures, labels, overhead, scores
from autograder.bench.probe.detectors import DETECTORS, missing
from autograder.bench.probe.journal import Journal
from autograder.bench.probe.labels import Snippet
from autograder.bench.probe.scores import GROUP, LANES, LOADS, SnippetRun
from autograder.bench.probe.snippets import made
from autograder.bench.probe.worker import Worker
from autograder.environment import control_group, finding

TIMED = ("probe", "heartbeat")  # whose measured block is compared with blocks of known length
GROUP_TAKES = 4  # a run in the memory group takes this many times as long as one on a quiet machine


def measure(repeats: int, *, quick: bool) -> int:
    """Run everything, print the tables, write them unless quick; 0 if no verdict was wrong."""
    loads = ["0", "8"] if quick else list(LOADS)
    corpus = labels.load()
    snippets = scores.spread(corpus.values(), 5) if quick else list(corpus.values())
    skipped = {name: reason for name in DETECTORS if (reason := missing(name))}
    detectors = [name for name in DETECTORS if name != "bare" and name not in skipped]
    costs = overhead.ratios(detectors, 3 if quick else 15)
    began = time.time()
    journal = Journal([loads, repeats, [snippet.name for snippet in snippets], detectors])
    resumed = len(journal.rows)
    print(
        f"{len(snippets)} snippets, {len(detectors)} detectors; rows go to {journal.path}"
        + (f", which has {resumed} of an interrupted run" if resumed else ""),
        file=sys.stderr,
    )
    rows, blocks = _side_by_side(detectors, snippets, loads, repeats, journal, thin=not quick)
    if not quick:
        found = _in_memory_group(snippets, max(1, repeats // GROUP_TAKES), journal)
        rows += found or []
        if found is None:
            skipped[GROUP] = finding.reason(control_group.finding())
    journal.finish()
    text = figures.tables(
        rows, blocks, costs, skipped, _conditions(repeats, time.time() - began, resumed)
    )
    print(text)
    if not quick:
        for path in figures.write(text, rows, blocks, costs):
            print(f"written: {path}", file=sys.stderr)
    ours = [row for row in rows if row.detector == "probe"]
    return 1 if scores.score(ours).wrong else 0


def _side_by_side(
    detectors: Sequence[str],
    snippets: Sequence[Snippet],
    loads: Sequence[str],
    repeats: int,
    journal: Journal,
    *,
    thin: bool,
) -> tuple[list[SnippetRun], list[SnippetRun]]:
    """Return the rows of the corpus, and those of the blocks of known length."""
    names = [snippet.name for snippet in snippets]
    of_peers = [one.name for one in scores.spread(snippets, scores.PEERS_EVERY if thin else 1)]
    lanes = [
        {name: Worker(name, names if name == "probe" else of_peers) for name in these}
        for these in [detectors] * 2 + [TIMED] * (max(LANES[load] for load in loads) - 2)
    ]
    lengths = sorted({b * f * 1000 for b in figures.BOUNDS for f in (0.5, 0.8, 1.25, 2)})
    try:
        blocks = scores.campaign(
            [{name: lane[name] for name in TIMED} for lane in lanes],
            [made(f"{kind} {ms:g}") for kind in ("sleep", "cpu", "both") for ms in lengths],
            loads,
            repeats,
            journal.add,
            known=journal.rows,
        )
        rows = scores.campaign(
            lanes, snippets, loads, repeats, journal.add, thin=thin, known=journal.rows
        )
    finally:
        for worker in [worker for lane in lanes for worker in lane.values()]:
            worker.close()
    return rows, blocks


def _in_memory_group(
    snippets: Sequence[Snippet], repeats: int, journal: Journal
) -> list[SnippetRun] | None:
    """Return our probe's rows where memory is short; None where no such group can be made."""
    names = [snippet.name for snippet in snippets]
    with crowd() as group:
        if group is None:
            return None
        workers = [Worker("probe", names, python=group.python) for _ in range(LANES[GROUP])]
        try:
            with group.squeezed():
                return scores.campaign(
                    [{"probe": worker} for worker in workers],
                    snippets,
                    [GROUP],
                    repeats,
                    journal.add,
                    known=journal.rows,
                )
        finally:
            for worker in workers:
                worker.close()


def _conditions(repeats: int, seconds: float, resumed: int) -> str:
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    run = f"one run of {seconds / 60:.0f} minutes"
    if resumed:
        run = f"an interrupted run of {resumed} rows and a second one of {seconds / 60:.0f} minutes"
    return (
        f"Limit {labels.LIMIT * 1000:g} ms, {repeats} repeats (peers: a tenth on each third), "
        f"side by side {', '.join(f'{lanes} at load {load}' for load, lanes in LANES.items())}, "
        f"in {run}: {os.cpu_count()} CPUs, {system}, "
        f"CPython {platform.python_version()}. Load average at the end {os.getloadavg()[0]:.1f}."
    )

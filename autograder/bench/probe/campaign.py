"""`bench probe`: is the verdict right at every load, how exact is the block, which line, what cost?

Without `quick` it takes more than an hour, and writes a page, a chart and JSON for this Python, as
figures/probe_3.11.md; the README shows them. A run that was interrupted goes on where it stopped
when the same command is given again, unless the code has changed (`journal`).
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autograder.bench.crowded_memory import crowd
from autograder.bench.probe import figures, labels, overhead, scores
from autograder.bench.probe.detectors import DETECTORS, missing
from autograder.bench.probe.journal import Journal
from autograder.bench.probe.labels import Snippet
from autograder.bench.probe.scores import GROUP, LANES, LOADS, SnippetRun
from autograder.bench.probe.snippets import made
from autograder.bench.probe.worker import Worker
from autograder.environment import control_group, finding
from autograder.outcomes import UserMistake

BLOCKS_TAKE = 4  # repeats of the short blocks of known length, for each repeat of the corpus
TIMED = ("probe", "heartbeat")  # whose measured block is compared with blocks of known length
GROUP_TAKES = 4  # a run in the memory group takes this many times as long as one on a quiet machine


def measure(repeats: int, *, quick: bool, only: str | None = None) -> int:
    """Run everything, print the tables, write them; 0 if no verdict was wrong.

    `quick` takes a part of the corpus, and `only` the snippets that this file names, one a line.
    Then nothing is written.
    """
    loads = ["0", "8"] if quick else list(LOADS)
    corpus = _named(only) if only is not None else list(labels.load().values())
    snippets = scores.spread(corpus, 5) if quick else corpus
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
    if not quick and only is None:
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
    most = max(LANES[load] for load in loads)
    lengths = sorted({b * f * 1000 for b in figures.BOUNDS for f in (0.5, 0.8, 1.25, 2)})
    known = [made(f"{kind} {ms:g}") for kind in ("sleep", "cpu", "both") for ms in lengths]
    # In processes of their own: the pools that the corpus keeps alive take the GIL from a block, as
    # a learner's would, and made it 2 to 5 ms longer than it was meant to be.
    with _closed(_started([dict.fromkeys(TIMED, ())] * most)) as lanes:
        often = repeats * BLOCKS_TAKE
        blocks = scores.campaign(lanes, known, loads, often, journal.add, known=journal.rows)
    names = [snippet.name for snippet in snippets]
    of_peers = [one.name for one in scores.spread(snippets, scores.PEERS_EVERY if thin else 1)]
    beside = [
        {name: names if name == "probe" else of_peers for name in these}
        for these in [detectors] * 2 + [TIMED] * (most - 2)
    ]
    with _closed(_started(beside)) as lanes:
        rows = scores.campaign(
            lanes, snippets, loads, repeats, journal.add, thin=thin, known=journal.rows
        )
    return rows, blocks


def _in_memory_group(
    snippets: Sequence[Snippet], repeats: int, journal: Journal
) -> list[SnippetRun] | None:
    """Return our probe's rows where memory is short; None where no such group can be made."""
    names = [snippet.name for snippet in snippets]
    with crowd() as group:
        if group is None:
            return None
        made_in = [
            {"probe": Worker("probe", names, python=group.python, starting=group.roomy)}
            for _ in range(LANES[GROUP])
        ]
        with _closed(made_in) as lanes, group.squeezed():
            return scores.campaign(
                lanes, snippets, [GROUP], repeats, journal.add, known=journal.rows
            )


def _started(lanes: Sequence[Mapping[str, Sequence[str]]]) -> list[dict[str, Worker]]:
    """Return a worker of each lane and detector, for the snippets named there.

    Each takes 17 s of CPU to prepare the corpus, so as many start at a time as there are CPUs.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        starting = [
            {name: pool.submit(Worker, name, snippets) for name, snippets in lane.items()}
            for lane in lanes
        ]
        return [{name: one.result() for name, one in lane.items()} for lane in starting]


@contextlib.contextmanager
def _closed(lanes: list[dict[str, Worker]]) -> Iterator[list[dict[str, Worker]]]:
    """Yield the lanes, and end their processes afterwards."""
    try:
        yield lanes
    finally:
        for worker in [worker for lane in lanes for worker in lane.values()]:
            worker.close()


def _named(file: str) -> list[Snippet]:
    """Return the snippets that a file names, one a line, in the order of the corpus."""
    try:
        wanted = {line.strip() for line in Path(file).read_text().splitlines()} - {""}
    except OSError as error:
        raise UserMistake(f"{file} cannot be read: {error.strerror}.") from None
    corpus = labels.load()
    if unknown := sorted(wanted - corpus.keys()):
        raise UserMistake(f"{file} names snippets that tests/corpus does not have: {unknown}.")
    return [snippet for name, snippet in corpus.items() if name in wanted]


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

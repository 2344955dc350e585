"""`bench probe`: is the verdict right at every load, how exact is the block, which line, what cost?

Without `quick` it takes 45 minutes and writes figures/probe.md, .svg and .json, which the
README shows; the rows go to a file of their own in the temporary folder.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from autograder.bench.probe import figures, labels, overhead, scores
from autograder.bench.probe.detectors import DETECTORS, missing
from autograder.bench.probe.scores import LANES, LOADS, SnippetRun
from autograder.bench.probe.snippets import made
from autograder.bench.probe.worker import Worker

TIMED = ("probe", "heartbeat")  # whose measured block is compared with blocks of known length


def measure(repeats: int, *, quick: bool) -> int:
    """Run everything, print the tables, write them unless quick; 0 if no verdict was wrong."""
    loads = ["0", "8"] if quick else list(LOADS)
    corpus = labels.load()
    snippets = scores.spread(corpus.values(), 5) if quick else list(corpus.values())
    skipped = {name: reason for name in DETECTORS if (reason := missing(name))}
    names = [snippet.name for snippet in snippets]
    detectors = [name for name in DETECTORS if name != "bare" and name not in skipped]
    costs = overhead.ratios(detectors, 3 if quick else 15)
    of_peers = [one.name for one in scores.spread(snippets, 1 if quick else scores.PEERS_EVERY)]
    lanes = [
        {name: Worker(name, names if name == "probe" else of_peers) for name in these}
        for these in [detectors] * 2 + [TIMED] * (max(LANES.values()) - 2)
    ]
    began = time.time()
    log = Path(tempfile.mkdtemp(prefix="bench-probe-")) / "rows.jsonl"
    print(
        f"{len(snippets)} snippets, {len(detectors)} detectors; rows go to {log}", file=sys.stderr
    )
    try:
        with log.open("w") as out:

            def say(row: SnippetRun) -> None:
                out.write(json.dumps(dataclasses.asdict(row)) + "\n")
                out.flush()

            lengths = sorted({b * f * 1000 for b in figures.BOUNDS for f in (0.5, 0.8, 1.25, 2)})
            blocks = scores.campaign(
                [{name: lane[name] for name in TIMED} for lane in lanes],
                [made(f"{kind} {ms:g}") for kind in ("sleep", "cpu", "both") for ms in lengths],
                loads,
                repeats,
                say,
            )
            rows = scores.campaign(lanes, snippets, loads, repeats, say, thin=not quick)
    finally:
        for worker in [worker for lane in lanes for worker in lane.values()]:
            worker.close()
    text = figures.tables(rows, blocks, costs, skipped, _conditions(repeats, time.time() - began))
    print(text)
    if not quick:
        for path in figures.write(text, rows, blocks, costs):
            print(f"written: {path}", file=sys.stderr)
    ours = [row for row in rows if row.detector == "probe"]
    return 1 if scores.score(ours).wrong else 0


def _conditions(repeats: int, seconds: float) -> str:
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return (
        f"Limit {labels.LIMIT * 1000:g} ms, {repeats} repeats (peers: a tenth on each third), "
        f"side by side {', '.join(f'{lanes} at load {load}' for load, lanes in LANES.items())}, "
        f"in one run of {seconds / 60:.0f} minutes: {os.cpu_count()} CPUs, {system}, "
        f"CPython {platform.python_version()}. Load average at the end {os.getloadavg()[0]:.1f}."
    )

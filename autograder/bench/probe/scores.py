"""Run the corpus under every detector and every load, and count what was right.

The detectors take turns on each snippet, so that all of them meet the same weather. Ours runs
`repeats` times on everything; with `thin`, a peer only a tenth as often, on every third snippet.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass

from autograder.bench.hogs import hogs
from autograder.bench.probe.detectors import Detection
from autograder.bench.probe.labels import Snippet
from autograder.bench.probe.worker import Worker

# What runs beside the measurement: name -> (CPU hogs, memory hogs)
PEERS_EVERY = 3
LOADS = {"0": (0, 0), "2": (2, 0), "8": (8, 0), "8+mem": (8, 1), "24": (24, 0)}
GROUP = "memory group"  # workers in a control group with too little memory (`crowded_memory`)
# how many measure side by side, at most
LANES = {"0": 2, "2": 3, "8": 6, "8+mem": 6, "24": 6, GROUP: 2}
PEERS_TAKE = 3  # a repeat with the peers takes this many times as long as one without


@dataclass(frozen=True)
class SnippetRun:
    """One run of one snippet; `truth` and `error` in seconds."""

    load: str
    detector: str
    snippet: str
    blocking: bool
    verdict: str
    line_right: bool | None
    truth: float | None
    seconds: float | None
    doubt: float
    kind: str
    place: str
    error: str
    repeat: int = 0

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What tells this run from all others of a campaign."""
        return self.load, self.detector, self.snippet, self.repeat


@dataclass(frozen=True)
class Score:
    """What one detector did at one load; fractions of 1, None where nothing was to be counted."""

    runs: int
    recall: float
    false_failures: float
    inconclusive: float
    flips: int
    lines: float | None
    crashes: int
    wrong: tuple[str, ...]


def campaign(
    lanes: Sequence[dict[str, Worker]],
    snippets: Sequence[Snippet],
    loads: Iterable[str],
    repeats: int,
    say: Callable[[SnippetRun], None],
    *,
    thin: bool = False,
    known: Iterable[SnippetRun] = (),
) -> list[SnippetRun]:
    """Return a row for every run; `say` is called with each row when it is complete.

    What `known` has is not run again.

    The repeats are divided among lanes, each with workers of its own. The load decides their
    number, because with 8 hogs another lane is one more hog.
    """
    loads = list(loads)
    names = {snippet.name for snippet in snippets}
    rows = [row for row in known if row.load in loads and row.snippet in names]
    done = {row.key for row in rows}
    shared = {snippet.name for snippet in spread(snippets, PEERS_EVERY)}

    def run(
        load: str, mine: Iterable[int], workers: dict[str, Worker], over: threading.Event
    ) -> None:
        for repeat in mine:
            order = list(snippets)
            random.Random(f"{load} {repeat}").shuffle(order)
            for snippet, (name, worker) in itertools.product(order, workers.items()):
                if over.is_set():
                    return
                if (load, name, snippet.name, repeat) in done:
                    continue
                if name == "probe" or not thin or (repeat % 10 == 0 and snippet.name in shared):
                    row = _row(load, name, snippet, worker.run(snippet.name), repeat)
                    rows.append(row)
                    say(row)

    for load in loads:
        used = lanes[: LANES[load]]
        turns = _dealt(repeats, len(used), sum(len(lane) == len(used[0]) for lane in used))
        over = threading.Event()  # somebody wants the campaign to stop, or a lane has failed
        with hogs(*LOADS.get(load, ())), ThreadPoolExecutor(len(used)) as pool:
            ends = [
                pool.submit(run, load, mine, lane, over)
                for lane, mine in zip(used, turns, strict=True)
            ]
            try:
                wait(ends, return_when=FIRST_EXCEPTION)
            finally:
                over.set()  # else the other lanes would run to their end
            for end in ends:
                end.result()
    return rows


def _dealt(repeats: int, lanes: int, with_peers: int) -> list[list[int]]:
    """Deal the repeats to the lanes; those with the peers (each tenth) go to the first ones."""
    turns: list[list[int]] = [[] for _ in range(lanes)]
    weights = [0] * lanes
    for repeat in sorted(range(repeats), key=lambda repeat: repeat % 10 > 0):
        able = lanes if repeat % 10 else with_peers
        least = min(range(able), key=weights.__getitem__)
        turns[least].append(repeat)
        weights[least] += 1 if repeat % 10 else PEERS_TAKE
    return turns


def score(rows: Sequence[SnippetRun]) -> Score:
    """Count the rows of one detector at one load."""
    known = [row for row in rows if row.verdict != "crash"]
    blocking = [row for row in known if row.blocking]
    harmless = [row for row in known if not row.blocking]
    named = [row for row in blocking if row.verdict == "blocked" and row.line_right is not None]
    said: dict[str, set[str]] = defaultdict(set)
    for row in known:
        said[row.snippet].add(row.verdict)
    missed = {row.snippet for row in blocking if row.verdict == "free"}
    blamed = {row.snippet for row in harmless if row.verdict == "blocked"}
    return Score(
        runs=len(rows),
        recall=_share([row.verdict == "blocked" for row in blocking]) or 0.0,
        false_failures=_share([row.verdict == "blocked" for row in harmless]) or 0.0,
        inconclusive=_share([row.verdict == "inconclusive" for row in known]) or 0.0,
        flips=sum({"blocked", "free"} <= verdicts for verdicts in said.values()),
        lines=_share([bool(row.line_right) for row in named]),
        crashes=len(rows) - len(known),
        wrong=tuple(sorted(missed | blamed)),
    )


def errors(rows: Sequence[SnippetRun]) -> list[float]:
    """Return the errors of the measured blocks with a known truth, sorted; seconds."""
    return sorted(
        abs(row.seconds - row.truth)
        for row in rows
        if row.truth is not None and row.seconds is not None
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Return a percentile of sorted values."""
    return values[min(len(values) - 1, int(len(values) * percent / 100))] if values else 0.0


def _row(
    load: str, detector: str, snippet: Snippet, seen: Detection | None, repeat: int
) -> SnippetRun:
    if seen is None:
        seen = Detection(error="the process crashed or hung")
        verdict = "crash"
    else:
        verdict = str(seen.verdict)
    if verdict == "blocked" and snippet.blocking and detector not in ("heartbeat",):
        line_right: bool | None = snippet.names(seen.file, seen.line)
    else:
        line_right = None
    return SnippetRun(
        load=load,
        detector=detector,
        snippet=snippet.name,
        blocking=snippet.blocking,
        verdict=verdict,
        line_right=line_right,
        truth=snippet.truth(seen.returned),
        seconds=seen.seconds,
        doubt=seen.doubt,
        kind=seen.kind,
        place=f"{seen.file}:{seen.line}",
        error=seen.error,
        repeat=repeat,
    )


def _share(found: Sequence[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def spread(snippets: Iterable[Snippet], every: int) -> list[Snippet]:
    """Return every n-th blocking and every n-th harmless snippet, spread over the kinds."""
    chosen = list(snippets)
    blocking = [snippet for snippet in chosen if snippet.blocking]
    harmless = [snippet for snippet in chosen if not snippet.blocking]
    return blocking[::every] + harmless[::every]

"""The verdict and the line on labelled snippets: blocking ones, and their harmless twins.

The limit is 50 ms, blocks are 120 ms or more, harmless code stays under 25 ms (labels.py
tells why). The fast part runs a sample once; `--soak` runs everything, three times, also beside 8
CPU hogs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import pytest

from autograder.bench.hogs import hogs
from autograder.bench.probe import labels, scores
from autograder.bench.probe.detectors import Detection
from autograder.bench.probe.snippets import made
from autograder.bench.probe.worker import Worker

CORPUS = labels.load()
SPREAD = scores.spread(CORPUS.values(), 7)
# All of those with a pool made beforehand, which were called free every time; those whose line was
# not named; and collections of garbage.
GROUPS = {"pools", "lines", "garbage"}
ALWAYS = {name for name, snippet in CORPUS.items() if snippet.group in GROUPS}
SAMPLE = [CORPUS[name] for name in CORPUS if name in ALWAYS or CORPUS[name] in SPREAD]
TRIES = 4  # an inconclusive run is run again, as a learner and the examiner do


def test_the_corpus_holds_330_snippets_and_each_has_a_twin() -> None:
    blocking = {name for name, snippet in CORPUS.items() if snippet.blocking}
    twins = {snippet.twin for snippet in CORPUS.values() if not snippet.blocking}
    assert len(CORPUS) >= 330
    assert twins == blocking


def settled(snippet: labels.Snippet, seen: Detection | None) -> bool:
    # One line in 120 was not named right beside other work; how many are is `bench`'s to say.
    named = seen and (not snippet.blocking or snippet.names(seen.file, seen.line))
    return bool(seen and named and seen.verdict != "inconclusive")


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """One process for all snippets: a second one takes 6 s of CPU to prepare what many share."""
    started = Worker("probe", [snippet.name for snippet in SAMPLE])
    yield started
    started.close()


@pytest.mark.slow
@pytest.mark.parametrize("snippet", SAMPLE, ids=lambda snippet: snippet.name)
def test_a_snippet_is_judged_by_what_it_does_to_the_loop(
    snippet: labels.Snippet, worker: Worker
) -> None:
    earlier: list[Detection | None] = []
    while not earlier or (len(earlier) < TRIES and not settled(snippet, earlier[-1])):
        # Three tries within a second left one snippet open, with 0.28 s of waits for a CPU in each.
        time.sleep(len(earlier))
        earlier.append(worker.run(snippet.name))
    seen = earlier.pop()
    for one in earlier:
        assert one is not None, "the process that ran it crashed or hung"
        assert one.verdict in ("inconclusive", "blocked"), one
    assert seen is not None, "the process that ran it crashed or hung"
    assert not seen.error
    assert seen.verdict == ("blocked" if snippet.blocking else "free"), seen
    if snippet.blocking:
        assert snippet.names(seen.file, seen.line), f"named {seen.file}:{seen.line}"


@pytest.mark.slow
def test_blocks_of_one_thread_are_measured_to_a_millisecond_beside_four_hogs() -> None:
    # On two cores the clock alone is wrong by 100 ms and more here.
    # One CPU block in 36 was 8 ms off beside 8 hogs, hence the second best of five. A process of
    # its own: the pools that the corpus keeps alive take 2 to 5 ms of each block for themselves.
    errors: dict[str, list[float]] = {"sleep 60": [], "cpu 60": []}
    worker = Worker("probe", [])
    with hogs(cpu=4):
        for kind, found in errors.items():
            for _ in range(5):
                seen = worker.run(kind)
                assert seen is not None
                found.append(abs(seen.seconds - made(kind).truth(seen.returned)))
    worker.close()
    assert all(sorted(found)[1] < 0.0015 for found in errors.values()), errors


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("load", ["0", "2", "8"])
@pytest.mark.parametrize("on_thread", [False, True], ids=["main-thread", "own-thread"])
def test_no_verdict_is_wrong_on_the_whole_corpus(load: str, on_thread: bool) -> None:
    rows = campaign(list(CORPUS.values()), load, repeats=3, on_thread=on_thread)
    score = scores.score(rows)
    broken = [(row.snippet, row.error) for row in rows if row.error]
    assert not broken
    assert not score.wrong
    assert score.lines is not None
    assert score.lines >= 0.99, [
        (row.snippet, row.place) for row in rows if row.line_right is False
    ]


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_blocks_of_one_thread_are_measured_to_a_millisecond_beside_eight_hogs() -> None:
    # 0.24 ms at worst on 538 blocks of the laboratory; 1 ms is what the course promises.
    kinds, lengths = ("sleep", "cpu", "both"), (8, 16, 40, 62, 100)
    snippets = [made(f"{kind} {ms}") for kind in kinds for ms in lengths]
    rows = campaign(snippets, "8", repeats=15)
    assert scores.percentile(scores.errors(rows), 99) <= 0.001


def campaign(
    snippets: Sequence[labels.Snippet], load: str, repeats: int, *, on_thread: bool = False
) -> list[scores.SnippetRun]:
    """Run the snippets under our probe, as many side by side as the load allows."""
    names = [snippet.name for snippet in snippets if snippet.name in CORPUS]
    workers = [Worker("probe", names, on_thread=on_thread) for _ in range(scores.LANES[load])]
    try:
        lanes = [{"probe": worker} for worker in workers]
        return scores.campaign(lanes, snippets, [load], repeats, say=lambda row: None)
    finally:
        for worker in workers:
            worker.close()

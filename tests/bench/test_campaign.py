"""A campaign that was interrupted goes on where it stopped, and measures nothing twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from autograder.bench.probe import campaign, figures, labels, scores
from autograder.bench.probe.detectors import Detection
from autograder.bench.probe.journal import Journal
from autograder.outcomes import UserMistake

SNIPPETS = list(labels.load("sleeping").values())[:4]
REPEATS = 3
ALL = len(SNIPPETS) * REPEATS


class Worker:
    """Stands for a worker, and calls everything free; it counts what it ran."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def run(self, name: str) -> Detection:
        self.ran.append(name)
        return Detection(seconds=0.001)


def measure(worker: Any, journal: Journal, most: int = ALL) -> list[scores.SnippetRun]:
    """Run the campaign until `most` rows are complete."""
    left = [most]

    def say(row: scores.SnippetRun) -> None:
        if not left[0]:
            raise InterruptedError
        left[0] -= 1
        journal.add(row)

    return scores.campaign([{"probe": worker}], SNIPPETS, ["0"], REPEATS, say, known=journal.rows)


def test_a_second_run_measures_only_what_the_first_one_has_not(tmp_path: Path) -> None:
    with pytest.raises(InterruptedError):
        measure(Worker(), Journal(["this"], tmp_path), most=5)
    journal = Journal(["this"], tmp_path)
    with journal.path.open("a") as file:
        file.write('{"load": "0", "det')  # the last row was written in part
    worker, journal = Worker(), Journal(["this"], tmp_path)
    rows = measure(worker, journal)
    assert len(worker.ran) == ALL - 5
    assert len(rows) == len({row.key for row in rows}) == ALL
    assert len(Journal(["this"], tmp_path).rows) == ALL
    journal.finish()
    assert not Journal(["this"], tmp_path).rows


def test_a_lane_that_fails_stops_the_others() -> None:
    failed = threading.Event()

    class Failing(Worker):
        def run(self, name: str) -> Detection:
            failed.set()
            raise InterruptedError

    class Slow(Worker):
        def run(self, name: str) -> Detection:
            assert failed.wait(60)
            time.sleep(0.05)  # meanwhile the other lane ends
            return super().run(name)

    slow = Slow()
    lanes: list[dict[str, Any]] = [{"probe": slow}, {"probe": Failing()}]
    with pytest.raises(InterruptedError):
        scores.campaign(lanes, SNIPPETS, ["0"], 2 * REPEATS, lambda row: None)
    assert len(slow.ran) < ALL


def test_rows_of_other_conditions_are_not_used(tmp_path: Path) -> None:
    measure(Worker(), Journal(["this"], tmp_path))
    assert len(Journal(["this"], tmp_path).rows) == ALL
    assert not Journal(["that"], tmp_path).rows


def test_a_load_that_only_our_probe_met_is_a_column_with_gaps(tmp_path: Path) -> None:
    rows = measure(Worker(), Journal(["this"], tmp_path))
    peers = [scores.SnippetRun(**{**vars(row), "detector": "heartbeat"}) for row in rows]
    alone = [scores.SnippetRun(**{**vars(row), "load": scores.GROUP}) for row in rows]
    text = figures.tables([*rows, *peers, *alone], [], {}, {}, "")
    assert "| detector | quiet | memory group |" in text
    assert any(
        line.startswith("| heartbeat |") and line.endswith(" - |") for line in text.split("\n")
    )
    figures._draw([*rows, *peers, *alone], tmp_path / "chart.svg")
    assert (tmp_path / "chart.svg").exists()


class Process(Worker):
    """Stands for a worker's process; `all` has those that were made."""

    all: ClassVar[list[Process]] = []

    def __init__(self, detector: str, snippets: Sequence[str]) -> None:
        super().__init__()
        self.detector, self.prepared, self.closed = detector, list(snippets), False
        self.all.append(self)

    def close(self) -> None:
        self.closed = True


def test_blocks_of_known_length_are_measured_in_processes_without_the_threads_of_the_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign, "Worker", Process)
    monkeypatch.setattr(Process, "all", [])
    journal = Journal(["this"], tmp_path)
    detectors = ["probe", "heartbeat", "pyleak"]
    rows, blocks = campaign._side_by_side(detectors, SNIPPETS, ["0"], 2, journal, thin=False)
    assert all(process.closed for process in Process.all)
    known = {row.snippet for row in blocks}
    for process in Process.all:
        ran = set(process.ran)
        assert ran <= (set(process.prepared) if process.prepared else known)
    # An interrupted run goes on, in whichever part it was.
    again = campaign._side_by_side(
        detectors, SNIPPETS, ["0"], 2, Journal(["this"], tmp_path), thin=False
    )
    assert [len(part) for part in again] == [len(rows), len(blocks)]
    assert len(Journal(["this"], tmp_path).rows) == len(rows) + len(blocks)


def test_a_list_of_names_limits_the_corpus_and_a_wrong_name_is_said(tmp_path: Path) -> None:
    chosen = tmp_path / "names"
    chosen.write_text("".join(f"{snippet.name}\n" for snippet in reversed(SNIPPETS)) + "\n")
    assert campaign._named(str(chosen)) == SNIPPETS
    chosen.write_text("no_such_snippet\n")
    with pytest.raises(UserMistake, match="no_such_snippet"):
        campaign._named(str(chosen))
    with pytest.raises(UserMistake, match="cannot be read"):
        campaign._named(str(tmp_path / "none"))

"""A campaign that was interrupted goes on where it stopped, and measures nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autograder.bench.probe import figures, labels, scores
from autograder.bench.probe.detectors import Detection
from autograder.bench.probe.journal import Journal

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

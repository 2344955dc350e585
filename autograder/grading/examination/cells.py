"""The input and the result of an examination: cells, and how each of them ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from autograder.grading.examination.outputs import Output
from autograder.report.record import Block

ATTEMPTS = 3  # examinations of a test, at most, while its verdict is inconclusive
SECONDS = 60.0  # s for one cell; nbgrader's default is 30, too few for a machine that is busy
BUDGET = 900.0  # s for a notebook, repeats included; labs need 2 to 21 on a free machine
MOST_FILES = 100_000_000  # bytes of the files next to the notebook, at most: nbgrader's limit


class ExaminationFailed(Exception):
    """The examiner broke: a fault of ours. It gives no grade, and above all no 0."""


@dataclass(frozen=True)
class Cell:
    """A code cell of a notebook. `source` of a test or setup cell is ours, never the learner's."""

    index: int
    role: Literal["learner", "setup", "test"]
    name: str  # the grade_id; empty for a cell without one
    source: str
    points: float = 0.0


@dataclass
class CellOutcome:
    """How one cell ended; all fields after `outputs` are for test cells only."""

    outputs: list[Output]
    status: str = ""  # passed, failed, not attempted, inconclusive, needs review
    message: str = ""  # for the learner
    test_line: int = 0  # of the test, where a check failed
    block: Block | None = None  # the longest one
    limit: float | None = None  # s, the lowest limit of its checks of the loop; None without any
    noise: float = 0.0  # s that other programs took
    witness: dict[str, Any] = field(default_factory=dict)  # see examiner._worst
    attempts: int = 1

    @property
    def longest_block(self) -> float:
        """How long the longest block was, in seconds; 0.0 when there was none."""
        return self.block.seconds if self.block else 0.0

    @property
    def credit(self) -> float | None:
        """The partial credit that the test's last expression gives, or None."""
        for output in self.outputs:
            if output["output_type"] == "execute_result":
                return float(output["data"]["text/plain"])
        return None


@dataclass
class Examined:
    """The outcome of a notebook's cells, by cell index, and how they were examined."""

    seen: dict[int, CellOutcome] = field(default_factory=dict)
    seconds: float = 0.0
    restarts: int = 0  # candidates that were replaced
    layers: list[str] = field(default_factory=list)  # of the jail
    seed: str = ""  # of what the tests drew at random; with it they draw the same again

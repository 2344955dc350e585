"""What an examination takes, and what comes of it: cells, and how each of them ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from autograder.grading.examination.outputs import Output
from autograder.report.record import Block

ATTEMPTS = 3  # examinations a test may have while the machine leaves it inconclusive
SECONDS = 60.0  # s for one cell; nbgrader's own default is 30, a starved pod needs more
MOST_FILES = 100_000_000  # bytes a learner may hand in beside the notebook: nbgrader's own cap


class ExaminationFailed(Exception):
    """The examiner broke: an error of ours. Nobody gets a grade from it, least of all a 0."""


@dataclass(frozen=True)
class Cell:
    """A code cell of a notebook. `source` of a test or setup cell is ours, never the learner's."""

    index: int
    role: Literal["learner", "setup", "test"]
    name: str  # the grade_id, or nothing
    source: str
    points: float = 0.0


@dataclass
class CellOutcome:
    """What came of one cell; the last fields are those of a test cell."""

    outputs: list[Output]
    status: str = ""  # passed, failed, not attempted, inconclusive
    message: str = ""  # the sentence for the learner
    test_line: int = 0  # of the test, where a check did not hold
    block: Block | None = None  # the longest block
    limit: float | None = None  # s, of its checks of the loop; None when it has none
    noise: float = 0.0  # s the machine took away
    witness: dict[str, Any] = field(default_factory=dict)  # s seen from outside: see witness.py
    attempts: int = 1

    @property
    def longest_block(self) -> float:
        """Seconds the code held the loop; 0.0 when it did not."""
        return self.block.seconds if self.block else 0.0

    @property
    def credit(self) -> float | None:
        """What the test's last expression says it is worth, or None."""
        for output in self.outputs:
            if output["output_type"] == "execute_result":
                return float(output["data"]["text/plain"])
        return None


@dataclass
class Examined:
    """What came of a notebook, by cell index, and what the verdict rests on."""

    seen: dict[int, CellOutcome] = field(default_factory=dict)
    seconds: float = 0.0
    restarts: int = 0  # candidates that broke
    layers: list[str] = field(default_factory=list)  # of the jail

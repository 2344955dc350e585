"""One examination as plain data, to be sent to a slot's process or to another machine."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.grading.examination.cells import Cell, Examined
from autograder.grading.examination.files import Files
from autograder.grading.examination.provenance import Surroundings


@dataclass(frozen=True)
class Job:
    """What one examination needs; see `examine.examine`."""

    cells: list[Cell]
    promised: list[str]
    own_files: Files
    learner_files: Files
    seconds: float
    attempts: int
    strict: bool


@dataclass
class Done:
    """What came of a job, and where it was examined."""

    examined: Examined
    surroundings: Surroundings

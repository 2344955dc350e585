"""One examination as plain data, which can be sent to a slot on this or on another machine."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.grading.examination.cells import Cell, Examined
from autograder.grading.examination.files import Files
from autograder.grading.examination.provenance import Surroundings


@dataclass(frozen=True)
class Job:
    """What one examination needs: the arguments of `session.examine`."""

    cells: list[Cell]
    promised: list[str]
    own_files: Files
    learner_files: Files
    seconds: float
    attempts: int
    strict: bool
    seed: str = ""


@dataclass
class Done:
    """The result of a job, and the machine that examined it."""

    examined: Examined
    surroundings: Surroundings

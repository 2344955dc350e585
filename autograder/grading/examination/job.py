"""One examination as plain data, which can be sent to a slot on this or on another machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from autograder.grading.examination.cells import MOST_FILES, Cell, Examined
from autograder.grading.examination.provenance import Surroundings
from autograder.outcomes import UserMistake

Files = dict[str, bytes]  # by their path below the folder


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


@dataclass
class Done:
    """The result of a job, and the machine that examined it."""

    examined: Examined
    surroundings: Surroundings


def files_below(folder: Path, ignore: Sequence[str]) -> Files:
    """Return the files in a folder, without those that `ignore` names and without links.

    Raises UserMistake when they are larger than what nbgrader lets a learner hand in.
    """
    found: Files = {}
    room = MOST_FILES
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not _left_out(Path(place, name), ignore)]
        for name in names:
            path = Path(place, name)
            if _left_out(path, ignore) or not path.is_file():
                continue
            room -= path.stat().st_size
            if room < 0:
                raise UserMistake(
                    f"the files beside the notebook in {folder} are larger than "
                    f"{MOST_FILES // 1_000_000} MB; move away what the notebook does not need"
                )
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def _left_out(path: Path, ignore: Sequence[str]) -> bool:
    patterns = ("*.ipynb", *ignore)
    return path.is_symlink() or any(fnmatch(path.name, pattern) for pattern in patterns)

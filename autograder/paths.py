"""The paths of the package, of the course's folder, and of the figures; other modules use these."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

PACKAGE = Path(os.path.abspath(__file__)).parent
"""The folder `autograder`, by the path from which Python loaded it. Links are not resolved, because
the file names of our own frames begin with this path."""

ROOT = PACKAGE.resolve().parent
"""The course's folder: it holds the package, source/, release/ and, as a rule, work/."""

FIGURES = PACKAGE / "bench" / "figures"
"""The folder of the figures that `bench` writes and README shows."""


def work_folder(root: Path) -> Path:
    """Return the folder of a learner's copies and notes; it may not exist yet.

    It is work/ in the course's folder. Where many learners share a course that they cannot write
    to, each has `unblocked` in their home. UNBLOCKED_WORK names another folder.
    """
    if chosen := os.environ.get("UNBLOCKED_WORK"):
        return Path(os.path.abspath(os.path.expanduser(chosen)))
    usual = root / "work"
    if not can_be_written(usual):
        with contextlib.suppress(RuntimeError):  # a user without a home
            own = Path.home() / "unblocked"
            if can_be_written(own):
                return own
    return usual


def can_be_written(place: Path) -> bool:
    """Whether this user may write a file or folder, or make it where it does not exist yet."""
    nearest = next(path for path in (place, *place.parents) if os.path.exists(path))
    return os.access(nearest, os.W_OK)

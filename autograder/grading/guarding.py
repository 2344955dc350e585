"""Stops nbgrader when a course's settings name the examiner but were not applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbgrader.preprocessors import NbGraderPreprocessor

NAMES_US = b"autograder.grading"


class Guard(NbGraderPreprocessor):  # type: ignore[misc]
    """The first step in jupyter/nbgrader_config.py, for when a course's own file does not apply."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Let a notebook of another course pass. Raises RuntimeError for a notebook of ours."""
        path = Path(self.parent.parent.coursedir.root, "nbgrader_config.py")
        if path.exists() and NAMES_US in path.read_bytes():
            raise RuntimeError(
                f"{path} was not applied, so nothing was graded: without it nbgrader would run the "
                f"submission in your own account. nbgrader's first lines say what is wrong with "
                f"the file. Fix it, or restore the course's version: git checkout {path.name}"
            )
        return nb, resources

"""Stops nbgrader where a course's settings ask for the examiner, and were not applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbgrader.preprocessors import NbGraderPreprocessor

NAMES_US = b"autograder.grading"


class Guard(NbGraderPreprocessor):  # type: ignore[misc]
    """Comes first in the settings that nbgrader falls back to; see jupyter/nbgrader_config.py."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Let a notebook of another course pass; raises RuntimeError for one of ours."""
        path = Path(self.parent.parent.coursedir.root, "nbgrader_config.py")
        if path.exists() and NAMES_US in path.read_bytes():
            raise RuntimeError(
                f"{path} was not applied, so nothing was graded: without it nbgrader would run the "
                f"submission in your own account. nbgrader's first lines say what is wrong with "
                f"the file; or take the course's own again: git checkout {path.name}"
            )
        return nb, resources

"""One model of a notebook: what is a notebook, a cell's source and name, whose exercise it is.

A notebook is JSON data, a dict with "cells"; nbformat's objects are such dicts as well. Everything
that asks a cell for its source or for what nbgrader keeps in it asks here.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from autograder.outcomes import UserMistake

Notebook = dict[str, Any]
Cell = dict[str, Any]

# In an answer cell, below our solution: the program that learners start from, and repair.
CURRENT_VERSION = "# The current version:"


class NotANotebook(UserMistake):
    """A file or text that holds no notebook; the sentence ends without a full stop."""


def loads(content: bytes | str, called: str = "the file") -> Notebook:
    """The notebook in a text, as it stands there; raises NotANotebook, which names it `called`."""
    try:
        notebook: Notebook = json.loads(content)
        if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
            raise ValueError("it has no cells")
        if not all({"cell_type", "source"} <= set(cell) for cell in notebook["cells"]):
            raise ValueError("a cell lacks its type or its source")
    except (ValueError, TypeError, RecursionError) as error:
        raise NotANotebook(f"{called} is not a notebook ({_first_line(error)})") from None
    return notebook


def read(path: Path, called: str) -> Any:
    """The notebook in a file that a person handed in, as nbformat's object of version 4.

    Older versions are converted. Raises FileNotFoundError, and NotANotebook, which names it
    `called`, for everything else that cannot be read.
    """
    import nbformat

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise NotANotebook(f"{called} cannot be read ({error})") from None
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)  # nbformat's word on old ids
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        if not all({"cell_type", "source", "metadata"} <= set(cell) for cell in notebook.cells):
            raise ValueError("a cell lacks its type, its source, or its metadata")
    except Exception as error:  # whatever nbformat raises over what is no notebook
        raise NotANotebook(f"{called} is not a notebook ({_first_line(error)})") from None
    return notebook


def source(cell: Cell) -> str:
    """The text of a cell; a file may keep it as a list of lines."""
    text = cell["source"]
    return text if isinstance(text, str) else "".join(text)


def graded(cell: Cell) -> dict[str, Any]:
    """What nbgrader keeps in a cell: grade, grade_id, locked, points, solution. Or nothing."""
    return _metadata(cell, "nbgrader")


def grade_id(cell: Cell) -> str:
    """The name that nbgrader knows a cell by, or nothing."""
    name = graded(cell).get("grade_id")
    return name if isinstance(name, str) else ""


def stated(cell: Cell) -> dict[str, Any]:
    """What the header of a cell in source/ says besides: exercise, limit, stretch, experiment."""
    return _metadata(cell, "unblocked")


def answers(notebook: Notebook) -> dict[str, str]:
    """The source of each answer cell, by its grade_id."""
    named = {grade_id(cell): cell for cell in notebook["cells"] if graded(cell).get("solution")}
    return {name: source(cell) for name, cell in named.items() if name}


def exercise_of(name: str, exercises: Iterable[str]) -> str | None:
    """The exercise that owns a cell: of those whose name begins the cell's, the longest.

    `repair_two` owns `repair_two` and `repair_two_visible`, but not `repair_two_b_visible` where
    there is an exercise `repair_two_b`.
    """
    fitting = [known for known in exercises if f"{name}_".startswith(f"{known}_")]
    return max(fitting, key=len, default=None)


def nbgrader_metadata(
    grade_id: str, *, grade: bool, solution: bool, locked: bool, points: float | None = None
) -> dict[str, Any]:
    """The full schema-3 metadata of a cell: nbgrader 0.9.6 refuses what lacks a key.

    `points` is for a graded cell, and for no other one.
    """
    metadata: dict[str, Any] = {
        "grade": grade,
        "grade_id": grade_id,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if grade:
        metadata["points"] = points
    return metadata


def _metadata(cell: Cell, key: str) -> dict[str, Any]:
    metadata = cell.get("metadata")
    found = metadata.get(key) if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]

"""Makes a notebook of a unit's text, with nbgrader's metadata: always the same ids and bytes.

A cell's id is its grade_id, or a hash of its source and a number that tells equal cells apart.
(jupytext makes new random ids at every conversion: 28 lines of diff for an unchanged text of 14
cells.) No `jupytext` key is written, because with one JupyterLab opens the text beside a release
notebook (jupytext#157).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from autograder.course.author import minutes
from autograder.course.author.parse import BrokenUnit, TextCell
from autograder.course.notebook import nbgrader_metadata

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
_LOOKS = ("tags", "jupyter", "jp-MarkdownHeadingCollapsed")  # JupyterLab's own keys
_OURS = ("exercise", "limit", "stretch", "hints", "experiment", "anchor", "minutes")


def lesson(cells: list[TextCell], called: str) -> dict[str, Any]:
    """Return the notebook of a lesson as JSON data."""
    told = minutes.told(cells, minutes.lesson(cells), "This lesson takes about {} minutes.")
    return _notebook(told, graded=False, called=called)


def lab(cells: list[TextCell], called: str) -> dict[str, Any]:
    """Return the notebook of a lab as JSON data, with nbgrader's metadata.

    Raises BrokenUnit when two graded cells have the same name.
    """
    core = any(cell.role == "exercise" and not cell.keys.get("stretch") for cell in cells)
    sentence = f"The {'core ' * core}exercises take about {{}} minutes."
    return _notebook(minutes.told(cells, minutes.lab(cells), sentence), graded=True, called=called)


def page(cells: list[TextCell], called: str) -> dict[str, Any]:
    """Return the notebook of a page of the toolbox as JSON data."""
    return _notebook(cells, graded=False, called=called)


def _notebook(cells: list[TextCell], graded: bool, called: str) -> dict[str, Any]:
    occurrences: Counter[str] = Counter()
    taken: dict[str, int] = {}
    built = []
    for cell in cells:
        metadata: dict[str, Any] = {key: cell.keys[key] for key in _LOOKS if key in cell.keys}
        identity = ""
        if graded and cell.role in ("answer", "test", "setup"):
            metadata["nbgrader"] = nbgrader_metadata(
                cell.name,
                grade=cell.role == "test",
                solution=cell.role == "answer",
                locked=cell.role != "answer",
                points=cell.keys.get("points"),
            )
            identity = cell.name
            if identity in taken:
                raise BrokenUnit(
                    f"{called}:{cell.line - 1}: the id `{identity}` is used already in line "
                    f"{taken[identity]}; every answer, test and setup cell needs its own."
                )
            taken[identity] = cell.line - 1
        ours = {key: cell.keys[key] for key in _OURS if key in cell.keys}
        if ours:
            metadata["unblocked"] = ours
        if not identity:
            digest = hashlib.sha256(f"{cell.kind}\n{cell.source}".encode()).hexdigest()[:10]
            occurrences[digest] += 1
            identity = f"{digest}-{occurrences[digest]}"
        entry: dict[str, Any] = {
            "cell_type": cell.kind,
            "id": identity,
            "metadata": metadata,
            "source": cell.source,
        }
        if cell.kind == "code":
            entry |= {"execution_count": None, "outputs": []}
        built.append(entry)
    return {
        "cells": built,
        "metadata": {"kernelspec": KERNEL},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def as_bytes(content: dict[str, Any]) -> bytes:
    """Return the file of a notebook as nbformat writes it: sorted keys, a newline at the end."""
    import nbformat

    node = nbformat.from_dict(content)  # type: ignore[no-untyped-call]
    nbformat.validate(node)
    text: str = nbformat.writes(node, version=4)  # type: ignore[no-untyped-call]
    return text.rstrip("\n").encode() + b"\n"

"""nbgrader's converters, with the examination in place of the kernel.

`nbgrader_config.py` puts `Repair` before everything else, `Examine` where nbgrader has `Execute`,
and `SaveGrades` where it has `SaveAutoGrades`. Everything else stays nbgrader's: `nbgrader
autograde`, Formgrader's button, late penalties, feedback and export work as they are documented.
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from nbformat import from_dict
from nbformat.v4 import new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from traitlets import Float, Integer

from autograder.grading import examination, gradebook, verdicts
from autograder.grading.examination import Examined
from autograder.grading.outputs import Output
from autograder.grading.repair import Original, repair

EVIDENCE = ".examined.json"  # beside the graded notebook: what its grade rests on
_KEY = "unblocked"


class Repair(NbGraderPreprocessor):  # type: ignore[misc]
    """Puts the submitted notebook in order, before nbgrader's own checks would refuse it."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Mend the notebook; what was mended is kept in its metadata for Examine."""
        originals, _ = _originals(self, resources)
        nb.metadata[_KEY] = {"repaired": repair(nb, originals)}
        return nb, resources


class Examine(NbGraderPreprocessor):  # type: ignore[misc]
    """Runs the learner's cells in one process and the tests in another; see examination.py."""

    timeout = Float(examination.SECONDS, help="Seconds that one cell, or one test, may take.").tag(
        config=True
    )
    attempts = Integer(
        examination.ATTEMPTS,
        help="How often a test is examined while the machine leaves it inconclusive.",
    ).tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Examine the notebook; raises ExaminationFailed, and then nothing is graded."""
        originals, folder = _originals(self, resources)
        path = Path(resources["metadata"]["path"])
        examined = examination.examine(
            gradebook.cells_to_examine(nb, originals),
            promised=gradebook.promised(originals),
            own_files=folder,
            learner_files=path,
            ignore=_coursedir(self).ignore,
            seconds=self.timeout,
            attempts=self.attempts,
        )
        repaired = nb.metadata.pop(_KEY, {}).get("repaired", [])
        evidence = evidence_of(nb, examined, repaired)
        _fill(nb, examined)
        if repaired:
            text = "**Put in order before grading:** " + " ".join(repaired)
            nb.cells.insert(0, new_markdown_cell(text))  # type: ignore[no-untyped-call]
        evidence["submission"] = _digest(self, resources)
        resources[_KEY] = evidence
        name = resources["nbgrader"]["notebook"] + EVIDENCE
        outputs = resources.setdefault("outputs", {})
        outputs[name] = json.dumps(evidence, indent=1, ensure_ascii=False).encode()
        return nb, resources


class SaveGrades(SaveAutoGrades):  # type: ignore[misc]
    """Saves nbgrader's scores; what the machine left inconclusive is not a 0 but open."""

    def _add_score(self, cell: Any, resources: Any) -> None:
        super()._add_score(cell, resources)
        name = cell.metadata["nbgrader"]["grade_id"]
        cells = resources.get(_KEY, {}).get("cells", {})
        if cells.get(name, {}).get("status") == verdicts.INCONCLUSIVE:
            grade = self.gradebook.find_grade(
                name, self.notebook_id, self.assignment_id, self.student_id
            )
            grade.auto_score = None
            grade.needs_manual_grade = True
            self.gradebook.db.commit()


def evidence_of(nb: Any, examined: Examined, repaired: list[str]) -> dict[str, Any]:
    """Return what the grades of a notebook rest on, as JSON data; call it before cells move."""
    cells = {}
    for index, seen in examined.seen.items():
        if seen.status:
            block = seen.block or {}
            cells[nb.cells[index].metadata["nbgrader"]["grade_id"]] = {
                "status": seen.status,
                "message": seen.message,
                "longest_block": seen.longest_block,
                "line": block.get("line", 0),
                "file": block.get("file", ""),
                "code": block.get("code", ""),
                "noise": seen.noise,
                "attempts": seen.attempts,
            }
    return {
        "examined": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "seconds": examined.seconds,
        "restarts": examined.restarts,
        "jail": examined.layers,
        "repaired": repaired,
        "cells": cells,
    }


def digest(path: Path) -> str:
    """Return what tells one version of a submitted notebook from another."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _fill(nb: Any, examined: Examined) -> None:
    """Write the outputs into the notebook, as if a kernel had run it."""
    count = 0
    for index, cell in enumerate(nb.cells):
        if cell.cell_type != "code":
            continue
        count += 1
        seen = examined.seen.get(index)
        cell.execution_count = count
        cell.outputs = _nodes(seen.outputs) if seen else []
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count


def _nodes(outputs: list[Output]) -> list[Any]:
    return [from_dict(output) for output in outputs]  # type: ignore[no-untyped-call]


def _originals(step: NbGraderPreprocessor, resources: Any) -> tuple[list[Original], Path]:
    """The assignment's cells, and the folder it was made in."""
    about = resources["nbgrader"]
    coursedir = _coursedir(step)
    folder = Path(coursedir.format_path(coursedir.source_directory, ".", about["assignment"]))
    with Gradebook(about["db_url"], coursedir.course_id) as book:
        source = folder / f"{about['notebook']}.ipynb"
        originals = gradebook.originals_of_gradebook(
            book, about["notebook"], about["assignment"], source
        )
    return originals, folder


def _coursedir(step: NbGraderPreprocessor) -> Any:
    """The course directory of the converter that this step is part of."""
    owner = step
    while not hasattr(owner, "coursedir"):
        owner = owner.parent
    return owner.coursedir


def _digest(step: NbGraderPreprocessor, resources: Any) -> str:
    about, coursedir = resources["nbgrader"], _coursedir(step)
    folder = coursedir.format_path(
        coursedir.submitted_directory, about["student"], about["assignment"]
    )
    return digest(Path(folder) / f"{about['notebook']}.ipynb")

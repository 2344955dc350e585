"""Grades the submissions of a unit into nbgrader's gradebook, through nbgrader's own converters.

The slots examine several notebooks at the same time. Only the worker, this process, writes the
gradebook and the graded notebooks: one submission after the other, as each examination ends.
Finished grades are kept. If a run was killed, at whatever moment, the next run grades only the
submissions that are new, changed or not finished. A submission that cannot be graded does not
affect the others.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from autograder.course import notebook
from autograder.course.unit import NEVER_RELEASED
from autograder.grading.batch import executors
from autograder.grading.examination import verdicts
from autograder.grading.examination.cells import Cell
from autograder.grading.examination.files import Files, files_below
from autograder.grading.examination.job import Done, Job
from autograder.grading.jail import confine
from autograder.grading.nbgrader import gradebook, preprocessors
from autograder.grading.nbgrader.course import Course, alone
from autograder.grading.nbgrader.logged import logged, reason
from autograder.grading.submission import assignment, evidence, intake, sanitize
from autograder.grading.submission.assignment import Original
from autograder.grading.submission.evidence import Evidence
from autograder.grading.submission.repair import repair
from autograder.outcomes import UserMistake
from autograder.text import printable

Result = dict[str, Any]
Report = Callable[[int, int, str], None]


def grade(
    root: Path,
    unit: str,
    *,
    slots_: AbstractContextManager[executors.Slots],
    student: str | None,
    regrade: bool,
    accept_weaker_jail: bool,
    here: bool,
    report: Report,
) -> Result:
    """Grade `submitted/*/unit` and return the object that `grade --json` prints.

    `student`: grade only this one. `regrade`: also grade again what has a grade. `here`: whether
    the slots are on this machine. `report(done, all, student)` is called after each submission.
    Raises UserMistake when there is nothing to grade, when the jail is too weak, and when nbgrader
    is not set up to grade with the examiner.
    """
    course = Course(root)
    if accept_weaker_jail:
        course.settings.Examine.accept_weaker_jail = True
    students = course.students(unit, student)
    results: list[Result] = []

    def ended(result: Result) -> None:
        results.append(result)
        report(len(results), len(students), result["student"])

    with alone(root):
        # Where cells have changed, one student's regrade would change the grades of all.
        course.prepare(unit, regrade=regrade and student is None)
        with course.gradebook() as book:
            grading = _Grading(course, unit, book)
            waiting = []
            for name in students:
                if not regrade and grading.has_grade(name):
                    ended(grading.result(name))
                else:
                    waiting.append(name)
            if waiting:
                strict = here and not grading.settings.accept_weaker_jail
                if strict and (why := confine.weakness(confine.offered()[0])):
                    raise UserMistake(f"Nothing was graded. {why}")
                with slots_ as where:
                    for result in grading.grade(waiting, where):
                        ended(result)
    results.sort(key=lambda result: str(result["student"]))
    return {"assignment": unit, "submissions": results}


class _Grading:
    """Grades the submissions of one unit, which must be in the gradebook."""

    def __init__(self, course: Course, unit: str, book: Any) -> None:
        self.course, self.unit, self.book = course, unit, book
        self.settings = preprocessors.Examine(config=course.settings)
        self.ignore = list(course.directory.ignore)
        self.handed_in = course.folder(course.directory.submitted_directory, ".", unit).parent
        source = course.folder(course.directory.source_directory, ".", unit)
        self.originals: list[Original] = assignment.originals_of_gradebook(
            book, unit, unit, source / f"{unit}.ipynb"
        )
        self.most = float(book.find_assignment(unit).max_score)
        self.own_files: Files = files_below(source, [*NEVER_RELEASED, *self.ignore])
        self.cells: dict[str, list[Cell]] = {}  # by student: the notebooks that are in a slot

    def grade(self, students: list[str], where: executors.Slots) -> Iterator[Result]:
        """Examine and grade these submissions; yield the result of each, from the gradebook."""
        jobs = ((name, partial(self._job, name)) for name in students)
        try:
            for number, (student, outcome) in enumerate(executors.run(jobs, where)):
                cells = self.cells.pop(student, [])
                why = self._save(student, cells, outcome)
                if number == 0:  # all modules are loaded now: leave them out of garbage collections
                    gc.freeze()
                yield self._failed(student, why) if why else self.result(student)
        finally:
            gc.unfreeze()

    def has_grade(self, student: str) -> bool:
        """Whether this version of the submission has been graded completely.

        It has if notebook, evidence and gradebook belong together. The gradebook is written first,
        then the evidence, and last the notebook. If a run was killed in between, they do not.
        """
        from nbgrader.api import MissingEntry

        found = self._evidence(student)
        try:
            graded = json.loads(self._graded(student).read_text(encoding="utf-8"))
            stamp = graded["metadata"][preprocessors.KEY]["examination"]
            submitted = intake.digest(self.handed_in, student, self.unit, self.ignore)
            if (stamp, submitted) != (found.get("examination"), found.get("submission")):
                return False
            grades = self._entry(student).grades
            return all(one.auto_score is not None or one.name in found["cells"] for one in grades)
        except (MissingEntry, OSError, UserMistake, ValueError, KeyError, TypeError):
            return False

    def result(self, student: str) -> Result:
        """The grade of a submission from the gradebook, with the figures of its examination."""
        found = self._evidence(student)
        seen = found.get("cells", {})
        order = {name: number for number, name in enumerate(seen)}
        entry = self._entry(student)
        grades = sorted(entry.grades, key=lambda one: order.get(one.name, len(order)))
        cells = [_cell(one, seen.get(one.name, {})) for one in grades]
        review = any(
            one.needs_manual_grade and cell["status"] != verdicts.INCONCLUSIVE
            for one, cell in zip(grades, cells, strict=True)
        )
        score = float(entry.score)
        status = "needs_review" if review else "graded"
        if any(cell["status"] == verdicts.INCONCLUSIVE for cell in cells):
            status = "inconclusive"
        return {
            "student": student,
            "score": score,
            "max_score": self.most,
            "status": status,
            "seconds": found.get("seconds", 0.0),
            "jail": found.get("jail", []),
            "message": " ".join(found.get("repaired", [])),
            "cells": cells,
        }

    def _job(self, student: str) -> Job:
        """The job of one submission: the same cells that nbgrader's converters will see."""
        if not sanitize.safe_name(student):
            raise UserMistake(gradebook.UNSAFE_NAME.format(student))
        with intake.copied(self.handed_in, (student, self.unit), self.ignore) as root:
            folder = root / student / self.unit
            files = files_below(folder, self.ignore)
            submitted = _read(folder / f"{self.unit}.ipynb")
            digest = evidence.of_submission(folder, self.unit, self.ignore)
        repair(submitted, self.originals)
        cells = self.cells[student] = assignment.cells_to_examine(submitted, self.originals)
        return Job(
            cells,
            assignment.promised(self.originals),
            self.own_files,
            {**files, **self.own_files},
            self.settings.timeout,
            self.settings.attempts,
            not self.settings.accept_weaker_jail,
            evidence.seed_of(self._graded(student).with_suffix(evidence.SUFFIX), digest),
        )

    def _save(self, student: str, cells: list[Cell], outcome: Done | Exception) -> str:
        """Have nbgrader grade with that outcome; return why it failed, or an empty string."""
        from nbgrader.converters import Autograde

        if isinstance(outcome, Exception):
            return str(outcome) or type(outcome).__name__
        directory = self.course.directory
        directory.assignment_id, directory.student_id = self.unit, student
        with logged() as (log, said):
            try:
                with preprocessors.given(preprocessors.Given(self.originals, cells, outcome)):
                    Autograde(
                        coursedir=directory, config=self.course.settings, log=log, force=True
                    ).start()
            except (Exception, SystemExit) as error:  # it concerns this submission only
                return reason(said, error)
        return ""

    def _failed(self, student: str, why: str) -> Result:
        return {
            "student": student,
            "score": None,
            "max_score": self.most,
            "status": "failed",
            "seconds": 0.0,
            "jail": [],
            "message": why,
            "cells": [],
        }

    def _entry(self, student: str) -> Any:
        """The submission's present entry in the gradebook, not one that the session remembers."""
        self.book.db.rollback()
        return self.book.find_submission_notebook(self.unit, self.unit, student)

    def _evidence(self, student: str) -> Evidence:
        return evidence.read(self._graded(student).with_suffix(evidence.SUFFIX))

    def _graded(self, student: str) -> Path:
        step = self.course.directory.autograded_directory
        return self.course.folder(step, student, self.unit) / f"{self.unit}.ipynb"


def _cell(grade: Any, seen: dict[str, Any]) -> Result:
    return {
        "grade_id": grade.name,
        "score": grade.score,
        "max_score": grade.max_score,
        "status": seen.get("status", "not examined"),
        "longest_block": seen.get("longest_block", 0.0),
        "message": seen.get("message", ""),
    }


def _read(path: Path) -> Any:
    """The submitted notebook; raises UserMistake when the file is missing or not a notebook.

    The folder is our own copy, so all that is in it can be named.
    """
    try:
        return notebook.read(path, path.name)
    except FileNotFoundError:
        said = f"there is no {path.name} in the submission"
        others = sorted(path.parent.iterdir())
        notebooks = [printable(one.name, 80) for one in others if one.suffix == ".ipynb"]
        folders = [f"{printable(one.name, 80)}/" for one in others if one.is_dir()]
        if notebooks:
            said += f"; it has {', '.join(notebooks[:3])}: rename the right one to {path.name}"
        elif folders:
            said += f"; look for it in {', '.join(folders[:3])} and move it to the top"
        raise UserMistake(said) from None

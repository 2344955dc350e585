"""Grades the submissions of a unit into nbgrader's gradebook, through nbgrader's own converters.

What has its grade keeps it: running again grades only what is new, changed, or was cut off. A
submission that cannot be graded costs nobody else anything.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sysconfig
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from autograder.course.units import written
from autograder.grading import verdicts
from autograder.outcomes import UserMistake

Result = dict[str, Any]


def grade(
    root: Path,
    unit: str,
    *,
    student: str | None,
    jobs: int,
    regrade: bool,
    report: Callable[[int, int, str], None],
) -> Result:
    """Grade `submitted/*/unit` and return the object that `grade --json` prints.

    `report(done, all, student)` hears of each submission. Raises UserMistake when there is nothing
    to grade, or nbgrader is not set up to grade with the examiner.
    """
    course = Course(root)
    course.prepare(unit)
    students = _students(course, unit, student)
    results: list[Result] = []
    for result in _each(root, unit, students, jobs, regrade):
        results.append(result)
        report(len(results), len(students), result["student"])
    results.sort(key=lambda result: str(result["student"]))
    return {"assignment": unit, "submissions": results}


class Course:
    """The course directory as nbgrader sees it, with the settings of nbgrader_config.py."""

    def __init__(self, root: Path) -> None:
        from nbgrader.coursedir import CourseDirectory

        self.root = root
        # nbgrader calls `alembic` by name for a new gradebook; an environment need not be activated
        scripts = sysconfig.get_path("scripts")
        if scripts not in os.environ.get("PATH", "").split(os.pathsep):
            os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", "")])
        self.settings = _settings(root)
        self.directory = CourseDirectory(config=self.settings)
        if "root" not in self.settings.CourseDirectory:
            self.directory.root = str(root.resolve())

    def gradebook(self) -> Any:
        """Open the gradebook; a context manager."""
        from nbgrader.api import Gradebook

        return Gradebook(self.directory.db_url, self.directory.course_id)

    def folder(self, step: str, student: str, unit: str) -> Path:
        """Return the folder of one student's unit in one step of nbgrader's."""
        return Path(self.directory.format_path(step, student, unit))

    def prepare(self, unit: str) -> None:
        """Make sure that the gradebook knows the unit, with the tests of today."""
        source = self.folder(self.directory.source_directory, ".", unit)
        if not (source / f"{unit}.ipynb").exists():
            known = ", ".join(one.name for one in written(self.root) if one.lab.exists())
            raise UserMistake(f"There is no unit {unit} to grade; there is: {known or 'none yet'}.")
        if not self._up_to_date(unit, source / f"{unit}.ipynb"):
            self._generate(unit)

    def _up_to_date(self, unit: str, source: Path) -> bool:
        from nbgrader.api import MissingEntry

        from autograder.grading import gradebook

        content = json.loads(source.read_text(encoding="utf-8"))
        ours = {one.grade_id: one for one in gradebook.originals_of_notebook(content)}
        try:
            with self.gradebook() as book:
                theirs = gradebook.originals_of_gradebook(book, unit, unit, source)
        except MissingEntry:
            return False
        same = all(
            ours.get(one.grade_id) == one or (one.solution and one.grade_id in ours)
            for one in theirs
        )
        return same and len(theirs) == len(ours)

    def _generate(self, unit: str) -> None:
        """Have nbgrader read the unit into the gradebook; release/ is `build`'s, and stays."""
        from nbgrader.converters import GenerateAssignment

        with tempfile.TemporaryDirectory(prefix="unblocked-") as elsewhere:
            old = self.directory.release_directory, self.directory.assignment_id
            self.directory.release_directory = elsewhere
            self.directory.assignment_id = unit
            try:
                with _log() as (log, said):
                    GenerateAssignment(
                        coursedir=self.directory, config=self.settings, log=log, force=True
                    ).start()
            except (Exception, SystemExit) as error:
                raise UserMistake(
                    f"nbgrader cannot take {unit} into the gradebook: {_reason(said, error)}"
                ) from None
            finally:
                self.directory.release_directory, self.directory.assignment_id = old


def _each(root: Path, unit: str, students: list[str], jobs: int, regrade: bool) -> Iterator[Result]:
    if jobs <= 1 or len(students) <= 1:
        for student in students:
            yield grade_one(root, unit, student, regrade)
        return
    # spawn: this process has threads, and a fork would copy only one of them
    with ProcessPoolExecutor(min(jobs, len(students)), mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(grade_one, root, unit, student, regrade) for student in students]
        for done in as_completed(waiting):
            yield done.result()


def grade_one(root: Path, unit: str, student: str, regrade: bool) -> Result:
    """Grade one submission, unless it has its grade, and return what the gradebook then says."""
    from nbgrader.converters import Autograde

    course = Course(root)
    if not regrade and _has_grade(course, unit, student):
        return _result(course, unit, student)
    if not (course.folder("submitted", student, unit) / f"{unit}.ipynb").exists():
        return _failed(course, unit, student, f"there is no {unit}.ipynb in the submission")
    course.directory.assignment_id, course.directory.student_id = unit, student
    with _log() as (log, said):
        converter = Autograde(
            coursedir=course.directory, config=course.settings, log=log, force=True
        )
        try:
            converter.start()
        except (Exception, SystemExit) as error:  # this submission's; the others go on
            return _failed(course, unit, student, _reason(said, error))
    return _result(course, unit, student)


def _students(course: Course, unit: str, student: str | None) -> list[str]:
    found = sorted(
        path.parent.name
        for path in course.folder("submitted", "*", unit).parent.parent.glob(f"*/{unit}")
        if path.is_dir() and not path.parent.name.startswith(".")
    )
    if student is not None and student not in found:
        raise UserMistake(
            f"{student} has submitted nothing for {unit}: there is no submitted/{student}/{unit}/. "
            f"Submissions are there of: {', '.join(found[:20]) or 'nobody'}."
        )
    if not found:
        raise UserMistake(
            f"Nothing was submitted for {unit}: put notebooks at "
            f"submitted/STUDENT/{unit}/{unit}.ipynb, or run `nbgrader collect {unit}`."
        )
    return found if student is None else [student]


def _has_grade(course: Course, unit: str, student: str) -> bool:
    """Whether this very submission was graded to its end: evidence, gradebook and file agree."""
    from nbgrader.api import MissingEntry

    from autograder.grading.preprocess import digest

    evidence = _evidence(course, unit, student)
    try:
        submitted = course.folder("submitted", student, unit) / f"{unit}.ipynb"
        if not evidence or evidence.get("submission") != digest(submitted):
            return False
        with course.gradebook() as book:
            grades = [
                grade
                for notebook in book.find_submission(unit, student).notebooks
                for grade in notebook.grades
            ]
            return all(
                grade.auto_score is not None or grade.name in evidence["cells"] for grade in grades
            )
    except (MissingEntry, OSError):
        return False


def _evidence(course: Course, unit: str, student: str) -> Result:
    from autograder.grading.preprocess import EVIDENCE

    path = course.folder(course.directory.autograded_directory, student, unit)
    try:
        content = json.loads((path / f"{unit}{EVIDENCE}").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _result(course: Course, unit: str, student: str) -> Result:
    """What the gradebook holds, with what the examiner saw."""
    evidence = _evidence(course, unit, student)
    seen = evidence.get("cells", {})
    cells = []
    review = False
    with course.gradebook() as book:
        submission = book.find_submission(unit, student)
        for notebook in submission.notebooks:
            for grade in sorted(notebook.grades, key=lambda grade: list(seen).index(grade.name)
                                if grade.name in seen else len(seen)):  # fmt: skip
                about = seen.get(grade.name, {})
                status = about.get("status", "not examined")
                review |= grade.needs_manual_grade and status != verdicts.INCONCLUSIVE
                cells.append(
                    {
                        "grade_id": grade.name,
                        "score": grade.score,
                        "max_score": grade.max_score,
                        "status": status,
                        "longest_block": about.get("longest_block", 0.0),
                        "message": about.get("message", ""),
                    }
                )
        score, most = submission.score, submission.max_score
    status = "graded"
    if any(cell["status"] == verdicts.INCONCLUSIVE for cell in cells):
        status = "inconclusive"
    elif review:
        status = "needs_review"
    return {
        "student": student,
        "score": score,
        "max_score": most,
        "status": status,
        "seconds": evidence.get("seconds", 0.0),
        "jail": evidence.get("jail", []),
        "message": " ".join(evidence.get("repaired", [])),
        "cells": cells,
    }


def _failed(course: Course, unit: str, student: str, why: str) -> Result:
    with course.gradebook() as book:
        most = book.find_assignment(unit).max_score
    return {
        "student": student,
        "score": None,
        "max_score": most,
        "status": "failed",
        "seconds": 0.0,
        "jail": [],
        "message": why,
        "cells": [],
    }


def _settings(root: Path) -> Any:
    """The settings of nbgrader_config.py; raises UserMistake when they would grade unjailed."""
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    from autograder.grading.preprocess import Examine

    path = root / "nbgrader_config.py"
    try:
        settings: Config = PyFileConfigLoader(path.name, path=str(root)).load_config()
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserMistake(
            f"{path.name} cannot be read ({said}); nothing was graded. Mend it, or take the "
            f"course's own again: git checkout {path.name}"
        ) from None
    steps = settings.Autograde.get("autograde_preprocessors", [])
    if Examine not in steps:
        why = [step.why for step in steps if hasattr(step, "why")]  # Refuse, in nbgrader_config.py
        raise UserMistake(
            why[0]
            if why
            else f"{path.name} does not grade with the examiner; nothing was graded. It needs: "
            f"from autograder.grading.configuration import configure; configure(get_config())"
        )
    return settings


class _Said(list[str]):
    """What nbgrader logged as a warning or worse."""


def _log() -> Any:
    """A logger of nbgrader's own for one run, and what it says; a context manager."""

    @contextlib.contextmanager
    def collecting() -> Iterator[tuple[logging.Logger, _Said]]:
        said = _Said()
        handler = logging.Handler(logging.WARNING)
        handler.emit = lambda record: said.append(record.getMessage().strip())  # type: ignore[method-assign]
        log = logging.Logger("unblocked.nbgrader")  # not the root's child: nothing is printed
        log.addHandler(handler)
        with warnings.catch_warnings():
            # SQLAlchemy's about nbgrader's own models, nbformat's about a submission's cell ids
            warnings.simplefilter("ignore")
            yield log, said

    return collecting()


def _reason(said: list[str], error: BaseException) -> str:
    """Of a logged traceback the line that names the exception, else nbgrader's first words."""
    traces = [text.splitlines()[-1] for text in said if text.startswith("Traceback")]
    reason = [*traces, *said, str(error)][0]
    kind, colon, rest = reason.partition(": ")
    return kind.rpartition(".")[2] + colon + rest if " " not in kind else reason

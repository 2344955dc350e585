"""All grades of the gradebook as CSV, in the layouts for nbgrader, Canvas and Moodle.

Canvas finds a student by `SIS Login ID` and an assignment by the exact title of its column. For any
other title it makes a new assignment (instructure/canvas-lms, lib/gradebook_importer.rb). The
second row may give the points possible. In Moodle the teacher assigns the columns, and an empty
cell means no grade (moodle/moodle, grade/import/csv). Neither imports more than this without its
own export as a template.
"""

from __future__ import annotations

import csv as files
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.grading.nbgrader.course import Course
from autograder.outcomes import UserMistake


@dataclass(frozen=True)
class _Student:
    id: str
    name: str  # "Lovelace, Ada", or the id
    email: str
    scores: dict[str, float]  # by assignment; only assignments with a complete grade


def csv(root: Path, layout: str) -> str:
    """Return all grades as CSV. Raises UserMistake for an unknown layout or an empty gradebook."""
    if layout not in _LAYOUTS:
        raise UserMistake(f"There is no export called {layout}. Layouts: {', '.join(_LAYOUTS)}.")
    course = Course(root)
    with course.gradebook() as book:
        if not book.assignments:
            raise UserMistake(
                "The gradebook is empty: grade something first, with "
                "`python3 -m autograder grade 03_gateway`."
            )
        return _LAYOUTS[layout](book)


def _nbgrader(book: Any) -> str:
    """nbgrader's own layout, written by nbgrader."""
    from nbgrader.plugins import CsvExportPlugin

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "grades.csv")
        plugin = CsvExportPlugin()
        plugin.to = str(path)
        plugin.export(book)
        with path.open(encoding="utf-8", newline="") as file:
            return _text(list(files.reader(file)))


def _canvas(book: Any) -> str:
    most = {one.name: one.max_score for one in book.assignments}
    info = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    rows: list[list[Any]] = [
        [*info, *most],
        ["    Points Possible", "", "", "", "", *most.values()],
    ]
    for student in _students(book):
        scores = [student.scores.get(name, "") for name in most]
        rows.append([student.name, "", "", student.id, "", *scores])
    return _text(rows)


def _moodle(book: Any) -> str:
    names = [one.name for one in book.assignments]
    rows: list[list[Any]] = [["username", "email", *names]]
    for student in _students(book):
        scores = [student.scores.get(name, "") for name in names]
        rows.append([student.id, student.email, *scores])
    return _text(rows)


def _students(book: Any) -> list[_Student]:
    students = {}
    for student in book.students:
        names = [part for part in (student.last_name, student.first_name) if part]
        students[student.id] = _Student(
            student.id, ", ".join(names) or student.id, student.email or "", {}
        )
    for assignment in book.assignments:
        for submission in filter(_is_graded, assignment.submissions):
            late = submission.late_submission_penalty or 0.0
            score = max(0.0, submission.score - late)
            students[submission.student.id].scores[assignment.name] = score
    return [students[name] for name in sorted(students)]


def _is_graded(submission: Any) -> bool:
    """Whether every cell has a score: a cell without one must not count as 0."""
    return all(
        grade.auto_score is not None or grade.manual_score is not None
        for notebook in submission.notebooks
        for grade in notebook.grades
    )


def _text(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    lines = ([_plain(cell) for cell in row] for row in rows)
    files.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def _plain(cell: Any) -> Any:
    """A cell in which a spreadsheet sees no formula: a name that begins like one gets a `'`.

    What such a name holds is not computed then (OWASP, "CSV Injection").
    """
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        try:
            float(cell)
        except ValueError:
            return f"'{cell}"
    return cell


_LAYOUTS: dict[str, Callable[[Any], str]] = {
    "nbgrader": _nbgrader,
    "canvas": _canvas,
    "moodle": _moodle,
}

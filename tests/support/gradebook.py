"""What a gradebook says, read without nbgrader."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any


def grades(root: Path) -> list[tuple[Any, ...]]:
    """Everything that the gradebook says of grades, without its random ids and times.

    Student, assignment, notebook, cell, then auto_score, manual_score, extra_credit and whether a
    person has to grade it.
    """
    with contextlib.closing(sqlite3.connect(root / "gradebook.db")) as database, database:
        return database.execute(
            """
            SELECT submitted_assignment.student_id, assignment.name, notebook.name,
                   base_cell.name, grade.auto_score, grade.manual_score, grade.extra_credit,
                   grade.needs_manual_grade
            FROM grade
            JOIN grade_cells ON grade_cells.id = grade.cell_id
            JOIN base_cell ON base_cell.id = grade.cell_id
            JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id
            JOIN notebook ON notebook.id = submitted_notebook.notebook_id
            JOIN submitted_assignment
                 ON submitted_assignment.id = submitted_notebook.assignment_id
            JOIN assignment ON assignment.id = submitted_assignment.assignment_id
            ORDER BY 1, 2, 3, 4
            """
        ).fetchall()

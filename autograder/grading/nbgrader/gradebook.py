"""Creates nbgrader's gradebook, writes into it in one transaction, and renews a unit's cells."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.grading.submission.assignment import Original

UNSAFE_NAME = (
    "the student's name {!r} has characters that nbgrader would write into its pages as markup: "
    "give the folder in submitted/ a name of letters, digits, and signs such as . _ - @ or a space"
)


@contextlib.contextmanager
def one_transaction(book: Any) -> Iterator[None]:
    """Commit all that is written into a gradebook at the end of the block, or nothing."""
    session = book.db
    session.commit = session.flush
    try:
        yield
    finally:
        del session.commit
    session.commit()


def create(url: str, course: str) -> None:
    """Make the gradebook if there is none. A SQLite file appears only when it is complete."""
    from nbgrader.api import Gradebook

    path = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or path.exists():
        Gradebook(url, course).close()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        Gradebook(f"sqlite:///{new}", course).close()
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def changed_cells(book: Any, unit: str, ours: list[Original]) -> tuple[list[str], list[str]]:
    """Return the cells that are only in the gradebook, and those that are only in our version.

    Raises nbgrader's MissingEntry when the gradebook does not have the unit.
    """
    theirs = [cell.name for cell in book.find_notebook(unit, unit).source_cells]
    names = [one.grade_id for one in ours]
    gone = [name for name in theirs if name not in names]
    return gone, [name for name in names if name not in theirs]


def renew_cells(book: Any, unit: str, ours: list[Original]) -> None:
    """Give a unit that has submissions the cells of our version, which nbgrader refuses to do.

    Cells that are gone take their grades and comments with them. New cells are without a grade. All
    other grades stay.
    """
    from nbgrader.api import Comment, Grade, GradeCell, SolutionCell, SourceCell

    theirs = book.find_notebook(unit, unit)
    kinds = (
        (GradeCell, theirs.grade_cells, [one for one in ours if one.grade], Grade),
        (SolutionCell, theirs.solution_cells, [one for one in ours if one.solution], Comment),
        (SourceCell, theirs.source_cells, ours, None),
    )
    with one_transaction(book):
        for kind, present, wanted, row in kinds:
            names = {one.grade_id for one in wanted}
            for cell in [cell for cell in present if cell.name not in names]:
                for old in [*getattr(cell, "grades", ()), *getattr(cell, "comments", ())]:
                    book.db.delete(old)
                book.db.delete(cell)
            known = {cell.name for cell in present}
            for one in [one for one in wanted if one.grade_id not in known]:
                cell = kind(name=one.grade_id, notebook=theirs)
                if kind is not SolutionCell:
                    cell.cell_type = one.cell_type
                if kind is GradeCell:
                    cell.max_score = one.points
                book.db.add(cell)
                if row is not None:
                    book.db.add_all(row(cell=cell, notebook=each) for each in theirs.submissions)

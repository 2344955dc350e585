"""The instructor's commands `grade`, `why` and `export`: what they print, and their exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from autograder.course.unit import repository
from autograder.grading import tables
from autograder.outcomes import UserMistake


def grade(
    unit: str,
    *,
    student: str | None = None,
    jobs: int | None = None,
    dask: str | None = None,
    as_json: bool = False,
    regrade: bool = False,
    accept_weaker_jail: bool = False,
    root: Path | None = None,
) -> int:
    """Grade the submissions of a unit into the gradebook; return 0 if all of them have a grade.

    `jobs`: how many examinations run at the same time (default: one per core). With `dask`, the
    address of a scheduler, they run in all slots of its cluster. Raises UserMistake.
    """
    from autograder.grading.batch import executors
    from autograder.grading.batch import grade as submissions

    if dask is not None and jobs is not None:
        raise UserMistake(
            "--jobs is for this machine. With --dask, the cluster sets the number of slots: leave "
            "out one of the two."
        )
    root = root or repository()
    with tables.progress_bar(unit) as report:
        graded = submissions.grade(
            root,
            unit,
            slots_=executors.on_this_machine(jobs) if dask is None else executors.on_dask(dask),
            student=student,
            regrade=regrade,
            accept_weaker_jail=accept_weaker_jail,
            here=dask is None,
            report=report,
        )
    if as_json:
        print(json.dumps(graded, indent=1, ensure_ascii=False))
    else:
        tables.show_grades(graded)
    return 0 if all(one["status"] != "failed" for one in graded["submissions"]) else 1


def why(student: str, unit: str, grade_id: str, root: Path | None = None) -> int:
    """Print the evidence for one grade. Raises UserMistake when there is no such grade."""
    from autograder.grading.nbgrader import explain

    for line in explain.why(root or repository(), student, unit, grade_id):
        print(line)
    return 0


def export(layout: str, root: Path | None = None) -> int:
    """Print all grades as CSV, in the layout for nbgrader, Canvas or Moodle."""
    from autograder.grading.nbgrader import export as exporting

    sys.stdout.write(exporting.csv(root or repository(), layout))
    return 0

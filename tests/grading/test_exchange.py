"""nbgrader's exchange, from the release of a unit to the feedback that a student fetches.

What a student hands in comes whole, and what authors keep in source/ goes nowhere.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import toy_unit as toy
from nbgrader.coursedir import CourseDirectory
from nbgrader_commands import Commands

from autograder.course.unit import NEVER_COPIED
from autograder.grading import commands
from autograder.grading.configuration import COURSE
from autograder.grading.nbgrader.course import Course

NOTEBOOK = f"{toy.UNIT}.ipynb"
AUTHORS = ["lab.py", "lesson.py", "design.md", "questions.toml", "notes.txt"]
BESIDE = {
    "helpers.py": (
        "import asyncio\n\n\nasync def nap(spec):\n"
        "    await asyncio.sleep(0.3)\n    return f'{spec}: rolled'\n"
    ),
    "notes.txt": "2\n",  # the name of one of the authors' files
}
NBGRADERS = ["submission_secret.txt", "timestamp.txt"]
# Both answers need what lies beside the notebook.
WITH_HELPERS = toy.submission(
    roll="from helpers import nap\n\nasync def roll(spec):\n    return await nap(spec)",
    double="async def double(number):\n    return int(open('notes.txt').read()) * number",
)


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.slow
def test_the_exchange_carries_times_secrets_and_helpers_and_nothing_of_source(
    tmp_path: Path, nbgrader: Commands
) -> None:
    exchange, course = tmp_path / "exchange", tmp_path / "course"
    course.mkdir()
    source = toy.course(course) / "source" / toy.UNIT
    for name in AUTHORS:
        (source / name).write_text("THE ANSWER")
    settings = course / "nbgrader_config.py"
    settings.write_text(
        f"{settings.read_text()}\nc.Exchange.root = {str(exchange)!r}\n"
        "c.LateSubmissionPlugin.penalty_method = 'zero'\n"
    )
    nbgrader.run(course, "generate_assignment", toy.UNIT)
    assert names(course / "release" / toy.UNIT) == [NOTEBOOK]
    nbgrader.run(course, "release_assignment", toy.UNIT)
    for student in ("early", "late"):
        at = tmp_path / student
        at.mkdir()
        (at / "nbgrader_config.py").write_text(
            f"c = get_config()\nc.Exchange.root = {str(exchange)!r}\n"
            f"c.CourseDirectory.course_id = {COURSE!r}\n"
        )
        nbgrader.run(at, "fetch_assignment", toy.UNIT)
        assert names(at / toy.UNIT) == [NOTEBOOK]
        toy.write(at / toy.UNIT / NOTEBOOK, WITH_HELPERS)
        for name, text in BESIDE.items():
            (at / toy.UNIT / name).write_text(text)
        nbgrader.run(at, "submit", toy.UNIT, f"--student={student}")

    nbgrader.run(course, "collect", toy.UNIT)
    submitted = course / "submitted" / "early" / toy.UNIT
    assert names(submitted) == sorted([NOTEBOOK, *BESIDE, *NBGRADERS])
    due = (submitted / "timestamp.txt").read_text()
    nbgrader.run(course, "db", "assignment", "add", toy.UNIT, f"--duedate={due}")
    nbgrader.run(course, "autograde", toy.UNIT, "--student=late")
    evidence = f"{toy.UNIT}.examined.json"
    of_late = (course / "autograded" / "late" / toy.UNIT / evidence).read_bytes()
    assert commands.grade(toy.UNIT, root=course) == 0  # grades the other, and keeps this one
    assert (course / "autograded" / "late" / toy.UNIT / evidence).read_bytes() == of_late
    with Course(course).gradebook() as book:
        entries = {one.student.id: one for one in book.assignment_submissions(toy.UNIT)}
        times = {name: one.timestamp for name, one in entries.items()}
        scores = {name: one.score for name, one in entries.items()}
        penalties = {name: one.late_submission_penalty for name, one in entries.items()}
    assert None not in times.values()
    assert times["early"] < times["late"]
    assert scores == {"early": 9.0, "late": 9.0}, "the notebook lacks what was beside it"
    assert penalties == {"early": 0.0, "late": 9.0}
    for student in entries:
        graded = course / "autograded" / student / toy.UNIT
        assert names(graded) == sorted([NOTEBOOK, evidence, *BESIDE, *NBGRADERS])
        assert (graded / "notes.txt").read_text() == BESIDE["notes.txt"]

    nbgrader.run(course, "generate_feedback", toy.UNIT)
    page = f"{toy.UNIT}.html"
    assert names(course / "feedback" / "late" / toy.UNIT) == sorted([page, *BESIDE, *NBGRADERS])
    nbgrader.run(course, "release_feedback", toy.UNIT)
    nbgrader.run(tmp_path / "late", "fetch_feedback", toy.UNIT)
    (fetched,) = (tmp_path / "late" / toy.UNIT / "feedback").rglob("*.html")
    assert fetched.name == page
    assert "roll_visible" in fetched.read_text()
    everything = b"".join(one.read_bytes() for one in exchange.rglob("*") if one.is_file())
    assert b"THE ANSWER" not in everything


def test_what_is_never_copied_is_what_nbgrader_never_copies() -> None:
    assert CourseDirectory.ignore.default() == NEVER_COPIED

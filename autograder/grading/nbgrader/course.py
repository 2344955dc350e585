"""The course directory as nbgrader sees it, with the settings of nbgrader_config.py."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.course import notebook
from autograder.course.unit import written
from autograder.grading.nbgrader import fast_open, gradebook
from autograder.grading.nbgrader.logged import logged, reason
from autograder.grading.submission import assignment
from autograder.outcomes import UserMistake

CONFIG = "nbgrader_config.py"


class Course:
    """A course directory. Raises UserMistake if its settings would grade without the jail."""

    def __init__(self, root: Path) -> None:
        from nbgrader.coursedir import CourseDirectory

        self.root = root
        self.settings = _settings(root)
        self.directory = CourseDirectory(config=self.settings)
        if "root" not in self.settings.CourseDirectory:
            self.directory.root = str(root.resolve())

    @contextlib.contextmanager
    def gradebook(self) -> Iterator[Any]:
        """Open the gradebook; close all connections to it afterwards."""
        from nbgrader.api import Gradebook

        try:
            with Gradebook(self.directory.db_url, self.directory.course_id) as book:
                yield book
        finally:
            fast_open.let_go()

    def folder(self, step: str, student: str, unit: str) -> Path:
        """Return the folder of a student's unit in one of nbgrader's steps, `submitted` say."""
        return Path(self.directory.format_path(step, student, unit))

    def students(self, unit: str, student: str | None) -> list[str]:
        """Return the students who submitted the unit, or only `student`.

        Raises UserMistake when there is no submission, or none of `student`.
        """
        self.ensure_unit(unit)
        step = self.directory.submitted_directory
        found = sorted(
            path.name
            for path in self.folder(step, "*", unit).parent.parent.glob("*")
            if _has_submitted(path, unit) and not path.name.startswith(".")
        )
        if student is not None and student not in found:
            raise UserMistake(
                f"{student} has submitted nothing for {unit}: there is no {step}/{student}/{unit}/."
                f" Students with a submission: {', '.join(found[:20]) or 'none'}."
            )
        if not found:
            raise UserMistake(
                f"Nothing was submitted for {unit}: put notebooks at "
                f"{step}/STUDENT/{unit}/{unit}.ipynb, or run `nbgrader collect {unit}`."
            )
        return found if student is None else [student]

    def ensure_unit(self, unit: str) -> Path:
        """Return the path of the unit's own notebook; raises UserMistake if there is none."""
        source = self.folder(self.directory.source_directory, ".", unit) / f"{unit}.ipynb"
        if not source.exists():
            known = ", ".join(one.name for one in written(self.root) if one.lab.exists())
            raise UserMistake(f"There is no unit {unit} to grade. Units: {known or 'none yet'}.")
        return source

    def prepare(self, unit: str, *, regrade: bool = False) -> None:
        """Make sure that the gradebook exists and has the present version of the unit.

        Raises UserMistake when the gradebook cannot be opened, when nbgrader refuses the unit, and,
        unless told to `regrade`, when grades rest on a version with other cells.
        """
        source = self.ensure_unit(unit)
        with self._opening():
            gradebook.create(self.directory.db_url, self.directory.course_id)
            up_to_date = self._up_to_date(unit, source)
        if not up_to_date:
            self._renew(unit, source, regrade=regrade)
            self._generate(unit)

    @contextlib.contextmanager
    def _opening(self) -> Iterator[None]:
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (SQLAlchemyError, ImportError, OSError) as error:
            try:
                shown = make_url(self.directory.db_url).render_as_string(hide_password=True)
            except SQLAlchemyError:
                shown = "the address in c.CourseDirectory.db_url"
            said = str(error).splitlines()[0][:300]
            raise UserMistake(
                f"The gradebook at {shown} cannot be opened ({said}); nothing was graded. Check "
                f"c.CourseDirectory.db_url in nbgrader_config.py, and that the database runs."
            ) from None

    def _up_to_date(self, unit: str, source: Path) -> bool:
        from nbgrader.api import MissingEntry

        content = notebook.loads(source.read_bytes(), source.name)
        ours = {one.grade_id: one for one in assignment.originals_of_notebook(content)}
        try:
            with self.gradebook() as book:
                theirs = assignment.originals_of_gradebook(book, unit, unit, source)
        except MissingEntry:
            return False
        same = all(
            ours.get(one.grade_id) == one or (one.solution and one.grade_id in ours)
            for one in theirs
        )
        return same and len(theirs) == len(ours)

    def _renew(self, unit: str, source: Path, *, regrade: bool) -> None:
        """Bring the cells of a graded unit up to date if told to `regrade`; else raise UserMistake.

        It is also raised when a graded student has no submission, from which to grade again.
        """
        from nbgrader.api import MissingEntry

        ours = assignment.originals_of_notebook(notebook.loads(source.read_bytes(), source.name))
        with self.gradebook() as book:
            try:
                gone, new = gradebook.changed_cells(book, unit, ours)
                graded = [each.student.id for each in book.find_notebook(unit, unit).submissions]
            except MissingEntry:
                return
            if not graded or not (gone or new):
                return
            if not regrade:
                raise UserMistake(_changed(unit, gone, new))
            submitted = self.students(unit, None)
            if lost := sorted(name for name in graded if name not in submitted):
                raise UserMistake(
                    f"Nothing was graded again: {', '.join(lost[:20])} has a grade for {unit}, but "
                    f"no submission in {self.directory.submitted_directory}/. Put it back first."
                )
            gradebook.renew_cells(book, unit, ours)

    def _generate(self, unit: str) -> None:
        """Have nbgrader read the unit into the gradebook.

        What it would release goes to a temporary folder, because `build` writes release/.
        """
        from nbgrader.converters import GenerateAssignment

        with tempfile.TemporaryDirectory(prefix="unblocked-") as elsewhere:
            old = self.directory.release_directory, self.directory.assignment_id
            self.directory.release_directory = elsewhere
            self.directory.assignment_id = unit
            try:
                with logged() as (log, said):
                    GenerateAssignment(
                        coursedir=self.directory, config=self.settings, log=log, force=True
                    ).start()
            except (Exception, SystemExit) as error:
                raise UserMistake(
                    f"nbgrader cannot add {unit} to the gradebook: {reason(said, error)}"
                ) from None
            finally:
                self.directory.release_directory, self.directory.assignment_id = old


@contextlib.contextmanager
def alone(root: str | Path) -> Iterator[None]:
    """Let only one process grade this course. Raises UserMistake when another one does.

    The lock is on nbgrader_config.py, which always exists. It ends with the process, even after
    SIGKILL.
    """
    try:
        import fcntl
    except ImportError:  # Windows, where the fork client refuses to grade
        yield
        return
    with Path(root, CONFIG).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserMistake(
                "Another process is grading this course: wait until it has ended, or end it. Its "
                "finished grades are kept. Run the same command again to grade the rest."
            ) from None
        yield


def _changed(unit: str, gone: list[str], new: list[str]) -> str:
    """Say that a graded unit has other cells now, and what can be done."""
    parts = [
        f"{', '.join(f'`{name}`' for name in names)} {'is' if len(names) == 1 else 'are'} {what}"
        for names, what in ((gone, "not in it any more"), (new, "new"))
        if names
    ]
    return (
        f"Nothing was graded: {unit} has changed since it was graded. {'; '.join(parts)}. The "
        "grades in the gradebook stay as they are. To grade all submissions by the new version, "
        "which removes the points of cells that are gone, keep a copy of the gradebook and run "
        f"`python3 -m autograder grade {unit} --regrade`. To end a term as it began, stay with its "
        "edition: .github/EDITIONS.md."
    )


def _has_submitted(student: Path, unit: str) -> bool:
    """Whether there is anything at the path of a submission.

    A broken link counts as a submission: `intake` then refuses it with a message.
    """
    dangling = student.is_symlink() and not student.exists()
    return dangling or os.path.lexists(student / unit)


def _settings(root: Path) -> Any:
    """The settings of nbgrader_config.py.

    Raises UserMistake if the file cannot be read, or would grade without the jail.
    """
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    from autograder.grading.nbgrader.preprocessors import Examine

    path = root / CONFIG
    try:
        settings: Config = PyFileConfigLoader(path.name, path=str(root)).load_config()
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserMistake(
            f"{path.name} cannot be read ({said}); nothing was graded. Fix it, or restore the "
            f"course's version: git checkout {path.name}"
        ) from None
    steps = settings.Autograde.get("autograde_preprocessors", [])
    if Examine not in steps:
        why = [step.why for step in steps if hasattr(step, "why")]  # see nbgrader_config.py
        raise UserMistake(
            why[0]
            if why
            else f"{path.name} does not grade with the examiner; nothing was graded. It needs: "
            f"from autograder.grading.configuration import configure; configure(get_config())"
        )
    return settings

"""Our steps in nbgrader's converters: they examine a notebook instead of running it in a kernel.

`configuration.py` puts `Repair` before all other steps, `Examine` in the place of nbgrader's
`Execute`, and `SaveGrades` in the place of `SaveAutoGrades`. The rest is nbgrader's own: `nbgrader
autograde`, Formgrader's button, late penalties, feedback and export work as documented.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from nbformat import from_dict
from nbformat.v4 import new_markdown_cell
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from nbgrader.utils import is_grade, is_solution
from traitlets import Bool, Float, Integer

from autograder.course.unit import NEVER_RELEASED
from autograder.grading.examination import provenance, session, verdicts
from autograder.grading.examination.cells import ATTEMPTS, SECONDS, Cell
from autograder.grading.examination.job import Done
from autograder.grading.examination.verdicts import Fault
from autograder.grading.nbgrader import gradebook
from autograder.grading.nbgrader.feedback import BEGIN, shown, without_hidden
from autograder.grading.submission import assignment, evidence, sanitize
from autograder.grading.submission.assignment import Original
from autograder.grading.submission.repair import repair
from autograder.outcomes import UserMistake

KEY = "unblocked"  # our key in a notebook's and a cell's metadata; a submission's is removed


class Repair(NbGraderPreprocessor):  # type: ignore[misc]
    """Repairs the submitted notebook before nbgrader's own checks can refuse it."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Repair the notebook; its metadata keep the sentences about it for Examine."""
        _refuse_unsafe_name(resources)
        originals = _originals(self, resources)
        nb.metadata[KEY] = {"repaired": repair(nb, originals)}
        return nb, resources


class Examine(NbGraderPreprocessor):  # type: ignore[misc]
    """Runs the learner's cells in one process and the tests in another; see examination/."""

    timeout = Float(SECONDS, help="Seconds that one cell, or one test, may take.").tag(config=True)
    attempts = Integer(
        ATTEMPTS,
        help="How often a test is examined, at most, while its verdict is inconclusive.",
    ).tag(config=True)
    accept_weaker_jail = Bool(  # the tests set the variable where a machine is weak
        os.environ.get("UNBLOCKED_ACCEPT_WEAKER_JAIL") == "1",
        help="Whether to grade where submissions cannot be kept from the network (no namespaces).",
    ).tag(config=True)
    show_hidden = Bool(
        False,
        help="Whether feedback shows hidden tests, and messages that reveal their input.",
    ).tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Examine the notebook. Raises ExaminationFailed or Fault, and then nothing is graded."""
        originals, folder = _originals(self, resources), _source(self, resources)
        path = Path(resources["metadata"]["path"])
        cells = assignment.cells_to_examine(nb, originals)
        submission = _submission(self, resources)
        done = _given(cells)
        if done is None:
            seed = evidence.seed_of(_graded(self, resources), submission)
            done = self._examined(cells, originals, folder, path, seed)
        repaired = nb.metadata.pop(KEY, {}).get("repaired", [])
        repaired += sanitize.disarm(path, folder)
        found = evidence.of(
            cells,
            done.examined,
            done.surroundings,
            repaired=repaired,
            submission=submission,
        )
        _fill(nb, cells, done)
        if repaired:
            text = "**Repaired before grading:** " + " ".join(repaired)
            nb.cells.insert(0, new_markdown_cell(text))  # type: ignore[no-untyped-call]
        resources[KEY] = found
        name = resources["nbgrader"]["notebook"] + evidence.SUFFIX
        resources.setdefault("outputs", {})[name] = evidence.written(found)
        return nb, resources

    def _examined(
        self, cells: list[Cell], originals: list[Original], folder: Path, path: Path, seed: str
    ) -> Done:
        ignore = _coursedir(self).ignore
        examined = session.examine(
            cells,
            promised=assignment.promised(originals),
            own_files=folder,
            own_ignore=[*NEVER_RELEASED, *ignore],
            learner_files=path,
            learner_ignore=ignore,
            seconds=self.timeout,
            attempts=self.attempts,
            strict=not self.accept_weaker_jail,
            seed=seed,
        )
        return Done(examined, provenance.here())


class SaveGrades(SaveAutoGrades):  # type: ignore[misc]
    """Saves nbgrader's scores; a cell that is inconclusive or needs review gets none, and no 0.

    All grades of a notebook are saved in one transaction. If grading is killed, the gradebook has
    the old grades or the new ones, never a mixture. The notebook is written last, with the id of
    its examination: so a later run knows that this one was complete.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Save the grades and mark the notebook."""
        named = resources["nbgrader"]
        self.notebook_id, self.assignment_id = named["notebook"], named["assignment"]
        self.student_id, self.db_url = named["student"], named["db_url"]
        self.gradebook = Gradebook(self.db_url, _coursedir(self).course_id)
        with self.gradebook, gradebook.one_transaction(self.gradebook):
            nb, resources = NbGraderPreprocessor.preprocess(self, nb, resources)
        if KEY in resources:
            nb.metadata[KEY] = {"examination": resources[KEY]["examination"]}
        return nb, resources

    def _add_score(self, cell: Any, resources: Any) -> None:
        super()._add_score(cell, resources)
        name = cell.metadata["nbgrader"]["grade_id"]
        cells = resources.get(KEY, {}).get("cells", {})
        if cells.get(name, {}).get("status") in verdicts.OPEN:
            grade = self.gradebook.find_grade(
                name, self.notebook_id, self.assignment_id, self.student_id
            )
            grade.auto_score = None
            grade.needs_manual_grade = True
            self.gradebook.db.commit()


@dataclass(frozen=True)
class Given:
    """The result of a submission that was examined before nbgrader converts it."""

    originals: list[Original]
    cells: list[Cell]
    done: Done


@contextlib.contextmanager
def given(known: Given) -> Iterator[None]:
    """Let Examine use a result that a slot has already found for exactly these cells.

    If nbgrader's steps lead to other cells, Examine raises Fault. The outcomes would belong to the
    wrong cells, and to examine the notebook again here would silently make the batch slow.
    """
    token = _known.set(known)
    try:
        yield
    finally:
        _known.reset(token)


_known: ContextVar[Given | None] = ContextVar("known", default=None)


def _given(cells: list[Cell]) -> Done | None:
    known = _known.get()
    if known is None:
        return None
    if known.cells != cells:
        raise Fault(_difference(known.cells, cells))
    return known.done


def _difference(examined: list[Cell], cells: list[Cell]) -> str:
    pairs = zip_longest(examined, cells)
    number, cell = next((n, a or b) for n, (a, b) in enumerate(pairs, 1) if a != b)
    called = f" ({cell.name})" if cell is not None and cell.name else ""
    return (
        f"code cell {number}{called} is not the one that was examined: the submission has changed "
        f"since, or a step in nbgrader_config.py changes cells before Examine. Grade it again."
    )


def _fill(nb: Any, cells: Sequence[Cell], done: Done) -> None:
    """Write the outputs into the notebook, as if a kernel had run it."""
    from autograder.grading.nbgrader import feedback

    known = {cell.index: cell for cell in cells}
    count = 0
    for index, cell in enumerate(nb.cells):
        if cell.cell_type != "code":
            continue
        count += 1
        seen = done.examined.seen.get(index)
        outputs = [sanitize.output(output) for output in seen.outputs] if seen else []
        if seen and known[index].role == "test":
            outputs.insert(0, feedback.box(seen))
            cell.metadata[KEY] = feedback.about(seen, known[index].source)
        cell.execution_count = count
        cell.outputs = from_dict(outputs)  # type: ignore[no-untyped-call]
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count


def _refuse_unsafe_name(resources: Any) -> None:
    """Raise UserMistake for a student's name that a page would show as markup.

    nbgrader has already added the student to the gradebook, so remove the student again.
    """
    named = resources["nbgrader"]
    if sanitize.safe_name(named["student"]):
        return
    with Gradebook(named["db_url"]) as book, contextlib.suppress(MissingEntry):
        book.remove_student(named["student"])
    raise UserMistake(gradebook.UNSAFE_NAME.format(named["student"]))


def _originals(step: NbGraderPreprocessor, resources: Any) -> list[Original]:
    """The assignment's cells."""
    known = _known.get()
    if known is not None:
        return known.originals
    named = resources["nbgrader"]
    source = _source(step, resources) / f"{named['notebook']}.ipynb"
    with Gradebook(named["db_url"], _coursedir(step).course_id) as book:
        return assignment.originals_of_gradebook(
            book, named["notebook"], named["assignment"], source
        )


def _source(step: NbGraderPreprocessor, resources: Any) -> Path:
    """The unit's own folder, in source/."""
    coursedir, unit = _coursedir(step), resources["nbgrader"]["assignment"]
    return Path(coursedir.format_path(coursedir.source_directory, ".", unit))


def _coursedir(step: NbGraderPreprocessor) -> Any:
    """The course directory of the converter that this step is part of."""
    owner = step
    while not hasattr(owner, "coursedir"):
        owner = owner.parent
    return owner.coursedir


def _submission(step: NbGraderPreprocessor, resources: Any) -> str:
    """The digest of this version of the submission; see `evidence.of_submission`."""
    named, coursedir = resources["nbgrader"], _coursedir(step)
    folder = coursedir.format_path(
        coursedir.submitted_directory, named["student"], named["assignment"]
    )
    return evidence.of_submission(Path(folder), named["notebook"], coursedir.ignore)


def _graded(step: NbGraderPreprocessor, resources: Any) -> Path:
    """The evidence of the last grade of this submission; it may not be there."""
    named, coursedir = resources["nbgrader"], _coursedir(step)
    folder = coursedir.format_path(
        coursedir.autograded_directory, named["student"], named["assignment"]
    )
    return Path(folder, named["notebook"] + evidence.SUFFIX)


class HideTests(NbGraderPreprocessor):  # type: ignore[misc]
    """Removes hidden tests, and outputs that reveal them, from a page of feedback.

    The graded notebook keeps them for the instructor. `c.Examine.show_hidden = True` shows them to
    the learner as well.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Cut the hidden part of each test, and the outputs and messages that could reveal it."""
        if not Examine(parent=self).show_hidden:
            for cell in nb.cells:
                graded = is_grade(cell) and not is_solution(cell)
                if graded and cell.cell_type == "code" and BEGIN in cell.source:
                    cell.outputs = shown(cell.outputs, cell.metadata.get(KEY, {}))
                    cell.source = without_hidden(cell.source)
        return nb, resources

"""The settings with which nbgrader grades with our examiner."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

COURSE = "unblocked"


def configure(settings: Any) -> None:
    """Put the examiner into nbgrader's settings (a traitlets Config).

    This also changes some functions of nbgrader in this process.
    """
    from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
    from nbgrader import preprocessors as stock

    from autograder.course.unit import NEVER_COPIED
    from autograder.grading.nbgrader import fast_open, validate_button
    from autograder.grading.nbgrader.preprocessors import Examine, HideTests, Repair, SaveGrades
    from autograder.grading.submission import evidence, intake, sanitize

    fast_open.open_quickly()
    intake.install()
    _list_only_labs()
    _keep_what_is_never_released()
    validate_button.install()
    settings.CourseDirectory.course_id = COURSE
    # nbgrader uses this whenever it copies, also in `collect`: do not name files of a submission
    settings.CourseDirectory.ignore = [*NEVER_COPIED, f"*{evidence.SUFFIX}"]
    settings.Autograde.sanitize_preprocessors = [
        Repair,
        stock.ClearOutput,
        stock.DeduplicateIds,
        stock.OverwriteKernelspec,
        stock.OverwriteCells,
    ]  # without CheckCellMetadata, here and below: Repair has written all metadata
    settings.Autograde.autograde_preprocessors = [
        Examine,
        stock.IgnorePattern,
        ClearMetadataPreprocessor,
        stock.LimitOutput,
        SaveGrades,
        stock.AssignLatePenalties,
    ]
    settings.GenerateFeedback.preprocessors = [
        HideTests,
        stock.GetGrades,
        CSSHTMLHeaderPreprocessor,
    ]
    settings.Exporter.optimistic_validation = True  # only once: saves 4 ms per submission
    # for Formgrader's page of a submission, and feedback: no learner's code may run in them
    settings.HTMLExporter.sanitize_html = True
    settings.HTMLExporter.filters = {
        "clean_html": sanitize.clean,
        "markdown2html": sanitize.markdown,
    }
    # for `nbgrader validate` in a terminal, where nbgrader's own Execute runs cells: end a hang
    settings.Execute.timeout = 60
    settings.Execute.raise_on_iopub_timeout = False


def _list_only_labs() -> None:
    """Leave folders without a lab (the toolbox, unit 00) out of Formgrader's assignments."""
    if not (api := sys.modules.get("nbgrader.apps.api")):
        return
    every = api.NbGraderAPI.get_source_assignments

    def with_a_notebook(self: Any) -> set[str]:
        course = self.coursedir
        return {
            name
            for name in every(self)
            if any(Path(course.format_path(course.source_directory, ".", name)).glob("*.ipynb"))
        }

    if every.__name__ != with_a_notebook.__name__:  # not replaced yet
        api.NbGraderAPI.get_source_assignments = with_a_notebook


def _keep_what_is_never_released() -> None:
    """Prevent nbgrader from copying the authors' files in source/.

    nbgrader copies from source/ into release/, and over a submission's files into autograded/. Its
    one setting for both is `CourseDirectory.ignore`, which it also applies to submissions.
    """
    from nbgrader.converters import Autograde, GenerateAssignment

    _wrap(GenerateAssignment, _released_without_them)
    _wrap(Autograde, _autograded_without_them)


def _wrap(
    converter: Any, around: Callable[[Any, str], contextlib.AbstractContextManager[None]]
) -> None:
    """Run a converter's `init_assignment`, which copies files, inside `around`."""
    copy = converter.init_assignment

    def init_assignment_of_the_course(self: Any, assignment_id: str, student_id: str) -> None:
        with around(self, assignment_id):
            copy(self, assignment_id, student_id)

    if copy.__name__ != init_assignment_of_the_course.__name__:  # not replaced yet
        converter.init_assignment = init_assignment_of_the_course


@contextlib.contextmanager
def _released_without_them(converter: Any, assignment_id: str) -> Iterator[None]:
    from autograder.course.unit import NEVER_RELEASED

    course = converter.coursedir
    before, course.ignore = course.ignore, [*course.ignore, *NEVER_RELEASED]
    try:
        yield
    finally:
        course.ignore = before


@contextlib.contextmanager
def _autograded_without_them(converter: Any, assignment_id: str) -> Iterator[None]:
    """Name the authors' files in `exclude_overwriting`.

    So a student's file of the same name is kept.
    """
    from nbgrader.utils import find_all_files

    from autograder.course.unit import NEVER_RELEASED

    course = converter.coursedir
    source = course.format_path(course.source_directory, ".", assignment_id)
    kept = set(find_all_files(source)) - set(find_all_files(source, NEVER_RELEASED))
    before = converter.exclude_overwriting
    ours = [str(Path(path).relative_to(source)) for path in sorted(kept)]
    converter.exclude_overwriting = {
        **before,
        assignment_id: [*before.get(assignment_id, []), *ours],
    }
    try:
        yield
    finally:
        converter.exclude_overwriting = before

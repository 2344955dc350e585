"""The settings that make nbgrader grade with the examiner."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

COURSE = "unblocked"


def configure(settings: Any) -> None:
    """Put the examiner into nbgrader's settings (a traitlets Config)."""
    from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
    from nbgrader import preprocessors as stock

    from autograder.course.releasing import NEVER_RELEASED
    from autograder.grading import evidence, gradebook, harmless, intake, validating
    from autograder.grading.feedback import HideTests
    from autograder.grading.preprocess import Examine, Repair, SaveGrades

    gradebook.open_quickly()
    intake.install()
    _list_only_labs()
    validating.install()
    settings.CourseDirectory.course_id = COURSE
    settings.CourseDirectory.ignore = [*NEVER_RELEASED, f"*{evidence.SUFFIX}"]
    settings.Autograde.sanitize_preprocessors = [
        Repair,
        stock.ClearOutput,
        stock.DeduplicateIds,
        stock.OverwriteKernelspec,
        stock.OverwriteCells,
    ]  # CheckCellMetadata is left out, here and below: all metadata were written by Repair
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
    settings.Exporter.optimistic_validation = True  # once after all steps: 4 ms a submission less
    # Formgrader's page of a submission, and feedback: nothing in them runs or pretends
    settings.HTMLExporter.sanitize_html = True
    settings.HTMLExporter.filters = {
        "clean_html": harmless.clean,
        "markdown2html": harmless.markdown,
    }
    # for `nbgrader validate` in a terminal, and a grader who leaves this file out: a hang ends
    settings.Execute.timeout = 60
    settings.Execute.raise_on_iopub_timeout = False


def _list_only_labs() -> None:
    """Keep what has no notebook (the toolbox, unit 00) out of Formgrader's list of assignments."""
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

    if every.__name__ != with_a_notebook.__name__:  # not yet
        api.NbGraderAPI.get_source_assignments = with_a_notebook

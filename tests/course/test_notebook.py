"""What is a notebook, what its cells are called, and which exercise a cell belongs to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autograder.course import notebook
from autograder.course.author.lint import lab
from autograder.course.author.parse import TextCell
from autograder.course.learner import compare, progress
from autograder.course.learner.progress import ExerciseProgress, Standing
from autograder.course.notebook import NotANotebook
from autograder.course.unit import Unit

EXERCISES = ("repair", "repair_two", "dogs")


def cell(name: str, role: str, source: str | list[str] = "") -> dict[str, Any]:
    """A cell as nbgrader marks it; `role` is answer or test."""
    about = notebook.nbgrader_metadata(
        name, grade=role == "test", solution=role == "answer", locked=role == "test", points=5
    )
    return {"cell_type": "code", "metadata": {"nbgrader": about}, "source": source, "outputs": []}


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("repair", "repair"),
        ("repair_visible", "repair"),
        ("repair_two", "repair_two"),
        ("repair_two_hidden", "repair_two"),
        ("repair_twofold", "repair"),  # begins like `repair_two`, and is none of its cells
        ("repairs", None),
        ("dog", None),
        ("", None),
    ],
)
def test_the_exercise_with_the_longest_name_owns_a_cell(name: str, owner: str | None) -> None:
    assert notebook.exercise_of(name, EXERCISES) == owner
    assert notebook.exercise_of(name, reversed(EXERCISES)) == owner


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    """A unit with two exercises, of which one's name begins the other's; half of it is done."""
    made = Unit(tmp_path, "02_tasks")
    statements = [
        {"cell_type": "markdown", "metadata": {"unblocked": {"exercise": name}}, "source": name}
        for name in ("repair", "repair_two")
    ]
    tests = [cell("repair_visible", "test"), cell("repair_two_visible", "test")]
    for path, answers in (
        (made.lab, ("ours", "ours of two")),
        (made.release, ("stub", "stub of two")),
        (made.work_lab, ("stub", "mine of two")),
    ):
        both = [cell("repair", "answer", answers[0]), cell("repair_two", "answer", [answers[1]])]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"cells": [*statements, *both, *tests]}), encoding="utf-8")
    return made


def test_progress_and_compare_tell_two_exercises_apart_of_which_one_begins_the_other(
    unit: Unit,
) -> None:
    scores: dict[str, object] = {"repair_visible": [0.0, 5.0], "repair_two_visible": [5.0, 5.0]}
    exercises = progress._exercises(unit, scores)
    assert exercises == [
        ExerciseProgress("repair", 0.0, 5, False),
        ExerciseProgress("repair_two", 5.0, 5, False),
    ]
    standing = Standing(unit, exercises, 0, 0, 0.0)
    assert [progress._answered(standing, one) for one in exercises] == [False, True]
    names = [one.name for one in exercises]
    assert compare._answer(unit.lab, "repair", names) == "ours"
    assert compare._answer(unit.work_lab, "repair_two", names) == "mine of two"


def test_the_lint_gives_each_cell_to_the_same_exercise() -> None:
    cells = [
        *(TextCell("markdown", "", {"exercise": name, "limit": 0.1}, 2) for name in EXERCISES),
        *(TextCell("code", "", {"answer": name}, 2) for name in ("repair_a", "repair_two_a")),
    ]
    found = lab.exercises(cells)
    assert [one.name for one in found["repair"].answers] == ["repair_a"]
    assert [one.name for one in found["repair_two"].answers] == ["repair_two_a"]


def test_a_source_is_one_text_however_the_file_keeps_it() -> None:
    assert notebook.source({"source": ["a = 1\n", "b = 2"]}) == "a = 1\nb = 2"
    assert notebook.source({"source": "a = 1\nb = 2"}) == "a = 1\nb = 2"


@pytest.mark.parametrize(
    "metadata", [{}, None, {"nbgrader": None}, {"nbgrader": "x"}, {"nbgrader": {"grade_id": 3}}]
)
def test_a_cell_without_marks_has_no_name(metadata: object) -> None:
    assert notebook.grade_id({"metadata": metadata}) == ""


NONE = {
    "empty": "",
    "no JSON": "{",
    "a list": "[1]",
    "no cells": "{}",
    "cells that are none": '{"cells": 3}',
    "a cell that is none": '{"cells": [3]}',
    "a cell without a source": '{"cells": [{"cell_type": "code", "metadata": {}}], "nbformat": 4}',
}


@pytest.mark.parametrize("text", NONE.values(), ids=NONE)
def test_what_is_no_notebook_is_refused_in_one_sentence(text: str, tmp_path: Path) -> None:
    with pytest.raises(NotANotebook, match=r"^lab\.ipynb is not a notebook \(.+\)$"):
        notebook.loads(text, "lab.ipynb")
    path = tmp_path / "lab.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NotANotebook, match=r"^lab\.ipynb is not a notebook \(.+\)$"):
        notebook.read(path, path.name)


def test_a_file_that_is_missing_is_the_callers_to_tell(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        notebook.read(tmp_path / "lab.ipynb", "lab.ipynb")


def test_nbgrader_takes_the_marks_we_write() -> None:
    from nbformat import from_dict
    from nbgrader.nbgraderformat import ValidationError
    from nbgrader.nbgraderformat.v3 import MetadataValidatorV3

    for role in ("answer", "test"):
        node = from_dict(cell("repair", role))  # type: ignore[no-untyped-call]
        MetadataValidatorV3().validate_cell(node)
        assert ("points" in node.metadata.nbgrader) is (role == "test")
    del node.metadata.nbgrader["locked"]
    with pytest.raises(ValidationError):
        MetadataValidatorV3().validate_cell(node)

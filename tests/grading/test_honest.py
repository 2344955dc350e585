"""Whoever answers rightly gets all points, each time: 108 notebooks of right answers, graded as a
class is, on a quiet machine, beside 8 hogs, and beside 8 rivals that come and go.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.bench.hogs import hogs, rivals
from autograder.course.author import answers
from autograder.course.unit import Unit, repository, written
from autograder.grading.batch import executors, grade

ROOT = repository()
LABS = [unit for unit in written(ROOT) if unit.lab_text.exists()]
STUDENTS = 9  # for each of the 13 labs: more than 100 notebooks in all


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("load", "number"),
    [(hogs, 0), (hogs, 8), (rivals, 8)],
    ids=["quiet", "8-hogs", "8-rivals"],
)
def test_right_answers_get_all_points_in_each_of_100_notebooks(
    load: Callable[[int], contextlib.AbstractContextManager[None]], number: int, tmp_path: Path
) -> None:
    short = []
    with load(number):
        for unit in LABS:
            graded = grade.grade(
                class_of(unit, tmp_path / unit.name), unit.name,
                slots_=executors.on_this_machine(None), student=None,
                regrade=False, accept_weaker_jail=True, here=True,
                report=lambda *_: None,
            )  # fmt: skip
            assert len(graded["submissions"]) == STUDENTS
            lost = [one for one in graded["submissions"] if one["score"] != one["max_score"]]
            short += [(unit.name, one) for one in lost]
    assert short == []


def class_of(unit: Unit, course: Path) -> Path:
    """A course of one unit: the first student has our answers, the others those of the table."""
    shutil.copytree(unit.folder, course / "source" / unit.name)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    right: dict[str, list[answers.Answer]] = defaultdict(list)
    for path in answers.found(unit.answers):
        answer = answers.load(path)
        if answer.right:
            right[answer.exercise].append(answer)
    turns = [itertools.cycle(alike) for alike in right.values()]
    notebook: dict[str, Any] = json.loads(unit.lab.read_text(encoding="utf-8"))
    for student in range(STUDENTS):
        place = course / "submitted" / f"s{student}" / unit.name
        place.mkdir(parents=True)
        (place / f"{unit.name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        for answer in map(next, turns):
            notebook = answers.fill(notebook, answer)
    return course

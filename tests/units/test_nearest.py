"""The right answer of each lab that comes nearest to its limit loses no point beside 8 hogs.

Nearest is the one whose longest block, of the limit, is the largest part: the median of 5
examinations of each right answer. UNBLOCKED_ROUNDS says how often it is examined then.
"""

from __future__ import annotations

import json
import os
import statistics
from pathlib import Path

import nbformat
import pytest

from autograder.bench.hogs import hogs
from autograder.course.author import answers
from autograder.course.author.lint import lab as lab_rules
from autograder.course.author.parse import read
from autograder.course.unit import Unit, repository, shown, written
from autograder.grading.examination import session, verdicts
from autograder.grading.examination.cells import CellOutcome
from autograder.grading.submission import assignment

ROOT = repository()
LABS = [unit for unit in written(ROOT) if unit.lab_text.exists()]
ROUNDS = int(os.environ.get("UNBLOCKED_ROUNDS", "200"))
TRIES = 5


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("unit", LABS, ids=lambda unit: unit.name)
def test_the_right_answer_nearest_to_its_limit_loses_nothing_beside_8_hogs(unit: Unit) -> None:
    right = [path for path in answers.found(unit.answers) if answers.load(path).right]
    parts = {path: part_of_limit(unit, path) for path in right}
    nearest = max(right, key=lambda path: parts[path])
    print(f"{unit.name}: {nearest.stem} reaches {parts[nearest]:.0%} of its limit")
    lost = []
    with hogs(cpu=8):
        for _ in range(ROUNDS):
            lost += [
                (one.status, one.message)
                for one in examined(unit, nearest)
                if one.status != verdicts.PASSED
            ]
    assert lost == [], f"{nearest.stem}, in {ROUNDS} rounds"


def part_of_limit(unit: Unit, path: Path) -> float:
    """The answer's longest block as a part of the limit; 0 where nothing of the loop is judged."""
    tries = [
        max((one.longest_block / one.limit for one in examined(unit, path) if one.limit), default=0)
        for _ in range(TRIES)
    ]
    return statistics.median(tries)


def examined(unit: Unit, path: Path) -> list[CellOutcome]:
    """The outcomes of the tests of the exercise that an answer is for."""
    answer = answers.load(path)
    originals = assignment.originals_of_notebook(json.loads(unit.lab.read_bytes()))
    notebook = answers.fill(json.loads(unit.release.read_bytes()), answer)
    filled = nbformat.reads(json.dumps(notebook), as_version=4)
    cells = assignment.cells_to_examine(filled, originals)
    tests = lab_rules.exercises(read(unit.lab_text, shown(ROOT, unit.lab_text)))
    names = {test.name for test in tests[answer.exercise].tests}
    found = session.examine(
        cells, promised=assignment.promised(originals), own_files=unit.folder
    ).seen
    outcomes = [found[cell.index] for cell in cells if cell.name in names]
    assert outcomes, f"{path.name}: its exercise has no test"
    return outcomes

"""A test cell that runs before the cells it needs says so in one sentence, in a real kernel."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from running_kernel import kernel, run_all

from autograder.course import notebook
from autograder.course.learner.cells_above import sentence
from autograder.course.unit import Unit, repository

LAB = Unit(repository(), "04_yielding").release
ABOVE = "first run the cells above this one (menu Run, then Run All Above Selected Cell)."
ANSWER = "first run your answer above, which must raise no error."


def code(source: str, **nbgrader: Any) -> notebook.Cell:
    return {"cell_type": "code", "source": source, "metadata": {"nbgrader": nbgrader}}


def errors(outputs: list[dict[str, Any]] | None) -> list[list[str]]:
    return [one["traceback"] for one in outputs or () if one["type"] == "error"]


@pytest.mark.slow
def test_in_a_kernel_that_has_just_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / LAB.name
    shutil.copy(LAB, path)
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))  # as Jupyter's server sets it
    cells = [one for one in notebook.loads(path.read_bytes())["cells"] if notebook.graded(one)]
    at = next(n for n, one in enumerate(cells) if notebook.grade_id(one) == "crunch_visible")
    test = notebook.source(cells[at])
    about = [(notebook.source(one), notebook.graded(one)) for one in cells[:at]]
    given = [source for source, of in about if not (of["grade"] or of["solution"])]
    with kernel(tmp_path) as client:
        sources = [test, *given, test, "watchh", "def f():\n    random = random + 1\nf()"]
        alone, *_, unanswered, typo, local = run_all(client, sources, 60)
    assert errors(alone) == [[f"NameError: `watch` is not defined: {ABOVE}"]]
    assert errors(unanswered) == [[f"NameError: `crunch` is not defined: {ANSWER}"]]
    for usual in (typo, local):
        assert len(errors(usual)[0]) > 1, usual


@pytest.mark.parametrize(
    "given",
    [
        "import random",
        "import os as random",
        "from os import path as random",
        "%matplotlib inline\nrandom = 1",
        "for random in (): pass",
        "page, random = await fetch()",
        "with open('x') as random: pass",
        "class random: pass",
    ],
)
def test_a_name_is_found_where_a_cell_above_defines_it(given: str) -> None:
    cells = [code("1 +"), code(given), code("random.random()")]
    assert ABOVE in sentence(cells, "random.random()", "random", _without_magics)


@pytest.mark.parametrize(
    "given", ["def f():\n    random = 1", "x = random", "class C:\n    random = 1"]
)
def test_a_name_that_no_cell_above_defines_is_the_learners_mistake(given: str) -> None:
    cells = [code(given), code("random.random()"), code("import random")]
    assert not sentence(cells, "random.random()", "random", _without_magics)
    assert not sentence(cells, "another cell", "random", _without_magics)


def _without_magics(source: str) -> str:
    return "\n".join(line for line in source.splitlines() if not line.startswith("%"))

"""The repair of a notebook takes no longer than the notebook is long."""

from __future__ import annotations

import copy
import time
from typing import Any

import nbformat
import pytest
import toy_unit as toy

from autograder.course import notebook
from autograder.grading.submission import assignment, repair
from autograder.outcomes import UserMistake


def copies_of(name: str, number: int) -> Any:
    """The toy unit with this cell so many times."""
    content = toy.notebook()
    content["cells"] += [copy.copy(toy.cell_of(content, name)) for _ in range(number - 1)]
    return nbformat.from_dict(content)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("name", ["double_visible", "double"])
def test_a_notebook_with_2000_copies_of_a_cell_is_repaired_in_a_moment(name: str) -> None:
    originals = assignment.originals_of_notebook(toy.notebook())
    submitted = copies_of(name, repair.MOST_CELLS - len(toy.notebook()["cells"]))
    began = time.thread_time()
    (said,) = repair.repair(submitted, originals)
    assert time.thread_time() - began < 0.5
    assert said.startswith(f"Cell `{name}`: more than one copy")
    assert [notebook.grade_id(cell) for cell in submitted.cells].count(name) == 1


def test_a_notebook_of_more_cells_is_refused_in_a_sentence() -> None:
    originals = assignment.originals_of_notebook(toy.notebook())
    submitted = copies_of("double_visible", repair.MOST_CELLS + 1)
    with pytest.raises(UserMistake, match=r"cells, and 2,000 is the limit"):
        repair.repair(submitted, originals)

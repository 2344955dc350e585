"""The repair of a notebook: cells without metadata are known again, and no notebook takes long."""

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


@pytest.mark.parametrize("ids", [True, False], ids=["with ids", "without ids"])
def test_cells_whose_metadata_an_editor_removed_are_known_again_at_their_places(ids: bool) -> None:
    originals = assignment.originals_of_notebook(toy.notebook())
    submitted = nbformat.from_dict(toy.submission())  # type: ignore[no-untyped-call]
    names = [notebook.grade_id(cell) for cell in submitted.cells]
    for cell in submitted.cells:
        cell["metadata"] = nbformat.from_dict({})  # type: ignore[no-untyped-call]
        if not ids:
            del cell["id"]
    (said,) = repair.repair(submitted, originals)
    assert said.endswith("metadata lost, but recognised.")
    assert [notebook.grade_id(cell) for cell in submitted.cells] == names


def test_a_notebook_that_defines_everything_2000_times_is_repaired_in_a_moment() -> None:
    originals = assignment.originals_of_notebook(toy.notebook())
    content = toy.notebook()
    text = "".join(f"def f{n}():\n    pass\n\n\nx{n} = (\n    1\n)\n" for n in range(100))
    cell = {"cell_type": "code", "source": text, "metadata": {}, "outputs": []}
    content["cells"] = [{**cell, "execution_count": None} for _ in range(repair.MOST_CELLS)]
    began = time.thread_time()
    repair.repair(nbformat.from_dict(content), originals)  # type: ignore[no-untyped-call]
    assert time.thread_time() - began < 2

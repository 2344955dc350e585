"""The cells of an assignment, from the gradebook or from the unit's own notebook."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autograder.course import notebook
from autograder.course.notebook import NotANotebook
from autograder.grading.examination.cells import Cell


def originals_of_gradebook(
    gradebook: Any, name: str, assignment: str, source: Path
) -> list[Original]:
    """Return the cells of an assignment, in order, with the text that the gradebook has for them.

    A gradebook has no order of its own (PostgreSQL returns rows in any order). The order comes from
    `source`, the unit's own notebook, if that can be read.
    """
    entry = gradebook.find_notebook(name, assignment)
    points = {cell.name: float(cell.max_score) for cell in entry.grade_cells}
    solutions = {cell.name for cell in entry.solution_cells}
    originals = [
        Original(
            grade_id=cell.name,
            cell_type=cell.cell_type,
            source=cell.source,
            locked=bool(cell.locked),
            grade=cell.name in points,
            solution=cell.name in solutions,
            points=points.get(cell.name, 0.0),
        )
        for cell in entry.source_cells
    ]
    order = {name: index for index, name in enumerate(_grade_ids(source))}
    return sorted(originals, key=lambda original: order.get(original.grade_id, len(order)))


def originals_of_notebook(content: dict[str, Any]) -> list[Original]:
    """Return the cells of an assignment from the unit's own notebook (as JSON data)."""
    originals = []
    for cell in content["cells"]:
        about = notebook.graded(cell)
        if about and (about["grade"] or about["solution"] or about["locked"]):
            originals.append(
                Original(
                    grade_id=about["grade_id"],
                    cell_type=cell["cell_type"],
                    source=notebook.source(cell),
                    locked=not about["solution"] and (about["grade"] or about["locked"]),
                    grade=about["grade"],
                    solution=about["solution"],
                    points=float(about.get("points", 0.0)),
                )
            )
    return originals


def cells_to_examine(mended: Any, originals: list[Original]) -> list[Cell]:
    """Return the code cells of a repaired notebook; tests and setup cells get the original's text.

    Of a cell's own metadata only the grade_id is used, and each grade_id only once.
    """
    waiting = {original.grade_id: original for original in originals}
    cells = []
    for index, cell in enumerate(mended.cells):
        if cell["cell_type"] != "code":
            continue
        name = notebook.grade_id(cell)
        original = waiting.pop(name, None)
        if original is None:
            cells.append(Cell(index, "learner", "", cell["source"]))
        else:
            source = cell["source"] if original.role == "learner" else original.source
            cells.append(Cell(index, original.role, name, source, original.points))
    return cells


def promised(originals: list[Original]) -> list[str]:
    """Return the answer cells as released: a submission should define the same names."""
    return [original.source for original in originals if original.solution]


def _grade_ids(source: Path) -> list[str]:
    try:
        cells = notebook.loads(source.read_bytes())["cells"]
    except (OSError, NotANotebook):
        return []
    return [name for cell in cells if (name := notebook.grade_id(cell))]


# The released text of an answer cell, from our solution as nbgrader's ClearSolutions makes it.
SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION.*?### END SOLUTION[^\n]*", re.DOTALL | re.M)
COMMENT = re.compile(r"^[ \t]*# YOUR CODE HERE\n", re.M)
HIDDEN = re.compile(r"[^\n]*BEGIN HIDDEN TESTS.*?END HIDDEN TESTS[^\n]*(\n|$)", re.DOTALL)


@dataclass(frozen=True)
class Original:
    """One cell of an assignment, as in the unit's own notebook."""

    grade_id: str
    cell_type: str
    source: str  # with hidden tests
    locked: bool
    grade: bool
    solution: bool
    points: float = 0.0

    @property
    def role(self) -> Literal["test", "setup", "learner"]:
        """ "test", "setup", or "learner" for an answer cell."""
        if not self.locked:
            return "learner"
        return "test" if self.grade else "setup"

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata that nbgrader needs in the cell."""
        return notebook.nbgrader_metadata(
            self.grade_id,
            grade=self.grade,
            solution=self.solution,
            locked=self.locked,
            points=self.points,
        )

    @property
    def texts(self) -> tuple[str, str]:
        """The cell's bare text: with its hidden tests, and as released."""
        return bare(self.source), bare(HIDDEN.sub("", self.source))

    def looks_like(self, source: str) -> bool:
        """Whether this is one of the cell's texts."""
        return bare(source) in self.texts

    def is_empty(self, source: str) -> bool:
        """Whether this is the answer cell as it was released: nobody has answered in it."""
        released = SOLUTION.sub(r"\1raise NotImplementedError()", self.source)
        return bare(COMMENT.sub("", source)) == bare(COMMENT.sub("", released))


def bare(source: str) -> str:
    """Return a text without the white space that editors change by themselves."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())

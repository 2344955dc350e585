"""The answers that prove a lab: tests/answers/NN_name/right_*.py and wrong_*.py.

Each file is one answer to one exercise. Comment lines say what must happen. Then come the cells
that replace the lab's answer cells (jupytext py:percent):

    # exercise: repair_two
    # expect: fails
    # test: repair_two_roll_check
    # message: the loop was held
    # %% answer="repair_two"
    async def roll(spec): ...
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course import notebook
from autograder.course.author import parse
from autograder.course.author.parse import BrokenUnit

_SAYS = re.compile(r"#\s*(exercise|expect|test|message):\s*(.*\S)")


@dataclass(frozen=True)
class Answer:
    """One answer: the sources of its cells by grade_id, and what the examination must say."""

    cells: dict[str, str]
    exercise: str
    expect: str  # "passes" or "fails"
    test: str  # the first test that a wrong answer fails; a right one passes it, or all if empty
    message: str  # text that must appear in the failure; empty for a right answer

    @property
    def right(self) -> bool:
        return self.expect == "passes"


def found(folder: Path) -> list[Path]:
    """Return the files with the answers of one unit, right ones first."""
    return sorted([*folder.glob("right_*.py"), *folder.glob("wrong_*.py")])


def load(path: Path) -> Answer:
    """Read one answer. Raises BrokenUnit, with file and line, when something is missing in it."""
    called = f"{path.parent.name}/{path.name}"
    cells = parse.read(path, called)
    head = path.read_text(encoding="utf-8").split("# %%", 1)[0]
    said = {match[1]: match[2] for match in map(_SAYS.match, head.splitlines()) if match}
    expect = "passes" if path.name.startswith("right_") else "fails"
    for key in ("exercise", "expect", *(["test", "message"] if expect == "fails" else [])):
        if key not in said:
            raise BrokenUnit(f"{called}:1: add the line `# {key}: ...` above the first cell.")
    if said["expect"] != expect:
        raise BrokenUnit(
            f"{called}:1: a file of this name must have `# expect: {expect}`, "
            f"and it has `{said['expect']}`."
        )
    for cell in cells:
        if cell.role != "answer":
            raise BrokenUnit(
                f'{called}:{cell.line - 1}: begin each cell with `# %% answer="..."`, '
                "the name of the answer cell it replaces."
            )
    sources = {cell.name: cell.source for cell in cells}
    if len(sources) != len(cells):
        raise BrokenUnit(f"{called}:1: two cells replace the same answer cell; keep one.")
    return Answer(sources, said["exercise"], expect, said.get("test", ""), said.get("message", ""))


def fill(lab: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """Return a copy of a lab (JSON data) with this answer in its answer cells.

    Raises BrokenUnit when the lab has no such answer cell.
    """
    filled = copy.deepcopy(lab)
    missing = dict(answer.cells)
    for cell in filled["cells"]:
        name = notebook.grade_id(cell)
        if name in missing and notebook.graded(cell).get("solution"):
            cell["source"] = missing.pop(name)
    if missing:
        raise BrokenUnit(
            f"{answer.exercise}: the lab has no answer cell `{min(missing)}`; name one that it has."
        )
    return filled

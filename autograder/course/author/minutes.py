"""How long a lesson and a lab take. `build` writes this number into the title cell, and no person.

    a lesson: words / 100 + 0.35 x code cells + 0.5 x questions
    a lab:    words / 100 + 0.5 x points, of its core exercises (of all, where none is core),
              less a minute for each program that learners repair in its answer cell

Words are those of text cells, outside `<details>`. Readers with a year of Python needed the time of
the lesson's formula within 15 % in nine lessons, and half as much again in two with long cells; in
eleven of twelve labs they needed that of the lab's within 30 %.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from autograder.course.author.parse import TextCell
from autograder.course.notebook import CURRENT_VERSION

_FOLDED = re.compile(r"<details\b.*?</details>", re.DOTALL)
_SURVEY = 10  # questions that `before` and `after` ask in one cell


def lesson(cells: list[TextCell]) -> float:
    """Return the minutes of a lesson."""
    code = sum(cell.kind == "code" for cell in cells)
    surveys = sum(_name(call) in ("before", "after") for _, call in _calls(cells))
    questions = len(asked(cells, "predict")) + len(asked(cells, "recall")) + _SURVEY * surveys
    return _words(cells) / 100 + 0.35 * code + 0.5 * questions


def lab(cells: list[TextCell]) -> float:
    """Return the minutes of a lab's core exercises."""
    core: list[TextCell] = []
    stretch = False
    for cell in cells:
        if cell.role == "exercise":
            stretch = bool(cell.keys.get("stretch"))
        if not stretch:
            core.append(cell)
    if not any(cell.role == "exercise" for cell in core):
        core = cells
    points = sum(float(cell.keys.get("points", 0)) for cell in core)
    begun = sum(cell.source.count(CURRENT_VERSION) for cell in core if cell.role == "answer")
    return _words(core) / 100 + 0.5 * points - begun


def asked(cells: list[TextCell], function: str) -> dict[str, int]:
    """Return the questions that a lesson asks with `predict` or `recall`, each with its line.

    A question is asked with a guess: `predict("?", about="...")`.
    """
    found: dict[str, int] = {}
    for cell, call in _calls(cells):
        if _name(call) == function and call.args:
            for keyword in call.keywords:
                if keyword.arg == "about" and isinstance(keyword.value, ast.Constant):
                    found.setdefault(str(keyword.value.value), cell.line + call.lineno - 1)
    return found


def told(cells: list[TextCell], minutes: float, sentence: str) -> list[TextCell]:
    """Return the cells with the minutes in the title cell, for readers and for `progress`."""
    title, *rest = cells
    if title.kind != "markdown":  # the lint says so
        return cells
    number = max(1, round(minutes))
    source = f"{title.source}\n\n{sentence.format(number)}"
    return [replace(title, source=source, keys={**title.keys, "minutes": number}), *rest]


def _words(cells: Iterable[TextCell]) -> int:
    prose = (cell.source for cell in cells if cell.kind == "markdown")
    return sum(len(_FOLDED.sub(" ", text).split()) for text in prose)


def _calls(cells: list[TextCell]) -> Iterator[tuple[TextCell, ast.Call]]:
    for cell in cells:
        if cell.kind == "code":
            for node in ast.walk(cell.tree):
                if isinstance(node, ast.Call):
                    yield cell, node


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""

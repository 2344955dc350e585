"""The rules for a lesson: its parts, a prediction before each experiment, none about an anchor."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from autograder.course.author.lint import code
from autograder.course.author.lint.code import Finding, dotted
from autograder.course.author.parse import TextCell
from autograder.course.learner.questions import Question

LONGEST = {"setup": 30}  # lines of code
PLAIN = 18  # "about 15"
PARTS = (
    "You will",
    "You learn",
    "You need",
    "In your bot",
    "In practice",
    "You have seen",
    "Next",
)


def check(cells: list[TextCell], questions: list[Question], first: bool) -> Iterator[Finding]:
    """Yield findings about the text of one lesson; the `first` has no earlier unit to recall."""
    prose = "\n".join(cell.source for cell in cells if cell.kind == "markdown")
    if cells[0].kind != "markdown" or not cells[0].source.startswith("# "):
        yield (
            cells[0].line,
            "begin the lesson with a title: a text cell whose first line is `# ...`.",
        )
    for part in PARTS:
        if not re.search(rf"(?mi)^[\s#>*_-]*{part}\b", prose):
            yield 1, f"the part *{part}* is missing; begin a line of a text cell with it."
    for cell in cells:
        if cell.kind == "code":
            yield from code.check(cell, LONGEST.get(cell.role, PLAIN))
        elif not cell.source.strip():
            yield cell.line, "the cell is empty; write it, or remove it."
        if cell.role in ("answer", "test", "exercise", "hints"):
            yield cell.line - 1, f"`{cell.role}` belongs in lab.py; a lesson is not graded."
    if not first and not any(dotted(call.func) == "recall" for _, call in _calls(cells)):
        yield 1, 'the lesson never recalls earlier units; add a cell `recall("NN_name")`.'
    yield from _predictions(cells, questions)


def _predictions(cells: list[TextCell], questions: list[Question]) -> Iterator[Finding]:
    """Check that each experiment is predicted and later explained, and each question asked."""
    known = {question.id for question in questions if question.kind == "predict"}
    guesses: dict[str, int] = {}
    explained: dict[str, int] = {}
    for number, call in _calls(cells):
        if dotted(call.func) != "predict":
            continue
        line = cells[number].line + call.lineno - 1
        about = [keyword.value for keyword in call.keywords if keyword.arg == "about"]
        name = about[0].value if about and isinstance(about[0], ast.Constant) else None
        if name not in known:
            yield line, f"questions.toml has no predict question {name!r}; name it in `about=`."
        elif call.args:
            guesses.setdefault(str(name), number)
        else:
            explained[str(name)] = number
    yield from _experiments(cells, guesses, explained)
    yield from _anchors(cells, guesses.keys() | explained.keys())
    for name in sorted(known - guesses.keys()):
        yield 1, f"the question `{name}` is never asked; predict it, or remove it."


def _experiments(
    cells: list[TextCell], guesses: dict[str, int], explained: dict[str, int]
) -> Iterator[Finding]:
    """Check the experiments; `guesses` and `explained` map a question to its cell's number."""
    experiments = {cell.name: n for n, cell in enumerate(cells) if cell.role == "experiment"}
    for name, number in experiments.items():
        header = cells[number].line - 1
        if guesses.get(name, len(cells)) > number:
            yield (
                header,
                f"the experiment `{name}` has no prediction; add a cell "
                f'`predict("?", about="{name}")` before it.',
            )
        if explained.get(name, -1) < number:
            yield (
                header,
                f"the experiment `{name}` is never explained; add a cell "
                f'`predict(about="{name}")` after it.',
            )
    for name in sorted(guesses.keys() - experiments.keys()):
        yield (
            cells[guesses[name]].line,
            f"the prediction `{name}` is about no cell; mark its run with "
            f'`# %% experiment="{name}"`.',
        )


def _anchors(cells: list[TextCell], asked: set[str]) -> Iterator[Finding]:
    """Check that no anchor is predicted, and that no two runs have the same name."""
    seen: set[str] = set()
    for cell in cells:
        if cell.role not in ("experiment", "anchor"):
            continue
        header = cell.line - 1
        if cell.name in seen:
            yield header, f"`{cell.name}` names two runs; a page could link to one only."
        seen.add(cell.name)
        if cell.role == "anchor" and cell.name in asked:
            yield (
                header,
                f"an anchor has no prediction, and `{cell.name}` has one; write "
                f'`# %% experiment="{cell.name}"`.',
            )


def _calls(cells: list[TextCell]) -> Iterator[tuple[int, ast.Call]]:
    for number, cell in enumerate(cells):
        if cell.kind == "code":
            for node in ast.walk(cell.tree):
                if isinstance(node, ast.Call):
                    yield number, node

"""The rules for a lab: complete exercises with limits, hints, visible and hidden tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from autograder.course.author.lint import code as code_rules
from autograder.course.author.lint import test_cell
from autograder.course.author.lint.code import Finding
from autograder.course.author.parse import TextCell
from autograder.course.notebook import CURRENT_VERSION, exercise_of

LONGEST = {"answer": 30, "setup": 30, "test": 40}  # lines of code
PLAIN = 18  # "about 15"
STEPS = 3  # hints of an exercise: a question, where to look, the gaps; a variant may follow
_BEGIN, _END = "### BEGIN SOLUTION", "### END SOLUTION"


@dataclass
class Exercise:
    """The cells that belong to one exercise; `statement` is the text of the task."""

    statement: TextCell
    answers: list[TextCell] = field(default_factory=list)
    tests: list[TextCell] = field(default_factory=list)
    hints: list[TextCell] = field(default_factory=list)

    @property
    def points(self) -> float:
        return sum(float(test.keys["points"]) for test in self.tests)


def exercises(cells: list[TextCell]) -> dict[str, Exercise]:
    """Return the exercises of a lab by name.

    A cell belongs to the exercise with the longest name that the cell's name begins with.
    """
    found = {cell.name: Exercise(cell) for cell in cells if cell.role == "exercise"}
    for cell in cells:
        owner = exercise_of(cell.name, found)
        if owner is None:
            continue
        if cell.role == "answer":
            found[owner].answers.append(cell)
        elif cell.role == "test":
            found[owner].tests.append(cell)
        elif cell.role == "hints" and cell.name == owner:
            found[owner].hints.append(cell)
    return found


def check(cells: list[TextCell]) -> Iterator[Finding]:
    """Yield findings about the text of one lab."""
    found = exercises(cells)
    if not found:
        yield (
            1,
            'the lab has no exercise; begin one with `# %% [markdown] exercise="..." limit=0.1`.',
        )
    yield from _identities(cells, found)
    yield from _taken_away(cells)
    for name, exercise in found.items():
        yield from _whole(name, exercise)
    learners = frozenset(
        name for cell in cells if cell.role == "answer" for name in test_cell.defined(cell.tree)
    )
    given = frozenset[str]().union(
        *(test_cell.silent_functions(cell.tree) for cell in cells if cell.role == "setup")
    )
    for cell in cells:
        if cell.kind == "code":
            yield from code_rules.check(cell, LONGEST.get(cell.role, PLAIN))
        elif not cell.source.strip():
            yield cell.line, "the cell is empty; write it, or remove it."
        if cell.role == "answer":
            yield from _answer(cell)
        elif cell.role == "test":
            yield from test_cell.check(cell, learners, given)
        elif cell.role in ("experiment", "anchor"):
            yield cell.line - 1, f"{cell.role}s belong in the lesson; remove the key here."


def _identities(cells: list[TextCell], found: dict[str, Exercise]) -> Iterator[Finding]:
    seen: dict[tuple[str, str], int] = {}
    for cell in cells:
        header = cell.line - 1
        if cell.role in ("", "experiment", "anchor"):
            continue
        family = cell.role if cell.role in ("exercise", "hints") else "grade_id"
        if (family, cell.name) in seen:
            yield (
                header,
                f"the {family} `{cell.name}` is there twice, first in line "
                f"{seen[family, cell.name]}; give each its own.",
            )
        seen.setdefault((family, cell.name), header)
        if cell.role in ("answer", "test", "hints") and exercise_of(cell.name, found) is None:
            yield (
                header,
                f"the {cell.role} `{cell.name}` belongs to no exercise; begin its name with one "
                f"of {', '.join(found) or 'them'}.",
            )
        if cell.role == "test" and cell.name in found:
            yield header, f"call the test `{cell.name}_visible` or `_hidden`: the name is taken."


def _taken_away(cells: list[TextCell]) -> Iterator[Finding]:
    """Find tests that change a name which other cells need: learners run cells in any order."""
    code = [cell for cell in cells if cell.kind == "code"]
    owners = {
        name: cell for cell in code if cell.role != "test"
        for name in test_cell.defined(cell.tree) | test_cell.imported(cell.tree)
    }  # fmt: skip
    needed = {cell.line: test_cell.needed(cell) for cell in code}
    for test in (cell for cell in code if cell.role == "test"):
        for name in sorted(test_cell.defined(test.tree) & owners.keys()):
            users = [cell for cell in code if cell is not test and name in needed[cell.line]]
            if users:
                user, owner = users[0], owners[name]
                yield (
                    _bound_in(test, name),
                    f"this test gives `{name}` another meaning, which line {owner.line} defines "
                    f"and the cell `{user.name}` in line {user.line - 1} needs; call it something "
                    "else here.",
                )


def _bound_in(cell: TextCell, name: str) -> int:
    """Return the first line of the file in which a cell binds this name."""
    lines = [
        node.lineno
        for node in ast.walk(cell.tree)
        if (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name)
        or (isinstance(node, ast.stmt) and getattr(node, "name", None) == name)
    ]
    return cell.line + min(lines) - 1


def _whole(name: str, exercise: Exercise) -> Iterator[Finding]:
    """Check one exercise: its limit, answer, points, visible test, hidden test and hints."""
    statement = exercise.statement
    header = statement.line - 1
    limit = statement.keys.get("limit")
    if not limit or limit <= 0:
        yield header, f"exercise `{name}` has no limit; add `limit=0.1` (seconds) to its header."
    else:
        contracts = "\n".join([statement.source, *(cell.source for cell in exercise.answers)])
        if not re.search(rf"(?<![\d.]){limit * 1000:g}\s*(ms|milliseconds)", contracts):
            yield (
                header,
                f"exercise `{name}` does not tell the learner its limit; write "
                f"`{limit * 1000:g} ms` into the statement.",
            )
    if not exercise.answers:
        yield header, f'exercise `{name}` has no answer cell; add `# %% answer="{name}"`.'
    if exercise.points <= 0:
        yield header, f"exercise `{name}` gives no points; add them to its tests."
    if not any(_holds_code(test_cell.visible(test)) for test in exercise.tests):
        yield header, f"exercise `{name}` has no visible test, so learners cannot try; add one."
    if not any(_holds_code(test_cell.hidden(test)) for test in exercise.tests):
        yield (
            header,
            f"exercise `{name}` has no hidden test; add one of the same kind with other inputs "
            f"between `{test_cell.BEGIN_HIDDEN}` and `{test_cell.END_HIDDEN}`.",
        )
    steps = sum(hint.source.count("<details") for hint in exercise.hints)
    if steps < STEPS:
        yield (
            header,
            f"exercise `{name}` has {steps} steps of help, and {STEPS} are the least; add "
            f'`<details>` to a cell `# %% [markdown] hints="{name}"`.',
        )


def _holds_code(source: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in source.splitlines())


def _answer(cell: TextCell) -> Iterator[Finding]:
    """Check that an answer cell still states its contract after nbgrader cuts the solution."""
    lines = cell.source.splitlines()
    begins = [n for n, line in enumerate(lines) if _BEGIN in line]
    ends = [n for n, line in enumerate(lines) if _END in line]
    pairs = list(zip(begins, ends, strict=False))
    if not begins or len(begins) != len(ends) or any(end <= begin + 1 for begin, end in pairs):
        yield cell.line, f"put the answer between `{_BEGIN}` and `{_END}`, each on its own line."
        return
    stub = list(lines)
    for begin, end in pairs:
        indent = lines[begin][: len(lines[begin]) - len(lines[begin].lstrip())]
        stub[begin] = f"{indent}raise NotImplementedError()"
        stub[begin + 1 : end + 1] = [""] * (end - begin)
    try:
        tree = ast.parse("\n".join(stub))
    except SyntaxError as error:
        line = cell.line + (error.lineno or 1) - 1
        yield line, f"without its solution the cell is not Python ({error.msg}); move the markers."
        return
    documented = ast.get_docstring(tree) is not None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            documented = True
            if ast.get_docstring(node) is None:
                yield (
                    cell.line + node.lineno - 1,
                    f"`{node.name}` has no docstring outside of the solution; write its contract "
                    "there.",
                )
    if not documented and not any(line.lstrip().startswith("#") for line in stub):
        yield cell.line, "the stub says nothing; put the contract above it, as comment lines."
    yield from _start(cell, lines)


def _start(cell: TextCell, lines: list[str]) -> Iterator[Finding]:
    """Check that our answer returns before it comes to the program that learners start from."""
    marks = [n for n, line in enumerate(lines, 1) if line.strip() == CURRENT_VERSION]
    bodies = [one.body for one in ast.walk(cell.tree) if isinstance(one, ast.AsyncFunctionDef)]
    for mark in marks:
        left = any(
            _never_goes_on(above) and above.lineno < mark < below.lineno
            for body in bodies
            for above, below in pairwise(body)
        )
        if not left or _END not in lines[mark - 2]:
            yield (
                cell.line + mark - 1,
                f"end the solution with `return` or `while True`, and put `{CURRENT_VERSION}` "
                f"right below `{_END}`: what follows is not part of our answer.",
            )


def _never_goes_on(statement: ast.stmt) -> bool:
    endless = isinstance(statement, ast.While) and isinstance(statement.test, ast.Constant)
    return endless or isinstance(statement, ast.Return)

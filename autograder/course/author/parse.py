"""Reads the text of a unit (a jupytext py:percent file) as cells, each with its line in the file.

A cell's header says what the cell is, with the keys in `KEYS`. Everything else in the notebook
follows from them. A text that cannot be read raises `BrokenUnit`: one sentence with file and line.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from autograder.outcomes import UserMistake

KEYS = {
    "answer": str,  # the learner writes here
    "test": str,  # graded; needs points
    "points": (int, float),
    "setup": str,  # locked; runs for the learner and for the examiner
    "exercise": str,  # the statement of an exercise; needs limit
    "limit": (int, float),  # seconds
    "stretch": bool,  # with exercise: an optional one, not part of the core points
    "hints": str,  # the hints of an exercise
    "experiment": str,  # the run that a prediction is about
    "anchor": str,  # a run without a prediction, which pages of the toolbox link to
    "tags": list,
    "jupyter": dict,
    "jp-MarkdownHeadingCollapsed": bool,  # a heading whose part is folded when the notebook opens
}
ROLES = ("answer", "test", "setup", "exercise", "hints", "experiment", "anchor")
_HEADER = re.compile(r"# %%(?:\s|$)")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class BrokenUnit(UserMistake):
    """A unit's text cannot be built; the sentence says where, why, and how to fix it."""


@dataclass(frozen=True)
class TextCell:
    """One cell of a text; `line` is the number of its first source line, counted from 1."""

    kind: str  # "code" or "markdown"
    source: str
    keys: dict[str, Any]
    line: int

    @property
    def role(self) -> str:
        """The key that says what the cell is; empty for a plain cell."""
        return next((role for role in ROLES if role in self.keys), "")

    @property
    def name(self) -> str:
        """The value of that key: a grade_id, or the cell's exercise or question."""
        return str(self.keys[self.role]) if self.role else ""

    @cached_property
    def python(self) -> str:
        """The source as Python code: magics and shell lines are calls, on the same lines."""
        from IPython.core.inputtransformer2 import TransformerManager

        transform = TransformerManager()  # type: ignore[no-untyped-call]
        return transform.transform_cell(self.source)

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed source; top-level `await` is allowed, as in a notebook. Raises SyntaxError."""
        return ast.parse(self.python)


def read(path: Path, called: str) -> list[TextCell]:
    """Return the cells of a file; `called` is its name in messages. Raises BrokenUnit."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenUnit(f"{called}: cannot be read ({error}); save it as UTF-8 text.") from None
    return cells(text, called)


def cells(text: str, called: str) -> list[TextCell]:
    """Return the cells of a text, without the comments for authors above the first cell.

    Raises BrokenUnit.
    """
    return list(_cells(text, called))


@cache  # jupytext takes 0.1 s of CPU for a lesson, and a build asks for each text several times
def _cells(text: str, called: str) -> tuple[TextCell, ...]:
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if _HEADER.match(line)]
    if not starts:
        raise BrokenUnit(f"{called}:1: there is no cell; begin each with a line `# %%`.")
    for number, line in enumerate(lines[: starts[0]], 1):
        if line.strip() and not line.startswith("#"):
            raise BrokenUnit(
                f"{called}:{number}: `{line.strip()}` is before the first cell; "
                "put a line `# %%` above it."
            )
    body = "\n".join(lines[starts[0] :]) + "\n"
    found = _through_jupytext(body)
    if len(found) != len(starts):
        raise BrokenUnit(
            f"{called}:{_no_header(lines, starts) + 1}: this line begins no cell for jupytext, "
            "because it is inside a string; indent it."
        )
    result = []
    for (kind, source, metadata), start in zip(found, starts, strict=True):
        keys = {key: value for key, value in metadata.items() if key != "lines_to_next_cell"}
        source_line = start + 2
        while source_line <= len(lines) and not lines[source_line - 1].strip():
            source_line += 1
        cell = TextCell(kind, source.strip("\n"), keys, source_line)
        _refuse(cell, f"{called}:{start + 1}")
        _parses(cell, called)
        result.append(cell)
    _survives_round_trip(found, starts, called)
    return tuple(result)


def _through_jupytext(text: str) -> list[tuple[str, str, dict[str, Any]]]:
    import jupytext

    notebook = jupytext.reads(text, fmt="py:percent")
    return [(cell.cell_type, cell.source, dict(cell.metadata)) for cell in notebook.cells]


def _no_header(lines: list[str], starts: list[int]) -> int:
    """Return the line that looks like a header but begins no cell for jupytext.

    Without this line, jupytext finds the same number of cells.
    """
    count = len(_through_jupytext("\n".join(lines[starts[0] :])))
    for start in starts[1:]:
        without = [*lines[starts[0] : start], "#", *lines[start + 1 :]]
        if len(_through_jupytext("\n".join(without))) == count:
            return start
    return starts[0]


def _refuse(cell: TextCell, where: str) -> None:
    """Raise BrokenUnit for a header that is not valid."""
    if "title" in cell.keys:
        raise BrokenUnit(
            f"{where}: `# %% {cell.keys['title']}` begins a new cell, even inside a string or a "
            "text; write the title into the cell, or, if no cell begins here, indent the line."
        )
    for key, value in cell.keys.items():
        if key not in KEYS:
            raise BrokenUnit(f"{where}: unknown key `{key}`; a cell has {', '.join(KEYS)}.")
        if not isinstance(value, KEYS[key]):  # type: ignore[arg-type]
            raise BrokenUnit(f'{where}: `{key}={value!r}` has the wrong type; put a name in "".')
    roles = [role for role in ROLES if role in cell.keys]
    if len(roles) > 1:
        raise BrokenUnit(f"{where}: a cell is {roles[0]} or {roles[1]}, not both; split it.")
    if roles and not _NAME.fullmatch(cell.name):
        raise BrokenUnit(
            f"{where}: `{roles[0]}={cell.name!r}` is not a cell id; use up to 64 letters, "
            "digits, `_` and `-`."
        )
    text = roles and roles[0] in ("exercise", "hints")
    if cell.kind == "raw" or (roles and (cell.kind == "markdown") is not bool(text)):
        wanted = "# %% [markdown]" if text else "# %%"
        raise BrokenUnit(f"{where}: this must be a `{wanted}` cell, but it is {cell.kind}.")
    if ("points" in cell.keys) is not ("test" in cell.keys):
        raise BrokenUnit(f'{where}: `test="..."` and `points=N` go together.')
    if ("limit" in cell.keys or "stretch" in cell.keys) and "exercise" not in cell.keys:
        raise BrokenUnit(f'{where}: `limit` and `stretch` belong to a cell with `exercise="..."`.')


def _parses(cell: TextCell, called: str) -> None:
    """Raise BrokenUnit when a code cell is not Python; most often such a cell was cut in two."""
    if cell.kind != "code":
        return
    try:
        _ = cell.tree
    except SyntaxError as error:
        line = cell.line + (error.lineno or 1) - 1
        raise BrokenUnit(
            f"{called}:{line}: {error.msg}; fix the Python; if a line `# %%` inside a "
            "string cut the cell in two, indent that line."
        ) from None


def _survives_round_trip(
    found: list[tuple[str, str, dict[str, Any]]], starts: list[int], called: str
) -> None:
    """Raise BrokenUnit when text -> notebook -> text -> notebook gives another notebook.

    jupytext does not keep a few kinds of cells (a code cell whose first line is `# %% ...`, some
    magics). Such a cell would change silently when an author opens the text as a notebook.
    """
    import jupytext
    import nbformat

    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    for kind, source, metadata in found:
        make: Any = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        kept = {key: value for key, value in metadata.items() if key != "lines_to_next_cell"}
        notebook.cells.append(make(source, metadata=kept))
    again = _through_jupytext(jupytext.writes(notebook, fmt="py:percent"))
    for number, start in enumerate(starts):
        if number >= len(again) or again[number][:2] != found[number][:2]:
            raise BrokenUnit(
                f"{called}:{start + 1}: this cell does not come back the same from jupytext; "
                "look for a line that begins with `# %%` or `%%` inside it, and indent it."
            )

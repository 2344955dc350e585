"""Checks that what learners get shows no answers, no hidden tests and no outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from autograder.course import notebook, unit
from autograder.course.notebook import NotANotebook
from autograder.course.unit import PICTURES, shown

_MARKS = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)")
_SECRET = re.compile(
    r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END (?:SOLUTION|HIDDEN TESTS)", re.DOTALL
)
_TELLING = 16  # characters: a shorter line (`return total`) may be there by chance


def audit(root: Path) -> list[str]:
    """Return what is wrong in notebooks/ and release/, one sentence for each fault."""
    found = []
    for path in sorted((root / "notebooks").rglob("*")) + sorted((root / "release").rglob("*")):
        if ".ipynb_checkpoints" in path.parts or (path.is_dir() and not path.is_symlink()):
            continue
        name = shown(root, path)
        if path.is_symlink():
            found.append(f"{name}: is a link; put the file itself there.")
        elif path.suffix == ".ipynb":
            found += [f"{name}{what}" for what in _notebook(path, _secrets(root, path))]
        elif path.suffix == ".py" and path.parent == root / "notebooks" / unit.FOLDER:
            ours = root / "source" / unit.FOLDER / path.name
            if not ours.exists() or ours.read_bytes() != path.read_bytes():
                found.append(f"{name}: is not the file in source/; build it again.")
        elif path.suffix.lower() not in PICTURES or "figures" not in path.parts:
            found.append(f"{name}: is neither a notebook nor a figure; remove it.")
    return found


def _notebook(path: Path, secrets: set[str]) -> Iterator[str]:
    try:
        content = notebook.loads(path.read_bytes())
        cells = [(cell, notebook.source(cell)) for cell in content["cells"]]
        metadata = content["metadata"]
    except (OSError, NotANotebook, KeyError):
        yield ": is not a notebook; build it again."
        return
    if _has_key(metadata, "jupytext") or any(
        _has_key(c.get("metadata"), "jupytext") for c, _ in cells
    ):
        yield ": has a `jupytext` key, with which JupyterLab may open our text; build it again."
    for number, (cell, source) in enumerate(cells, 1):
        name = notebook.grade_id(cell)
        where = f", cell {number}" + (f" ({name})" if name else "")
        if cell.get("outputs") or cell.get("execution_count") is not None:
            yield f"{where}: has an output, which would spoil the prediction; build it again."
        if mark := _MARKS.search(source):
            yield f"{where}: shows the marker `{mark[0]}`; build it again."
        if notebook.graded(cell).get("solution") and "NotImplementedError" not in source:
            yield f"{where}: is an answer cell without the stub; build it again."
        for line in source.splitlines():
            if line.strip() in secrets:
                yield f"{where}: shows `{line.strip()}`, which is part of an answer or hidden test."


def _secrets(root: Path, path: Path) -> set[str]:
    """Return the lines of our lab that are only in solutions and hidden tests."""
    ours = root / "source" / path.stem / path.name
    if not path.is_relative_to(root / "release") or not ours.exists():
        return set()
    hidden, open_lines = set(), set()
    for cell in notebook.loads(ours.read_bytes())["cells"]:
        source = notebook.source(cell)
        for part in _SECRET.findall(source):
            hidden |= _lines(part)
        open_lines |= _lines(_SECRET.sub("", source))
    return {line for line in hidden - open_lines if len(line) >= _TELLING}


def _lines(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines()}


def _has_key(value: object, key: str) -> bool:
    if isinstance(value, dict):
        return key in value or any(_has_key(inner, key) for inner in value.values())
    return isinstance(value, list) and any(_has_key(inner, key) for inner in value)

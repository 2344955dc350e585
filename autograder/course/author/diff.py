"""What a build would change, cell by cell, so that authors know where to look."""

from __future__ import annotations

import json
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from autograder.course import notebook
from autograder.course.notebook import NotANotebook
from autograder.course.unit import shown


def differences(root: Path, files: dict[Path, bytes]) -> list[str]:
    """Return what a build would change; ids, JSON format, key order, last newlines do not count."""
    found = []
    for path, wanted in sorted(files.items()):
        name = shown(root, path)
        if not path.exists():
            found.append(f"{name}: is missing.")
        elif path.suffix != ".ipynb":
            if path.read_bytes() != wanted:
                found.append(f"{name}: is not the file in source/.")
        else:
            found += [f"{name}, {what}" for what in _cell_by_cell(path.read_bytes(), wanted)]
    return found


def _cell_by_cell(present: bytes, wanted: bytes) -> list[str]:
    """Return the differences of two notebooks; cells are matched, so one more shifts no others."""
    new = notebook.loads(wanted)
    try:
        old = notebook.loads(present)
    except NotANotebook:
        return ["the whole file: is not a notebook."]
    before, after = ([_normal(cell) for cell in one["cells"]] for one in (old, new))
    was, is_now = ([json.dumps(c, sort_keys=True) for c in cells] for cells in (before, after))
    found = []
    for what, start, end, to_start, to_end in SequenceMatcher(
        None, was, is_now, False
    ).get_opcodes():
        if what == "equal":
            continue
        same = min(end - start, to_end - to_start)
        for shift in range(same):
            said = _changed(before[start + shift], after[to_start + shift])
            found.append(f"{_called(after, to_start + shift)}: {said}")
        for number in range(start + same, end):
            found.append(f"{_called(before, number)}: is not in source/.")
        for number in range(to_start + same, to_end):
            first = after[number]["source"].split("\n")[0]
            found.append(f"{_called(after, number)}: is missing, `{first}`.")
    if any(old.get(key) != new[key] for key in ("metadata", "nbformat")):
        found.append("metadata of the notebook: differs.")
    return found


def _called(cells: list[dict[str, Any]], number: int) -> str:
    name = notebook.grade_id(cells[number])
    return f"cell {number + 1}" + (f" ({name})" if name else "")


def _changed(before: dict[str, Any], after: dict[str, Any]) -> str:
    keys = [key for key in sorted({**before, **after}) if before.get(key) != after.get(key)]
    if "source" in keys:
        return _first_difference(before["source"], after["source"])
    return f"{', '.join(keys)} differ."


def _normal(cell: dict[str, Any]) -> dict[str, Any]:
    text = notebook.source(cell).rstrip("\n")
    return {**{key: cell[key] for key in cell if key != "id"}, "source": text}


def _first_difference(before: str, after: str) -> str:
    old, new = before.split("\n"), after.split("\n")
    for number, (was, is_now) in enumerate(zip([*old, ""], [*new, ""], strict=False), 1):
        if was != is_now:
            return f"line {number} is `{was.strip()}`, and `{is_now.strip()}` in source/."
    return f"has {len(old)} lines, and {len(new)} in source/."

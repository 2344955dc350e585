"""The toolbox: pages and programs that belong to no unit (source/toolbox/ -> notebooks/toolbox/).

A text with cells becomes a page (a notebook). Any other program is copied as it is. A page links to
a unit's experiment or anchor with `[03](lesson:03_gateway/one-word)`, and to an exercise with
`[03](lab:03_gateway/repair_two)`. The build replaces this by the address of the cell.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from autograder.course.author import parse, render
from autograder.course.author.parse import BrokenUnit, TextCell
from autograder.course.notebook import loads, stated
from autograder.course.unit import FOLDER, Unit, shown

_CELL = re.compile(r"^# %%(?:\s|$)", re.MULTILINE)
_LINK = re.compile(r"\((lesson|lab):(\d\d_[a-z0-9_]+)/([\w-]+)\)")


def generate(root: Path, built: dict[Path, bytes]) -> tuple[dict[Path, bytes], list[str]]:
    """Return the files of notebooks/toolbox/, and a sentence for each text that is broken.

    `built` are the current notebooks of the units, in which the links are looked up.
    """
    files, broken = {}, []
    for path in texts(root):
        made = root / "notebooks" / FOLDER / path.name
        if not is_page(path):
            files[made] = path.read_bytes()
            continue
        called = shown(root, path)
        try:
            cells = [_linked(root, cell, called, built) for cell in parse.read(path, called)]
            page = render.as_bytes(render.page(cells, called))
            files[made.with_suffix(".ipynb")] = page
        except BrokenUnit as mistake:
            broken.append(mistake.sentence)
    return files, broken


def texts(root: Path) -> list[Path]:
    """Return the texts of the toolbox."""
    return sorted((root / "source" / FOLDER).glob("*.py"))


def targets(root: Path) -> list[tuple[str, str, str]]:
    """Return the targets of all links in the pages as (kind, unit, name), in their order."""
    pages = [path.read_text(encoding="utf-8") for path in texts(root) if is_page(path)]
    return [(m[1], m[2], m[3]) for page in pages for m in _LINK.finditer(page)]


def is_page(path: Path) -> bool:
    """Return True if a text of the toolbox has cells, and so becomes a page."""
    return bool(_CELL.search(path.read_text(encoding="utf-8")))


def _linked(root: Path, cell: TextCell, called: str, built: dict[Path, bytes]) -> TextCell:
    """Return the cell with addresses instead of its links.

    Raises BrokenUnit for a target that does not exist.
    """

    def address(match: re.Match[str]) -> str:
        kind, unit, name = match[1], Unit(root, match[2]), match[3]
        path = unit.lesson if kind == "lesson" else unit.lab
        keys = ("experiment", "anchor") if kind == "lesson" else ("exercise",)
        cells = loads(built[path])["cells"] if path in built else []
        for target in cells:
            if name in map(stated(target).get, keys):
                beside = "_lesson" if kind == "lesson" and unit.lab_text.exists() else ""
                return f"(../{unit.name}/{unit.name}{beside}.ipynb#cell-id={target['id']})"
        line = cell.line + cell.source.count("\n", 0, match.start())
        raise BrokenUnit(
            f"{called}:{line}: the {kind} of {unit.name} has no {keys[0]} `{name}`; "
            "name one it has."
        )

    if cell.kind != "markdown":
        return cell
    return replace(cell, source=_LINK.sub(address, cell.source))

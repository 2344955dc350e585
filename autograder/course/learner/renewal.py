"""A newer version of a notebook that the learner changed: what is new, and the answers put into it.

A cell is recognised by its text, because JupyterLab may rewrite everything else when it saves. A
short digest of each cell that was handed out is kept, so that only changes by the *course* are
called new.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from autograder.course import notebook
from autograder.course.notebook import NotANotebook

_HEADING = re.compile(r"^#{1,3} +(.+)$", re.MULTILINE)
_SHORT = 12  # hex digits of a digest: enough to tell a thousand cells apart


def fingerprint(content: bytes) -> list[str]:
    """Return a digest of each cell of a notebook; empty if the content is not a notebook."""
    return [_digest(source) for _, source in _cells(content)]


def renewed(new: bytes, handed_out: list[str]) -> list[str]:
    """Return the headings of the parts in which `new` has cells that were not handed out before."""
    heading, parts = "the beginning", []
    for kind, source in _cells(new):
        if kind == "markdown" and (found := _HEADING.search(source)):
            heading = found[1].strip()
        if _digest(source) not in handed_out and heading not in parts:
            parts.append(heading)
    return parts


def with_answers(new: bytes, mine: bytes, handed_out: list[str]) -> bytes:
    """Return `new` with the answers of `mine`; a cell that the learner did not change stays new."""
    given = {
        name: source for name, source in answers(mine).items() if _digest(source) not in handed_out
    }
    filled = notebook.loads(new)
    named = {notebook.grade_id(cell): cell for cell in filled["cells"]}
    here = [name for name in given if notebook.graded(named.get(name, {})).get("solution")]
    if not here or not handed_out:
        return new
    for name in here:
        named[name]["source"] = given[name].splitlines(keepends=True)
    return json.dumps(filled, indent=1, ensure_ascii=False).encode() + b"\n"


def answers(content: bytes) -> dict[str, str]:
    """Return the source of each answer cell of a lab, by its grade_id; empty for no notebook."""
    try:
        return notebook.answers(notebook.loads(content))
    except NotANotebook:
        return {}


def offered(folder: Path) -> list[Path]:
    """Return the newer versions that lie beside changed copies in a unit's folder in work/."""
    return sorted(folder.glob("*.new*.ipynb"))


def _cells(content: bytes) -> list[tuple[str, str]]:
    try:
        cells = notebook.loads(content)["cells"]
    except NotANotebook:
        return []
    return [(str(cell["cell_type"]), notebook.source(cell)) for cell in cells]


def _digest(source: str) -> str:
    return hashlib.sha256(source.strip().encode()).hexdigest()[:_SHORT]

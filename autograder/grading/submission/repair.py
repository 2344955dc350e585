"""Repairs a submitted notebook before it is graded: text and metadata of locked cells are ours.

Submitted notebooks have duplicated, deleted and edited cells, and missing or forged nbgrader
metadata. nbgrader alone gives such a submission no grade. Here every locked cell gets our text and
our metadata again, whatever the submission has, and each kind of repair is reported in a sentence.
What the learner wrote is never removed, except for exact copies of our own cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from nbformat import from_dict

from autograder.course.notebook import grade_id
from autograder.grading.examination.handles import bound_by
from autograder.grading.examination.outputs import clean
from autograder.grading.submission.assignment import Original, bare
from autograder.outcomes import UserMistake

# The metadata that every notebook gets in place of its own.
METADATA = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}
MOST_CELLS = 2000  # of a notebook; a lab has up to 62
# at the beginning of a line: a function, a class, or a name that gets a value
_DEFINED = re.compile(r"^(?:(?:async +)?def|class) +(\w+)|^(\w+) *=(?!=)", re.MULTILINE)
_PICTURES = ("image/png", "image/jpeg", "image/gif")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*\Z")


def repair(notebook: Any, originals: list[Original]) -> list[str]:
    """Repair a notebook (nbformat's) in place and return a sentence for each kind of repair.

    `originals` must be in the order of the assignment. All metadata of the submission are removed:
    nbconvert reads lexers, widgets, tags and titles there, and writes them into the instructor's
    page. Raises UserMistake for a notebook of too many cells.
    """
    if len(notebook.cells) > MOST_CELLS:
        raise UserMistake(
            f"the notebook has {len(notebook.cells):,} cells, and {MOST_CELLS:,} is the limit: "
            "hand it in without the copies"
        )
    known = {original.grade_id: original for original in originals}
    notebook["metadata"] = _node(METADATA)
    for cell in notebook.cells:
        cell["source"] = clean(cell["source"])
        name = grade_id(cell)
        cell["metadata"] = _node({"nbgrader": {"grade_id": name}} if name in known else {})
        if "attachments" in cell:
            cell["attachments"] = _node(_pictures(cell["attachments"]))
    done = [
        *_single(notebook, known),
        *_recognised(notebook, known),
        *_put_back(notebook, originals),
    ]
    for cell in notebook.cells:
        original = known.get(grade_id(cell))
        if original is not None:
            done += _restored(cell, original)
    sentences = []
    for what in dict.fromkeys(what for what, _ in done):
        names = [f"`{name}`" for kind, name in done if kind == what]
        sentences.append(f"{'Cells' if len(names) > 1 else 'Cell'} {', '.join(names)}: {what}.")
    return sentences


def missing_and_doubled(cells: Iterable[Any], originals: list[Original]) -> tuple[list[str], ...]:
    """Return the grade_ids of our locked cells that a notebook lacks, and of those it has twice."""
    claims = [grade_id(cell) for cell in cells]
    ours = [original.grade_id for original in originals if original.locked]
    return (
        [name for name in ours if name not in claims],
        [name for name in ours if claims.count(name) > 1],
    )


def _single(notebook: Any, known: dict[str, Original]) -> Iterator[tuple[str, str]]:
    """Keep one of several cells that have the same name.

    Of a locked cell keep the one with our text. Of an answer cell keep the last that was changed,
    because a copy of the empty one is no answer. Yield a description and the name, as do the
    functions below.
    """
    copies: set[int] = set()  # ids of cells, of which one may be equal to another
    for name, original in known.items():
        claimants = [cell for cell in notebook.cells if grade_id(cell) == name]
        if len(claimants) < 2:
            continue
        same = original.looks_like if original.locked else original.is_empty
        ours = {id(cell) for cell in claimants if same(cell["source"])}
        if original.locked:
            kept = next((cell for cell in claimants if id(cell) in ours), claimants[0])
            which = "only one counts"
        else:
            changed = [cell for cell in claimants if id(cell) not in ours]
            kept, which = (changed or claimants)[-1], "the last one that you changed counts"
        for cell in claimants:
            if cell is not kept:
                del cell["metadata"]["nbgrader"]
        copies |= ours - {id(kept)}  # such a copy would run after the answer, and take its place
        yield f"more than one copy, and {which}", name
    notebook.cells[:] = [cell for cell in notebook.cells if id(cell) not in copies]


def _recognised(notebook: Any, known: dict[str, Original]) -> Iterator[tuple[str, str]]:
    """Find cells that have lost their grade_id: by their text, their id, or what they define.

    A stranger's text is not parsed here: this process grades the whole class.
    """
    found = {grade_id(cell) for cell in notebook.cells}
    lost = [
        (cell, bare(cell["source"]), {a or b for a, b in _DEFINED.findall(cell["source"])})
        for cell in reversed(notebook.cells)
        if not grade_id(cell)
    ]
    for name, original in known.items():
        if name in found:
            continue
        texts, promised = original.texts, bound_by([original.source])
        for cell, text, defined in lost:
            if grade_id(cell) or cell["cell_type"] != original.cell_type:
                continue
            answers = cell.get("id") == name or (promised and promised <= defined)
            if text in texts or (answers and not original.locked):
                cell["metadata"]["nbgrader"] = original.metadata
                yield "metadata lost, but recognised", name
                break


def _put_back(notebook: Any, originals: list[Original]) -> Iterator[tuple[str, str]]:
    """Insert the missing locked cells, each after the nearest cell that belongs before it."""
    for position, original in enumerate(originals):
        places = {grade_id(cell): index for index, cell in enumerate(notebook.cells)}
        if original.grade_id in places:
            continue
        if not original.locked:
            yield "missing, so the exercise has no answer", original.grade_id
            continue
        before = [places[o.grade_id] for o in originals[:position] if o.grade_id in places]
        after = [places[o.grade_id] for o in originals[position + 1 :] if o.grade_id in places]
        index = max(before) + 1 if before else min(after, default=len(notebook.cells))
        cell = _new_cell(original)
        cell["metadata"]["nbgrader"] = original.metadata
        notebook.cells.insert(index, cell)
        yield "missing, and put back", original.grade_id


def _restored(cell: Any, original: Original) -> Iterator[tuple[str, str]]:
    cell["metadata"]["nbgrader"] = original.metadata
    if cell["cell_type"] != original.cell_type:
        yield f"changed to {cell['cell_type']}, and changed back", original.grade_id
        cell["cell_type"] = original.cell_type
        cell.pop("attachments", None)
        if original.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
        else:
            cell.pop("outputs", None)
            cell.pop("execution_count", None)
    if original.locked:
        if not original.looks_like(cell["source"]):
            yield "changed, so the original was run", original.grade_id
        cell["source"] = original.source


def _pictures(attachments: Any) -> dict[str, dict[str, str]]:
    """The pictures among the attachments of a text cell."""
    kept = {}
    for name, versions in attachments.items() if isinstance(attachments, dict) else ():
        for mime, content in versions.items() if isinstance(versions, dict) else ():
            if mime in _PICTURES and isinstance(content, str) and _BASE64.match(content):
                kept[str(name)] = {mime: content}
    return kept


def _node(content: dict[str, Any]) -> Any:
    return from_dict(content)  # type: ignore[no-untyped-call]


def _new_cell(original: Original) -> Any:
    from nbformat import v4

    make = v4.new_code_cell if original.cell_type == "code" else v4.new_markdown_cell
    return make(original.source)  # type: ignore[no-untyped-call]

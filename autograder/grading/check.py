"""The learner's command `check`: it grades one worked notebook as `grade` would.

It saves the points for `progress`, and does not use the gradebook.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder import context
from autograder.course import notebook, store
from autograder.course.learner import points, progress
from autograder.course.notebook import NotANotebook
from autograder.course.unit import NEVER_COPIED, NEVER_RELEASED, Unit, repository, shown
from autograder.grading import tables
from autograder.grading.examination import session, verdicts
from autograder.grading.examination.cells import Cell, CellOutcome, ExaminationFailed, Examined
from autograder.grading.jail import confine
from autograder.grading.submission import assignment
from autograder.grading.submission.assignment import Original
from autograder.grading.submission.repair import missing_and_doubled, repair
from autograder.grading.tables import CheckedCell
from autograder.outcomes import UserMistake
from autograder.paths import work_folder
from autograder.text import visible

OUR_FAULT = 3  # exit code: the examiner broke, and nothing was written


def check(path: str | Path, root: Path | None = None) -> int:
    """Grade one worked notebook and print the result; return 0 only if everything passed.

    The points go to points.json in the folder of the learner's notes. Raises UserMistake for a file
    that is not a worked lab, and then writes nothing.
    """
    try:
        unit, rows, sentences = checked(Path(path), root or repository())
    except ExaminationFailed as fault:
        print(f"The grader itself failed. This is our fault, not yours: {fault}", file=sys.stderr)
        return OUR_FAULT
    tables.show_check(unit.name, rows, sentences)
    return 0 if all(row.score == row.points for row in rows) else 1


def checked(path: Path, root: Path) -> tuple[Unit, list[CheckedCell], list[str]]:
    """Grade one worked notebook; save each cell's best points so far, for `progress`.

    Return its unit, one row per graded cell, and a sentence for each repair and for each cell that
    raised. Raises UserMistake, and ExaminationFailed when the examiner itself broke.
    """
    if context.this_process.candidate:
        raise UserMistake("This notebook is being graded already: check does nothing in it.")
    worked = _read(path, root)
    unit = _unit_of(path, root)
    originals = assignment.originals_of_notebook(notebook.loads(unit.lab.read_bytes()))
    moved = _without_moved(worked, unit)
    _refuse_unless_whole(worked, originals, path, unit)
    repaired = repair(worked, originals)
    cells = assignment.cells_to_examine(worked, originals)
    with tables.telling(unit.name) as tell:
        examined = session.examine(
            cells,
            promised=assignment.promised(originals),
            own_files=unit.folder,
            own_ignore=NEVER_RELEASED,
            learner_files=path.parent,
            learner_ignore=NEVER_COPIED,
            on_cell=tell,
        )
    rows = [
        CheckedCell(cell.name, _points(cell, seen), cell.points, seen)
        for cell in cells
        if cell.role == "test" and (seen := examined.seen[cell.index])
    ]
    told = [*moved, *repaired, *_errors(cells, examined), *_weakly_confined(path, root, examined)]
    return unit, rows, [*told, *_saved(rows, unit)]


def _without_moved(worked: Any, unit: Unit) -> list[str]:
    """Remove the cells of exercises that are in another unit now; return where to check these."""
    moved = {}
    for cell in worked.cells:
        if now := points.moved_to(unit.name, notebook.grade_id(cell)):
            moved[id(cell)] = now
    worked.cells = [cell for cell in worked.cells if id(cell) not in moved]
    return [
        f"Some exercises of this notebook are in {now} now: check "
        f"{shown(unit.root, Unit(unit.root, now).work_lab)} for their points."
        for now in sorted(set(moved.values()))
    ]


def _weakly_confined(path: Path, root: Path, examined: Examined) -> Iterator[str]:
    """A sentence about a notebook from elsewhere, whose code this machine cannot keep in."""
    if path.resolve().is_relative_to(work_folder(root).resolve()):
        return
    if confine.weakness(examined.layers):
        walls = ", ".join(examined.layers) or "nothing"
        yield (
            f"This notebook is not in {shown(root, work_folder(root))}/, and only this confined "
            f"its code here: {walls}. Check notebooks of other people only if you trust them."
        )


def _saved(rows: list[CheckedCell], unit: Unit) -> list[str]:
    """Save the best points so far; return a sentence if they cannot be saved."""
    try:
        with points.changing(unit.root) as scores:
            # Keep the best: the labs suggest trying a variant of an answer that has passed.
            before = points.of_unit(scores, unit.name)
            scores[unit.name] = {
                row.name: [
                    min(row.points, max(row.score, points.score(before.get(row.name)))),
                    row.points,
                ]
                for row in rows
            }
            if progress.core_reached(unit.root, scores):
                scores["complete"] = True  # whatever a later edition asks for
    except OSError as error:
        return [
            f"{error.filename or store.folder(unit.root)}: {error.strerror or error}; so these "
            "points were not saved. Set UNBLOCKED_WORK to a folder that you can write to."
        ]
    return []


def _read(path: Path, root: Path) -> Any:
    """The notebook in a file; raises UserMistake for anything that is not one."""
    if path.is_dir():
        raise UserMistake(f"{path} is a folder; name the notebook in it.")
    try:
        return notebook.read(path, str(path))
    except FileNotFoundError:
        near = difflib.get_close_matches(path.name, [p.name for p in _beside(path)], n=1)
        labs = f"the labs are in {shown(root, work_folder(root))}/."
        hint = f"did you mean {path.with_name(near[0])}?" if near else labs
        raise UserMistake(f"There is no file {path}: {hint}") from None
    except NotANotebook as mistake:
        raise UserMistake(
            f"{mistake}. Save it in JupyterLab, or fetch your last good copy from its "
            f".ipynb_checkpoints folder."
        ) from None


def _beside(path: Path) -> list[Path]:
    try:
        return list(path.parent.glob("*.ipynb"))
    except OSError:
        return []


def _unit_of(path: Path, root: Path) -> Unit:
    """The unit whose lab has the notebook's name; a copy may have a suffix.

    Raises UserMistake for a name that belongs to no lab.
    """
    labs = sorted(lab.parent.name for lab in root.glob("source/*/*.ipynb"))
    if path.stem.endswith("_lesson") and path.stem.removesuffix("_lesson") in labs:
        name = path.stem.removesuffix("_lesson")
        raise UserMistake(f"{path.name} is the lesson. Check the lab: {path.with_stem(name)}.")
    for name in labs:
        if path.stem == name or (path.stem.startswith(name) and not path.stem[len(name)].isalnum()):
            return Unit(root, name)
    known = ", ".join(labs) or "none here: run `python3 -m autograder build`"
    raise UserMistake(
        f"{path.name} is not named like any lab: give it the name of its lab. Labs: {known}."
    )


def _refuse_unless_whole(worked: Any, originals: list[Original], path: Path, unit: Unit) -> None:
    """Raise UserMistake unless the notebook has each test, and no locked cell more than once.

    A setup cell that it lacks is put back: a lab has more of them than it had when it was copied.
    """
    if not any(original.grade for original in originals):
        raise UserMistake(f"{unit.name} has no graded cells: there is nothing to check in it.")
    missing, doubled = missing_and_doubled(worked.cells, originals)
    if len(missing) == sum(original.locked for original in originals):
        raise UserMistake(
            f"{path} has none of the graded cells of {unit.name}: open a copy of "
            f"release/{unit.name}/{unit.name}.ipynb and move your answers into it."
        )
    tests = {original.grade_id for original in originals if original.grade}
    missing = [name for name in missing if name in tests]
    if not any(map(points.is_added, map(notebook.grade_id, worked.cells))):
        missing = [name for name in missing if not points.is_added(name)]  # of the first edition
    if missing:
        raise UserMistake(
            f"{path} lacks the test{_s(missing)} {_named(missing)}: copy "
            f"{'it' if len(missing) == 1 else 'them'} from release/{unit.name}/{unit.name}.ipynb."
        )
    if doubled:
        raise UserMistake(
            f"{path} holds the locked cell{_s(doubled)} {_named(doubled)} more than once: delete "
            f"the copies, the first one is the original."
        )


def _s(names: list[str]) -> str:
    return "" if len(names) == 1 else "s"


def _named(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _points(cell: Cell, seen: CellOutcome) -> float:
    if seen.status != verdicts.PASSED:
        return 0.0
    return cell.points if seen.credit is None else seen.credit


def _errors(cells: list[Cell], examined: Examined) -> Iterator[str]:
    """A sentence for each cell that raised, except for tests.

    If an answer cell raises, the test only finds that a name is missing.
    """
    for cell in cells:
        seen = examined.seen[cell.index]
        errors = [output for output in seen.outputs if output["output_type"] == "error"]
        if errors and cell.role != "test":
            name = f"Cell `{cell.name}`" if cell.name else f"The notebook's cell {cell.index + 1}"
            reason = f"{errors[0]['ename']}: {errors[0]['evalue']}".splitlines()[0]
            yield f"{name} raised {visible(reason[:200])}"

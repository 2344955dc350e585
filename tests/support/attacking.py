"""Examines attacks of tests/hostile/ in one notebook and prints, as JSON, the layers in force,
what each got, and why a strict examination was refused.

For walls that are missing: `attacking.py FOLDER NAME ...`. Only attacks that may share an
examination: none of them harms somebody where nothing holds it. With `full_room` among the names,
what `full_room.py` says is printed as well.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import full_room
from attacks import FOLDER, SHARING, cells_of, put_out

from autograder.grading.examination import session
from autograder.grading.examination.cells import Cell, ExaminationFailed


def refusal(mark: Path) -> str:
    """Why a strict examination runs nothing here; a cell that runs makes the file."""
    try:
        cell = Cell(0, "learner", "", f"open({str(mark)!r}, 'w').close()")
        session.examine([cell], strict=True, seconds=30)
    except ExaminationFailed as refused:
        return str(refused)
    return ""


if __name__ == "__main__":
    course, names = Path(sys.argv[1]), sys.argv[2:]
    attacks = [name for name in names if name != "full_room"]
    assert set(attacks) <= set(SHARING)
    cells = cells_of([FOLDER / f"{name}.py" for name in attacks], course, "0123")
    own = course / "source" / "90_toy"
    examined = session.examine(cells, own_files=own, seconds=30)
    tests = [examined.seen[cell.index].status for cell in cells if cell.role == "test"]
    got = {}
    for name in attacks:
        said = put_out(cells, examined, name)
        got[name] = {"tried": "TRIED" in said, "got": "SUCCEEDED" in said}
    strict = refusal(course / "ran-behind-a-weak-jail")
    room = full_room.fill() if "full_room" in names else None
    seen = {"layers": examined.layers, "tests": tests, "attacks": got}
    print(json.dumps({**seen, "strict": strict, "room": room}))

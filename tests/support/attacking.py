"""Attacks and grades behind walls that are missing; each run is a fork of a process that is warm.

`attacking.py attack USER REFUSED FOLDER NAME ...` examines attacks of tests/hostile/ in one
notebook and prints, as JSON, the layers in force, what each attack got, and why a strict
examination was refused. With `full_room` among the names, what `full_room.py` says is printed as
well. Only attacks that may share an examination: none harms somebody where nothing holds it.

`attacking.py grade USER REFUSED FOLDER` grades the toy unit, and then once more with a weaker jail
accepted; it prints, as JSON, why it was refused first, what was there then, and the grades.

The process becomes USER (or stays who it is: ""), and the kernel refuses it the calls REFUSED.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
from pathlib import Path

import another_user
import full_room
import nbgrader.converters  # noqa: F401 what `grade` needs; 1.2 s of CPU
import nbgrader_commands
import refusing
from attacks import FOLDER, SHARING, cells_of, put_out
from toy_unit import UNIT
from warm import arguments

from autograder.grading import commands
from autograder.grading.batch import grade as batch  # noqa: F401 loaded for the forks
from autograder.grading.examination import session
from autograder.grading.examination.cells import Cell, ExaminationFailed
from autograder.grading.jail import linux
from autograder.outcomes import UserMistake

# A wrong answer would cost 0.6 s of CPU for a chart of it, and no attack here is about answers.
STUBS = {
    name: f"async def {name}(given):\n    raise NotImplementedError" for name in ("double", "roll")
}


def refusal(mark: Path) -> str:
    """Why a strict examination runs nothing here; a cell that runs makes the file."""
    try:
        cell = Cell(0, "learner", "", f"open({str(mark)!r}, 'w').close()")
        session.examine([cell], strict=True, seconds=30)
    except ExaminationFailed as refused:
        return str(refused)
    return ""


def attack(course: Path, names: list[str]) -> None:
    """Examine these attacks and print what came of them."""
    attacks = [name for name in names if name != "full_room"]
    assert set(attacks) <= set(SHARING)
    cells = cells_of([FOLDER / f"{name}.py" for name in attacks], course, "0123", STUBS)
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


def grade(root: Path) -> None:
    """Grade where the jail is too weak, and print what came of it."""
    refused, graded = "", io.StringIO()
    with contextlib.redirect_stdout(graded):
        try:
            commands.grade(UNIT, as_json=True, root=root)
        except UserMistake as mistake:
            refused = str(mistake)
        before = [str(path) for path in root.glob("autograded/*/*")]
        commands.grade(UNIT, as_json=True, root=root, jobs=1, accept_weaker_jail=True)
    print(json.dumps({"refused": refused, "before": before, **json.loads(graded.getvalue())}))


if __name__ == "__main__":
    nbgrader_commands.warm_up()
    gc.freeze()  # a collection in a fork would copy every page
    kind, user, refused, folder, *names = arguments()
    if user:
        another_user.become(int(user))
        linux.stay_visible()  # as after an exec: the kernel hides who has become another user
        os.environ["TMPDIR"] = "/tmp"
    if refused:
        refusing.refuse(refused.split(","))
    if kind == "attack":
        attack(Path(folder), names)
    else:
        grade(Path(folder))
    session.close()

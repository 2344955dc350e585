"""The attacks of tests/hostile/ as notebooks.

One file is one attack, named by it. Its first line says what it tries. A plain cell runs before all
others, `answer="double"` and `answer="roll"` take the place of the answers below, which are wrong
and slow. `# with: NAME` puts the cells of tests/hostile/shared/NAME.py before its own.
"""

from __future__ import annotations

import re
from pathlib import Path

from autograder.course.author import parse
from autograder.grading.examination.cells import Cell, Examined

FOLDER = Path(__file__).parents[1] / "hostile"
MARK = "98765.4"  # s that a daemon sleeps: by that it is found

SETUP = """
import os

from autograder import watch

COURSE, MARK, SECRET_BACKWARDS = {course!r}, {mark!r}, {secret!r}


def tried():
    print("TRI" + "ED")


def succeeded(what):
    print("SUCC" + "EED" + "ED:", what)
"""

ANSWERS = {
    "double": "async def double(number):\n    return 0",
    "roll": (
        "import time\n\nasync def roll(spec):\n    time.sleep(0.4)\n    return f'{spec}: rolled'"
    ),
}

TESTS = {
    "double": """
import random

number = random.randrange(1, 10**9)
report = await watch(double, number, timeout=2)
report.returned(2 * number)
expected = "answer-{secret}"
""",
    "roll": """
report = await watch(roll, "2d6", timeout=2)
report.returned("2d6: rolled")
report.responsive(0.1)
""",
}


def cells_of(path: Path, course: Path, secret: str) -> list[Cell]:
    """The notebook of one attack."""
    shared = re.findall(r"^# with: (\w+)$", path.read_text(), re.MULTILINE)
    files = [*(FOLDER / "shared" / f"{name}.py" for name in shared), path]
    attack = [cell for file in files for cell in parse.read(file, file.name)]
    answers = ANSWERS | {cell.name: cell.source for cell in attack if cell.role == "answer"}
    setup = SETUP.format(course=str(course), mark=MARK, secret=secret[::-1])
    found = [Cell(0, "setup", "tools", setup)]
    for cell in attack:
        if cell.role != "answer":
            found.append(Cell(len(found), "learner", "attack", cell.source))
    for name, source in answers.items():
        found.append(Cell(len(found), "learner", name, source))
    for name, source in TESTS.items():
        text = source.replace("{secret}", secret)
        found.append(Cell(len(found), "test", f"{name}_visible", text, 5.0))
    return found


def put_out(cells: list[Cell], examined: Examined) -> str:
    """All that the cells, and the calls of the tests, put out."""
    return "".join(str(examined.seen[cell.index].outputs) for cell in cells)

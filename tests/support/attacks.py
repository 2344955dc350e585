"""The attacks of tests/hostile/ as notebooks.

One file is one attack, named by it. Its first line says what it tries. A plain cell runs before all
others, `answer="double"` and `answer="roll"` take the place of the answers below, which are wrong
and slow. `# with: NAME` puts the cells of tests/hostile/shared/NAME.py before its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from autograder.grading.examination.cells import Cell, Examined

FOLDER = Path(__file__).parents[1] / "hostile"
# s that a daemon sleeps: by that it is found, and told from those of other runs of the tests
MARK = f"98765.{os.getpid():07}"
# These reach for what is outside, leave their own process as it was and start no other, so they may
# share one examination: 0.4 s of CPU for all of them.
SHARING = (
    "becomes_root", "changes_the_grader", "changes_the_settings", "enters_other_namespaces",
    "follows_links_out", "kernel_interfaces", "keys_of_the_session", "links_in_the_shared_folder",
    "looks_for_other_servers", "lowers_its_own_priority", "memory_of_no_process",
    "mounts_the_way_out", "opens_everything", "opens_other_sockets", "raw_sockets",
    "reads_the_environment", "reads_the_examiners_folder", "reads_the_memory_of_others",
    "reads_the_solutions", "rewrites_the_gradebook", "sees_the_network",
    "spoils_other_submissions", "traces_others", "writes_all_over",
)  # fmt: skip

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
        "import time\n\nasync def roll(spec):\n    time.sleep(0.2)\n    return f'{spec}: rolled'"
    ),
}

TESTS = {
    "double": """
import random

number = random.randrange(1, 10**9)
report = await watch(double, number, timeout=1)
report.returned(2 * number)
expected = "answer-{secret}"
""",
    "roll": """
report = await watch(roll, "2d6", timeout=1)
report.returned("2d6: rolled")
report.responsive(0.1)
""",
}


def cells_of(
    paths: Sequence[Path], course: Path, secret: str, beside: Mapping[str, str] = ANSWERS
) -> list[Cell]:
    """The notebook of these attacks, beside these answers; the cells of each have its name."""
    setup = SETUP.format(course=str(course), mark=MARK, secret=secret[::-1])
    found, answers = [Cell(0, "setup", "tools", setup)], dict(beside)
    for path in paths:
        shared = re.findall(r"^# with: (\w+)$", path.read_text(), re.MULTILINE)
        for file in (*(FOLDER / "shared" / f"{name}.py" for name in shared), path):
            for answer, text in _cells_in(file):
                if answer:
                    answers[answer] = text
                else:
                    found.append(Cell(len(found), "learner", path.stem, text))
    for name, source in answers.items():
        found.append(Cell(len(found), "learner", name, source))
    for name, source in TESTS.items():
        text = source.replace("{secret}", secret)
        found.append(Cell(len(found), "test", f"{name}_visible", text, 5.0))
    return found


def _cells_in(path: Path) -> Iterator[tuple[str, str]]:
    """The cells of a file: which answer each of them is, or "", and its text.

    Not through jupytext, as a unit's text: that takes 50 ms of CPU a file, as much as some attacks.
    """
    text = path.read_text()
    _, *pieces = re.split(r'^# %%(| answer="\w+")$', text, flags=re.MULTILINE)
    assert len(pieces) // 2 == len(re.findall("^# %%", text, re.MULTILINE)), path.name
    for head, source in zip(pieces[::2], pieces[1::2], strict=True):
        yield head[len(' answer="') : -1], source.strip("\n")


def put_out(cells: list[Cell], examined: Examined, name: str = "") -> str:
    """All that the cells, and the calls of the tests, put out; or what one attack's cells did."""
    return "".join(
        str(examined.seen[cell.index].outputs) for cell in cells if name in ("", cell.name)
    )

"""Submissions that attack: none gains a point, harms a file, sees a secret, or leaves a process.

One file of tests/hostile/ is one attack; how such a file reads is said in support/attacks.py. An
attack that gets what it wants says so itself (`succeeded`), and that it came to its end (`tried`):
one that breaks before that would prove nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from attacks import FOLDER, MARK, SHARING, cells_of, put_out

from autograder.environment import finding
from autograder.grading.examination import session, verdicts
from autograder.grading.examination.cells import Cell
from autograder.grading.jail import availability, confine

ATTACKS = sorted(FOLDER.glob("*.py"))
# The witness reads late when it gets no CPU, and that is in the candidate's favour (witness.py): if
# that lasts as long as the block of an attack, 0.2 to 0.9 s, nobody sees it. Not three times.
TRIES = 3
LAYERS, REFUSED = confine.offered()

pytestmark = [
    pytest.mark.skipif(
        bool(confine.weakness(LAYERS)), reason=finding.reason(availability.namespaces())
    ),
    pytest.mark.timeout(180),
]


def make_course(folder: Path) -> Path:
    """A course with everything in it that a submission should not touch."""
    root = folder / "course"
    for name in ("source/90_toy/90_toy.ipynb", "submitted/bo/90_toy/90_toy.ipynb"):
        path = root / name
        path.parent.mkdir(parents=True)
        path.write_text('{"cells": []}')
    (root / "nbgrader_config.py").write_text("c = get_config()\n")
    with contextlib.closing(sqlite3.connect(root / "gradebook.db")) as book, book:
        book.execute("CREATE TABLE grade (manual_score)")
        book.execute("INSERT INTO grade VALUES (1)")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777)  # what keeps them out must not be that the files are closed
    return root


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return make_course(tmp_path)


@pytest.fixture(scope="module", autouse=True)
def grader() -> Iterator[None]:
    """One fork server for all attacks, as in a batch; what started it has a secret."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_TOP_SECRET", "token")
        session.close()
        session.warm()  # as a slot does: nearly every attack fails, and its chart is drawn
        yield
        session.close()


def state_of(root: Path) -> dict[str, str]:
    """What is in a folder, so that any change shows."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def marked_processes() -> list[str]:
    """Processes that an attack has left behind."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if MARK.encode() in (place / "cmdline").read_bytes():
                found.append(place.name)
        except OSError:
            continue
    return found


@dataclass
class Attacked:
    """What came of one attack."""

    said: str
    tests: dict[str, str]
    secret: str
    harm: list[str] = field(default_factory=list)


def attack(paths: Sequence[Path], course: Path) -> dict[str, Attacked]:
    """Examine attacks in one notebook; what they did outside is each one's harm."""
    secret = secrets.token_hex(8)
    ours = Path(session.__file__).parents[1]
    before = state_of(course), state_of(ours), sorted(os.listdir("/")), set(os.listdir("/tmp"))
    cells = cells_of(paths, course, secret)
    examined = session.examine(cells, own_files=course / "source" / "90_toy", seconds=60)
    tests = {cell.name: examined.seen[cell.index].status for cell in cells if cell.role == "test"}
    harm = [f"process {name} was left" for name in marked_processes()]
    judged = [examined.seen[cell.index] for cell in cells if cell.role == "test"]
    if any(one.credit is not None for one in judged):  # nbgrader would give it for a failed test
        harm.append("a credit was given")
    if state_of(course) != before[0]:
        harm.append("the course was changed")
    if state_of(ours) != before[1]:
        harm.append("the grader was changed")
    if sorted(os.listdir("/")) != before[2]:
        harm.append("/ was changed")
    harm += [name for name in set(os.listdir("/tmp")) - before[3] if "pwned" in name]
    whole = put_out(cells, examined)
    return {
        path.stem: Attacked(
            put_out(cells, examined, path.stem) if len(paths) > 1 else whole,
            tests,
            secret if secret in whole else "",
            harm,
        )
        for path in paths
    }


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Attacked]:
    """What came of the attacks that may share an examination."""
    paths = [FOLDER / f"{name}.py" for name in SHARING]
    return attack(paths, make_course(tmp_path_factory.mktemp("together")))


def nothing_gained(found: Attacked, path: Path) -> None:
    """All but the time of `roll`, which only the witness can tell."""
    lost = {verdicts.FAILED, verdicts.NEEDS_REVIEW, verdicts.INCONCLUSIVE}
    assert found.tests["double_visible"] in lost, found.tests
    assert found.tests["roll_visible"] in {*lost, verdicts.PASSED}, found.tests
    assert "SUCCEEDED" not in found.said, found.said[-3000:]
    assert not found.secret
    if "# ends: the process" not in path.read_text():
        assert "TRIED" in found.said, found.said[-3000:]
    assert len(found.said) < examination_cap(), "the output has no bound"
    assert found.harm == []


@pytest.mark.slow
@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_an_attack_gains_nothing(path: Path, request: pytest.FixtureRequest) -> None:
    if path.stem in SHARING:
        found = request.getfixturevalue("together")[path.stem]
        nothing_gained(found, path)
    else:
        course = request.getfixturevalue("course")
        for _ in range(TRIES):
            found = attack([path], course)[path.stem]
            nothing_gained(found, path)
            if found.tests["roll_visible"] != verdicts.PASSED:
                break
    assert found.tests["roll_visible"] != verdicts.PASSED


def test_attacks_that_share_an_examination_end_no_process_and_change_no_answer() -> None:
    """Else one would hide what another gains."""
    for name in SHARING:
        text = (FOLDER / f"{name}.py").read_text()
        assert "# ends: the process" not in text, name
        assert "answer=" not in text, name


def examination_cap() -> int:
    """Characters of a notebook's outputs: 5 MB, and an error a cell beyond it."""
    return 7_000_000


def test_there_are_forty_attacks_and_each_says_what_it_tries() -> None:
    assert len(ATTACKS) >= 40
    for path in ATTACKS:
        first = path.read_text().splitlines()[0]
        assert first.startswith("# "), path.name
        assert first.endswith("."), path.name


def test_an_honest_answer_gains_everything_beside_them(course: Path, tmp_path: Path) -> None:
    honest = tmp_path / "honest.py"
    honest.write_text(
        '# An honest one.\n\n# %%\ntried()\n\n# %% answer="double"\nasync def double(number):\n'
        '    return 2 * number\n\n# %% answer="roll"\nimport asyncio\n\nasync def roll(spec):\n'
        "    await asyncio.sleep(0.1)\n    return f'{spec}: rolled'\n"
    )
    cells = cells_of([honest], course, "0")
    examined = session.examine(cells, seconds=30)
    assert [examined.seen[c.index].status for c in cells if c.role == "test"] == ["passed"] * 2
    assert "TRIED" in put_out(cells, examined)


def test_nothing_of_it_stays_on_the_disk(tmp_path: Path) -> None:
    cell = Cell(0, "learner", "", "open('here', 'w').close()")
    began = time.time()
    session.examine([cell], seconds=30)
    folder = session.the_fork_server().folder
    assert folder is not None
    assert [path.name for path in folder.iterdir() if path.stat().st_mtime > began] in (
        [],
        ["ipython"],
    )
    shutil.rmtree(tmp_path)

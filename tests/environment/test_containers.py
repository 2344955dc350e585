"""In a container: a user without a name, no home, read-only files, perhaps no user namespaces."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import another_user
import pytest
from container import UNNAMED
from processes import IMPORTS

from autograder.environment import finding, user_name
from autograder.grading.jail import availability
from autograder.world.availability import postgres

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support"
DOCKER = "unshare,setns,mount,clone"  # what Docker's own profile refuses
DATABASE = """
import asyncio
from autograder import world
from autograder.environment import bootstrap
from autograder.outcomes import UserMistake

bootstrap.enter([], make=False)
import aiomysql  # it asks for the user's name
try:
    print(asyncio.run(world.start("postgres")).postgres.kind)
except UserMistake as mistake:
    print(mistake)
"""
CHECKED = """
import sys
from pathlib import Path
from autograder.course.learner import copies
from autograder.environment import bootstrap
from autograder.grading import check

bootstrap.enter([], make=False)
copies.copy_units(Path.cwd())
sys.exit(check.check(sys.argv[1]))
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.getuid() != 0, reason="only root can make such a container"
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """The only place where files can be written; it is empty at each start."""
    with tempfile.TemporaryDirectory(prefix="unblocked-container-") as name:
        Path(name).chmod(0o711)
        another_user.skip_unless_possible(*contained(Path(name)))
        yield Path(name)


def contained(folder: Path) -> list[str]:
    """The beginning of a command that runs in the container."""
    return [sys.executable, str(SUPPORT / "container.py"), str(UNNAMED), str(folder)]


def run(
    folder: Path, *command: str, refused: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command of Python's in the container, in the course's folder."""
    program = contained(folder)
    if refused:
        program += [sys.executable, str(SUPPORT / "refusing.py"), refused]
    return subprocess.run(
        [*program, sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": IMPORTS, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_where_nothing_can_be_written_lab_says_which_folder_it_needs(folder: Path) -> None:
    done = run(folder, "-m", "autograder", "lab", "--no-browser")
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert "your copies go there" in sentence
    assert "set UNBLOCKED_WORK to another folder" in sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    ("refused", "told"),
    [("", "PostgreSQL 1"), (DOCKER, "PostgreSQL needs a user that the system has a name for")],
    ids=["with user namespaces", "without"],
)
def test_postgresql_runs_for_a_user_without_a_name_or_says_what_it_needs(
    folder: Path, refused: str, told: str
) -> None:
    for missing in (availability.namespaces(), postgres()):
        if missing.missing:
            pytest.skip(finding.reason(missing))
    done = run(folder, "-c", DATABASE, refused=refused)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(told)


@pytest.mark.soak
@pytest.mark.parametrize("refused", ["", DOCKER])
def test_check_works_for_a_user_without_a_name(folder: Path, refused: str) -> None:
    lab = folder / "mine" / "01_coroutines" / "01_coroutines.ipynb"
    done = run(
        folder, "-c", CHECKED, str(lab), refused=refused, UNBLOCKED_WORK=str(folder / "mine")
    )
    assert done.returncode == 1, done.stderr
    assert "not attempted" in done.stdout
    assert "not saved" not in done.stdout


@pytest.mark.parametrize("variable", ["LOGNAME", "USER", ""])
def test_a_user_without_a_name_gets_one_unless_the_environment_has_it(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_name, "known", lambda: False)
    variables = {variable: "ada"} if variable else {}
    user_name.ensure(variables)
    assert variables == ({variable: "ada"} if variable else {"USER": "learner"})

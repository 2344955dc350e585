"""One course for many: each has copies, notes and points of their own, and writes nowhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import another_user
import pytest
import sample_course
from processes import IMPORTS
from running_lab import lab
from tries import tries
from worked_labs import worked

from autograder import paths
from autograder.course import store
from autograder.course.learner import copies, progress
from autograder.course.unit import Unit, repository, shown
from autograder.environment import bootstrap
from autograder.outcomes import UserMistake

ROOT = repository()
SUPPORT = ROOT / "tests" / "support"
UNIT = "01_coroutines"
ANSWERS = ("right_step_try_except_else", "right_unawaited_tasks", "right_round_robin_heap",
           "right_timers_sorted_list")  # fmt: skip
USERS = (62021, 62022)  # two users that the system does not know
VISIT = """
from autograder import compare, predict
from autograder.course.learner import copies
from autograder.course.unit import repository

print(*copies.copy_units(repository()), sep="\\n")
print(predict("A", about="first-roll"))
print(compare("step", anyway=True))
"""

needs_root = pytest.mark.skipif(
    os.name != "posix" or os.getuid() != 0, reason="only root can run a test as a second user"
)


# -- which folder it is ----------------------------------------------------------------------------


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course that this user can read and not write; the home is beside it."""
    root, home = tmp_path / "course", tmp_path / "home"
    sample_course.start_page(root)
    lesson = Unit(root, "00_start_here").lesson
    lesson.parent.mkdir(parents=True)
    lesson.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    really = paths.can_be_written
    monkeypatch.setattr(
        paths, "can_be_written", lambda path: not path.is_relative_to(root) and really(path)
    )
    return root


@pytest.mark.skipif(os.name == "nt", reason="HOME is not where Windows has a user's home")
def test_who_cannot_write_the_course_has_a_folder_in_their_home(closed: Path) -> None:
    (said,) = copies.copy_units(closed)
    assert said == "~/unblocked/00_start_here/00_start_here.ipynb: copied."
    own = closed.parent / "home" / "unblocked"
    assert (own / ".unblocked" / "copied.json").exists()
    assert Unit(closed, "00_start_here").work_lesson.is_relative_to(own)
    assert "Next: the lesson, ~/unblocked/00_start_here/00_start_here.ipynb." in str(
        progress.progress(closed)
    )
    page = progress.progress(closed)._repr_html_()
    assert ">~/unblocked/00_start_here/00_start_here.ipynb</a>" in page
    assert not (closed / "work").exists()


def test_a_variable_names_the_folder(
    closed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNBLOCKED_WORK", str(tmp_path / "mine"))
    copies.copy_units(closed)
    assert (tmp_path / "mine" / "00_start_here" / "00_start_here.ipynb").exists()
    assert store.folder(closed) == tmp_path / "mine" / ".unblocked"


def test_whoever_can_write_the_course_works_in_it(tmp_path: Path) -> None:
    assert paths.work_folder(tmp_path) == tmp_path / "work"
    assert shown(tmp_path, tmp_path / "work" / "a.ipynb") == "work/a.ipynb"


@pytest.mark.parametrize("complete", [True, False])
def test_an_environment_that_others_installed_is_used_as_it_is(
    complete: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was made by another Python, and reached under another path; nothing is installed."""
    for name in ("requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    place = tmp_path / ".venv"
    place.mkdir()
    digest = bootstrap._stamp(place)[1] if complete else "of other files"
    (place / "unblocked-stamp").write_text(f"3.9 /elsewhere/.venv\n{digest}\n")
    done: list[str] = []
    monkeypatch.setattr(bootstrap, "VENV", place)
    monkeypatch.setattr(bootstrap, "can_be_written", lambda path: False)
    monkeypatch.setattr(bootstrap, "has_everything", lambda contributor: False)
    monkeypatch.setattr(bootstrap, "bring_up_to_date", lambda *_, **__: done.append("installed"))
    monkeypatch.setattr(bootstrap, "_start_again", lambda arguments: done.append("started"))
    monkeypatch.setattr(bootstrap, "_surround", lambda: None)
    bootstrap.enter(["lab"])
    assert done == (["started"] if complete else ["installed"])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no bits for who may run a program")
def test_an_environment_that_only_its_owner_can_run_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "python"
    program.parent.mkdir()
    program.touch(mode=0o600)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    with pytest.raises(UserMistake, match="make \\.venv with a Python that all users can run"):
        bootstrap._start_again(["lab"])


# -- two real users --------------------------------------------------------------------------------


@pytest.fixture
def homes() -> Iterator[dict[int, Path]]:
    """A home for each of two users; pytest's own folder is closed to them."""
    another_user.skip_unless_possible(*as_user(USERS[0], Path(another_user.NO_HOME)))
    with tempfile.TemporaryDirectory(prefix="unblocked-homes-") as common:
        Path(common).chmod(0o711)
        made = {user: Path(common, str(user)) for user in USERS}
        for user, home in made.items():
            home.mkdir()
            os.chown(home, user, user)
        yield made


def as_user(user: int, home: Path) -> list[str]:
    """The beginning of a command that one of them runs, who has no name either."""
    become = [sys.executable, str(SUPPORT / "another_user.py"), str(user)]
    return [*become, "/usr/bin/env", "-u", "USER", "-u", "LOGNAME", f"HOME={home}"]


def start(user: int, home: Path, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*as_user(user, home), sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": IMPORTS},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def said(process: subprocess.Popen[str], code: int = 0) -> str:
    told, _ = process.communicate(timeout=240)
    assert process.returncode == code, told
    return told


def hand_in(user: int, home: Path) -> Path:
    """Put right answers into a user's copy of a lab."""
    path = home / "unblocked" / UNIT / f"{UNIT}.ipynb"
    path.write_text(worked(UNIT, *ANSWERS))
    os.chown(path, user, user)
    return path


def points(home: Path) -> float:
    found = json.loads((home / "unblocked" / ".unblocked" / "points.json").read_text())
    return sum(score for score, _ in found[UNIT].values())


@pytest.mark.slow
@pytest.mark.timeout(300)
@needs_root
def test_two_users_at_once_learn_from_one_course(homes: dict[int, Path]) -> None:
    visits = [start(user, home, "-c", VISIT) for user, home in homes.items()]
    for visit, (told, _) in [(visit, visit.communicate(timeout=240)) for visit in visits]:
        assert visit.returncode == 0, told
        assert "~/unblocked/ has your own copies of" in told
        assert "You say A: now run the next cell." in told
        assert "Our answer to `step`" in told
    one, other = USERS
    path = hand_in(one, homes[one])
    for _ in tries():  # beside other work a right answer's verdict may stay open
        checked = start(one, homes[one], "-m", "autograder", "check", str(path))
        told, _ = checked.communicate(timeout=240)
        if checked.returncode != 1:
            break
    assert checked.returncode == 0, told
    assert points(homes[one]) == 70
    assert not (homes[other] / "unblocked" / ".unblocked" / "points.json").exists()
    for user, home in homes.items():
        assert {path.stat().st_uid for path in home.rglob("*")} == {user}


@pytest.mark.soak
@needs_root
def test_two_users_at_once_have_a_jupyterlab_each_and_validate_in_it(
    homes: dict[int, Path],
) -> None:
    one, other = USERS
    with (
        lab(ROOT, homes[one], *as_user(one, homes[one])) as mine,
        lab(ROOT, homes[other], *as_user(other, homes[other])) as theirs,
    ):
        assert mine.url != theirs.url
        for running, (user, home) in zip((mine, theirs), homes.items(), strict=True):
            listed = {each["name"] for each in json.loads(running.ask("/api/contents/"))["content"]}
            assert {UNIT, "toolbox"} <= listed
            path = hand_in(user, home)
            button = "autograder.grading.nbgrader.validate_button"
            answer = said(start(user, home, "-m", button, str(path))).splitlines()[-1]
            assert json.loads(answer) == {"success": True, "value": {}}
            assert points(home) == 70
            assert "points, " in said(start(user, home, "-m", "autograder", "progress"))
            running.process.terminate()
            running.process.wait(20)

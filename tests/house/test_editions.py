"""What learners and instructors kept from the first edition still works with this one.

`editions/edition_1.zip` was made by the first edition: two units, work/ with a solved lab, two
predictions and a saved zip, two graded submissions with gradebook and autograded notebooks.
`editions/edition_1_network.zip` as well: unit 07, three of whose exercises are in unit 13 today, in
work/ with four exercises solved and checked, and two graded submissions with their gradebook.
"""

from __future__ import annotations

import json
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.course.learner import backup, copies, points, progress, renewal
from autograder.grading import check, commands, tables
from autograder.grading.examination import verdicts
from autograder.grading.nbgrader.course import Course
from autograder.outcomes import UserMistake
from autograder.paths import ROOT

UNIT, NETWORK, BY_HAND = "01_coroutines", "07_network", "13_by_hand"
KEPT = Path(__file__).parents[1] / "editions" / "edition_1.zip"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The first edition's course, with everything in it as it was left."""
    with zipfile.ZipFile(KEPT) as archive:
        archive.extractall(tmp_path)
    return tmp_path


@pytest.fixture
def checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Path, Path], tuple[int, str]]:
    """`check`: its exit code, and what it printed.

    It is run again, twice at most, while a busy machine leaves a test open.
    """
    rows: list[tables.CheckedCell] = []
    show = tables.show_check

    def shown(unit: str, found: list[tables.CheckedCell], sentences: list[str]) -> None:
        rows[:] = found
        show(unit, found, sentences)

    def check_again(lab: Path, root: Path) -> tuple[int, str]:
        for tries in range(3):
            time.sleep(2 * tries)
            code, told = check.check(lab, root), capsys.readouterr().out
            if all(row.seen.status != verdicts.INCONCLUSIVE for row in rows):
                break
        return code, told

    monkeypatch.setattr(tables, "show_check", shown)
    return check_again


@pytest.fixture
def renewed(kept: Path) -> Path:
    """The same after a `git pull`: this edition's units, the first edition's work."""
    for name in (UNIT, "02_tasks"):
        for folder in ("source", "release"):
            shutil.rmtree(kept / folder / name)
            shutil.copytree(ROOT / folder / name, kept / folder / name)
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", kept / "notebooks")
    shutil.copy(ROOT / "nbgrader_config.py", kept)
    return kept


def test_a_worked_lab_is_kept_and_untouched_copies_are_known_as_such(renewed: Path) -> None:
    lab = renewed / "work" / UNIT / f"{UNIT}.ipynb"
    before = lab.read_bytes()
    copies.copy_units(renewed)
    assert lab.read_bytes() == before
    for name in ("02_tasks.ipynb", "02_tasks_lesson.ipynb"):
        copy = renewed / "work" / "02_tasks" / name
        origin = (
            "release/02_tasks/02_tasks.ipynb"
            if "lesson" not in name
            else ("notebooks/02_tasks.ipynb")
        )
        assert copy.read_bytes() == (renewed / origin).read_bytes()
        assert not copy.with_suffix(".new.ipynb").exists()


def test_without_a_new_release_nothing_is_said_about_the_copies(kept: Path) -> None:
    assert copies.copy_units(kept) == []


def test_progress_counts_the_points_and_predictions_of_then(kept: Path) -> None:
    said = str(progress.progress(kept))
    assert "70" in said
    points = json.loads((kept / "work" / ".unblocked" / "points.json").read_text("utf-8"))
    assert points[UNIT]["timers_hidden"] == [11.0, 11.0]


def test_a_saved_zip_is_brought_back(kept: Path) -> None:
    saved = next((kept / "work").glob("unblocked-*.zip"))
    shutil.rmtree(kept / "work" / UNIT)
    backup.restore(saved, kept)
    assert (kept / "work" / UNIT / f"{UNIT}.ipynb").exists()


def test_why_tells_what_a_grade_of_then_rests_on(
    renewed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.why("bo", UNIT, "round_robin_visible", root=renewed)
    told = capsys.readouterr().out
    assert "0 of 9" in told
    assert "async" in told or "round_robin" in told


@pytest.mark.slow
def test_feedback_is_made_of_what_was_graded_then(
    renewed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    monkeypatch.chdir(renewed)
    config = Config()
    config.CourseDirectory.root = str(renewed)
    from autograder.grading import configuration

    configuration.configure(config)
    made = NbGraderAPI(config=config).generate_feedback(UNIT)
    assert made["success"], made
    page = (renewed / "feedback" / "bo" / UNIT / f"{UNIT}.html").read_text("utf-8")
    assert "round_robin" in page


@pytest.mark.parametrize("layout", ["nbgrader", "canvas", "moodle"])
def test_grades_of_then_are_exported(
    renewed: Path, capsys: pytest.CaptureFixture[str], layout: str
) -> None:
    commands.export(layout, root=renewed)
    told = capsys.readouterr().out
    assert "ada" in told
    assert "70" in told


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_lab_of_then_passes_check_with_its_own_imports_and_helpers(
    renewed: Path, checked: Callable[[Path, Path], tuple[int, str]]
) -> None:
    lab = renewed / "work" / UNIT / f"{UNIT}.ipynb"
    assert "from autograder.clock import ThreadClock" in lab.read_text("utf-8")
    code, told = checked(lab, renewed)
    assert code == 0, told
    points = json.loads((renewed / "work" / ".unblocked" / "points.json").read_text("utf-8"))
    assert sum(score for score, _ in points[UNIT].values()) == 70


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_lab_of_then_passes_as_it_stands_where_the_course_was_not_renewed(
    kept: Path, checked: Callable[[Path, Path], tuple[int, str]]
) -> None:
    """Its locked cells are those of then, too: old imports, in the notebook and in the examiner."""
    (kept / "work" / ".unblocked" / "points.json").unlink()
    lab = kept / "work" / UNIT / f"{UNIT}.ipynb"
    code, told = checked(lab, kept)
    assert code == 0, told
    assert " 70 of 70" in told


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """What the first edition left of unit 07, after a `git pull`."""
    with zipfile.ZipFile(KEPT.with_name("edition_1_network.zip")) as archive:
        archive.extractall(tmp_path)
    (tmp_path / "notebooks").mkdir()
    for name in (NETWORK, BY_HAND):
        for folder in ("source", "release"):
            shutil.copytree(ROOT / folder / name, tmp_path / folder / name)
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", tmp_path / "notebooks")
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    return tmp_path


def lab(root: Path, name: str) -> Path:
    return root / "work" / name / f"{name}.ipynb"


def test_moved_exercises_keep_their_points_and_their_text(network: Path) -> None:
    before = lab(network, NETWORK).read_bytes()
    said = copies.copy_units(network)
    assert any("13_by_hand.ipynb: has your answers" in one for one in said), said
    assert lab(network, NETWORK).read_bytes() == before
    then, now = (renewal.answers(path) for path in (before, lab(network, BY_HAND).read_bytes()))
    assert {name: now[name] for name in ("heartbeat", "zombie")} == {
        name: then[name] for name in ("heartbeat", "zombie")
    }
    assert "NotImplementedError" in now["resume"]
    beside = lab(network, NETWORK).with_name("07_network.new.ipynb").read_bytes()
    assert renewal.answers(beside).keys() == {"dogs", "rate_limit", "names"}
    assert renewal.answers(beside)["dogs"] == then["dogs"]
    by_unit = {one.unit.name: one for one in progress.progress(network).standings}
    assert (by_unit[NETWORK].score, by_unit[NETWORK].points) == (50, 60)
    assert (by_unit[BY_HAND].score, by_unit[BY_HAND].points) == (30, 40)
    told = "Moved since the first edition: `resume`, now in 13_by_hand, with your points."
    assert told in str(progress.progress(network))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_lab_that_still_has_the_moved_exercises_is_checked_for_what_is_left(
    network: Path, checked: Callable[[Path, Path], tuple[int, str]]
) -> None:
    copies.copy_units(network)
    _, told = checked(lab(network, NETWORK), network)
    told = " ".join(told.split())
    assert "07_network: 50 of 60 points" in told
    assert "Some exercises of this notebook are in 13_by_hand now" in told
    assert points.read(network)[BY_HAND]["heartbeat_check"] == [20.0, 20.0]


def scores(root: Path) -> dict[str, tuple[float, float]]:
    with Course(root).gradebook() as book:
        most = book.find_assignment(NETWORK).max_score
        return {one.student.id: (one.score, most) for one in book.assignment_submissions(NETWORK)}


def test_a_graded_unit_that_has_changed_keeps_its_grades(
    network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserMistake, match=r"`heartbeat_check`.* are not in it any more"):
        commands.grade(NETWORK, root=network)
    assert scores(network) == {"ada": (80, 100), "bo": (35, 100)}
    commands.export("moodle", root=network)
    assert "ada,,80.0" in capsys.readouterr().out


@pytest.mark.soak  # the same with the toy unit in tests/grading/test_marking.py
def test_a_graded_unit_that_has_changed_is_graded_again_when_told(network: Path) -> None:
    commands.grade(NETWORK, regrade=True, root=network)
    assert scores(network) == {"ada": (50, 60), "bo": (25, 60)}

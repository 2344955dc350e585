"""nbgrader's own commands, with the course's settings and without them."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest
import toy_unit as toy
from gradebook import grades
from nbgrader_commands import Commands

from autograder.course.author import answers
from autograder.course.unit import Unit
from autograder.grading import commands
from autograder.grading.nbgrader import course

pytestmark = pytest.mark.slow  # a command that examines takes 3 s, a stock kernel 2 s more

BLOCKING = """
import time

async def roll(spec):
    time.sleep(0.4)
    return f"{spec}: rolled"
"""
TOY_WITH_BOT = toy.notebook(solved=False, bot=True)
RIGHT_BOT = toy.unmarked(toy.BOT_ANSWER)
# Each of them passes some cells, and in each way that a learner's may fail one fails.
HONEST = {
    "right": toy.submission(bot=RIGHT_BOT),
    "blocking": toy.submission(
        roll=BLOCKING,
        tally=toy.cell_of(TOY_WITH_BOT, "tally")["source"],
        bot="import time\n\nasync def reply_to(text):\n    time.sleep(0.9)\n    return text",
    ),
    "wrong": toy.submission(
        double="async def double(number): return float(2 * number)",
        roll=toy.cell_of(TOY_WITH_BOT, "roll")["source"],
        tally="class Tally:\n    async def add(self, author): raise KeyError(author)",
        bot=RIGHT_BOT,
    ),
}
SCORES = {
    "right": {"double_visible": 2, "roll_visible": 3, "tally_visible": 4, "bot_visible": 5},
    "blocking": {"double_visible": 2, "roll_visible": 0, "tally_visible": 0, "bot_visible": 0},
    "wrong": {"double_visible": 0, "roll_visible": 0, "tally_visible": 0, "bot_visible": 5},
}
GUARD = {
    "JUPYTER_CONFIG_PATH": str(toy.ROOT / "autograder" / "grading" / "jupyter"),
    "JUPYTER_NO_CONFIG": "",
}
EVIDENCE = f"{toy.UNIT}.examined.json"


def scores(root: Path, unit: str = toy.UNIT) -> dict[str, dict[str, float]]:
    """What the gradebook says, by student and cell."""
    found: dict[str, dict[str, float]] = {}
    for student, assignment, _, cell, score, *_ in grades(root):
        if assignment == unit:
            found.setdefault(student, {})[cell] = score
    return found


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory, nbgrader: Commands) -> Path:
    """A course whose gradebook knows the toy unit, by nbgrader's own command."""
    root = toy.course(tmp_path_factory.mktemp("generated"), bot=True)
    nbgrader.run(root, "generate_assignment", toy.UNIT)
    return root


@pytest.fixture(scope="module")
def examined(generated: Path, tmp_path_factory: pytest.TempPathFactory, nbgrader: Commands) -> Path:
    """A course graded by `nbgrader autograde` with the course's settings, beside the guard."""
    root = tmp_path_factory.mktemp("examined")
    shutil.copytree(generated, root, dirs_exist_ok=True)
    for student, content in HONEST.items():
        toy.submit(root, student, content)
    nbgrader.run(root, "autograde", toy.UNIT, **GUARD)
    return root


def test_nbgrader_autograde_uses_the_examiner_and_the_guard_lets_it(examined: Path) -> None:
    assert scores(examined) == SCORES
    evidence = examined / "autograded" / "blocking" / toy.UNIT / EVIDENCE
    cell = json.loads(evidence.read_text())["cells"]["roll_visible"]
    assert 0.3 < cell["longest_block"] < 0.7  # 0.4 s asleep; see test_examination.py
    assert cell["line"] == 4


def test_feedback_holds_the_sentence_and_the_picture(examined: Path, nbgrader: Commands) -> None:
    nbgrader.run(examined, "generate_feedback", toy.UNIT)
    folder = examined / "feedback" / "blocking" / toy.UNIT
    page = (folder / f"{toy.UNIT}.html").read_text()
    assert "the loop was held for" in page
    assert "line 4 of cell roll" in page
    assert "data:image/" in page
    assert [path.name for path in folder.iterdir()] == [f"{toy.UNIT}.html"]  # no evidence


def test_nbgrader_export_writes_the_scores(examined: Path, nbgrader: Commands) -> None:
    nbgrader.run(examined, "export")
    rows = (examined / "grades.csv").read_text().splitlines()
    assert any(
        row.startswith(f"{toy.UNIT},") and ",right," in row and "14.0" in row for row in rows
    )


@pytest.mark.timeout(300)  # up to nine kernels
def test_stock_nbgrader_gives_the_same_scores_and_the_guard_lets_other_courses_pass(
    generated: Path, tmp_path: Path, nbgrader: Commands
) -> None:
    root = Path(shutil.copytree(generated, tmp_path / "stock"))
    (root / "nbgrader_config.py").write_text("c = get_config()\n")
    for student, content in HONEST.items():
        toy.submit(root, student, content)
    most = {student: dict.fromkeys(cells, 0.0) for student, cells in SCORES.items()}
    for again in ([], ["--force"], ["--force"]):
        time.sleep(2 * len(again))
        nbgrader.run(root, "autograde", toy.UNIT, *again, **GUARD)
        found = scores(root)
        assert {name: set(cells) for name, cells in found.items()} == {
            name: set(cells) for name, cells in SCORES.items()
        }
        for student, cells in found.items():
            for cell, score in cells.items():
                most[student][cell] = max(most[student][cell], score)
        if most == SCORES:
            break  # else a busy machine left a verdict open, and that is no point for nbgrader
    assert most == SCORES
    assert not list(root.glob(f"autograded/*/*/{EVIDENCE}"))


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_stock_nbgrader_and_the_examiner_agree_on_unit_03(
    tmp_path: Path, nbgrader: Commands
) -> None:
    """Two commands of about 30 s on a quiet machine: the lab all right, and with four faults."""
    unit = Unit(toy.ROOT, "03_gateway")
    ours = json.loads(unit.lab.read_text())
    faults = ("repair_two_time_sleep", "repair_five_requests", "defer_never", "measure_cpu_time")
    faulty = ours
    for fault in faults:
        faulty = answers.fill(faulty, answers.load(unit.answers / f"wrong_{fault}.py"))
    found = []
    for kind in ("examiner", "stock"):
        root = tmp_path / kind
        shutil.copytree(unit.folder, root / "source" / unit.name)
        settings = (toy.ROOT / "nbgrader_config.py").read_text()
        if kind == "stock":
            settings = (
                "c = get_config()\nc.CourseDirectory.ignore = ['*.py', '*.toml', '*.md']\n"
                "c.Execute.timeout = 120\n"
            )
        (root / "nbgrader_config.py").write_text(settings)
        for student, content in (("right", ours), ("faulty", faulty)):
            path = root / "submitted" / student / unit.name / f"{unit.name}.ipynb"
            path.parent.mkdir(parents=True)
            toy.write(path, content)
        nbgrader.run(root, "generate_assignment", unit.name)
        nbgrader.run(root, "autograde", unit.name)
        found.append(scores(root, unit.name))
    assert found[0] == found[1]
    assert sum(found[0]["right"].values()) == 80
    assert 0 < sum(found[0]["faulty"].values()) < 60


BROKEN = {
    "the_examiner_cannot_be_imported": ("autograder.grading.configuration", "autograder.nowhere"),
    "a_mistake_of_syntax": ("configure(c)", "configure(c"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_settings_stop_with_a_sentence_and_grade_nothing(
    name: str, generated: Path, tmp_path: Path, nbgrader: Commands
) -> None:
    root = Path(shutil.copytree(generated, tmp_path / "broken"))
    toy.submit(root, "ada", toy.submission())
    path = root / "nbgrader_config.py"
    path.write_text(path.read_text().replace(*BROKEN[name]) + "# autograder.grading\n")
    done = nbgrader.ask(root, "autograde", toy.UNIT)
    assert done.code == 1
    assert "nbgrader_config.py" in done.said
    assert "nothing is graded" in done.said or "nothing was graded" in done.said
    found = scores(root).get("ada", {})
    assert all(score is None for score in found.values()), found
    assert not (root / "autograded" / "ada" / toy.UNIT).exists()


GUARDED = {
    "syntax": ("configure(c)", "configure(c"),
    "a_later_line": (
        "# Your own settings",
        "c.CourseDirectory.db_url = nothing_of_this_name\n# Your",
    ),
}


@pytest.mark.parametrize("from_elsewhere", [False, True])
@pytest.mark.parametrize("name", GUARDED)
def test_with_the_guard_of_an_installation_not_one_cell_runs(
    name: str, from_elsewhere: bool, generated: Path, tmp_path: Path, nbgrader: Commands
) -> None:
    """A learner's cell would run in the instructor's account before any `watch` could refuse."""
    root = Path(shutil.copytree(generated, tmp_path / "guarded"))
    trace = tmp_path / "trace"
    toy.submit(root, "ada", toy.submission(double=f"open({str(trace)!r}, 'w')"))
    path = root / "nbgrader_config.py"
    path.write_text(path.read_text().replace(*GUARDED[name]))
    where = tmp_path if from_elsewhere else root
    if from_elsewhere and name == "syntax":
        pytest.skip("one mistake is enough here: the guard does not look at which it is")
    done = nbgrader.ask(where, "autograde", toy.UNIT, f"--course-dir={root}", **GUARD)
    assert done.code == 1
    assert "was not applied, so nothing was graded" in done.said
    assert not trace.exists()
    assert not (root / "autograded" / "ada" / toy.UNIT).exists()


def test_manual_grades_late_penalties_and_regrading_are_nbgraders(
    tmp_path: Path, nbgrader: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    root = toy.course(tmp_path)
    path = root / "nbgrader_config.py"
    path.write_text(path.read_text() + "\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    for student, when in (
        ("early", "2026-01-01 10:00:00 UTC"),
        ("late", "2026-03-01 10:00:00 UTC"),
    ):
        folder = toy.submit(root, student, toy.submission(roll=BLOCKING)).parent
        (folder / "timestamp.txt").write_text(when)
    with course.Course(root).gradebook() as book:
        book.update_or_create_assignment(toy.UNIT, duedate="2026-02-01 10:00:00 UTC")
    assert commands.grade(toy.UNIT, root=root) == 0
    with course.Course(root).gradebook() as book:
        penalties = {
            one.student.id: one.late_submission_penalty
            for one in book.assignment_submissions(toy.UNIT)
        }
        assert penalties == {"early": 0.0, "late": 6.0}
        grade = book.find_grade("roll_visible", toy.UNIT, toy.UNIT, "early")
        assert (grade.auto_score, grade.needs_manual_grade) == (0.0, False)
        grade.manual_score = 2.0  # as Formgrader's page does
        book.find_comment("roll", toy.UNIT, toy.UNIT, "early").manual_comment = "nearly"
        book.db.commit()
    toy.submit(root, "early", toy.submission())
    assert commands.grade(toy.UNIT, root=root, student="early", regrade=True) == 0
    nbgrader.run(root, "autograde", toy.UNIT, "--force", "--student=late")
    with course.Course(root).gradebook() as book:
        grade = book.find_grade("roll_visible", toy.UNIT, toy.UNIT, "early")
        assert (grade.auto_score, grade.manual_score, grade.score) == (3.0, 2.0, 2.0)
        assert grade.needs_manual_grade, "the automatic score is another: a person looks again"
        comment = book.find_comment("roll", toy.UNIT, toy.UNIT, "early")
        assert comment.comment == "nearly"
        assert scores(root)["late"] == {"double_visible": 2, "roll_visible": 0, "tally_visible": 4}
        assert book.find_submission(toy.UNIT, "late").late_submission_penalty == 6.0
    capsys.readouterr()
    commands.export("moodle", root)
    assert capsys.readouterr().out.splitlines()[1:] == ["early,,8.0", "late,,0.0"]

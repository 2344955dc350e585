"""`check`, `grade` and `export`: what they print, what they write, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import toy_unit as toy

from autograder.grading import check, commands
from autograder.grading.batch import slots
from autograder.grading.examination import cells
from autograder.grading.examination.job import Done, Job
from autograder.grading.nbgrader import course
from autograder.outcomes import UserMistake
from autograder.text import WIDTH

# The gateway may get no CPU for 1 s of the sleep, and misses two heartbeats in the rest.
BLOCKING_BOT = """
import time

async def reply_to(text):
    time.sleep(1.6)
    return f"you said {text}"
"""

IMPORTING = """
from helpers import nap

async def roll(spec):
    await nap()
    return f"{spec}: rolled"
"""
BLOCKING_HELPERS = """
import time
async def nap():
    time.sleep(0.4)
"""


RIGHT_BOT = toy.unmarked(toy.BOT_ANSWER)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return toy.course(tmp_path)


@pytest.fixture
def with_bot(tmp_path: Path) -> Path:
    return toy.course(tmp_path, bot=True)


def points(root: Path) -> dict[str, Any]:
    content = json.loads((root / "work" / ".unblocked" / "points.json").read_text())
    return dict(content[toy.UNIT])


def test_check_gives_a_right_lab_everything_and_notes_the_points(
    with_bot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, most_of = with_bot, {**toy.POINTS, "bot_visible": toy.BOT_POINTS}
    path = toy.work(root, toy.submission(bot=RIGHT_BOT))
    before = path.read_bytes()
    assert check.check(path, root) == 0
    assert "14 of 14 points" in capsys.readouterr().out
    assert points(root) == {name: [most, most] for name, most in most_of.items()}
    assert path.read_bytes() == before
    assert not (root / "gradebook.db").exists()


@pytest.mark.slow
def test_check_names_cell_line_block_limit_and_the_lost_connection(
    with_bot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = toy.work(with_bot, toy.submission(bot=BLOCKING_BOT))
    assert check.check(path, with_bot) == 1
    said = capsys.readouterr().out
    row = next(line for line in said.splitlines() if line.strip().startswith("bot_visible  "))
    assert "0 of 5" in row
    assert "100 ms" in row
    assert "at line 4 of cell bot, `time.sleep(1.6)`" in " ".join(said.split()), said
    block = next(int(word) for word in row.split() if word.isdigit() and int(word) > 500)
    # 1600 to 1602 ms beside 8 hogs; less where only the witness saw it, which begins some looks
    # later, and more where the machine itself stops. Never a part of it, or twice the block.
    assert 1200 < block < 2400
    assert "4009" in said
    assert "9 of 14 points" in said
    assert max(len(line) for line in said.splitlines()) <= WIDTH
    assert points(with_bot)["bot_visible"] == [0.0, 5.0]


@pytest.mark.slow
def test_check_names_the_line_of_a_file_that_the_notebook_imports(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = toy.work(root, toy.submission(roll=IMPORTING))
    helpers = path.with_name("helpers.py")
    helpers.write_text(BLOCKING_HELPERS)
    assert check.check(path, root) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "at line 4 of helpers.py, `time.sleep(0.4)`" in said
    helpers.write_text(BLOCKING_HELPERS.replace("(0.4)", "(0)"))
    assert check.check(path, root) == 0
    assert "9 of 9 points" in capsys.readouterr().out


def _spoilt(how: str) -> dict[str, Any] | str:
    content = toy.submission()
    test = toy.cell_of(content, "roll_visible")
    match how:
        case "not_json":
            return "{not json"
        case "no_notebook":
            return json.dumps({"cells": 3})
        case "a_list":
            return "[]"
        case "no_graded_cells":
            return {**content, "cells": [toy.cell("code", "1 + 1", None)]}
        case "deleted_test":
            content["cells"].remove(test)
        case "doubled_test":
            toy.duplicate(content, "roll_visible")
    return content


REFUSED = {
    "not_json": "is not a notebook",
    "no_notebook": "is not a notebook",
    "a_list": "is not a notebook",
    "no_graded_cells": "has none of the graded cells of 90_toy",
    "deleted_test": "lacks the test `roll_visible`: copy it from release/90_toy/",
    "doubled_test": "holds the locked cell `roll_visible` more than once",
}


@pytest.mark.parametrize("how", REFUSED)
def test_check_refuses_in_one_sentence_and_writes_nothing(how: str, root: Path) -> None:
    content = _spoilt(how)
    path = toy.work(root, content if isinstance(content, dict) else {})
    if isinstance(content, str):
        path.write_text(content)
    before = path.read_bytes()
    with pytest.raises(UserMistake) as refusal:
        check.check(path, root)
    assert REFUSED[how] in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert path.read_bytes() == before
    assert not (root / "work" / ".unblocked").exists()


def test_check_of_a_wrong_path_names_the_nearest(root: Path) -> None:
    path = toy.work(root, toy.submission())
    with pytest.raises(UserMistake, match=r"did you mean .*90_toy\.ipynb"):
        check.check(path.with_name("90_toi.ipynb"), root)
    with pytest.raises(UserMistake, match="is a folder"):
        check.check(path.parent, root)
    other = toy.write(path.with_name("99_unknown.ipynb"), toy.submission())
    with pytest.raises(UserMistake, match=r"not named like any lab.*90_toy"):
        check.check(other, root)
    lesson = toy.write(path.with_name("90_toy_lesson.ipynb"), toy.submission())
    with pytest.raises(UserMistake, match="is the lesson"):
        check.check(lesson, root)


def test_check_runs_our_text_of_a_test_that_was_edited(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = toy.submission(roll="async def roll(spec): return 'no'")
    toy.cell_of(content, "roll_visible")["source"] = "pass"
    assert check.check(toy.work(root, content), root) == 1
    said = capsys.readouterr().out
    assert "6 of 9 points" in said
    assert "`roll_visible`: changed, so the original was run" in said


def test_check_puts_back_a_setup_cell_that_the_lab_did_not_have_when_it_was_copied(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = toy.submission()
    content["cells"].remove(toy.cell_of(content, "tools"))
    assert check.check(toy.work(root, content), root) == 0
    said = capsys.readouterr().out
    assert "9 of 9 points" in said
    assert "`tools`: missing, and put back" in said


def test_check_says_which_cell_raised_when_a_name_is_missing(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.check(toy.work(root, toy.submission(roll="async def roll(spec) return")), root)
    said = capsys.readouterr().out
    assert "name 'roll' is not defined" in said
    assert "Cell `roll` raised SyntaxError" in said


def grade(root: Path, capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    """Run the verb and return what it says of each student."""
    capsys.readouterr()
    commands.grade(toy.UNIT, as_json=True, root=root, **options)
    said = json.loads(capsys.readouterr().out)
    assert set(said) == {"assignment", "submissions"}
    return {one["student"]: one for one in said["submissions"]}


def tampered() -> dict[str, dict[str, Any]]:
    """Notebooks as they come back: the answers in them are right."""
    made = {name: toy.submission() for name in ("doubled", "deleted", "edited", "stripped")}
    for name in ("roll_visible", "double", "tools"):
        toy.duplicate(made["doubled"], name)
    for name in ("roll_visible", "double_visible", "tools"):
        made["deleted"]["cells"].remove(toy.cell_of(made["deleted"], name))
    cell = toy.cell_of(made["edited"], "roll_visible")
    cell["source"] = "assert False"
    cell["metadata"]["nbgrader"] |= {"points": 900, "locked": False, "solution": True}
    for cell in made["stripped"]["cells"]:
        cell["metadata"] = {}
    made["emptied"] = toy.submission()
    copied = toy.duplicate(made["emptied"], "double")
    copied["source"] = toy.cell_of(toy.notebook(solved=False), "double")["source"]
    made["forged"] = toy.submission()
    claim = toy.about("tools", locked=True)
    made["forged"]["cells"].insert(1, toy.cell("code", "watch = servers = None", claim))
    made["forged"]["cells"].append(
        toy.cell("code", "1", toy.about("bonus", grade=True, locked=True, points=50))
    )
    made["nonsense"] = toy.submission()
    toy.cell_of(made["nonsense"], "roll_visible")["metadata"]["nbgrader"] = {"grade": "yes"}
    toy.cell_of(made["nonsense"], "double")["metadata"]["nbgrader"] = ["double"]
    made["surrogate"] = toy.submission(double=toy.unmarked(toy.ANSWERS["double"]) + "\n# \udc80")
    made["other_type"] = toy.submission()
    toy.cell_of(made["other_type"], "roll_visible")["cell_type"] = "markdown"
    return made


@pytest.mark.slow
def test_grade_mends_what_came_back_broken(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for student, content in tampered().items():
        toy.submit(root, student, content)
    graded = grade(root, capsys)
    for name, one in graded.items():
        assert (one["score"], one["status"]) == (9.0, "graded"), (name, one["message"])
    assert "`roll_visible`: missing, and put back" in graded["deleted"]["message"]
    assert "changed, so the original was run" in graded["edited"]["message"]
    which = "`double`: more than one copy, and the last one that you changed counts"
    assert which in graded["emptied"]["message"]


def test_grade_names_the_notebook_that_is_there(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for student, name in (("ada", f"{toy.UNIT} (1).ipynb"), ("bo", f"{toy.UNIT}/x.ipynb")):
        path = toy.submit(root, student, toy.submission())
        (path.parent / name).parent.mkdir(exist_ok=True)
        path.rename(path.parent / name)
    graded = grade(root, capsys)
    lacks = f"there is no {toy.UNIT}.ipynb in the submission"
    there = f"{lacks}; it has {toy.UNIT} (1).ipynb: rename the right one to {toy.UNIT}.ipynb"
    assert there in graded["ada"]["message"]
    assert f"{lacks}; look for it in {toy.UNIT}/ and move it to the top" in graded["bo"]["message"]


@pytest.mark.slow
def test_grade_says_what_each_cell_did_and_spares_the_others(
    with_bot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = with_bot
    toy.submit(root, "ada", toy.submission(bot=RIGHT_BOT))
    toy.submit(root, "bo", toy.submission(bot=BLOCKING_BOT))
    toy.submit(root, "cy", toy.submission()).write_text("{not json")
    (root / "submitted" / "di" / toy.UNIT).mkdir(parents=True)
    graded = grade(root, capsys)
    assert [graded[name]["status"] for name in ("ada", "bo", "cy", "di")] == [
        "graded", "graded", "failed", "failed",
    ]  # fmt: skip
    assert (graded["ada"]["score"], graded["ada"]["max_score"]) == (14.0, 14.0)
    assert graded["ada"]["jail"]
    assert graded["ada"]["seconds"] > 0
    cell = next(cell for cell in graded["bo"]["cells"] if cell["grade_id"] == "bot_visible")
    assert cell["status"] == "failed"
    assert 1.2 < cell["longest_block"] < 2.4  # s, as in `check`
    assert "4009" in cell["message"]
    assert set(cell) == {
        "grade_id", "score", "max_score", "status", "longest_block", "message",
    }  # fmt: skip
    assert graded["cy"]["score"] is None
    assert "JSON" in graded["cy"]["message"]


@pytest.mark.slow
def test_grade_keeps_a_grade_and_grades_what_changed(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.submit(root, "ada", toy.submission())
    toy.submit(root, "bo", toy.notebook(solved=False))
    first = grade(root, capsys)
    examined: list[int] = []
    really = slots.examine

    def counting(job: Job) -> Done:
        examined.append(1)
        return really(job)

    monkeypatch.setattr(slots, "examine", counting)
    assert grade(root, capsys) == first
    assert examined == []
    toy.submit(root, "bo", toy.submission())
    assert grade(root, capsys)["bo"]["score"] == 9.0
    assert len(examined) == 1
    grade(root, capsys, student="ada", regrade=True)
    assert len(examined) == 2


@pytest.mark.slow
def test_a_file_that_the_notebook_imports_counts_and_its_change_is_graded(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = toy.submit(root, "ada", toy.submission(roll=IMPORTING)).parent
    (folder / "helpers.py").write_text(BLOCKING_HELPERS)
    cell = next(
        cell for cell in grade(root, capsys)["ada"]["cells"] if cell["grade_id"] == "roll_visible"
    )
    assert cell["score"] == 0
    assert "at line 4 of helpers.py, `time.sleep(0.4)`" in cell["message"]
    (folder / "helpers.py").write_text(BLOCKING_HELPERS.replace("(0.4)", "(0)"))
    assert grade(root, capsys)["ada"]["score"] == 9.0


@pytest.mark.slow
def test_what_was_submitted_again_too_late_is_graded_again(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = root / "nbgrader_config.py"
    settings.write_text(f"{settings.read_text()}\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    folder = toy.submit(root, "ada", toy.submission()).parent
    with course.Course(root).gradebook() as book:
        book.update_or_create_assignment(toy.UNIT, duedate="2026-02-01 10:00:00 UTC")
    for when, penalty in (("2026-01-01", 0.0), ("2026-03-01", 9.0)):
        (folder / "timestamp.txt").write_text(f"{when} 10:00:00 UTC")
        assert grade(root, capsys)["ada"]["score"] == 9.0
        with course.Course(root).gradebook() as book:
            assert book.find_submission(toy.UNIT, "ada").late_submission_penalty == penalty


@pytest.mark.slow
def test_a_fault_of_the_examiner_loses_no_grade(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.submit(root, "ada", toy.submission())
    assert grade(root, capsys)["ada"]["score"] == 9.0

    def broken(*_: Any, **__: Any) -> Any:
        raise cells.ExaminationFailed("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(slots, "examine", broken)
        failed = grade(root, capsys, regrade=True)["ada"]
    assert failed["status"] == "failed"
    assert "a fault of ours" in failed["message"]
    with course.Course(root).gradebook() as book:
        assert book.find_submission(toy.UNIT, "ada").score == 9.0
    assert grade(root, capsys)["ada"]["score"] == 9.0


@pytest.mark.slow
def test_what_stays_open_is_neither_a_zero_nor_exported(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = root / "source" / toy.UNIT / f"{toy.UNIT}.ipynb"
    content = toy.notebook()
    toy.cell_of(content, "roll_visible")["source"] += (
        "\nfrom autograder.outcomes import Inconclusive\nraise Inconclusive('too busy')"
    )
    toy.write(lab, content)
    toy.submit(root, "ada", toy.submission())
    one = grade(root, capsys)["ada"]
    assert one["status"] == "inconclusive"
    with course.Course(root).gradebook() as book:
        cell = book.find_grade("roll_visible", toy.UNIT, toy.UNIT, "ada")
        assert (cell.auto_score, cell.needs_manual_grade) == (None, True)
    commands.export("moodle", root)
    assert capsys.readouterr().out == "username,email,90_toy\nada,,\n"


@pytest.mark.slow
def test_tests_of_today_are_the_ones_that_grade(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A test mended in source/ counts at the next grading, without another command."""
    toy.submit(root, "ada", toy.submission())
    assert grade(root, capsys)["ada"]["score"] == 9.0
    content = toy.notebook()
    toy.cell_of(content, "double_visible")["source"] += "\nassert False, 'stricter today'"
    toy.write(root / "source" / toy.UNIT / f"{toy.UNIT}.ipynb", content)
    assert grade(root, capsys, regrade=True)["ada"]["score"] == 7.0


@pytest.mark.soak
def test_two_jobs_give_the_grades_of_one(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(4):
        toy.submit(root, f"s{number}", toy.submission(**({"roll": "x = 1"} if number % 2 else {})))
    scores = {name: one["score"] for name, one in grade(root, capsys, jobs=2).items()}
    assert scores == {"s0": 9.0, "s1": 6.0, "s2": 9.0, "s3": 6.0}


@pytest.mark.slow
def test_exports_are_what_canvas_and_moodle_read(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.submit(root, "ada", toy.submission())
    grade(root, capsys)
    commands.export("canvas", root)
    assert capsys.readouterr().out.splitlines() == [
        "Student,ID,SIS User ID,SIS Login ID,Section,90_toy",
        "    Points Possible,,,,,9.0",
        "ada,,,ada,,9.0",
    ]
    commands.export("nbgrader", root)
    assert capsys.readouterr().out.startswith("assignment,duedate,timestamp,student_id")
    with pytest.raises(UserMistake, match="no export called excel"):
        commands.export("excel", root)


def test_grade_refuses_what_it_cannot_find(root: Path) -> None:
    with pytest.raises(UserMistake, match="There is no unit 91_nowhere"):
        commands.grade("91_nowhere", root=root)
    with pytest.raises(UserMistake, match="Nothing was submitted for 90_toy"):
        commands.grade(toy.UNIT, root=root)
    toy.submit(root, "ada", toy.submission())
    with pytest.raises(UserMistake, match="bo has submitted nothing"):
        commands.grade(toy.UNIT, student="bo", root=root)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("configure(c)", "configure(c", "nbgrader_config.py cannot be read (SyntaxError"),
        ("import configure", "import configur", "cannot set up the examiner (ImportError"),
        ("    configure(c)\n", "    pass\n", "does not grade with the examiner"),
    ],
)
def test_grade_refuses_settings_that_would_grade_without_the_examiner(
    old: str, new: str, sentence: str, root: Path
) -> None:
    toy.submit(root, "ada", toy.submission())
    path = root / "nbgrader_config.py"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UserMistake) as refusal:
        commands.grade(toy.UNIT, root=root)
    assert sentence in str(refusal.value)
    assert not (root / "gradebook.db").exists()


def without(exercise: str, content: dict[str, Any]) -> dict[str, Any]:
    """A notebook that lacks an exercise: its answer and its test."""
    for name in (exercise, f"{exercise}_visible"):
        content["cells"].remove(toy.cell_of(content, name))
    return content


@pytest.mark.slow
def test_a_lab_with_other_cells_is_graded_again_only_when_told(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = root / "source" / toy.UNIT / f"{toy.UNIT}.ipynb"
    toy.write(lab, without("tally", toy.notebook()))
    for name in ("ada", "bo"):
        toy.submit(root, name, without("tally", toy.submission()))
    assert grade(root, capsys)["ada"]["score"] == 5.0
    with course.Course(root).gradebook() as book:
        book.find_comment("roll", toy.UNIT, toy.UNIT, "ada").manual_comment = "well done"
        book.db.commit()
    graded = (root / "autograded/ada" / toy.UNIT / f"{toy.UNIT}.ipynb").read_bytes()
    toy.write(lab, without("double", toy.notebook()))

    with pytest.raises(UserMistake, match="`double`, `double_visible` are not in it any more"):
        grade(root, capsys)
    with pytest.raises(UserMistake, match=f"autograder grade {toy.UNIT} --regrade`"):
        grade(root, capsys, student="ada", regrade=True)
    with course.Course(root).gradebook() as book:
        assert book.find_submission(toy.UNIT, "ada").score == 5.0
        assert book.find_assignment(toy.UNIT).max_score == 5.0
    assert (root / "autograded/ada" / toy.UNIT / f"{toy.UNIT}.ipynb").read_bytes() == graded

    (root / "submitted" / "bo").rename(root / "bo")
    with pytest.raises(UserMistake, match="bo has a grade for 90_toy, but no submission"):
        grade(root, capsys, regrade=True)
    (root / "bo").rename(root / "submitted" / "bo")
    toy.submit(root, "bo", without("double", toy.submission()))
    again = grade(root, capsys, regrade=True)
    assert (again["ada"]["score"], again["ada"]["max_score"]) == (3.0, 7.0)  # no tally in it
    assert (again["bo"]["score"], again["bo"]["max_score"]) == (7.0, 7.0)
    with course.Course(root).gradebook() as book:
        assert book.find_comment("roll", toy.UNIT, toy.UNIT, "ada").comment == "well done"
    assert grade(root, capsys) == again


def test_a_lab_that_was_begun_before_an_exercise_was_added_is_checked(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = toy.work(root, without("tally", toy.submission()))
    with pytest.raises(UserMistake, match="lacks the test `tally_visible`"):
        check.check(work, root)
    monkeypatch.setattr(check.points, "ADDED", ("tally",))
    assert check.check(work, root) == 1
    assert "90_toy: 5 of 9 points" in " ".join(capsys.readouterr().out.split())
    assert points(root)["tally_visible"] == [0.0, 4.0]

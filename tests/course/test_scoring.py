"""`progress` and `compare`: where am I, what is next, and what would you have written?"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
import sample_course

from autograder.course import store
from autograder.course.author import parse, render
from autograder.course.learner import compare as comparing
from autograder.course.learner import copies, points, predict
from autograder.course.learner.compare import compare
from autograder.course.learner.progress import progress
from autograder.course.unit import Unit


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of a start page and one unit: 30 core points, 20 stretch; built without nbgrader."""
    for module in (predict, comparing):
        monkeypatch.setattr(module, "repository", lambda: tmp_path)
    sample_course.start_page(tmp_path)
    sample_course.write(tmp_path)
    for name in ("00_start_here", "11_catalog"):
        unit = Unit(tmp_path, name)
        unit.lesson.parent.mkdir(exist_ok=True)
        cells = parse.read(unit.lesson_text, "lesson.py")
        content = render.lesson(cells, "lesson.py")
        unit.lesson.write_bytes(render.as_bytes(content))
    cells = parse.read(unit.lab_text, "lab.py")
    content = render.as_bytes(render.lab(cells, "lab.py"))
    for path in (unit.lab, unit.release, unit.work_lab):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def scored(root: Path, **cells: float) -> None:
    most = {"judge_visible": 10, "judge_hidden": 20, "card_visible": 20}
    entries = {name: [score, most[name]] for name, score in cells.items()}
    with store.changing(store.folder(root) / "points.json") as points:
        points["11_catalog"] = entries


def test_at_the_start_everything_is_open(root: Path) -> None:
    said = str(progress(root))
    assert "00_start_here" in said
    assert "11_catalog     ░░░░░░░░░░  0 of 50 points" in said
    assert "Core: 0 of 30 points. Stretch: 0 of 20." in said
    assert (
        "To finish the course: 24 core points (24 points to go) and the audit of your own bot."
        in said
    )
    assert "About 21 minutes are left." in said  # two lessons of 3, a lab of 15
    assert said.endswith("Next: the lesson, work/00_start_here/00_start_here.ipynb.")


def test_after_the_lessons_the_first_open_exercise_is_next(root: Path) -> None:
    predict.predict("A", about="first-beat")
    assert "Next: the lesson, work/11_catalog/11_catalog_lesson.ipynb." in str(progress(root))
    predict.predict("A", about="sleepy")
    said = str(progress(root))
    assert "Next: `judge` (30 points) in work/11_catalog/11_catalog.ipynb." in said
    assert "About 15 minutes are left." in said


def test_whoever_begins_with_the_lab_is_not_sent_back_to_the_lesson(root: Path) -> None:
    predict.predict("A", about="first-beat")
    scored(root, judge_visible=10.0)
    assert "Next: `judge` (30 points) in work/11_catalog/11_catalog.ipynb." in str(progress(root))


def test_points_count_towards_the_finish_line(root: Path) -> None:
    predict.predict("A", about="first-beat")
    scored(root, judge_visible=10.0, judge_hidden=10.0)
    said = str(progress(root))
    assert "Core: 20 of 30 points." in said
    assert "4 points to go" in said
    scored(root, judge_visible=10.0, judge_hidden=20.0)
    said = str(progress(root))
    assert "You have enough points to finish the course; now audit your own bot." in said
    assert said.endswith("Next: you have done everything here.")


@pytest.mark.parametrize(
    "broken",
    [
        "not JSON",
        "[1]",
        '{"11_catalog": 5}',
        '{"11_catalog": {"judge_visible": "x", "judge_hidden": [null, 2], "gone": [9, 9]}}',
        '{"11_catalog": {"judge_visible": [-4, 10]}}',
    ],
)
def test_broken_points_are_no_points(root: Path, broken: str) -> None:
    path = store.folder(root) / "points.json"
    path.parent.mkdir(parents=True)
    path.write_text(broken, encoding="utf-8")
    assert "Core: 0 of 30 points." in str(progress(root))


def test_a_notebook_shows_what_a_terminal_shows_with_the_pages_as_links(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict.predict("A", about="first-beat")
    predict.predict("A", about="sleepy")
    (root / "work" / "00_start_here").mkdir()
    monkeypatch.chdir(root / "work" / "00_start_here")  # where the start page's kernel runs
    page = progress(root)._repr_html_()
    assert repr(progress(root)) == str(progress(root))
    seen = "".join(html.unescape(re.sub("<[^>]+>", "", page)).split())
    for line in str(progress(root)).replace("`", "").splitlines():
        assert "".join(line.split()) in seen
    [link] = re.findall(r'<a href="([^"]+)">work/11', page)
    assert Path(link).resolve() == Unit(root, "11_catalog").work_lab


def test_who_has_answered_hears_how_the_points_come(root: Path) -> None:
    predict.predict("A", about="first-beat")
    predict.predict("A", about="sleepy")
    assert "check" not in str(progress(root))
    lab = Unit(root, "11_catalog").work_lab
    content = json.loads(lab.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = "async def judge(): ..."
    lab.write_text(json.dumps(content), encoding="utf-8")
    said = str(progress(root))
    assert "For its points, click Validate above it" in said
    assert "`python3 -m autograder check work/11_catalog/11_catalog.ipynb`." in said


def test_after_a_week_and_a_pull_nothing_is_lost_and_the_page_leads_to_what_is_new(
    root: Path,
) -> None:
    unit = Unit(root, "11_catalog")
    copies.copy_units(root)
    predict.predict("A", about="first-beat")
    predict.predict("A", about="sleepy")
    scored(root, judge_visible=10.0)
    answered = json.loads(unit.work_lab.read_text(encoding="utf-8"))
    for cell in answered["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "judge":
            cell["source"] = "async def judge(): ..."
    unit.work_lab.write_text(json.dumps(answered), encoding="utf-8")
    before = unit.work_lab.read_bytes()
    pulled = json.loads(unit.release.read_text(encoding="utf-8"))
    pulled["cells"].append(
        {"cell_type": "markdown", "id": "z", "metadata": {}, "source": "## News"}
    )
    unit.release.write_text(json.dumps(pulled), encoding="utf-8")
    [told] = [said for said in copies.copy_units(root) if "kept as you changed it" in said]
    assert told.endswith("What is new: News.")
    assert unit.work_lab.read_bytes() == before
    said = str(progress(root))
    assert "Core: 10 of 30 points." in said
    assert said.count("1 of 1 predictions") == 2
    assert (
        "newer version of a notebook that you changed: work/11_catalog/11_catalog.new.ipynb."
        in said
    )
    newer = unit.work / "11_catalog.new.ipynb"
    assert "async def judge(): ..." in newer.read_text(encoding="utf-8")
    assert "## News" in newer.read_text(encoding="utf-8")


def test_a_repository_without_units_says_what_to_do(tmp_path: Path) -> None:
    assert "`python3 -m autograder build`" in str(progress(tmp_path))


def test_the_solution_is_shown_after_passing_or_on_request(root: Path) -> None:
    assert "0 of 30 points" in repr(compare("judge"))
    assert "anyway=True" in repr(compare("judge"))
    assert "verdicts_of_judging" not in repr(compare("judge"))
    assert "verdicts_of_judging" in repr(compare("judge", anyway=True))
    scored(root, judge_visible=10.0, judge_hidden=20.0)
    shown = repr(compare("judge"))
    assert "verdicts_of_judging" in shown
    assert "SOLUTION" not in shown


def test_the_comparison_shows_both_answers(root: Path) -> None:
    path = Unit(root, "11_catalog").work_lab
    content = json.loads(path.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["id"] == "card":
            cell["source"] = 'async def card():\n    return {"name": "<mine>"}'
    path.write_text(json.dumps(content), encoding="utf-8")
    both = compare("card", anyway=True)
    assert '-    return {"name": "<mine>"}' in repr(both)
    assert '+    return {"name": "mine"}' in repr(both)
    assert "&lt;mine&gt;" in both._repr_html_()


def test_our_answer_is_shown_without_the_program_that_learners_start_from(root: Path) -> None:
    path = Unit(root, "11_catalog").lab
    content = json.loads(path.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["id"] == "card":
            cell["source"] += (
                "\n    # The current version:\n    if wrong:\n        return {}\n"
                "    return wrong\n\n\n"
                "async def another():\n    return ours"
            )
    path.write_text(json.dumps(content), encoding="utf-8")
    both = comparing.compare("card", anyway=True)
    assert "wrong" not in both.ours
    assert "The current version" not in both.ours
    assert '    return {"name": "mine"}' in both.ours
    assert both.ours.endswith("async def another():\n    return ours")


def test_what_cannot_be_compared_is_a_sentence(root: Path) -> None:
    assert "There is no exercise 'jugde'" in repr(compare("jugde"))
    Unit(root, "11_catalog").lab.unlink()
    assert "answers are not here" in repr(compare("judge", anyway=True))


FIRST_EDITION = {
    "07_network": {"dogs_check": [25, 25], "heartbeat_check": [20, 20], "zombie_check": [0, 10]},
    "12_capstone": {"steady_visible": [25, 25]},
}


def first_edition(root: Path, scores: dict[str, object]) -> Path:
    path = store.folder(root) / "points.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(scores), encoding="utf-8")
    return path


def test_points_of_the_first_edition_count_where_the_exercise_is_today(root: Path) -> None:
    path = first_edition(root, FIRST_EDITION)
    before = path.read_bytes()
    now = points.read(root)
    assert path.read_bytes() == before  # reading changes nothing
    assert now["07_network"] == {"dogs_check": [25, 25]}
    assert now["13_by_hand"] == {"heartbeat_check": [20, 20], "zombie_check": [0, 10]}
    assert now["complete"] is False
    with points.changing(root) as scores:
        scores["13_by_hand"]["zombie_check"] = [10, 10]
    assert points.read(root)["13_by_hand"]["zombie_check"] == [10, 10]
    assert points.read(root)["07_network"] == {"dogs_check": [25, 25]}


@pytest.mark.parametrize(("core", "complete"), [(623.0, False), (624.0, True)])
def test_who_had_reached_the_core_points_has_reached_them(
    root: Path, core: float, complete: bool
) -> None:
    stretch = {"names_check": [10, 10], "timers_hidden": [500, 500]}
    had = core - 20
    first_edition(
        root,
        {
            "03_gateway": {"odds_check": [had, had], **stretch},
            "07_network": {"heartbeat_check": [20, 20]},
        },
    )
    said = str(progress(root))
    assert ("You reached the core points in an earlier edition" in said) is complete
    assert ("points to go" in said) is not complete


def test_progress_names_what_is_new_only_to_those_who_began_before(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(points, "ADDED", ("card",))
    monkeypatch.setattr(points, "MOVED", {("07_network", "judge"): "11_catalog"})
    news = "New since the first edition: `card` in 11_catalog. Moved since the first edition: "
    assert "first edition" not in str(progress(root))
    with points.changing(root) as scores:
        scores["11_catalog"] = {}
    assert "first edition" not in str(progress(root))
    first_edition(root, {"07_network": {"judge_visible": [10, 10]}})
    said = " ".join(str(progress(root)).splitlines())
    assert f"{news}`judge`, now in 11_catalog, with your points." in said
    assert "10 of 50 points" in said


def test_two_files_are_merged_with_the_better_scores() -> None:
    here = {"edition": 2, "13_by_hand": {"heartbeat_check": [5, 20]}, "complete": True}
    both = points.merged(here, FIRST_EDITION)
    assert both["13_by_hand"] == {"heartbeat_check": [20, 20], "zombie_check": [0, 10]}
    assert both["07_network"] == {"dogs_check": [25, 25]}
    assert both["complete"] is True

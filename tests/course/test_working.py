"""Copies in work/: nothing a learner changed is ever overwritten, and everything done is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autograder.course import store
from autograder.course.learner import copies, renewal
from autograder.course.unit import Unit
from autograder.outcomes import UserMistake

UNIT = "03_gateway"


def notebook(text: str) -> str:
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": [text], "outputs": []}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def release(root: Path, text: str, unit: str = UNIT) -> None:
    path = Unit(root, unit).release
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook(text), encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    release(tmp_path, "first")
    for name, text in ((UNIT, "lesson"), ("00_start_here", "start")):
        lesson = Unit(tmp_path, name).lesson
        lesson.parent.mkdir(exist_ok=True)
        lesson.write_text(notebook(text), encoding="utf-8")
    for figure in (f"notebooks/figures/{UNIT}/beat.svg", f"release/{UNIT}/figures/loop.svg"):
        (tmp_path / figure).parent.mkdir(parents=True)
        (tmp_path / figure).write_text(figure, encoding="utf-8")
    return tmp_path


def lab(root: Path) -> Path:
    return root / "work" / UNIT / f"{UNIT}.ipynb"


def test_lessons_labs_and_figures_are_copied_once(root: Path) -> None:
    assert copies.copy_units(root) == [
        "work/00_start_here/00_start_here.ipynb: copied.",
        "work/03_gateway/03_gateway_lesson.ipynb: copied.",
        "work/03_gateway/03_gateway.ipynb: copied.",
    ]
    assert (root / f"work/{UNIT}/figures/{UNIT}/beat.svg").exists()
    assert (root / f"work/{UNIT}/figures/loop.svg").exists()
    assert copies.copy_units(root) == []


def test_a_changed_copy_is_left_alone(root: Path) -> None:
    copies.copy_units(root)
    lab(root).write_text(notebook("mine"), encoding="utf-8")
    assert copies.copy_units(root) == []
    assert lab(root).read_text(encoding="utf-8") == notebook("mine")


def test_an_untouched_copy_is_brought_up_to_date(root: Path) -> None:
    copies.copy_units(root)
    release(root, "second")
    (said,) = copies.copy_units(root)
    assert said.startswith("work/03_gateway/03_gateway.ipynb: brought up to date; you had not")
    assert lab(root).read_text(encoding="utf-8") == notebook("second")
    assert copies.copy_units(root) == []


def test_a_copy_that_jupyterlab_only_saved_again_counts_as_untouched(root: Path) -> None:
    copies.copy_units(root)
    content = json.loads(lab(root).read_text(encoding="utf-8"))
    content["metadata"]["language_info"] = {"name": "python"}
    content["cells"][0]["id"] = "other"
    lab(root).write_text(json.dumps(content, indent=1), encoding="utf-8")
    release(root, "second")
    assert "brought up to date" in copies.copy_units(root)[0]


def test_a_copy_with_results_counts_as_changed(root: Path) -> None:
    copies.copy_units(root)
    content = json.loads(lab(root).read_text(encoding="utf-8"))
    content["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "hi"}]
    lab(root).write_text(json.dumps(content), encoding="utf-8")
    release(root, "second")
    assert "kept as you changed it" in copies.copy_units(root)[0]


def test_a_changed_copy_is_kept_and_the_new_one_lies_beside_it(root: Path) -> None:
    copies.copy_units(root)
    lab(root).write_text(notebook("mine"), encoding="utf-8")
    release(root, "second")
    (said,) = copies.copy_units(root)
    assert said.startswith("work/03_gateway/03_gateway.ipynb: kept as you changed it; a newer")
    assert "03_gateway.new.ipynb" in said
    beside = lab(root).with_name("03_gateway.new.ipynb")
    assert lab(root).read_text(encoding="utf-8") == notebook("mine")
    assert beside.read_text(encoding="utf-8") == notebook("second")
    assert copies.copy_units(root) == []
    beside.unlink()  # read, and thrown away: it is not offered a second time
    assert copies.copy_units(root) == []
    assert not beside.exists()


def lab_of(statement: str, **answers: str) -> str:
    """A lab of two exercises, with these answer cells."""

    def cell(kind: str, source: str, **about: object) -> dict[str, object]:
        more = {"outputs": [], "execution_count": None} if kind == "code" else {}
        return {"cell_type": kind, "id": "a", "metadata": about, "source": source, **more}

    cells = [cell("markdown", "# Lab 03")]
    for name, answer in answers.items():
        cells.append(
            cell("markdown", f"## {name}\n{statement}" if name == "roll" else f"## {name}")
        )
        cells.append(cell("code", answer, nbgrader={"grade_id": name, "solution": True}))
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_after_a_pull_the_new_lab_holds_the_old_answers_and_what_is_new_is_said(
    root: Path,
) -> None:
    stub = "raise NotImplementedError()"
    Unit(root, UNIT).release.write_text(lab_of("in 2 s", roll=stub, ban=stub), encoding="utf-8")
    copies.copy_units(root)
    worked = lab_of("in 2 s", roll="mine", ban=stub)
    lab(root).write_text(worked, encoding="utf-8")
    newer = lab_of("in 1 s", roll=stub, ban=f"# now shorter\n{stub}", kick=stub)
    Unit(root, UNIT).release.write_text(newer, encoding="utf-8")
    (said,) = copies.copy_units(root)
    assert "kept as you changed it" in said
    assert "03_gateway.new.ipynb, with your answers in it" in said
    assert said.endswith("What is new: roll, ban, kick.")
    assert lab(root).read_text(encoding="utf-8") == worked
    beside = json.loads(lab(root).with_name("03_gateway.new.ipynb").read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in beside["cells"]]
    assert sources == [
        *("# Lab 03", "## roll\nin 1 s", "mine", "## ban", f"# now shorter\n{stub}"),
        *("## kick", stub),
    ]
    assert copies.copy_units(root) == []


def test_a_lab_begins_with_the_answers_to_exercises_that_have_moved_to_it(root: Path) -> None:
    stub = "raise NotImplementedError()"
    then, now = Unit(root, "07_network"), Unit(root, "13_by_hand")
    then.release.parent.mkdir(parents=True)
    then.release.write_text(lab_of("", dogs=stub, heartbeat=stub, zombie=stub), encoding="utf-8")
    copies.copy_units(root)
    worked = lab_of("", dogs="my dogs", heartbeat="my heartbeat", zombie=stub)
    then.work_lab.write_text(worked, encoding="utf-8")
    then.release.write_text(lab_of("", dogs=stub), encoding="utf-8")
    now.release.parent.mkdir(parents=True)
    new_stub = f"# in 13\n{stub}"
    now.release.write_text(lab_of("", heartbeat=new_stub, zombie=new_stub), encoding="utf-8")
    said = copies.copy_units(root)
    assert said[-1] == (
        "work/13_by_hand/13_by_hand.ipynb: has your answers to exercises that were in "
        "work/07_network/07_network.ipynb."
    )
    assert then.work_lab.read_text(encoding="utf-8") == worked
    sources = renewal.answers(now.work_lab.read_bytes())
    assert sources == {"heartbeat": "my heartbeat", "zombie": new_stub}
    assert copies.copy_units(root) == []
    now.release.write_text(lab_of("", heartbeat="# newer", zombie=new_stub), encoding="utf-8")
    (said_again,) = copies.copy_units(root)
    assert "kept as you changed it" in said_again
    copies.reset(root, "13")
    assert renewal.answers(now.work_lab.read_bytes())["heartbeat"] == "# newer"


def test_the_first_copies_are_told_in_one_sentence(root: Path) -> None:
    for name in ("01_coroutines", "02_tasks"):
        release(root, name, name)
    (said,) = copies.copy_units(root)
    assert said == "work/ has your own copies of 5 notebooks: they are yours to change."


def test_a_newer_offer_replaces_the_old_one_unless_that_was_changed(root: Path) -> None:
    copies.copy_units(root)
    lab(root).write_text(notebook("mine"), encoding="utf-8")
    beside = lab(root).with_name("03_gateway.new.ipynb")
    release(root, "second")
    copies.copy_units(root)
    release(root, "third")
    copies.copy_units(root)
    assert beside.read_text(encoding="utf-8") == notebook("third")
    beside.write_text(notebook("half of it is mine"), encoding="utf-8")
    release(root, "fourth")
    assert "03_gateway.new (2).ipynb" in copies.copy_units(root)[0]
    assert beside.read_text(encoding="utf-8") == notebook("half of it is mine")


def test_a_deleted_copy_comes_back(root: Path) -> None:
    copies.copy_units(root)
    lab(root).unlink()
    assert copies.copy_units(root) == ["work/03_gateway/03_gateway.ipynb: copied again."]


@pytest.mark.parametrize("broken", ["", "not JSON", "[]", '{"03_gateway/03_gateway.ipynb": 7}'])
def test_a_broken_record_loses_nothing(root: Path, broken: str) -> None:
    copies.copy_units(root)
    record = store.folder(root) / "copied.json"
    record.write_text(broken, encoding="utf-8")
    assert copies.copy_units(root) == []  # equal to what would be copied: taken up again
    record.write_text(broken, encoding="utf-8")
    lab(root).write_text(notebook("mine"), encoding="utf-8")
    (said,) = copies.copy_units(root)
    assert "kept as you changed it" in said
    assert lab(root).read_text(encoding="utf-8") == notebook("mine")


def test_reset_keeps_the_old_lab_under_its_date(root: Path) -> None:
    copies.copy_units(root)
    for mine in ("mine", "mine again"):
        lab(root).write_text(notebook(mine), encoding="utf-8")
        kept, copied = copies.reset(root, "03")
        assert "your old one is kept here" in kept
        assert copied == "work/03_gateway/03_gateway.ipynb: copied."
        assert lab(root).read_text(encoding="utf-8") == notebook("first")
    old = sorted((lab(root).parent / "kept").glob("03_gateway 20??-??-?? ??.??*.ipynb"))
    assert {path.read_text(encoding="utf-8") for path in old} == {
        notebook("mine"),
        notebook("mine again"),
    }


def test_reset_of_an_unknown_unit_names_the_units_there_are(root: Path) -> None:
    with pytest.raises(UserMistake, match="no unit '99'; there are 00_start_here, 03_gateway"):
        copies.reset(root, "99")


def test_a_work_folder_that_cannot_be_written_is_one_sentence(root: Path) -> None:
    (root / "work").write_text("a file", encoding="utf-8")
    with pytest.raises(UserMistake, match="make it writable"):
        copies.copy_units(root)
    assert (root / "work").read_text(encoding="utf-8") == "a file"

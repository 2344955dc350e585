"""`save` and `restore`: work/ goes into one file and comes back, and nothing is lost on the way."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from autograder.course import store
from autograder.course.learner import copies
from autograder.course.learner.backup import reset, restore, save
from autograder.outcomes import UserMistake

LAB = "03_gateway/03_gateway.ipynb"


def notebook(*sources: str) -> bytes:
    cells = [{"cell_type": "code", "source": source, "outputs": []} for source in sources]
    return json.dumps({"cells": cells}).encode()


HANDED_OUT = notebook("raise NotImplementedError()")
NEWER_COURSE = notebook("raise NotImplementedError()", "a new cell")
WORKED = notebook("await asyncio.sleep(0.9)")


def computer(root: Path, course: bytes = HANDED_OUT) -> Path:
    """A repository whose lab was just copied to work/."""
    release = root / "release" / LAB
    release.parent.mkdir(parents=True)
    release.write_bytes(course)
    copies.copy_units(root)
    assert (root / "work" / LAB).read_bytes() == course
    return root


def note(root: Path, name: str, content: dict[str, Any]) -> None:
    with store.changing(store.folder(root) / name) as stored:
        stored.update(content)


def carried(saved: Path | None, there: Path) -> str:
    """Uploads a saved file to another computer's work/, as JupyterLab's file list does."""
    assert saved is not None
    (there / "work" / saved.name).write_bytes(saved.read_bytes())
    return saved.name


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A computer on which the lab was worked."""
    root = computer(tmp_path / "here")
    (root / "work" / LAB).write_bytes(WORKED)
    return root


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """The next Binder: everything as it was handed out."""
    return computer(tmp_path / "there")


def test_work_guesses_and_points_come_back_on_a_fresh_computer(here: Path, there: Path) -> None:
    note(here, "answers.json", {"first-kill": {"guess": "B", "right": True, "at": "2026-11-22"}})
    note(here, "points.json", {"03_gateway": {"defer_visible": [5, 5]}})
    (here / "work" / "mine").mkdir()
    (here / "work" / "mine" / "bot.py").write_text("print('ö')", encoding="utf-8")
    told = restore(carried(save(here).file, there), there)
    assert told.sentences == [f"work/{LAB}: is back.", "work/mine/bot.py: is back."]
    assert (there / "work" / LAB).read_bytes() == WORKED
    assert (there / "work" / "mine" / "bot.py").read_text(encoding="utf-8") == "print('ö')"
    assert store.read(store.folder(there) / "answers.json")["first-kill"]["guess"] == "B"
    assert store.read(store.folder(there) / "points.json")["03_gateway"] == {
        "defer_visible": [5, 5]
    }


def test_what_was_changed_here_stays_and_the_saved_one_is_put_beside_it(
    here: Path, there: Path
) -> None:
    changed = notebook("my second try")
    (there / "work" / LAB).write_bytes(changed)
    name = carried(save(here).file, there)
    told = restore(name, there)
    assert "kept as it is here" in told.sentences[0]
    assert "03_gateway.saved.ipynb" in told.sentences[0]
    assert (there / "work" / LAB).read_bytes() == changed
    beside = (there / "work" / LAB).with_name("03_gateway.saved.ipynb")
    assert beside.read_bytes() == WORKED
    assert restore(name, there).sentences == [f"{name}: all of it is here already."]
    beside.write_bytes(notebook("changed as well"))
    assert "03_gateway.saved (2).ipynb" in restore(name, there).sentences[0]
    assert beside.read_bytes() == notebook("changed as well")


def test_an_untouched_copy_of_an_older_course_replaces_nothing(tmp_path: Path) -> None:
    old, new = computer(tmp_path / "old"), computer(tmp_path / "new", NEWER_COURSE)
    told = restore(carried(save(old).file, new), new)
    assert "all of it is here already" in told.sentences[0]
    assert (new / "work" / LAB).read_bytes() == NEWER_COURSE


def test_a_newer_course_is_still_offered_for_work_that_was_brought_back(
    here: Path, tmp_path: Path
) -> None:
    new = computer(tmp_path / "new", NEWER_COURSE)
    restore(carried(save(here).file, new), new)
    assert (new / "work" / LAB).read_bytes() == WORKED
    assert "a newer version is beside it" in copies.copy_units(new)[0]


def test_of_two_guesses_the_later_counts_and_of_two_scores_the_better(
    here: Path, there: Path
) -> None:
    def guess(letter: str, day: int) -> dict[str, Any]:
        return {"guess": letter, "right": True, "at": f"2026-11-{day}T10:00:00"}

    note(here, "answers.json", {"one": guess("A", 20), "two": guess("B", 22)})
    note(there, "answers.json", {"one": guess("C", 21), "two": guess("D", 21)})
    note(here, "points.json", {"03_gateway": {"x": [5, 5], "y": [0, 9]}})
    note(there, "points.json", {"03_gateway": {"x": [0, 5], "y": [9, 9], "z": [1, 1]}})
    restore(carried(save(here).file, there), there)
    answers = store.read(store.folder(there) / "answers.json")
    assert (answers["one"]["guess"], answers["two"]["guess"]) == ("C", "B")
    points = store.read(store.folder(there) / "points.json")["03_gateway"]
    assert points == {"x": [5, 5], "y": [9, 9], "z": [1, 1]}


def test_an_unchanged_work_folder_is_not_saved_twice(here: Path) -> None:
    first = save(here).file
    assert first is not None
    earlier = first.with_name("unblocked-2026-01-01-0000.zip")
    first.rename(earlier)
    assert save(here).file == earlier
    (here / "work" / LAB).write_bytes(notebook("changed"))
    assert save(here).file != earlier
    assert len(list((here / "work").glob("*.zip"))) == 2


def test_saved_files_and_what_programs_leave_behind_are_not_saved(here: Path) -> None:
    for name in (
        ".ipynb_checkpoints/a.ipynb",
        "03_gateway/unblocked-2.zip",
        ".unblocked/.answers.json.lock",
    ):
        path = here / "work" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"{}")
    saved = save(here).file
    assert saved is not None
    with zipfile.ZipFile(saved) as archive:
        assert sorted(archive.namelist()) == [".unblocked/copied.json", LAB]


def test_the_question_mark_says_what_there_is_and_changes_nothing(here: Path) -> None:
    assert "no saved file here" in restore("?", here).sentences[0]
    saved = save(here).file
    assert saved is not None
    assert saved.name in restore("?", here).sentences[0]


def test_a_lab_is_begun_anew_only_when_it_is_named_and_the_old_one_is_kept(here: Path) -> None:
    assert "start a lab again" in reset("?", here).sentences[0]
    assert (here / "work" / LAB).read_bytes() == WORKED
    kept, copied, open_again = reset("03", here).sentences
    [old] = (here / "work" / "03_gateway" / "kept").iterdir()
    assert old.name in kept
    assert old.read_bytes() == WORKED
    assert (here / "work" / LAB).read_bytes() == HANDED_OUT
    assert "copied" in copied
    assert "open it again" in open_again


@pytest.mark.parametrize("number", [3, "3", "03"])
def test_a_lab_is_named_by_its_number_in_any_form(here: Path, number: int | str) -> None:
    assert "your old one is kept here" in reset(number, here).sentences[0]


def test_a_link_to_the_file_is_shown(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here / "work" / "03_gateway")
    told = save(here)
    assert told.file is not None
    assert f'href="../{told.file.name}" download' in told._repr_html_()


@pytest.mark.parametrize("name", ["missing.zip", "notes.zip", "half.zip", "text.zip"])
def test_a_file_that_cannot_be_restored_is_one_sentence_and_changes_nothing(
    name: str, here: Path, there: Path
) -> None:
    saved = save(here).file
    assert saved is not None
    whole = saved.read_bytes()
    work = there / "work"
    (work / "half.zip").write_bytes(whole[: len(whole) // 2])
    (work / "text.zip").write_bytes(b"not a zip file")
    with zipfile.ZipFile(work / "notes.zip", "w") as archive:
        archive.writestr(LAB, "somebody else's")
    with pytest.raises(UserMistake, match=name):
        restore(name, there)
    assert (work / LAB).read_bytes() == HANDED_OUT


def test_no_file_is_written_outside_work(here: Path, there: Path) -> None:
    saved = save(here).file
    assert saved is not None
    with zipfile.ZipFile(saved, "a") as archive:
        for name in ("../evil.py", f"{there.parent}/evil.py", "a/../../evil.py", "C:\\evil.py"):
            archive.writestr(name, "evil")
    before = set(there.parent.rglob("*"))
    restore(carried(saved, there), there)
    added = {path.name for path in there.parent.rglob("*")} - {path.name for path in before}
    assert "evil.py" not in added


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(UserMistake, match="work"):
        save(tmp_path)

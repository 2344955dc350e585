"""What goes with a notebook into an examination: the files beside it, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autograder.grading.examination import files
from autograder.outcomes import UserMistake


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A submission: two files, an empty folder, and what must not go with them."""
    beside = tmp_path / "submitted"
    for name in ("jobs.py", "data/pets.json", "lab.ipynb", "data/other.ipynb", "__pycache__/x.pyc"):
        (beside / name).parent.mkdir(parents=True, exist_ok=True)
        (beside / name).write_text(name, encoding="utf-8")
    (beside / "out").mkdir(mode=0o500)
    (beside / "answers.py").symlink_to(__file__)
    (beside / "home").symlink_to(tmp_path)
    os.mkfifo(beside / "pipe")
    return beside


def test_a_copy_holds_files_and_folders_but_no_links_pipes_and_notebooks(
    folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "copy"
    files.copy(folder, target, ["__pycache__"])
    found = {path.relative_to(target).as_posix() for path in target.rglob("*")}
    assert found == {"jobs.py", "data", "data/pets.json", "out"}
    assert target.stat().st_mode & 0o777 == 0o700
    (target / "out" / "new").write_text("")  # the learner's program may write there


def test_what_is_sent_is_what_would_be_copied(folder: Path) -> None:
    sent = files.files_below(folder, ["__pycache__"])
    assert sent == {"jobs.py": b"jobs.py", "data/pets.json": b"data/pets.json"}


def test_nothing_beside_a_notebook_is_nothing_to_copy(tmp_path: Path) -> None:
    for number, origin in enumerate((None, tmp_path / "not there")):
        files.copy(origin, tmp_path / str(number), [])
        assert list((tmp_path / str(number)).iterdir()) == []


def test_too_much_beside_a_notebook_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_FILES", 10)
    for act in (
        lambda: files.copy(folder, tmp_path / "copy", []),
        lambda: files.files_below(folder, []),
    ):
        with pytest.raises(UserMistake, match="larger than 0 MB"):
            act()

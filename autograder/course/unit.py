"""What a unit is, and where its files are: in source/, the built ones, the copies in work/."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.paths import ROOT, work_folder

PICTURES = frozenset({".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp"})
_MINUTES = re.compile(r"(lesson|lab)\W*(?:\w+\W+){0,2}?(\d+)", re.IGNORECASE)
_NAME = re.compile(r"\d\d_[a-z0-9_]+")
# Two lists for nbgrader_config.py, for instructors who run nbgrader in the repository itself. The
# first is nbgrader's default for every folder that it copies, including those of submissions.
NEVER_COPIED = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback"]
# The second is for source/ only. A submission needs its files with such names: the student's
# helpers.py, nbgrader's timestamp.txt and submission_secret.txt.
NEVER_RELEASED = [*NEVER_COPIED, "*.py", "*.toml", "*.md", "*.txt"]


@dataclass(frozen=True)
class Unit:
    """One unit of one repository, by its name (`03_gateway`)."""

    root: Path
    name: str

    @property
    def number(self) -> str:
        return self.name[:2]

    @property
    def folder(self) -> Path:
        """The folder in source/ where authors write the unit."""
        return self.root / "source" / self.name

    @property
    def lesson_text(self) -> Path:
        return self.folder / "lesson.py"

    @property
    def lab_text(self) -> Path:
        return self.folder / "lab.py"

    @property
    def questions(self) -> Path:
        return self.folder / "questions.toml"

    @property
    def design(self) -> Path:
        return self.folder / "design.md"

    @property
    def figures(self) -> Path:
        return self.folder / "figures"

    @property
    def lesson(self) -> Path:
        """The built lesson."""
        return self.root / "notebooks" / f"{self.name}.ipynb"

    @property
    def lesson_figures(self) -> Path:
        return self.root / "notebooks" / "figures" / self.name

    @property
    def lab(self) -> Path:
        """The built lab, with answers and hidden tests."""
        return self.folder / f"{self.name}.ipynb"

    @property
    def release(self) -> Path:
        """The lab as learners get it, without answers and hidden tests."""
        return self.root / "release" / self.name / f"{self.name}.ipynb"

    def minutes(self) -> dict[str, int]:
        """Return what the design note says: {"lesson": 35, "lab": 40}; what it lacks is missing."""
        text = self.design.read_text(encoding="utf-8") if self.design.exists() else ""
        lines = [line for line in text.splitlines() if "minute" in line.lower()]
        found = [match for line in lines for match in _MINUTES.finditer(line)]
        return {match[1].lower(): int(match[2]) for match in found}

    @property
    def answers(self) -> Path:
        """The right and wrong answers that prove the lab."""
        return self.root / "tests" / "answers" / self.name

    @property
    def work(self) -> Path:
        """The learner's copies."""
        return work_folder(self.root) / self.name

    @property
    def work_lesson(self) -> Path:
        """The copy of the lesson: `..._lesson` if there is a lab, so that browser tabs differ."""
        return self.work / f"{self.name}{'_lesson' if self.release.exists() else ''}.ipynb"

    @property
    def work_lab(self) -> Path:
        return self.work / f"{self.name}.ipynb"


def repository() -> Path:
    """Return the folder that holds the package, source/ and release/."""
    return ROOT


def written(root: Path) -> list[Unit]:
    """Return the units that have a text in source/, in the order of their numbers."""
    return [
        unit
        for unit in _named(root, root / "source", "*")
        if unit.lesson_text.exists() or unit.lab_text.exists()
    ]


def built(root: Path) -> list[Unit]:
    """Return the units that a learner can open: a built lesson, a released lab, or both."""
    names = {unit.name for unit in _named(root, root / "notebooks", "*.ipynb")}
    names |= {unit.name for unit in _named(root, root / "release", "*") if unit.release.exists()}
    return [Unit(root, name) for name in sorted(names)]


def shown(root: Path, path: Path) -> str:
    """Return a path as messages show it, with forward slashes.

    It is relative to the repository, or begins with `~` when it is elsewhere in the user's home.
    """
    if path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    with contextlib.suppress(RuntimeError):  # a user without a home
        if os.name == "posix" and path.is_relative_to(Path.home()):
            return f"~/{path.relative_to(Path.home()).as_posix()}"
    return path.as_posix()


def _named(root: Path, folder: Path, pattern: str) -> list[Unit]:
    names = sorted(path.stem for path in folder.glob(pattern) if _NAME.fullmatch(path.stem))
    return [Unit(root, name) for name in names]


FOLDER = "toolbox"


def copies(root: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each file of the toolbox that is copied to work/, with the path of its copy."""
    for path in sorted((root / "notebooks" / FOLDER).glob("*")):
        if path.suffix in (".ipynb", ".py"):
            yield path, work_folder(root) / FOLDER / path.name

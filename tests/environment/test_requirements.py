"""requirements.txt names what the course imports; contributors' packages are not needed for it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from autograder.environment import requirements

ROOT = Path(__file__).resolve().parents[2]
OWN = {"autograder", "chores", "errands", "jobs", "loopwatch", "slowbot", "test_slowbot"}
# Each of these modules says itself what is missing, or is a command of contributors.
OTHERS = {
    "importlinter": "autograder/course/author/floors.py",
    "playwright": "autograder/bench/door/door.py",
    "distributed": "autograder/grading/batch/executors.py",
    "winloop": "autograder/monitor/run.py",  # on Windows only
}


def imported(path: Path) -> Iterator[str]:
    """The first names of the modules that a file imports anywhere."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.slow
def test_requirements_name_what_is_imported() -> None:
    named = {plain(Requirement(each).name) for each in requirements.of(ROOT, contributor=False)}
    provided = packages_distributions()
    unnamed = set()
    for folder in ("autograder", "source"):
        for path in (ROOT / folder).rglob("*.py"):
            for module in {*imported(path)} - {*sys.stdlib_module_names} - OWN:
                by = {plain(name) for name in provided.get(module, ())}
                place = path.relative_to(ROOT).as_posix()
                if not by & named and OTHERS.get(module) != place:
                    unnamed.add(f"{module} in {place}")
    assert not unnamed


def test_contributors_packages_are_named_once() -> None:
    for_all = {plain(Requirement(each).name) for each in requirements.of(ROOT, contributor=False)}
    more = {plain(Requirement(each).name) for each in requirements.of_contributors(ROOT)}
    assert more
    assert not more & for_all

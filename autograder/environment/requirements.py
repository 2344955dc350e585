"""What must be installed: requirements.txt, and for contributors an extra of pyproject.toml too.

Learners, instructors and Binder need requirements.txt only. The commands `test` and `bench` also
need the extra: without it, a first start is a quarter smaller.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

CONTRIBUTORS = "contributors"  # the extra's name


def of(root: Path, *, contributor: bool) -> list[str]:
    """Return each requirement of the course in `root`, as pip reads it."""
    lines = (root / "requirements.txt").read_text("utf-8").splitlines()
    found = [line.partition("#")[0].strip() for line in lines]
    # "-e ." is this folder, which the commands add to the path themselves
    everybodys = [each for each in found if each and not each.startswith("-")]
    return everybodys + (of_contributors(root) if contributor else [])


def of_contributors(root: Path) -> list[str]:
    """Return what only contributors need."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8")).get("project", {})
    found: list[str] = project.get("optional-dependencies", {}).get(CONTRIBUTORS, [])
    return found


def are_installed(requirements: Iterable[str]) -> bool:
    """Whether this interpreter has all of these, in the right versions."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return False
    from importlib.metadata import PackageNotFoundError, version

    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            return False
        if not requirement.specifier.contains(found, prereleases=True):
            return False
    return True

"""The machine and the programs that examined a notebook: its grade depends on them too."""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from autograder import paths

PACKAGE = "unblocked"


@dataclass(frozen=True)
class Surroundings:
    """A machine, and the programs on it that grade."""

    package: str  # version of this course
    code: str  # digest of its modules: not every commit changes the version
    python: str
    nbgrader: str
    system: str
    cpus: int


@cache
def here() -> Surroundings:
    """Return the surroundings of this process."""
    return Surroundings(
        package=_version(PACKAGE),
        code=_code(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        nbgrader=_version("nbgrader"),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        cpus=cores(),
    )


def cores() -> int:
    """Return how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # the course runs from a checkout
        return "not installed"


def _code() -> str:
    digest = hashlib.sha256()
    for path in sorted(paths.PACKAGE.rglob("*.py")):
        digest.update(
            path.relative_to(paths.PACKAGE).as_posix().encode() + b"\0" + path.read_bytes()
        )
    return digest.hexdigest()[:12]

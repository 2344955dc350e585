"""One examination in a process of a pool: what this imports, each of them imports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.grading.examination import session as examination
from autograder.grading.examination.cells import Cell


@dataclass(frozen=True)
class Seen:
    """What the examination said about one test cell."""

    name: str
    status: str
    message: str


def examine(
    folder: Path, cells: Sequence[Cell], promised: Sequence[str], tests: Sequence[str] | None = None
) -> list[Seen]:
    """Examine one worked lab of the unit in this folder, and tell what came of its tests.

    Only the named tests are run, or all when `tests` is None.
    """
    found = examination.examine(cells, promised=promised, own_files=folder, tests=tests).seen
    seen = [(c.name, found[c.index]) for c in cells if c.role == "test" and c.index in found]
    return [Seen(name, one.status, one.message) for name, one in seen]

"""The learner's points, work/.unblocked/points.json: `check` writes them, `progress` reads them.

    {"edition": 2, "complete": true, "03_gateway": {"repair_two_remind_check": [8.0, 8.0]}}

For each test the file has [points, most points]. `complete` is true once the core points were
reached, and stays true when a later edition has other exercises. A file without `edition` was
written by the first edition. It is read as if it had been written today: tests of exercises that
have moved count for their new unit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.course import notebook, store

EDITION = 2
# Exercises that are in another unit since the first edition: (unit then, exercise) -> unit now.
MOVED = {
    ("07_network", "heartbeat"): "13_by_hand",
    ("07_network", "zombie"): "13_by_hand",
    ("07_network", "resume"): "13_by_hand",
}
ADDED = ("nightly", "one_prize")  # exercises that the first edition did not have
# How the first edition counted: 80 % of 780 core points, those of all exercises but these.
FIRST_FINISH = 624.0
FIRST_STRETCH = (
    "timers", "joint_budget", "clean_up", "zombie", "resume", "names", "stream", "drain",
    "lag_meter", "own_card", "burst", "poison", "closing",
)  # fmt: skip

Points = dict[str, Any]


def read(root: Path) -> Points:
    """Return the points, as this edition counts them."""
    return renewed(store.read(_path(root)))


@contextlib.contextmanager
def changing(root: Path) -> Iterator[Points]:
    """Give the points to a `with` block, which may change them, and then store them.

    Raises OSError when they cannot be stored.
    """
    with store.changing(_path(root)) as content:
        now = {"edition": EDITION, **renewed(content)}
        yield now
        content.clear()
        content.update(now)


def of_unit(points: Points, unit: str) -> dict[str, Any]:
    """Return [points, most] of each test of a unit; empty for a unit without points."""
    found = points.get(unit)
    return found if isinstance(found, dict) else {}


def score(entry: object) -> float:
    """Return the points in [points, most]; 0 for anything else."""
    value = entry[0] if isinstance(entry, list) and entry else 0.0
    return max(0.0, float(value)) if isinstance(value, int | float) else 0.0


def moved_to(unit: str, test: str) -> str | None:
    """Return the unit to which the exercise of a test has moved; None if it is where it was."""
    here = {exercise: now for (then, exercise), now in MOVED.items() if then == unit}
    exercise = notebook.exercise_of(test, here)
    return here[exercise] if exercise else None


def is_added(name: str) -> bool:
    """Return True if a cell belongs to an exercise that the first edition did not have."""
    return notebook.exercise_of(name, ADDED) is not None


def renewed(content: Points) -> Points:
    """Return the content of a file as this edition writes it; a file of today stays as it is."""
    if not content or "edition" in content:
        return content
    now: Points = {"edition": EDITION, "from": 1}
    for unit in content:
        for test, entry in of_unit(content, unit).items():
            tests = now.setdefault(moved_to(unit, test) or unit, {})
            tests[test] = max(entry, tests.get(test, [0]), key=score)
    core = (
        score(entry)
        for unit in content
        for test, entry in of_unit(content, unit).items()
        if notebook.exercise_of(test, FIRST_STRETCH) is None
    )
    now["complete"] = sum(core) >= FIRST_FINISH
    return now


def merged(here: Points, saved: Points) -> Points:
    """Return two files as one; of two scores for the same test, the better one."""
    here, saved = renewed(here), renewed(saved)
    both = {**saved, **here}
    for unit in [name for name, tests in both.items() if isinstance(tests, dict)]:
        mine, theirs = of_unit(here, unit), of_unit(saved, unit)
        both[unit] = {
            test: max((one[test] for one in (mine, theirs) if test in one), key=score)
            for test in {**theirs, **mine}
        }
    if any(one.get("complete") is True for one in (here, saved)):
        both["complete"] = True
    return both


def _path(root: Path) -> Path:
    return store.folder(root) / "points.json"

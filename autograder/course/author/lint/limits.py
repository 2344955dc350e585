"""The limits of a lesson's length: minutes, predictions, and how often a recall is asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from autograder.course.author import minutes, parse
from autograder.course.author.parse import TextCell
from autograder.course.unit import Unit, shown, written
from autograder.outcomes import UserMistake

MINUTES = 45  # of a lesson
PREDICTIONS = 7  # in a lesson
RECALLS = 2  # lessons that ask the same recall question
_REMOVE = "`build` computes the minutes and writes them; remove yours."


def check(root: Path) -> list[str]:
    """Return what is above a limit, one sentence each; a text that cannot be read is left out."""
    found: list[str] = []
    recalled: Counter[str] = Counter()
    for unit in written(root):
        lesson, lab = (_cells(unit, path) for path in (unit.lesson_text, unit.lab_text))
        called = shown(root, unit.lesson_text)
        found += [f"{called}:{line}: {what}" for line, what in _lesson(lesson)]
        for name, line in minutes.asked(lesson, "recall").items():
            recalled[name] += 1
            if recalled[name] > RECALLS:
                found.append(
                    f"{called}:{line}: `{name}` is recalled by {RECALLS} earlier lessons already; "
                    "recall another question."
                )
        found += _stated(unit, lesson, lab)
    return found


def _lesson(cells: list[TextCell]) -> Iterator[tuple[int, str]]:
    if (taken := minutes.lesson(cells)) > MINUTES:
        yield 1, f"the lesson takes {taken:.1f} minutes, and {MINUTES} are the most; shorten it."
    if (count := len(minutes.asked(cells, "predict"))) > PREDICTIONS:
        yield (
            1,
            f"the lesson has {count} predictions, and {PREDICTIONS} are the most; keep the runs "
            'of the others, with `# %% anchor="..."` where a page links to them.',
        )


def _stated(unit: Unit, lesson: list[TextCell], lab: list[TextCell]) -> Iterator[str]:
    """Find minutes that a person wrote, in a title cell or in the design note."""
    for path, cells in ((unit.lesson_text, lesson), (unit.lab_text, lab)):
        if cells and re.search(r"\d\s+minutes", cells[0].source):
            yield f"{shown(unit.root, path)}:{cells[0].line}: {_REMOVE}"
    if unit.design.exists():
        lines = unit.design.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            if line.startswith("Minutes:"):
                yield f"{shown(unit.root, unit.design)}:{number}: {_REMOVE}"


def _cells(unit: Unit, path: Path) -> list[TextCell]:
    try:
        return parse.read(path, shown(unit.root, path)) if path.exists() else []
    except UserMistake:
        return []  # the lint says so

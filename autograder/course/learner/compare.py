"""`compare`: the learner's answer next to the course's, after it has passed or on request."""

from __future__ import annotations

import difflib
import html
import re
from dataclasses import dataclass
from pathlib import Path

from autograder.course import notebook
from autograder.course.learner.progress import progress
from autograder.course.notebook import NotANotebook
from autograder.course.unit import repository, shown
from autograder.text import prose_as_html

_MARK = re.compile(r"^[ \t]*### (?:BEGIN|END) SOLUTION[ \t]*\n?", re.MULTILINE)
_START = re.compile(
    rf"^([ \t]+){re.escape(notebook.CURRENT_VERSION)}\n(?:\1.*(?:\n|\Z))*", re.MULTILINE
)


@dataclass(frozen=True)
class AnswerComparison:
    """What a cell shows: both answers, or one sentence."""

    sentence: str
    yours: str = ""
    ours: str = ""

    def __repr__(self) -> str:
        if not self.ours:
            return self.sentence
        lines = difflib.unified_diff(
            self.yours.splitlines(), self.ours.splitlines(), "yours", "ours", lineterm="", n=99
        )
        return "\n".join([self.sentence, "", *(list(lines) or [self.ours])])

    def _repr_html_(self) -> str:
        columns = "".join(
            '<div style="flex:1 1 22em;min-width:0"><b>'
            f'{title}</b><pre style="overflow-x:auto">{html.escape(code)}</pre></div>'
            for title, code in (("Yours", self.yours), ("Ours", self.ours))
            if code
        )
        beside = f'<div style="display:flex;flex-wrap:wrap;gap:1em">{columns}</div>'
        return f"<p>{prose_as_html(self.sentence)}</p>{beside}"


def compare(exercise: str, anyway: bool = False) -> AnswerComparison:
    """Show the course's answer to an exercise next to yours, as your notebook was last saved.

    If `check` has not passed your answer yet, confirm with `anyway=True`. It costs no points.
    """
    root = repository()
    standings = progress(root).standings
    found = [(one, part) for one in standings for part in one.exercises if part.name == exercise]
    if not found:
        return AnswerComparison(
            f"There is no exercise {exercise!r}; its name is in the lab's cells."
        )
    standing, part = found[0]
    unit = standing.unit
    names = [one.name for one in standing.exercises]
    ours = _START.sub("", _answer(unit.lab, exercise, names)).rstrip()
    if not ours:
        return AnswerComparison(
            "The course's answers are not here; open this in the course's folder."
        )
    if not part.done and not anyway:
        return AnswerComparison(
            f"`{exercise}` has {part.score:g} of {part.points:g} points in your last "
            f"`python3 -m autograder check {shown(root, unit.work_lab)}`. To see our answer "
            f"now, run compare({exercise!r}, anyway=True): it costs no points."
        )
    return AnswerComparison(
        f"Our answer to `{exercise}`, next to yours as it was last saved. Other answers are right "
        "too, if the result is right and the loop stays free.",
        _answer(unit.work_lab, exercise, names),
        ours,
    )


def _answer(path: Path, exercise: str, names: list[str]) -> str:
    """Return the answer cells of one exercise in a notebook, without the solution markers.

    `names` are the names of all exercises of the lab.
    """
    try:
        answers = notebook.answers(notebook.loads(path.read_bytes()))
    except (OSError, NotANotebook):
        return ""
    sources = [
        source for name, source in answers.items() if notebook.exercise_of(name, names) == exercise
    ]
    return _MARK.sub("", "\n\n".join(sources))

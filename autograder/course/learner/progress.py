"""`progress`: the units, the points so far, what to do next, and the minutes that are left.

Points come from points.json (learner/points.py), and guesses from answers.json. The exercises of a
unit are read from release/, which every copy of the course has, and its minutes from the title
cells, where `build` wrote them. A notebook shows the same as a terminal, with links to the
notebooks.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.course import notebook
from autograder.course.learner import own_bot, points, predict, renewal
from autograder.course.notebook import NotANotebook
from autograder.course.unit import Unit, built, repository, shown
from autograder.paths import work_folder
from autograder.text import prose_as_html

FINISH = 0.8  # share of the core points that finishes the course, together with the audit


@dataclass(frozen=True)
class ExerciseProgress:
    """One exercise, and the learner's points for it."""

    name: str
    score: float
    points: float
    stretch: bool

    @property
    def done(self) -> bool:
        return self.score >= self.points


@dataclass(frozen=True)
class Standing:
    """How far the learner is with one unit, and the minutes that it still takes."""

    unit: Unit
    exercises: list[ExerciseProgress]
    guessed: int
    predictions: int
    minutes_left: float

    @property
    def score(self) -> float:
        return sum(exercise.score for exercise in self.exercises)

    @property
    def points(self) -> float:
        return sum(exercise.points for exercise in self.exercises)

    @property
    def read(self) -> bool:
        """True if the lesson counts as read, so that the next step is the lab or the next unit.

        The lab has points, or half of the lesson's predictions are guessed. Not all: learners may
        leave some parts of a lesson for another day.
        """
        return self.score > 0 or 2 * self.guessed >= self.predictions

    @property
    def next_exercise(self) -> ExerciseProgress | None:
        """The first core exercise that has not passed."""
        return next((e for e in self.exercises if not e.done and not e.stretch), None)


@dataclass(frozen=True)
class Progress:
    """Where the learner is; a table in a notebook, text in a terminal."""

    root: Path
    standings: list[Standing]
    complete: bool = False  # the core points were reached, in this edition or in an earlier one
    news: tuple[str, ...] = ()  # sentences for learners who began with the first edition

    def __str__(self) -> str:
        if not self.standings:
            return "There are no units here yet; `python3 -m autograder build` makes them."
        wide = max(len(standing.unit.name) for standing in self.standings)
        lines = [
            f"  {one.unit.name:{wide}}  {_bar(one)}  {_words(one)}".rstrip()
            for one in self.standings
        ]
        return "\n".join([*lines, "", *self.summary()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        if not self.standings:
            return f"<p>{prose_as_html(str(self))}</p>"
        rows = "".join(
            f'<tr><td style="text-align:left">{_link(one.unit.work_lesson, one.unit.name)}</td>'
            f'<td style="text-align:left;font-family:monospace">{_bar(one)}</td>'
            f'<td style="text-align:left">{html.escape(_words(one))}</td></tr>'
            for one in self.standings
        )
        *lines, last = [self._linked(line) for line in self.summary()]
        said = f"<p><b>{last}</b></p><p>{' '.join(lines)}</p>"
        return f"{said}<details><summary>All units</summary><table>{rows}</table></details>"

    def summary(self) -> list[str]:
        """Return sentences: points, what is missing to finish, minutes left, news, next step."""
        core = [e for one in self.standings for e in one.exercises if not e.stretch]
        extra = [e for one in self.standings for e in one.exercises if e.stretch]
        have, most = sum(e.score for e in core), sum(e.points for e in core)
        lines = [f"Core: {have:g} of {most:g} points."]
        if extra:
            lines[0] += (
                f" Stretch: {sum(e.score for e in extra):g} of {sum(e.points for e in extra):g}."
            )
        lines += self._finish(FINISH * most, FINISH * most - have)
        left = sum(one.minutes_left for one in self.standings)
        if left >= 1:
            time = f"{left:.0f} minutes" if left < 120 else f"{left / 60:.0f} hours"
            lines.append(f"About {time} are left.")
        lines += self.news
        lines += [
            f"There is a newer version of a notebook that you changed: {shown(self.root, new)}."
            for one in self.standings
            for new in renewal.offered(one.unit.work)
        ]
        return [*lines, self._next()]

    def _finish(self, points: float, missing: float) -> list[str]:
        """Return what is missing to finish the course, and how far the audit is."""
        audit = own_bot.audit(root=self.root)
        if missing > 0 and self.complete:
            also = "" if audit.done else " Now audit your own bot."
            said = f"You reached the core points in an earlier edition, and that counts.{also}"
        elif missing > 0:
            also = "" if audit.done else " and the audit of your own bot"
            said = f"To finish the course: {points:g} core points ({missing:g} points to go){also}."
        elif audit.done:
            said = "You have finished the course: you have the points, and your bot is audited."
        else:
            said = "You have enough points to finish the course; now audit your own bot."
        return [said, *([str(audit)] if audit.bot else ())]

    def _next(self) -> str:
        for one in self.standings:
            if not one.read:
                page = one.unit.work_lesson
                return f"Next: the lesson, {shown(self.root, page)}."
            if (exercise := one.next_exercise) is not None:
                lab = shown(self.root, one.unit.work_lab)
                said = f"Next: `{exercise.name}` ({exercise.points:g} points) in {lab}."
                if _answered(one, exercise):
                    said += " You have started it. For its points, click Validate above it, or run "
                    said += f"`python3 -m autograder check {lab}`."
                return said
        return "Next: you have done everything here."

    def _linked(self, line: str) -> str:
        """Return a line as HTML, where each notebook is a link, except inside a command."""
        folder = work_folder(self.root)
        within = html.escape(shown(self.root, folder)) + "/"

        def link(match: re.Match[str]) -> str:
            return _link(folder / match[1], html.unescape(match[0]))

        return "".join(
            prose_as_html(part)
            if part.startswith("`")
            else re.sub(rf"{re.escape(within)}([\w./-]+\.ipynb)", link, html.escape(part))
            for part in re.split("(`[^`]+`)", line)
        )


def progress(root: Path | None = None) -> Progress:
    """Return how far the learner is: `progress()` in a notebook, the command in a terminal."""
    root = root or repository()
    scores = points.read(root)
    guesses = predict.answers(root)
    asked = [question for question in predict.every_question(root) if question.kind == "predict"]
    standings = []
    for unit in built(root):
        ids = [question.id for question in asked if question.unit == unit.name]
        exercises = _exercises(unit, points.of_unit(scores, unit.name))
        guessed = sum(name in guesses for name in ids)
        standings.append(_standing(unit, exercises, guessed, len(ids)))
    complete = scores.get("complete") is True
    return Progress(root, standings, complete, tuple(_news(scores, standings)))


def core_reached(root: Path, scores: points.Points) -> bool:
    """Return True if these points are enough core points to finish the course."""
    core = [
        exercise
        for unit in built(root)
        for exercise in _exercises(unit, points.of_unit(scores, unit.name))
        if not exercise.stretch
    ]
    most = sum(exercise.points for exercise in core)
    return most > 0 and sum(exercise.score for exercise in core) >= FINISH * most


def _news(scores: points.Points, standings: list[Standing]) -> Iterator[str]:
    """Yield what is new for somebody whose points are those of the first edition."""
    if scores.get("from") != 1:
        return
    todo = {e.name: one.unit.name for one in standings for e in one.exercises if not e.done}
    added = [f"`{name}` in {todo[name]}" for name in points.ADDED if name in todo]
    if added:
        yield f"New since the first edition: {' and '.join(added)}."
    moved = [(name, unit) for (_, name), unit in points.MOVED.items() if todo.get(name) == unit]
    if moved:
        names = ", ".join(f"`{name}`" for name, _ in moved)
        yield f"Moved since the first edition: {names}, now in {moved[0][1]}, with your points."


def _standing(
    unit: Unit, exercises: list[ExerciseProgress], guessed: int, predictions: int
) -> Standing:
    most = sum(exercise.points for exercise in exercises)
    open_share = 1 - sum(exercise.score for exercise in exercises) / most if most else 0.0
    passed = bool(exercises) and all(e.done for e in exercises if not e.stretch)
    unread = 1 - guessed / predictions if predictions and not passed else 0.0
    left = unread * _minutes(unit.lesson) + open_share * _minutes(unit.release)
    return Standing(unit, exercises, guessed, predictions, left)


def _exercises(unit: Unit, scores: dict[str, object]) -> list[ExerciseProgress]:
    """The exercises of a released lab, in its order; a score that is no number counts as 0."""
    try:
        cells = notebook.loads(unit.release.read_bytes())["cells"]
    except (OSError, NotANotebook):
        return []
    stated = {about["exercise"]: about for about in map(notebook.stated, cells)
              if "exercise" in about}  # fmt: skip
    score, worth = dict.fromkeys(stated, 0.0), dict.fromkeys(stated, 0.0)
    for cell in cells:
        test = notebook.grade_id(cell)
        name = notebook.exercise_of(test, stated)
        if name is not None and notebook.graded(cell).get("grade"):
            most = notebook.graded(cell)["points"]
            worth[name] += most
            score[name] += min(points.score(scores.get(test)), most)
    return [
        ExerciseProgress(name, score[name], worth[name], bool(about.get("stretch")))
        for name, about in stated.items()
    ]


def _answered(one: Standing, exercise: ExerciseProgress) -> bool:
    """Return True if the learner's copy, as last saved, has an answer to this exercise."""
    unit = one.unit
    try:
        handed_out, mine = (renewal.answers(p.read_bytes()) for p in (unit.release, unit.work_lab))
    except OSError:
        return False
    every = [other.name for other in one.exercises]
    names = [name for name in handed_out if notebook.exercise_of(name, every) == exercise.name]
    return any(mine.get(name, handed_out[name]) != handed_out[name] for name in names)


def _minutes(path: Path) -> int:
    """Return the minutes in a notebook's title cell; 0 if it has none, or is not there."""
    try:
        title = notebook.loads(path.read_bytes())["cells"][0]
    except (OSError, NotANotebook, IndexError):
        return 0
    number = notebook.stated(title).get("minutes", 0)
    return number if isinstance(number, int) else 0


def _link(page: Path, words: str) -> str:
    """Return a link that JupyterLab opens in a tab: a path relative to the current notebook.

    It leads to the top of the notebook, where learners start to run the cells. A `#cell-id=` would
    miss its cell by a screen in JupyterLab 4.6, while the notebook is being opened.
    """
    there = html.escape(Path(os.path.relpath(page)).as_posix())
    return f'<a href="{there}">{html.escape(words)}</a>'


def _bar(one: Standing, width: int = 10) -> str:
    """Return a bar of ten characters: the share of the points, or of predictions if it has none."""
    done, most = (one.score, one.points) if one.points else (one.guessed, one.predictions)
    full = int(width * done / most) if most else 0
    return "█" * full + "░" * (width - full)


def _words(one: Standing) -> str:
    said = []
    if one.points:
        said.append(f"{one.score:g} of {one.points:g} points")
    if one.predictions:
        said.append(f"{one.guessed} of {one.predictions} predictions")
    if one.minutes_left >= 1:
        said.append(f"about {one.minutes_left:.0f} minutes left")
    return ", ".join(said)

"""`predict` and `recall`: questions in the lessons, answered by editing a cell and running it.

Nothing here is graded, and nothing here raises. A guess that is not an option, a missing question
file (the notebook was moved), a folder that cannot be written: for each the cell shows a sentence.
The questions are in source/NN_name/questions.toml, the answers in work/.unblocked/answers.json.
"""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.course import store
from autograder.course.learner import questions
from autograder.course.learner.questions import Question
from autograder.course.unit import repository, written
from autograder.outcomes import UserMistake
from autograder.text import prose_as_html

NO_GUESS = "?"
ASKED = 3  # questions that `recall` shows; see `_chosen`


def predict(guess: str | None = None, *, about: str | None = None) -> QuestionBox:
    """Record a guess before a run; without a guess, after the run, explain the answer.

    `predict("?", about="...")` shows the question. Replace `?` with a letter and run it again.
    """
    root = repository()
    if about is None:
        return QuestionBox(
            [AskedQuestion(f'Name the question: predict({guess or "?"!r}, about="...").')]
        )
    question, problem = _find(root, about)
    if question is None:
        return QuestionBox([AskedQuestion(problem)])
    if guess is None:
        return QuestionBox([_explained(question, _answer_to(root, question))])
    return QuestionBox([_guessed(root, question, guess, after="now run the next cell.")])


def recall(what: str, *, about: str | None = None) -> QuestionBox:
    """Ask three questions from earlier units, or answer one of them.

    `recall("03_gateway")` asks. `recall("B", about="...")` answers one question and immediately
    explains it. Questions that were answered wrong come first the next time.
    """
    root = repository()
    if about is None:
        return _asked(root, what)
    question, problem = _find(root, about)
    if question is None:
        return QuestionBox([AskedQuestion(problem)])
    part = _guessed(root, question, what, after="")
    return QuestionBox(
        [_explained(question, _answer_to(root, question)) if part.answered else part]
    )


@dataclass(frozen=True)
class AskedQuestion:
    """One question as a cell shows it: options, each with a mark, and a sentence below."""

    head: str
    lines: list[tuple[str, str, str]] = field(default_factory=list)  # mark, letter, text
    foot: str = ""
    answered: bool = False


@dataclass(frozen=True)
class QuestionBox:
    """What a cell shows: HTML in a notebook, text everywhere else."""

    parts: list[AskedQuestion]

    def __repr__(self) -> str:
        return "\n\n".join(_as_text(part) for part in self.parts)

    def _repr_html_(self) -> str:
        return "\n".join(_as_html(part) for part in self.parts)


def answers(root: Path) -> dict[str, Any]:
    """Return all guesses so far: question id -> {"guess", "right", "at"}.

    A guess from before a question's id changed is returned with today's id.
    """
    stored = _stored(root)
    for question in every_question(root):
        if question.was in stored:
            stored.setdefault(question.id, stored.pop(question.was))
    return stored


def _stored(root: Path) -> dict[str, Any]:
    return {
        name: entry for name, entry in store.read(_store(root)).items() if isinstance(entry, dict)
    }


def _entry(stored: dict[str, Any], question: Question) -> dict[str, Any]:
    """What is stored of a question, under its id or the one before; nothing is read for that."""
    found: dict[str, Any] = stored.get(question.id) or stored.get(question.was) or {}
    return found


def every_question(root: Path) -> list[Question]:
    """Return the questions of all units; skip a file that cannot be read, which `lint` reports."""
    found = []
    for unit in written(root):
        if unit.questions.exists():
            try:
                found += questions.load(unit.questions, unit.questions.name)
            except UserMistake:
                continue
    return found


def _find(root: Path, about: object) -> tuple[Question | None, str]:
    every = every_question(root)
    known = {question.was: question for question in every if question.was}
    known |= {question.id: question for question in every}
    if not known:
        return None, (
            "The course's questions are not here, so this one cannot be asked; "
            "everything else in the notebook works. Open it inside the course's folder to answer."
        )
    question = known.get(str(about))
    if question is None:
        return None, f"There is no question {about!r}; look at `about=` in the cell as handed out."
    return question, ""


def _guessed(root: Path, question: Question, guess: object, after: str) -> AskedQuestion:
    """Record a guess and show it among the options."""
    *most, last = question.options
    letters = f"{', '.join(most)} or {last}"
    chosen = str(guess).strip().upper()
    options = [("", letter, text) for letter, text in question.options.items()]
    if chosen in (NO_GUESS, ""):
        how = f'Replace "?" with {letters} and run the cell again; a guess costs nothing.'
        return AskedQuestion(question.ask, options, how)
    if chosen not in question.options:
        return AskedQuestion(
            question.ask, options, f"{guess!r} is not {letters}; nothing is recorded."
        )
    entry = {
        "guess": chosen,
        "right": chosen == question.right,
        "at": datetime.now().isoformat(timespec="seconds"),
    }
    foot = f"You say {chosen}{': ' if after else '.'}{after}"
    try:
        with store.changing(_store(root)) as stored:
            stored[question.id] = entry
    except OSError as error:
        foot += f" (It could not be saved: {error.strerror or error}.)"
    lines = [("→" if letter == chosen else "", letter, text) for _, letter, text in options]
    return AskedQuestion(question.ask, lines, foot, answered=True)


def _explained(question: Question, guess: str | None) -> AskedQuestion:
    """Say for each option why it is right, or why it seems right."""
    lines = []
    for letter, text in question.options.items():
        right = letter == question.right
        mark = "✔ right" if right else "✘"
        if letter == guess:
            mark += ", your guess"
        lines.append((mark, letter, f"{text}\n{question.because[letter]}"))
    if guess is None:
        foot = f"You made no guess this time; the answer is {question.right}."
    elif guess == question.right:
        foot = f"You said {guess}: correct."
    else:
        foot = f"You said {guess}; the answer is {question.right}."
        if question.kind == "recall":
            foot += " This question will be asked again."
    return AskedQuestion(question.ask, lines, foot, answered=True)


def _answer_to(root: Path, question: Question) -> str | None:
    guess = _entry(_stored(root), question).get("guess")
    return guess if guess in question.options else None


def _asked(root: Path, unit: str) -> QuestionBox:
    every = every_question(root)
    if not re.fullmatch(r"\d\d_\w+", str(unit)):
        return QuestionBox(
            [AskedQuestion(f'To answer, name the question: recall({unit!r}, about="...").')]
        )
    chosen = _chosen(root, unit, [question for question in every if question.kind == "recall"])
    if not chosen:
        return QuestionBox(
            [
                AskedQuestion(
                    "There is nothing to recall yet; go on." if every else _find(root, "")[1]
                )
            ]
        )
    return QuestionBox([_again(root, question) for question in chosen])


def _again(root: Path, question: Question) -> AskedQuestion:
    """Return a question as `recall` asks it: without an earlier guess, which could give it away."""
    options = [("", letter, text) for letter, text in question.options.items()]
    how = (
        f'From {question.unit}. To answer, run `recall("?", about="{question.id}")` with a letter.'
    )
    return AskedQuestion(question.ask, options, how)


def _chosen(root: Path, unit: str, every: list[Question]) -> list[Question]:
    """Choose questions from the previous unit, from the one before it, and from an older one.

    The choice stays the same until one is answered. Questions that were answered wrong come first,
    then those never answered, then those answered longest ago. Among equals, a hash of the name
    decides.
    """
    stored = _stored(root)
    earlier = sorted({question.unit for question in every if question.unit < unit})
    drawers = [earlier[-1:], earlier[-2:-1], earlier[:-2], earlier]

    def urgency(question: Question) -> tuple[int, str, str]:
        entry = _entry(stored, question)
        state = 1 if not entry else 2 if entry.get("right") else 0
        draw = hashlib.sha256(f"{unit} {question.id}".encode()).hexdigest()
        return state, str(entry.get("at", "")) if state == 2 else "", draw

    chosen: list[Question] = []
    for units in [*drawers, *[earlier] * ASKED]:
        rest = [q for q in every if q.unit in units and q not in chosen]
        if rest and len(chosen) < ASKED:
            chosen.append(min(rest, key=urgency))
    return sorted(chosen, key=lambda question: urgency(question)[0] != 0)


def _store(root: Path) -> Path:
    return store.folder(root) / "answers.json"


def _as_text(part: AskedQuestion) -> str:
    lines = [part.head]
    for mark, letter, text in part.lines:
        option, *reason = text.split("\n")
        lines.append(f"  {letter}  {option}" + (f"  [{mark}]" if mark else ""))
        lines += [f"     {line}" for line in reason]
    return "\n".join([*lines, *([part.foot] if part.foot else [])])


def _as_html(part: AskedQuestion) -> str:
    """Return a bordered block in the theme's colours; marks are words, never colour alone."""
    rows = []
    for mark, letter, text in part.lines:
        strong = mark.startswith(("✔", "→"))
        name = f"<b>{html.escape(letter)}</b>"
        said = f"<b>{html.escape(mark)}</b> " if mark else ""
        edge = "3px solid currentColor" if strong else "3px solid transparent"
        rows.append(
            f'<div style="border-left:{edge};padding:2px 0 2px 10px;margin:4px 0">'
            f"{name}&ensp;{said}{prose_as_html(text)}</div>"
        )
    head = f'<div style="margin-bottom:6px"><b>{prose_as_html(part.head)}</b></div>'
    foot = f'<div style="margin-top:8px">{prose_as_html(part.foot)}</div>' if part.foot else ""
    return (
        '<div style="border:1px solid var(--jp-border-color1,#8a8a8a);border-radius:6px;'
        'padding:10px 14px;margin:6px 0;max-width:46em;line-height:1.45">'
        f"{head}{''.join(rows)}{foot}</div>"
    )

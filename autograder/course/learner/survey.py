"""The questions before the course, asked again after it: ten letters in one string.

`before` records the answers and explains nothing. `after` asks the same questions, explains them,
and shows what has changed. The questions have `kind = "before"`, in the questions.toml of the unit
that asks first.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.course import store
from autograder.course.learner import predict
from autograder.course.learner.predict import AskedQuestion, QuestionBox
from autograder.course.learner.questions import Question
from autograder.course.unit import repository

_AGAIN = " (after)"  # ends the name of the second answer in answers.json; the first one stays


def before(letters: str, root: Path | None = None) -> QuestionBox:
    """Ask the questions before the course: one letter for each, in order; `?` for no answer yet.

    A letter that is not a choice of its question is named and not recorded.
    """
    root = root or repository()
    asked = _asked(root)
    given = _sorted_out(letters, asked)
    trouble = _note(root, asked, given, "")
    parts = [
        _plain(n, one, letter) for n, (one, letter) in enumerate(zip(asked, given, strict=True), 1)
    ]
    count = sum(letter is not None for letter in given)
    said = f"{count} of {len(asked)} answered{trouble}. You will meet them again in unit 12."
    return QuestionBox(
        [*parts, AskedQuestion((said if count else _how(asked, "before")) + _amiss(letters, asked))]
    )


def after(letters: str, root: Path | None = None) -> QuestionBox:
    """Ask the same questions after the course, and explain each one that is answered."""
    root = root or repository()
    asked = _asked(root)
    given = _sorted_out(letters, asked)
    trouble = _note(root, asked, given, _AGAIN)
    stored = predict.answers(root)
    parts = [
        _explained(n, one, letter, stored.get(one.id, {}).get("guess"))
        if letter
        else _plain(n, one, None)
        for n, (one, letter) in enumerate(zip(asked, given, strict=True), 1)
    ]
    then = sum(bool(stored.get(one.id, {}).get("right")) for one in asked)
    now = sum(letter == one.right for one, letter in zip(asked, given, strict=True))
    said = f"Before the course {then} of {len(asked)} were right, now {now}{trouble}."
    told = said if any(given) else _how(asked, "after")
    return QuestionBox([*parts, AskedQuestion(told + _amiss(letters, asked))])


def _asked(root: Path) -> list[Question]:
    return [question for question in predict.every_question(root) if question.kind == "before"]


def _sorted_out(letters: str, asked: list[Question]) -> list[str | None]:
    """Return the chosen option of each question, or None."""
    chosen = _letters(letters)
    chosen += ["?"] * (len(asked) - len(chosen))
    return [
        letter if letter in one.options else None
        for one, letter in zip(asked, chosen, strict=False)
    ]


def _letters(letters: str) -> list[str]:
    return [letter for letter in str(letters).upper() if not letter.isspace()]


def _amiss(letters: str, asked: list[Question]) -> str:
    """Say what is wrong with the string: the number of letters, and letters that are no choice."""
    chosen, said = _letters(letters), ""
    if asked and len(chosen) != len(asked):
        ending = "" if len(chosen) == 1 else "s"
        said = f" The string has {len(chosen)} letter{ending}; expected {len(asked)}."
    for number, (one, letter) in enumerate(zip(asked, chosen, strict=False), 1):
        if letter not in one.options and letter != predict.NO_GUESS:
            said += f" {letter} is not a choice of question {number}."
    return said


def _note(root: Path, asked: list[Question], given: list[str | None], mark: str) -> str:
    """Record the answers; return what to say if that is not possible, else nothing."""
    at = datetime.now().isoformat(timespec="seconds")
    entries: dict[str, Any] = {
        one.id + mark: {"guess": letter, "right": letter == one.right, "at": at}
        for one, letter in zip(asked, given, strict=True)
        if letter is not None
    }
    try:
        if entries:
            with store.changing(store.folder(root) / "answers.json") as stored:
                stored.update(entries)
    except OSError as error:
        return f", but not noted: {error.strerror or error}"
    return ""


def _how(asked: list[Question], called: str) -> str:
    if not asked:
        return "The course's questions are not here: open the notebook in the course's folder."
    example = f'{called}("B{"?" * (len(asked) - 1)}")'
    return f"Write {len(asked)} letters, one for each question, `?` for those left out: `{example}`"


def _plain(number: int, question: Question, letter: str | None) -> AskedQuestion:
    lines = [("→" if key == letter else "", key, text) for key, text in question.options.items()]
    return AskedQuestion(f"{number}. {question.ask}", lines)


def _explained(number: int, question: Question, now: str, then: str | None) -> AskedQuestion:
    lines = []
    for letter, text in question.options.items():
        marks = [
            "✔ right" if letter == question.right else "✘",
            *(["you, now"] if letter == now else []),
            *(["you, before the course"] if letter == then else []),
        ]
        lines.append((", ".join(marks), letter, f"{text} — {question.because[letter]}"))
    return AskedQuestion(f"{number}. {question.ask}", lines)

"""The questions of a unit: source/NN_name/questions.toml, asked by `predict` and `recall`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.outcomes import UserMistake

_STRINGS = ("id", "kind", "ask", "right")
_TABLES = ("options", "because")


@dataclass(frozen=True)
class Question:
    """One question with its options, and for each option why it is right or seems right."""

    id: str
    kind: str  # "predict", "recall", or "before": asked before the course and again after it
    ask: str
    options: dict[str, str]
    right: str
    because: dict[str, str]
    unit: str
    line: int  # in questions.toml
    was: str = ""  # its id before, in learners' copies of the lesson and in their answers.json


def load(path: Path, called: str) -> list[Question]:
    """Return the questions of one file; `called` is the file's name in messages.

    Raises UserMistake, with file and line, when a question is incomplete.
    """
    try:
        text = path.read_text(encoding="utf-8")
        entries = tomllib.loads(text).get("question", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserMistake(f"{called}: cannot be read: {error}.") from None
    if not isinstance(entries, list):
        raise UserMistake(f"{called}:1: begin each question with `[[question]]`.")
    starts = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == "[[question]]"]
    if len(starts) != len(entries):
        raise UserMistake(f"{called}:1: begin each question with a line `[[question]]`.")
    return [
        _question(entry, path.parent.name, line, called)
        for entry, line in zip(entries, starts, strict=True)
    ]


def _question(entry: dict[str, Any], unit: str, line: int, called: str) -> Question:
    where = f"{called}:{line}"
    for key in (*_STRINGS, *_TABLES):
        value = entry.get(key)
        if not value or not isinstance(value, str if key in _STRINGS else dict):
            raise UserMistake(f"{where}: the question has no `{key}`; add it.")
    for key in entry:
        if key not in (*_STRINGS, *_TABLES, "was"):
            raise UserMistake(
                f"{where}: unknown key `{key}`; a question has {', '.join(_STRINGS)}"
                f", {', '.join(_TABLES)}, and `was` if its id has changed."
            )
    name, options, because = entry["id"], entry["options"], entry["because"]
    if entry["kind"] not in ("predict", "recall", "before"):
        raise UserMistake(f'{where}: kind of `{name}` must be "predict", "recall" or "before".')
    if any(letter != letter.strip().upper() for letter in options):
        raise UserMistake(f"{where}: name the options of `{name}` with capital letters.")
    if len(options) < 2 or entry["right"] not in options:
        raise UserMistake(f"{where}: `{name}` needs two options or more, one of them `right`.")
    for letter in options:
        if not str(because.get(letter, "")).strip():
            raise UserMistake(
                f"{where}: `{name}` does not say why option {letter} tempts, or is right; "
                "add it to `because`."
            )
    given = {key: entry[key] for key in (*_STRINGS, *_TABLES)}
    return Question(**given, unit=unit, line=line, was=str(entry.get("was", "")))

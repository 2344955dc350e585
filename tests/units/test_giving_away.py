"""What a lesson says before a question does not answer it, and `recall` asks what was taught."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from autograder.course.author import parse
from autograder.course.learner import questions
from autograder.course.unit import Unit, repository, written

UNITS = {unit.number: unit for unit in written(repository())}

# Pieces of right answers that once stood in a title cell or in a heading. Readers found them there.
ANSWERS = {
    "00": ("bot.run()` fails", "because of one word", "kills it"),
    "01": (
        "sends nothing",
        "lets everybody in",
        "get the same picture",
        "a call that runs nothing",
    ),
    "02": ("at which nothing changes", "only look like it"),
    "03": ("one line that stops it", "changing one word", "cure nothing", "nobody writes"),
    "04": ("far too many", "not by a count", "as rude as", "add up", "where there is no gap"),
    "05": (
        "not its result",
        "one long step",
        "code that lets go",
        "another lock",
        "nobody can stop",
    ),
    "06": ("vanish", "eats a cancellederror"),
    "07": ("as well as `requests`", "a new client costs"),
    "08": ("until it refuses", "one lane", "nobody else can see", "is not concurrency"),
    "09": ("five swords", "one lock is too much", "wait for each other"),
    "10": ("the log names the victim", "meter that lies", "changes nothing"),
    "11": ("async in name only",),
    "12": ("necessary and not enough", "comes twice", "poisons a worker"),
}


def shown_first(unit: Unit) -> str:
    """The title cell of a lesson but for its name, and the headings."""
    cells = parse.read(unit.lesson_text, unit.name)
    prose = [cell.source for cell in cells if cell.kind != "code"]
    title = prose[0].partition("\n")[2].partition("**You need**")[0]
    headings = re.findall(r"^##+ .*$", "\n".join(prose), re.MULTILINE)
    return re.sub(r"\s+", " ", "\n".join([title, *headings])).lower()


@pytest.mark.parametrize("number", ANSWERS)
def test_the_title_cell_and_the_headings_answer_no_question(number: str) -> None:
    shown = shown_first(UNITS[number])
    assert "you will" in shown
    assert "## 1 ·" in shown
    assert [words for words in ANSWERS[number] if words in shown] == []


def test_recalled_questions_come_from_earlier_units_and_at_most_twice() -> None:
    home = {
        question.id: number
        for number, unit in UNITS.items()
        for question in questions.load(unit.questions, unit.name)
        if question.kind == "recall"
    }
    asked: Counter[str] = Counter()
    for number, unit in UNITS.items():
        text = unit.lesson_text.read_text("utf-8")
        for about in re.findall(r'^recall\("\?", about="(.+)"\)$', text, re.MULTILINE):
            assert home[about] < number, f"{unit.name} recalls {about} of unit {home[about]}"
            asked[about] += 1
    assert asked
    assert max(asked.values()) <= 2, asked.most_common(3)

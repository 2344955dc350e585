"""The ten questions: asked before the course without an answer, after it with both answers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder.course.learner import predict, questions
from autograder.course.learner.survey import after, before

SOURCE = Path(__file__).resolve().parents[2] / "source" / "00_start_here"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with the questions of unit 00."""
    folder = tmp_path / "source" / SOURCE.name
    folder.mkdir(parents=True)
    for name in ("questions.toml", "lesson.py"):
        shutil.copy(SOURCE / name, folder)
    return tmp_path


def right_answers() -> str:
    asked = questions.load(SOURCE / "questions.toml", "questions.toml")
    return "".join(question.right for question in asked if question.kind == "before")


def test_there_are_ten_and_no_letter_is_right_too_often() -> None:
    letters = right_answers()
    assert len(letters) == 10
    assert max(map(letters.count, letters)) <= 4


def test_before_the_course_nothing_is_given_away(root: Path) -> None:
    for letters in ("??????????", "A" * 10, right_answers()):
        shown = repr(before(letters, root))
        assert "right" not in shown
        assert "✔" not in shown
        assert "Unit 0" not in shown  # what the explanations end with


def test_answers_are_noted_and_kept_when_asked_again(root: Path) -> None:
    letters = right_answers()
    assert "9 of 10 answered" in repr(before("?" + letters[1:], root))
    assert len(predict.answers(root)) == 9
    card = repr(after(letters, root))
    assert "Before the course 9 of 10 were right, now 10." in card
    assert "✔ right, you, now, you, before the course" in card
    assert repr(after("?" * 10, root)).count("✔") == 0
    assert sum(entry["right"] for entry in predict.answers(root).values()) == 19


def test_letters_that_are_no_option_and_missing_ones_are_left_out(root: Path) -> None:
    card = repr(before(" b  Z?", root))
    assert "1 of 10 answered" in card
    assert "The string has 3 letters; expected 10. Z is not a choice of question 2." in card
    assert [entry["guess"] for entry in predict.answers(root).values()] == ["B"]


def test_without_answers_it_says_how(root: Path) -> None:
    card = repr(before("??????????", root))
    assert 'before("B?????????")' in card
    assert "expected" not in card
    assert "is not a choice" not in card
    assert predict.answers(root) == {}


def test_a_notebook_carried_elsewhere_says_so(tmp_path: Path) -> None:
    assert "open the notebook in the course's folder" in repr(before("??????????", tmp_path))

"""`predict` and `recall` never raise, tell why each option tempts, and lose no guess."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest
import sample_course

from autograder.course import store as notes
from autograder.course.learner import predict as asking
from autograder.course.learner.predict import predict, recall


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    sample_course.start_page(tmp_path)
    sample_course.write(tmp_path)
    monkeypatch.setattr(asking, "repository", lambda: tmp_path)
    return tmp_path


def stored(root: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(
        (root / "work/.unblocked/answers.json").read_text(encoding="utf-8")
    )
    return found


def test_a_question_mark_shows_the_question_and_records_nothing(root: Path) -> None:
    card = repr(predict("?", about="sleepy"))
    assert "What does `sleep(0)` do?" in card
    assert "B  it lets others run" in card
    assert "a guess costs nothing" in card
    assert not (root / "work").exists()


@pytest.mark.parametrize("guess", ["B", "b", " b "])
def test_a_guess_is_recorded(root: Path, guess: str) -> None:
    card = predict(guess, about="sleepy")
    assert "You say B: now run the next cell." in repr(card)
    assert "right" not in repr(card).lower()  # the answer comes after the run
    assert stored(root)["sleepy"]["guess"] == "B"
    assert stored(root)["sleepy"]["right"] is True


def test_after_the_run_every_option_is_explained(root: Path) -> None:
    predict("A", about="sleepy")
    card = repr(predict(about="sleepy"))
    assert "  A  nothing  [✘, your guess]\n     It takes no time, so it seems so.\n" in card
    assert "  [✔ right]\n     The loop gets its turn.\n" in card
    assert card.endswith("You said A; the answer is B.")


def test_without_a_guess_the_explanation_comes_all_the_same(root: Path) -> None:
    assert "You made no guess this time; the answer is B." in repr(predict(about="sleepy"))


@pytest.mark.parametrize("guess", ["Z", "AB", 7, ["B"], object()])
def test_what_is_no_option_is_a_sentence(root: Path, guess: object) -> None:
    assert "is not A or B; nothing is recorded." in repr(
        predict(guess, about="sleepy")  # type: ignore[arg-type]
    )


def test_missing_and_unknown_names_are_sentences(root: Path) -> None:
    assert "Name the question" in repr(predict("B"))
    assert "There is no question 'slepy'" in repr(predict("B", about="slepy"))
    assert "To answer, name the question" in repr(recall("B"))


def test_a_question_whose_id_has_changed_is_found_by_the_old_one_too(root: Path) -> None:
    predict("A", about="sleepy")
    changed = sample_course.QUESTIONS.replace('id = "sleepy"', 'id = "zero"\nwas = "sleepy"')
    sample_course.write(root, questions=changed)
    assert repr(predict(about="zero")).endswith("You said A; the answer is B.")
    assert list(asking.answers(root)) == ["zero"]
    predict("B", about="sleepy")  # in a copy of the lesson as it was
    assert stored(root).keys() == {"sleepy", "zero"}
    assert {name: one["guess"] for name, one in asking.answers(root).items()} == {"zero": "B"}


def test_a_notebook_carried_elsewhere_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "repository", lambda: tmp_path / "nowhere")
    for card in (predict("B", about="sleepy"), predict(about="sleepy"), recall("11_catalog")):
        assert repr(card).startswith("The course's questions are not here")
        assert "\n" not in repr(card)
    assert not (tmp_path / "nowhere").exists()


def test_a_guess_that_cannot_be_stored_is_still_taken(root: Path) -> None:
    (root / "work").write_text("a file", encoding="utf-8")
    card = repr(predict("B", about="sleepy"))
    assert "You say B" in card
    assert "It could not be saved" in card


def test_broken_answers_are_set_aside_and_do_not_stop_the_lesson(root: Path) -> None:
    store = root / "work/.unblocked/answers.json"
    store.parent.mkdir(parents=True)
    store.write_text('{"sleepy": {"gue', encoding="utf-8")
    predict("B", about="sleepy")
    assert stored(root)["sleepy"]["guess"] == "B"
    assert (store.parent / "answers.broken.json").read_text(encoding="utf-8").endswith('{"gue')


def test_html_is_escaped_and_says_nothing_by_colour_alone(root: Path) -> None:
    questions = sample_course.QUESTIONS.replace('A = "nothing"', 'A = "a <b> & c"')
    sample_course.write(root, questions=questions)
    predict("A", about="sleepy")
    page = predict(about="sleepy")._repr_html_()
    assert "a &lt;b&gt; &amp; c" in page
    assert ">sleep(0)</code>" in page  # its style is for narrow pages
    assert "✔ right" in page
    assert "✘, your guess" in page
    assert "<script" not in page
    assert "http" not in page


def test_recall_asks_earlier_units_and_explains_at_once(root: Path) -> None:
    assert "From 00_start_here" in repr(recall("11_catalog"))
    assert 'recall("?", about="what-beats")' in repr(recall("11_catalog"))
    asked = repr(recall("?", about="what-beats"))
    assert 'Replace "?" with' in asked  # an example with a letter would give it away, or mislead
    assert 'recall("' not in asked
    card = repr(recall("B", about="what-beats"))
    assert "  B  only sleep  [✘, your guess]\n     It is only the best known." in card
    assert "asked again" in card


def test_the_first_unit_has_nothing_to_recall(root: Path) -> None:
    assert repr(recall("00_start_here")) == "There is nothing to recall yet; go on."


def course_of(root: Path, units: int, each: int = 2) -> None:
    for number in range(units):
        text = "".join(
            sample_course.QUESTIONS.split("\n\n")[1].replace("what-blocks", f"q{number}-{n}") + "\n"
            for n in range(each)
        )
        folder = root / "source" / f"{number:02}_unit"
        folder.mkdir(parents=True)
        (folder / "lesson.py").write_text("# %%\n1\n", encoding="utf-8")
        (folder / "questions.toml").write_text(text, encoding="utf-8")


def asked(unit: str) -> list[str]:
    return [part.foot.rpartition("about=")[2].split('"')[1] for part in recall(unit).parts]


def test_recall_takes_the_previous_unit_the_one_before_and_an_older_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "repository", lambda: tmp_path)
    course_of(tmp_path, units=6)
    first = asked("05_unit")
    units = [name.split("-")[0] for name in first]
    assert units[:2] == ["q4", "q3"]
    assert units[2] in ("q0", "q1", "q2")
    assert asked("05_unit") == first  # the same ones, however often it is run
    assert len(asked("01_unit")) == 2  # there is but one earlier unit


def test_what_was_missed_comes_first_and_what_was_right_comes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "repository", lambda: tmp_path)
    course_of(tmp_path, units=6)
    right = next(name for name in asked("05_unit") if name.startswith("q4"))
    recall("A", about=right)
    recall("B", about="q1-1")
    again = asked("05_unit")
    assert again[0] == "q1-1"
    assert right not in again


@pytest.mark.slow
def test_several_notebooks_at_once_lose_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(path, n)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    assert len(notes.read(path)) == 4 * 25
    assert sorted(tmp_path.iterdir()) == [path]  # no lock and no half file is left


def _write(path: Path, number: int) -> None:
    # Who waits for the lock for 2 s makes the change without it, since its owner may be dead. On a
    # busy machine, four that write all the time can keep each other waiting for longer.
    notes._PATIENCE = 60.0
    for count in range(25):
        with notes.changing(path) as content:
            content[f"{number}-{count}"] = count


@pytest.mark.slow
def test_the_lock_of_a_killed_process_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    (tmp_path / ".answers.json.lock").touch()
    with notes.changing(path) as content:  # after two seconds, without the lock
        content["a"] = 1
    assert notes.read(path) == {"a": 1}

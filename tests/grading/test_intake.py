"""What is handed in is copied once, without following a link; anything but plain files is refused,
with a sentence, for that student alone."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import toy_unit as toy
from nbgrader_commands import Commands
from test_batches import SMALL, small, small_course

from autograder.grading import check, commands
from autograder.grading.batch import slots
from autograder.grading.examination.job import Done, Job
from autograder.grading.nbgrader import course as courses
from autograder.grading.nbgrader import fast_open
from autograder.grading.submission import intake
from autograder.outcomes import UserMistake

KEY = "the grader's own key"
NOTEBOOK = f"{SMALL}.ipynb"


def linked_to_the_source(unit: Path, root: Path) -> None:
    (unit / NOTEBOOK).unlink()
    (unit / NOTEBOOK).symlink_to(root / "source" / SMALL / NOTEBOOK)


def linked_to_another(unit: Path, root: Path) -> None:
    (unit / NOTEBOOK).unlink()
    (unit / NOTEBOOK).symlink_to(f"../../bo/{SMALL}/{NOTEBOOK}")


def linked_unit(unit: Path, root: Path) -> None:
    shutil.rmtree(unit)
    unit.symlink_to(f"../bo/{SMALL}")


def linked_student(unit: Path, root: Path) -> None:
    shutil.rmtree(unit.parent)
    unit.parent.symlink_to("bo")


def dangling_notebook(unit: Path, root: Path) -> None:
    (unit / NOTEBOOK).unlink()
    (unit / NOTEBOOK).symlink_to("nowhere")


def dangling_unit(unit: Path, root: Path) -> None:
    shutil.rmtree(unit)
    unit.symlink_to("nowhere")


def dangling_student(unit: Path, root: Path) -> None:
    shutil.rmtree(unit.parent)
    unit.parent.symlink_to("nowhere")


def linked_key(unit: Path, root: Path) -> None:
    (unit / "key").symlink_to(root / "id_rsa")


def linked_key_that_nobody_copies(unit: Path, root: Path) -> None:
    (unit / "notes.txt").symlink_to(root / "id_rsa")


def linked_key_in_a_folder(unit: Path, root: Path) -> None:
    (unit / "data" / "deep").mkdir(parents=True)
    (unit / "data" / "deep" / "key").symlink_to(root / "id_rsa")


def linked_folder(unit: Path, root: Path) -> None:
    (unit / "data").symlink_to(root)


def hard_link(unit: Path, root: Path) -> None:
    os.link(root / "id_rsa", unit / "key")


def hard_linked_notebook(unit: Path, root: Path) -> None:
    (unit / NOTEBOOK).unlink()
    os.link(root / "source" / SMALL / NOTEBOOK, unit / NOTEBOOK)


def pipe(unit: Path, root: Path) -> None:
    os.mkfifo(unit / "pipe")


def pipe_as_notebook(unit: Path, root: Path) -> None:
    (unit / NOTEBOOK).unlink()
    os.mkfifo(unit / NOTEBOOK)


def listener(unit: Path, root: Path) -> None:
    folder = os.open(unit, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(f"/proc/self/fd/{folder}/socket")  # a path of a socket may have 107 bytes
    os.close(folder)


def device(unit: Path, root: Path) -> None:
    os.mknod(unit / "endless", 0o20666, os.makedev(1, 5))  # another /dev/zero


def file_as_unit(unit: Path, root: Path) -> None:
    shutil.rmtree(unit)
    unit.write_text("{}")


def folder_as_notebook(unit: Path, root: Path) -> None:
    (unit / NOTEBOOK).unlink()
    (unit / NOTEBOOK).mkdir()


CASES: dict[Callable[[Path, Path], None], str] = {
    linked_to_the_source: f"{NOTEBOOK} is a symbolic link",
    linked_to_another: f"{NOTEBOOK} is a symbolic link",
    linked_unit: f"{SMALL} is a symbolic link",
    linked_student: "STUDENT is a symbolic link",
    dangling_notebook: f"{NOTEBOOK} is a symbolic link",
    dangling_unit: f"{SMALL} is a symbolic link",
    dangling_student: "STUDENT is a symbolic link",
    linked_key: "key is a symbolic link",
    linked_key_that_nobody_copies: "notes.txt is a symbolic link",
    linked_key_in_a_folder: "data/deep/key is a symbolic link",
    linked_folder: "data is a symbolic link",
    hard_link: "key is a hard link",
    hard_linked_notebook: f"{NOTEBOOK} is a hard link",
    pipe: "pipe is a named pipe, where a file should be",
    pipe_as_notebook: f"{NOTEBOOK} is a named pipe",
    listener: "socket is a socket",
    device: "endless is a device",
    file_as_unit: f"{SMALL} is a file, where a folder should be",
    folder_as_notebook: f"{NOTEBOOK} is a folder, where a file should be",
}


def honest_course(root: Path) -> Path:
    """A course with one honest submission, bo's, and a secret of the grader's beside it."""
    small_course(root, 0)
    submit(root, "bo")
    (root / "id_rsa").write_text(KEY)
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return honest_course(tmp_path / "course")


def submit(root: Path, student: str, answer: str = "return 2 * number") -> Path:
    unit = root / "submitted" / student / SMALL
    unit.mkdir(parents=True)
    toy.write(unit / NOTEBOOK, small(answer))
    return unit


def grade(root: Path, capsys: pytest.CaptureFixture[str], **more: Any) -> dict[str, Any]:
    commands.grade(SMALL, root=root, as_json=True, **more)
    return {one["student"]: one for one in json.loads(capsys.readouterr().out)["submissions"]}


def leaked(root: Path) -> list[Path]:
    """Files of what is given back that hold the grader's key."""
    return [
        path
        for step in ("autograded", "feedback")
        for path in (root / step).rglob("*")
        if path.is_file() and KEY in path.read_text(errors="replace")
    ]


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A course in which each case was handed in by somebody of its name, and its grades."""
    root = honest_course(tmp_path_factory.mktemp("refused") / "course")
    for put in CASES:
        with contextlib.suppress(PermissionError):  # only root makes devices
            put(submit(root, put.__name__, "return None"), root)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        commands.grade(SMALL, root=root, as_json=True)
    return root, {one["student"]: one for one in json.loads(said.getvalue())["submissions"]}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("put", list(CASES), ids=lambda put: put.__name__)
def test_anything_but_plain_files_is_refused_in_a_sentence(
    put: Callable[[Path, Path], None], refused: tuple[Path, dict[str, Any]]
) -> None:
    root, graded = refused
    one = graded[put.__name__]
    if put is device and os.getuid() != 0:
        pytest.skip("only root makes devices")
    assert (one["status"], one["score"]) == ("failed", None)
    expected = CASES[put].replace("STUDENT", put.__name__)
    assert expected in one["message"], one["message"]
    assert not (root / "autograded" / put.__name__).exists()


def test_what_is_refused_costs_nobody_else_and_nothing_of_the_graders_leaks(
    refused: tuple[Path, dict[str, Any]],
) -> None:
    root, graded = refused
    assert (graded["bo"]["status"], graded["bo"]["score"]) == ("graded", 4.0)
    assert not leaked(root)


def test_what_is_refused_is_told_in_the_table_and_is_no_zero_in_an_export(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    linked_to_another(submit(root, "eve"), root)
    assert commands.grade(SMALL, root=root) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "failed" in said
    assert "is a symbolic link" in said
    commands.export("canvas", root)
    assert "eve,,,eve,,4" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_grade_already_given_stays_when_a_link_takes_the_place_of_its_notebook(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = submit(root, "eve")
    assert grade(root, capsys)["eve"]["score"] == 4.0
    graded = (root / "autograded" / "eve" / SMALL / NOTEBOOK).read_bytes()
    os.rename(unit / NOTEBOOK, unit.parent / "kept")
    for put in (dangling_notebook, linked_to_another, pipe_as_notebook):
        (unit / NOTEBOOK).touch()
        put(unit, root)
        assert grade(root, capsys)["eve"]["status"] == "failed"
        with courses.Course(root).gradebook() as book:
            assert book.find_submission(SMALL, "eve").score == 4.0
        assert (root / "autograded" / "eve" / SMALL / NOTEBOOK).read_bytes() == graded
        (unit / NOTEBOOK).unlink()
    os.rename(unit.parent / "kept", unit / NOTEBOOK)
    monkeypatch.setattr(slots, "examine", None)  # it has its grade: nothing is examined
    assert grade(root, capsys)["eve"]["score"] == 4.0


@pytest.mark.parametrize("moment", ["looked at", "examined"])
def test_a_link_that_comes_in_between_is_not_followed(
    moment: str, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = submit(root, "eve", "return None")
    swapped = []

    def swap() -> None:
        if not swapped:
            swapped.append(True)
            linked_to_the_source(unit, root)

    look, examine = intake._ensure, slots.examine

    def looking(found: Any, wanted: int, shown: Any) -> None:
        look(found, wanted, shown)
        if tuple(shown) == ("eve", SMALL, NOTEBOOK):
            swap()

    def examining(job: Job) -> Done:
        done = examine(job)
        swap()
        return done

    if moment == "looked at":
        monkeypatch.setattr(intake, "_ensure", looking)
    else:
        monkeypatch.setattr(slots, "examine", examining)
    graded = grade(root, capsys, student="eve")["eve"]
    assert swapped
    assert (graded["status"], graded["score"]) == ("failed", None)
    with courses.Course(root).gradebook() as book, contextlib.suppress(Exception):
        assert not book.find_submission(SMALL, "eve").score
    fast_open.let_go()


def test_links_above_what_was_handed_in_are_the_instructors_own(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home").symlink_to(tmp_path / "course")
    (root / "submitted").rename(tmp_path / "handed-in")
    (root / "submitted").symlink_to(tmp_path / "handed-in")
    assert grade(tmp_path / "home", capsys)["bo"]["score"] == 4.0


def test_check_takes_a_notebook_that_a_link_of_the_learners_leads_to(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    path = toy.write(tmp_path / "data" / NOTEBOOK, small())
    (root / "work").mkdir()
    (root / "work" / SMALL).symlink_to(tmp_path / "data")
    assert check.check(root / "work" / SMALL / NOTEBOOK, root) == 0
    (root / "work" / f"{SMALL}-mine.ipynb").symlink_to(path)
    assert check.check(root / "work" / f"{SMALL}-mine.ipynb", root) == 0
    capsys.readouterr()


def test_a_copy_has_all_that_nbgrader_takes_and_nothing_else(tmp_path: Path) -> None:
    unit = tmp_path / "submitted" / "ada" / SMALL
    for name in (NOTEBOOK, "timestamp.txt", "notes.txt", "data/words.csv", "data/other.ipynb"):
        (unit / name).parent.mkdir(parents=True, exist_ok=True)
        (unit / name).write_text(name)
    with intake.copied(tmp_path / "submitted", ("ada", SMALL), ["*.txt"]) as copy:
        found = {str(one.relative_to(copy)) for one in copy.rglob("*") if one.is_file()}
        assert (copy / "ada" / SMALL / "data" / "words.csv").read_text() == "data/words.csv"
    kept = (NOTEBOOK, "timestamp.txt", "data/words.csv")
    assert found == {f"ada/{SMALL}/{name}" for name in kept}
    assert not copy.exists()


@pytest.mark.parametrize("kind", ["files", "bytes", "depth"])
def test_a_copy_has_a_bound(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = tmp_path / "submitted" / "ada" / SMALL
    unit.mkdir(parents=True)
    monkeypatch.setattr(intake, "DEEPEST", 3)
    monkeypatch.setattr(intake, "MOST_FILES", 1000)
    monkeypatch.setattr(intake, "MOST_ENTRIES", 10)
    if kind == "files":
        for number in range(20):
            (unit / str(number)).touch()
    elif kind == "depth":
        (unit / "a" / "b" / "c" / "d" / "e").mkdir(parents=True)
    else:
        with (unit / "endless").open("wb") as file:
            file.truncate(1 << 40)
    with pytest.raises(UserMistake, match=r"has more than|larger than"):
        with intake.copied(tmp_path / "submitted", ("ada", SMALL), []):
            pass


@pytest.mark.slow
def test_nbgrader_autograde_refuses_links_too_and_goes_on_with_the_others(
    root: Path, nbgrader: Commands
) -> None:
    unit = submit(root, "eve")
    submit(root, "zoe")
    nbgrader.run(root, "generate_assignment", SMALL)
    nbgrader.run(root, "autograde", SMALL)
    graded = (root / "autograded" / "eve" / SMALL / NOTEBOOK).read_bytes()
    linked_key(unit, root)
    submit(root, "kim")
    linked_to_the_source(root / "submitted" / "zoe" / SMALL, root)
    done = nbgrader.ask(root, "autograde", SMALL, "--force")
    assert done.code != 0
    assert f"eve/{SMALL}/key is a symbolic link" in done.said
    assert f"zoe/{SMALL}/{NOTEBOOK} is a symbolic link" in done.said
    assert not leaked(root)
    assert (root / "autograded" / "eve" / SMALL / NOTEBOOK).read_bytes() == graded
    for student in ("bo", "kim"):
        assert (root / "autograded" / student / SMALL / NOTEBOOK).exists()


def handed_in(inbound: Path, student: str) -> Path:
    folder = inbound / f"{student}+{SMALL}+2026-11-29 20:00:00 UTC"
    folder.mkdir(parents=True)
    (folder / NOTEBOOK).write_text("{}")
    (folder / "timestamp.txt").write_text("2026-11-29 20:00:00 UTC")
    (folder / "data").mkdir()
    (folder / "data" / "inner.ipynb").write_text("{}")
    return folder


def test_collect_takes_no_link_out_of_the_exchange_and_loses_nothing_collected_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from nbgrader.exchange.default.collect import ExchangeCollect

    course, key = tmp_path / "course", tmp_path / "key"
    course.mkdir()
    key.write_text(KEY)
    inbound = tmp_path / "inbound"
    handed_in(inbound, "ada")
    (handed_in(inbound, "eve") / "key").symlink_to(key)
    before = course / "submitted" / "eve" / SMALL / NOTEBOOK
    before.parent.mkdir(parents=True)
    before.write_text("collected before")
    known = courses.Course(toy.course(course))
    known.directory.assignment_id = SMALL
    exchange = ExchangeCollect(
        coursedir=known.directory,
        config=known.settings,
        check_owner=False,
        update=True,
        log=logging.getLogger("collecting"),
    )
    exchange.inbound_path = str(inbound)
    exchange.src_records = [
        {"username": folder.name.partition("+")[0], "filename": folder.name, "timestamp": "new"}
        for folder in sorted(inbound.iterdir())
    ]
    exchange.copy_files()
    collected = course / "submitted" / "ada" / SMALL
    found = {path.name for path in collected.rglob("*") if path.is_file()}
    assert found == {NOTEBOOK, "timestamp.txt", "inner.ipynb"}
    assert before.read_text() == "collected before"
    assert not any(KEY in path.read_text() for path in course.rglob("*") if path.is_file())
    assert "is a symbolic link" in caplog.text

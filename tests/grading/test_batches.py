"""Many submissions: on all cores, on a cluster, on another database, and when a grader dies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import toy_unit as toy
from gradebook import grades
from nbgrader_commands import GRADE, Commands
from processes import outliving

from autograder.bench import metering
from autograder.environment import contributor_tools, finding
from autograder.grading import commands
from autograder.grading.batch import executors, grade, slots
from autograder.grading.examination import session
from autograder.grading.examination.job import Job
from autograder.grading.nbgrader import course, preprocessors
from autograder.outcomes import UserMistake

SMALL = "91_small"


def small(answer: str = "return 2 * number") -> dict[str, Any]:
    """A notebook of one exercise, which takes 50 ms."""
    about = toy.about
    head = "import asyncio\n\nfrom autograder import watch"
    source = f"async def double(number):\n    await asyncio.sleep(0.05)\n    {answer}"
    test = "report = await watch(double, 21)\nreport.returned(42).responsive(0.1);"
    return {
        "cells": [
            toy.cell("code", head, about("tools", locked=True)),
            toy.cell("code", source, about("double", solution=True)),
            toy.cell("code", test, about("double_test", grade=True, locked=True, points=4.0)),
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def small_course(root: Path, students: int) -> Path:
    """A course of the small unit; every third submission is wrong."""
    source = root / "source" / SMALL
    source.mkdir(parents=True)
    toy.write(source / f"{SMALL}.ipynb", small())
    shutil.copy(toy.ROOT / "nbgrader_config.py", root)
    for number in range(students):
        path = root / "submitted" / f"s{number:04}" / SMALL / f"{SMALL}.ipynb"
        path.parent.mkdir(parents=True)
        toy.write(path, small("return None") if number % 3 == 0 else small())
    return root


def complete(root: Path, students: int) -> None:
    """Nothing is half there: each submission has its notebook and the evidence of it."""
    graded = sorted((root / "autograded").glob(f"*/{SMALL}/{SMALL}.ipynb"))
    assert len(graded) == students
    for path in graded:
        stamp = json.loads(path.read_text())["metadata"][preprocessors.KEY]["examination"]
        found = json.loads(path.with_suffix(".examined.json").read_text())
        assert found["examination"] == stamp


def killed_at(root: Path, nbgrader: Commands, moment: Callable[[], None], jobs: int) -> int:
    """Start a grader, SIGKILL it at that moment, and return its code; nothing of it goes on."""
    grader, family = psutil.Process(nbgrader.start(root, GRADE, SMALL, str(jobs))), []
    moment()
    with contextlib.suppress(psutil.NoSuchProcess):  # it may have ended by itself
        family = grader.children(recursive=True)
        grader.kill()
    code = nbgrader.end().code
    assert outliving(family, within=30) == [], "a grader that was killed left processes"
    return code


@pytest.mark.slow
@pytest.mark.timeout(300)  # up to four graders, each with slots of its own: 3 s of CPU to start
def test_a_grader_killed_at_any_moment_loses_no_grade_and_doubles_none(
    tmp_path: Path, nbgrader: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    """The small version of the soak: moments found by what lies in the folder, then by chance."""
    undisturbed = small_course(tmp_path / "undisturbed", 5)
    assert commands.grade(SMALL, root=undisturbed) == 0

    def until_graded(root: Path, number: int) -> Callable[[], None]:
        def wait() -> None:
            end = time.monotonic() + 60
            while len(list((root / "autograded").glob(f"*/{SMALL}/{SMALL}.ipynb"))) < number:
                assert time.monotonic() < end, "the grader did not begin"
                time.sleep(0.01)
            time.sleep(random.uniform(0, 0.05))  # s; saving one submission takes 50 ms

        return wait

    for turn in range(3):  # without a CPU for a second, we come when all five are graded
        root = small_course(tmp_path / f"killed{turn}", 5)
        code = killed_at(root, nbgrader, until_graded(root, 1), jobs=1)
        if code == -signal.SIGKILL:
            break
    assert code == -signal.SIGKILL
    killed_at(root, nbgrader, until_graded(root, 3), jobs=2)
    capsys.readouterr()
    assert commands.grade(SMALL, root=root, as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert {one["status"] for one in said["submissions"]} == {"graded"}
    assert grades(root) == grades(undisturbed)
    complete(root, 5)


@pytest.mark.slow
def test_half_written_folders_are_graded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of the three a killed grader could not write: notebook, evidence, gradebook."""
    root = small_course(tmp_path, 4)
    commands.grade(SMALL, root=root, as_json=True)
    before = grades(root)
    folders = [root / "autograded" / f"s{number:04}" / SMALL for number in range(4)]
    for path in root.glob("autograded/**/*"):
        path.chmod(0o755)
    notebook, evidence = f"{SMALL}.ipynb", f"{SMALL}.examined.json"
    (folders[0] / evidence).unlink()
    (folders[1] / evidence).write_text((folders[1] / evidence).read_text()[:200])
    (folders[2] / notebook).write_text((folders[2] / notebook).read_text()[:200])
    with contextlib.closing(sqlite3.connect(root / "gradebook.db")) as database, database:
        database.execute("PRAGMA foreign_keys=OFF")
        of_last = "(SELECT id FROM submitted_assignment WHERE student_id='s0003')"
        database.execute(
            "DELETE FROM grade WHERE notebook_id IN "
            f"(SELECT id FROM submitted_notebook WHERE assignment_id IN {of_last})"
        )
        database.execute(f"DELETE FROM submitted_notebook WHERE assignment_id IN {of_last}")
        database.execute("DELETE FROM submitted_assignment WHERE student_id='s0003'")
    examined: list[str] = []
    really = slots.examine
    monkeypatch.setattr(slots, "examine", lambda job: (examined.append(""), really(job))[1])
    commands.grade(SMALL, root=root, as_json=True)
    assert len(examined) == 4
    assert grades(root) == before
    complete(root, 4)


@pytest.mark.slow
def test_what_was_examined_is_not_examined_again_by_nbgrader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cells that a batch examines ahead are the very ones that nbgrader comes to."""
    root = toy.course(tmp_path)
    toy.submit(root, "ada", toy.submission())
    odd = toy.submission(double=toy.unmarked(toy.ANSWERS["double"]) + "\r\n# \x0c ends\u2028so")
    toy.duplicate(odd, "roll_visible")
    odd["cells"].remove(toy.cell_of(odd, "tools"))
    toy.submit(root, "odd", odd)

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("nbgrader examined it a second time")

    monkeypatch.setattr(session, "examine", never)
    assert commands.grade(toy.UNIT, root=root) == 0


@pytest.mark.slow
def test_a_slot_that_dies_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = small_course(tmp_path, 3)
    really = slots._Slot.ask
    killed: list[int] = []

    def ask(slot: slots._Slot, job: Job) -> Any:
        if not killed:
            killed.append(slot._process.pid)
            slot._process.kill()
        return really(slot, job)

    monkeypatch.setattr(slots._Slot, "ask", ask)
    assert commands.grade(SMALL, root=root, jobs=1) == 0
    assert killed


@pytest.mark.slow
def test_a_notebook_that_ends_every_slot_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = small_course(tmp_path, 3)
    really = slots._Slot.ask

    def ask(slot: slots._Slot, job: Job) -> Any:
        if any("None" in cell.source for cell in job.cells):  # of s0000
            slot._process.kill()
        return really(slot, job)

    monkeypatch.setattr(slots._Slot, "ask", ask)
    assert commands.grade(SMALL, root=root, jobs=1, as_json=True) == 1
    graded = json.loads(capsys.readouterr().out)["submissions"]
    assert [one["status"] for one in graded] == ["failed", "graded", "graded"]
    assert "died 2 times" in graded[0]["message"]


def test_more_examinations_than_cores_are_refused(tmp_path: Path) -> None:
    root = small_course(tmp_path, 1)
    with pytest.raises(UserMistake, match=r"each grading needs its own; use at most"):
        commands.grade(SMALL, root=root, jobs=10_000)
    with pytest.raises(UserMistake, match="leave out one of the two"):
        commands.grade(SMALL, root=root, jobs=1, dask="tcp://127.0.0.1:1")


@pytest.mark.slow
def test_two_graders_of_one_course_do_not_meet(tmp_path: Path) -> None:
    root = small_course(tmp_path, 1)
    with course.alone(root), pytest.raises(UserMistake, match="Another process is grading"):
        commands.grade(SMALL, root=root)
    assert commands.grade(SMALL, root=root) == 0


def test_a_gradebook_that_cannot_be_opened_is_said_in_one_sentence(tmp_path: Path) -> None:
    root = small_course(tmp_path, 1)
    for url, word in (
        ("postgresql+psycopg://course:s3cret@127.0.0.1:1/grades", "127.0.0.1:1/grades"),
        ("oracle7://nowhere", "cannot be opened"),
        ("sqlite:////proc/1/nowhere/gradebook.db", "cannot be opened"),
    ):
        settings = (toy.ROOT / "nbgrader_config.py").read_text()
        (root / "nbgrader_config.py").write_text(
            f"{settings}\nc.CourseDirectory.db_url = '{url}'\n"
        )
        with pytest.raises(UserMistake) as refusal:
            commands.grade(SMALL, root=root)
        assert word in str(refusal.value)
        assert "s3cret" not in str(refusal.value)
        assert "\n" not in str(refusal.value)


@pytest.mark.slow
def test_a_notebook_that_changes_while_it_is_graded_is_not_examined_again_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = small_course(tmp_path, 2)
    path = root / "submitted" / "s0001" / SMALL / f"{SMALL}.ipynb"
    run_all = executors.run

    def run_and_hand_in_again(*options: Any) -> Iterator[Any]:
        for student, outcome in run_all(*options):
            if student == "s0001":
                toy.write(path, small("return number + number"))
            yield student, outcome

    with monkeypatch.context() as patch:
        patch.setattr(executors, "run", run_and_hand_in_again)
        assert commands.grade(SMALL, root=root, as_json=True) == 1
    first, second = json.loads(capsys.readouterr().out)["submissions"]
    assert (first["status"], second["status"]) == ("graded", "failed")
    assert "code cell 2 (double) is not the one that was examined" in second["message"]
    assert not (root / "autograded" / "s0001" / SMALL / f"{SMALL}.ipynb").exists()
    assert commands.grade(SMALL, root=root) == 0


def odd_notebooks() -> dict[str, dict[str, Any]]:
    """Right answers in notebooks that nbgrader's own steps put in order."""
    odd = {name: small() for name in ("no ids", "one id", "carriage returns", "lists", "claims")}
    odd["older format"] = small() | {"nbformat_minor": 4}
    for name, content in odd.items():
        for cell in content["cells"]:
            source = cell["source"]
            match name:
                case "no ids" | "older format":
                    del cell["id"]
                case "one id":
                    cell["id"] = "same"
                case "carriage returns":
                    cell["source"] = source.replace("\n", "\r\n")
                case "lists":
                    cell["source"] = source.splitlines(keepends=True)
                case "claims":
                    cell["metadata"]["nbgrader"] |= {"grade": True, "locked": True, "points": 99}
    return odd


@pytest.mark.slow
def test_nbgraders_steps_lead_to_the_cells_that_were_examined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If one did not, its submission would fail: outcomes belong to cells."""
    root = small_course(tmp_path, 0)
    for name, content in odd_notebooks().items():
        path = root / "submitted" / name / SMALL / f"{SMALL}.ipynb"
        path.parent.mkdir(parents=True)
        toy.write(path, content)
    assert commands.grade(SMALL, root=root, as_json=True) == 0
    done = json.loads(capsys.readouterr().out)["submissions"]
    assert [one["student"] for one in done] == sorted(odd_notebooks())
    assert {(one["status"], one["score"]) for one in done} == {("graded", 4.0)}


@pytest.mark.slow
@pytest.mark.usefixtures("new_gradebook")
def test_a_new_gradebook_appears_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from alembic import config
    from nbgrader import api, dbutil

    root = small_course(tmp_path, 1)

    def fails() -> str:
        raise OSError("killed here")

    with monkeypatch.context() as patch:
        course.Course(root)  # which sets what nbgrader opens gradebooks with
        patch.setattr(api, "get_alembic_version", fails)
        with pytest.raises(UserMistake, match="killed here"):
            commands.grade(SMALL, root=root)
    assert not list(root.glob("*gradebook.db*"))
    assert commands.grade(SMALL, root=root) == 0
    with contextlib.closing(sqlite3.connect(root / "gradebook.db")) as database, database:
        (version,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
    capsys.readouterr()
    with dbutil._temp_alembic_ini("sqlite://") as settings:
        # As nbgrader asks when it is alone, without a process of its own: 1.6 s of CPU.
        config.main(["-c", settings, "heads"], prog="alembic")
    assert version == capsys.readouterr().out.split()[0]


@pytest.mark.slow
def test_the_gradebook_may_be_postgresql(tmp_path: Path) -> None:
    """nbgrader's own `db_url`, on the PostgreSQL that the course brings."""
    from autograder import world
    from autograder.world import availability

    if (found := availability.postgres()).missing:
        pytest.skip(finding.reason(found))
    root = small_course(tmp_path, 5)
    world.private()
    try:
        servers = asyncio.run(world.start("postgres"))
        url = servers.postgres.dsn.replace("postgresql://", "postgresql+psycopg://")
        path = root / "nbgrader_config.py"
        path.write_text(f"{path.read_text()}\nc.CourseDirectory.db_url = {url!r}\n")
        first = _scores(root)
        assert first == {"s0000": 0.0, "s0001": 4.0, "s0002": 4.0, "s0003": 0.0, "s0004": 4.0}
        assert _scores(root) == first
        shutil.rmtree(root / "autograded" / "s0001")
        assert _scores(root) == first
        with course.Course(root).gradebook() as gradebook:
            assert len(gradebook.students) == 5
            assert len(gradebook.assignment_submissions(SMALL)) == 5
        assert not (root / "gradebook.db").exists()
    finally:
        world.leave()


def _scores(root: Path) -> dict[str, float]:
    done = grade.grade(
        root, SMALL, slots_=executors.on_this_machine(None), student=None, regrade=False,
        accept_weaker_jail=True, here=True, report=lambda *_: None,
    )  # fmt: skip
    assert {one["status"] for one in done["submissions"]} == {"graded"}
    return {one["student"]: one["score"] for one in done["submissions"]}


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A Dask cluster of two workers on this machine."""
    if contributor_tools.dask().missing:
        pytest.skip(finding.reason(contributor_tools.dask()))
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as made:
        yield made


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Dask's own
def test_a_cluster_of_two_workers_gives_the_same_gradebook(tmp_path: Path, cluster: Any) -> None:
    roots = [small_course(tmp_path / name, 8) for name in ("alone", "cluster")]
    for root in roots:
        path = root / "submitted" / "s0001" / SMALL / f"{SMALL}.ipynb"
        toy.write(path, small("return int(open('data.csv').read())"))
        path.with_name("data.csv").write_text("42")  # it travels with the notebook
    assert commands.grade(SMALL, root=roots[0]) == 0
    assert commands.grade(SMALL, root=roots[1], dask=cluster.scheduler_address) == 0
    assert grades(roots[0]) == grades(roots[1])
    complete(roots[1], 8)
    # pure=False: the same submission is examined anew
    old, new = (_examination(roots[1], "s0002", regrade=r, cluster=cluster) for r in (False, True))
    assert old != new


def _examination(root: Path, student: str, *, regrade: bool, cluster: Any) -> str:
    commands.grade(
        SMALL, root=root, student=student, regrade=regrade, dask=cluster.scheduler_address
    )
    path = root / "autograded" / student / SMALL / f"{SMALL}.examined.json"
    return str(json.loads(path.read_text())["examination"])


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_worker_with_other_code_is_refused(
    tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from autograder.grading.examination import provenance

    root = small_course(tmp_path, 1)
    ours = replace(provenance.here(), code="0ther")
    monkeypatch.setattr(executors, "provenance", _Fake(provenance.here, ours))
    with pytest.raises(UserMistake, match="has another version of this course"):
        commands.grade(SMALL, root=root, dask=cluster.scheduler_address)


class _Fake:
    def __init__(self, here: Any, ours: Any) -> None:
        self._ours, self._real, self._asked = ours, here, 0

    @property
    def here(self) -> Any:
        """First the function that workers are sent, then what says who we are."""
        self._asked += 1
        return self._real if self._asked == 1 else lambda: self._ours


def test_a_cluster_that_is_not_there_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = small_course(tmp_path, 1)
    address = "tcp://127.0.0.1:1"
    missing = contributor_tools.dask().missing
    monkeypatch.setattr(executors, "_PATIENCE", 1.0)
    sentence = "needs Dask" if missing else f"No Dask scheduler answers at {address}"
    with pytest.raises(UserMistake, match=sentence) as refusal:
        commands.grade(SMALL, root=root, dask=address)
    assert "\n" not in str(refusal.value)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_200_submissions_and_20_kills_give_the_undisturbed_gradebook(
    tmp_path: Path, nbgrader: Commands
) -> None:
    """A run of 200 takes about a minute; each kill comes at a random moment of what is left."""
    chance = random.Random(int(os.environ.get("SOAK_SEED", "5")))
    undisturbed = small_course(tmp_path / "undisturbed", 200)
    began = time.monotonic()
    nbgrader.run(undisturbed, GRADE, SMALL, "2")
    whole = time.monotonic() - began
    root = small_course(tmp_path / "killed", 200)
    for left in range(20, 0, -1):
        graded = len(list((root / "autograded").glob("*")))
        longest = 4.0 + whole * (1 - graded / 200) / left  # s; the first 4 are imports
        wait = chance.uniform(0.0, longest)
        killed_at(root, nbgrader, lambda seconds=wait: time.sleep(seconds), jobs=2)
    nbgrader.run(root, GRADE, SMALL, "2")
    assert grades(root) == grades(undisturbed)
    complete(root, 200)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_memory_is_flat_over_1000_submissions(tmp_path: Path) -> None:
    """Of the worker and all its processes together, between submission 200 and 1000."""
    root = small_course(tmp_path, 1000)
    used: list[tuple[int, float]] = []

    def report(done: int, total: int, student: str) -> None:
        if done % 100 == 0:
            me = psutil.Process()
            family = [me, *me.children(recursive=True)]
            used.append((done, metering.memory(family)))

    grade.grade(
        root, SMALL, slots_=executors.on_this_machine(None), student=None, regrade=False,
        accept_weaker_jail=True, here=True, report=report,
    )  # fmt: skip
    print(used)
    first, last = dict(used)[200], used[-1][1]
    # the results themselves, which `--json` prints, are 1 kB each
    assert last - first < 25, used


@pytest.mark.slow
def test_sigint_ends_a_batch_in_order(tmp_path: Path, nbgrader: Commands) -> None:
    root = small_course(tmp_path, 30)
    grader = psutil.Process(nbgrader.start(root, GRADE, SMALL, "2"))
    end = time.monotonic() + 60
    while not list((root / "autograded").glob(f"*/{SMALL}/{SMALL}.examined.json")):
        assert time.monotonic() < end
        time.sleep(0.01)
    family = grader.children(recursive=True)
    grader.send_signal(signal.SIGINT)
    answer = nbgrader.end()
    assert answer.code != 0
    assert '"submissions":' not in answer.said, "it graded to the end"
    assert outliving(family, within=20) == []

"""Every lab is proven: the stub is "not attempted", ours and each right answer get all points, and
each wrong one fails the exercise it is named for, with the message meant for it, and no other.

One examination holds an answer to each exercise of a lab, for half of its time is the same for
all: servers, setup cells, stubs. An answer that does not come out as it is named is examined again
alone, so that its partners can neither spoil nor excuse it. Four run at once: they wait more than
they work, and a verdict does not depend on load.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import groupby, zip_longest
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from autograder.bench.hogs import hogs
from autograder.course.author import answers, parse, release, render
from autograder.course.author.lint import lab as lab_rules
from autograder.course.unit import Unit, repository, shown, written
from autograder.grading.examination import verdicts

ROOT = repository()
UNITS = [unit for unit in written(ROOT) if unit.lab_text.exists()]
STUB, OURS = "stub", "ours"
AT_ONCE = 4
TRIES = 3  # for what a busy machine left open, as the examiner's own repeats do
SECONDS = 600  # for one test: its own examination, and what is before it in the queue


@dataclass(frozen=True)
class Seen:
    """What the examination said about one test cell."""

    name: str
    status: str
    message: str


def files() -> Iterator[Any]:
    """All answers as parameters; without --quick all are run, with it one of each kind."""
    for unit in UNITS:
        found = sorted(answers.found(unit.answers), key=_kind)
        for _, alike in groupby(found, key=_kind):
            for number, path in enumerate(alike):
                name = f"{unit.name}/{path.stem}"
                yield pytest.param(path, id=name, marks=[pytest.mark.slow] if number else [])


def _kind(path: Path) -> tuple[bool, str]:
    answer = answers.load(path)
    return not answer.right, answer.exercise


def selected(request: pytest.FixtureRequest) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tests of this file that are to run: name and parameters."""
    for item in request.session.items:
        # others have a fixture of that name as well
        if item.path == Path(__file__) and "examined" in getattr(item, "fixturenames", ()):
            yield item.name, getattr(item, "callspec").params  # noqa: B009 not declared by pytest


@pytest.fixture(scope="session")
def labs(request: pytest.FixtureRequest) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Of each unit that is wanted our lab and the one handed out, made from the text as it is."""
    ours = {}
    wanted = [params.get("unit") or params["path"].parent for _, params in selected(request)]
    for unit in UNITS:
        if unit.name not in {one.name for one in wanted}:
            continue
        called = shown(ROOT, unit.lab_text)
        ours[unit.name] = render.notebook(
            parse.read(unit.lab_text, called), graded=True, called=called
        )
    released, refused = release.release(
        {name: {f"{name}.ipynb": render.as_bytes(lab)} for name, lab in ours.items()}
    )
    assert not refused
    return {name: (lab, json.loads(released[name][f"{name}.ipynb"])) for name, lab in ours.items()}


@dataclass(frozen=True)
class Examined:
    """What is under way: examinations by name, of stubs, of our labs and of groups of answers."""

    pool: ProcessPoolExecutor
    labs: Mapping[str, tuple[dict[str, Any], dict[str, Any]]]
    groups: dict[Path, tuple[Path, ...]]  # an answer -> all that are in its notebook
    running: dict[str, Future[list[Seen]]]

    def start(self, unit: Unit, name: str, paths: tuple[Path, ...] = ()) -> None:
        ours, notebook = self.labs[unit.name]
        for path in paths:
            notebook = answers.fill(notebook, answers.load(path))
        worked = json.dumps(ours if name == f"{unit.name} {OURS}" else notebook)
        self.running[name] = self.pool.submit(examine, unit, json.dumps(ours), worked)

    def of(self, path: Path) -> list[Seen]:
        return self.running[str(self.groups[path])].result()

    def alone(self, unit: Unit, name: str, *paths: Path) -> list[Seen]:
        """A notebook with these answers, examined now and not at the end of the queue."""
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            apart = Examined(pool, self.labs, {}, {})
            apart.start(unit, name, paths)
            return apart.running[name].result()


@pytest.fixture(scope="session")
def examined(
    request: pytest.FixtureRequest, labs: Mapping[str, tuple[dict[str, Any], dict[str, Any]]]
) -> Iterator[Examined]:
    """The examinations that the selected tests want, in their order."""
    with ProcessPoolExecutor(AT_ONCE, get_context("spawn")) as pool:
        found = Examined(pool, labs, {}, {})
        paths = []
        for name, params in selected(request):
            if "path" in params:
                paths.append(params["path"])
                continue
            kind = OURS if name.startswith("test_our") else STUB
            found.start(params["unit"], f"{params['unit'].name} {kind}")
        for group in together(paths):
            found.start(Unit(ROOT, group[0].parent.name), str(group), group)
            found.groups.update(dict.fromkeys(group, group))
        yield found
        pool.shutdown(cancel_futures=True)


def together(paths: list[Path]) -> Iterator[tuple[Path, ...]]:
    """Groups of answers to different exercises of one lab, the first ones first."""
    for _, of_unit in groupby(paths, key=lambda path: path.parent.name):
        exercises: dict[str, list[Path]] = {}
        for path in of_unit:
            exercises.setdefault(answers.load(path).exercise, []).append(path)
        for row in zip_longest(*exercises.values()):
            yield tuple(path for path in row if path is not None)


def examine(unit: Unit, ours: str, worked: str) -> list[Seen]:
    """Examines one worked lab, in a process of the pool."""
    import nbformat

    from autograder.grading.examination import examine as examination
    from autograder.grading.submission import assignment

    originals = assignment.originals_of_notebook(json.loads(ours))
    notebook = nbformat.reads(worked, as_version=4)  # type: ignore[no-untyped-call]
    cells = assignment.cells_to_examine(notebook, originals)
    found = examination.examine(
        cells, promised=assignment.promised(originals), own_files=unit.folder
    )
    seen = [(cell.name, found.seen[cell.index]) for cell in cells if cell.role == "test"]
    return [Seen(name, one.status, one.message) for name, one in seen]


@cache
def exercises(unit: Unit) -> dict[str, set[str]]:
    """The names of the tests of each exercise."""
    cells = parse.read(unit.lab_text, shown(ROOT, unit.lab_text))
    found = lab_rules.exercises(cells).items()
    return {name: {test.name for test in exercise.tests} for name, exercise in found}


def own_tests(path: Path, seen: list[Seen]) -> list[Seen]:
    """The tests of the exercise that an answer is for."""
    own = exercises(Unit(ROOT, path.parent.name))[answers.load(path).exercise]
    assert own, f"{path.name}: its exercise has no test"
    return [one for one in seen if one.name in own]


def wrong_about(path: Path, seen: list[Seen], group: tuple[Path, ...]) -> str:
    """What did not come out as the answer is named, as text; empty when all did."""
    answer, own = answers.load(path), own_tests(path, seen)
    taken = [one for partner in group for one in own_tests(partner, seen)]
    found = unlike(verdicts.NOT_ATTEMPTED, [one for one in seen if one not in taken])
    if answer.right:
        return found + unlike(verdicts.PASSED, own)
    failed = [one.message for one in own if one.status == verdicts.FAILED]
    return found if answer.message in "\n".join(failed) else found + "\n".join(map(str, own))


def turned(path: Path, seen: list[Seen], group: tuple[Path, ...]) -> list[str]:
    """What contradicts the answer's name, as a list of at most one text: a right one that failed, a
    wrong one that passed everywhere or failed for another reason. An open verdict does not."""
    own = own_tests(path, seen)
    failed = any(one.status == verdicts.FAILED for one in own)
    if any(one.status in verdicts.OPEN for one in own) and not failed:
        return []
    said = wrong_about(path, seen, group)
    return [f"{path.parent.name}/{path.stem}: {said}"] if said else []


def unlike(status: str, seen: list[Seen]) -> str:
    """The tests that came out otherwise, as text; empty when none did."""
    return "\n".join(str(one) for one in seen if one.status != status)


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_stub_is_not_attempted_everywhere(unit: Unit, examined: Examined) -> None:
    seen = examined.running[f"{unit.name} {STUB}"].result()
    assert seen
    assert unlike(verdicts.NOT_ATTEMPTED, seen) == ""


@pytest.mark.slow
@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_our_own_answers_get_all_points(unit: Unit, examined: Examined) -> None:
    name = f"{unit.name} {OURS}"
    seen = examined.running[name].result()
    for _ in range(TRIES):
        if not any(one.status in verdicts.OPEN for one in seen):
            break
        seen = examined.alone(unit, name)
    assert unlike(verdicts.PASSED, seen) == ""


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("path", list(files()))
def test_an_answer_gets_the_verdict_it_is_named_for(path: Path, examined: Examined) -> None:
    seen, group = examined.of(path), examined.groups[path]
    for _ in range(TRIES):
        busy = any(one.status in verdicts.OPEN for one in own_tests(path, seen))
        if not wrong_about(path, seen, group) or not (busy or len(group) > 1):
            break
        seen, group = examined.alone(Unit(ROOT, path.parent.name), str(path), path), (path,)
    assert wrong_about(path, seen, group) == ""


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("beside", "times"), [(0, 3), (8, 1)], ids=["3-times", "8-hogs"])
def test_no_verdict_flips(
    beside: int, times: int, labs: Mapping[str, tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    # A busy machine may leave a verdict open, and never turn it.
    paths = [path for unit in UNITS for path in answers.found(unit.answers)]
    wrong = []
    with hogs(cpu=beside), ProcessPoolExecutor(AT_ONCE, get_context("spawn")) as pool:
        for _ in range(times):
            found = Examined(pool, labs, {}, {})
            for group in together(paths):
                found.start(Unit(ROOT, group[0].parent.name), str(group), group)
                found.groups.update(dict.fromkeys(group, group))
            for path, group in found.groups.items():
                wrong += turned(path, found.of(path), group)
    assert wrong == []

"""Every lab is proven: the stub is "not attempted", ours and each right answer get all points, and
each wrong one fails the exercise it is named for, with the message meant for it, and no other.

Two examinations run at once: they wait more than they work, and a verdict does not depend on load.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from autograder.course import answers, lab_rules, reading, releasing, rendering
from autograder.course.units import Unit, repository, shown, written
from autograder.grading import verdicts

ROOT = repository()
UNITS = [unit for unit in written(ROOT) if unit.lab_text.exists()]
STUB, OURS = "stub", "ours"
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


@pytest.fixture(scope="session")
def labs() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Of each unit our lab and the one handed out, made from the text as it is now."""
    ours = {}
    for unit in UNITS:
        called = shown(ROOT, unit.lab_text)
        ours[unit.name] = rendering.notebook(
            reading.read(unit.lab_text, called), graded=True, called=called
        )
    released, refused = releasing.release(
        {name: {f"{name}.ipynb": rendering.as_bytes(lab)} for name, lab in ours.items()}
    )
    assert not refused
    return {name: (lab, json.loads(released[name][f"{name}.ipynb"])) for name, lab in ours.items()}


@pytest.fixture(scope="session")
def examined(
    request: pytest.FixtureRequest, labs: Mapping[str, tuple[dict[str, Any], dict[str, Any]]]
) -> Iterator[dict[str, Future[list[Seen]]]]:
    """The examinations that the selected tests want, in their order, two at a time."""
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        wanted: dict[str, Future[list[Seen]]] = {}
        for item in request.session.items:
            if item.path != Path(__file__) or "examined" not in getattr(item, "fixturenames", ()):
                continue  # others have a fixture of that name as well
            what = getattr(item, "callspec").params  # noqa: B009 pytest.Item does not declare it
            unit = what["unit"] if "unit" in what else Unit(ROOT, what["path"].parent.name)
            for name in [str(what["path"])] if "path" in what else [STUB, OURS]:
                ours, handed_out = labs[unit.name]
                notebook = handed_out if name == STUB else ours
                if "path" in what:
                    notebook = answers.fill(handed_out, answers.load(what["path"]))
                key = name if "path" in what else f"{unit.name} {name}"
                if key not in wanted:
                    wanted[key] = pool.submit(examine, unit, json.dumps(ours), json.dumps(notebook))
        yield wanted
        pool.shutdown(cancel_futures=True)


def examine(unit: Unit, ours: str, worked: str) -> list[Seen]:
    """Examines one worked lab, in a process of the pool."""
    import nbformat

    from autograder.grading import examination, gradebook

    originals = gradebook.originals_of_notebook(json.loads(ours))
    notebook = nbformat.reads(worked, as_version=4)  # type: ignore[no-untyped-call]
    cells = gradebook.cells_to_examine(notebook, originals)
    found = examination.examine(
        cells, promised=gradebook.promised(originals), own_files=unit.folder
    )
    seen = [(cell.name, found.seen[cell.index]) for cell in cells if cell.role == "test"]
    return [Seen(name, one.status, one.message) for name, one in seen]


def split(unit: Unit, exercise: str, seen: list[Seen]) -> tuple[list[Seen], list[Seen]]:
    """The tests of one exercise, and those of all others."""
    cells = reading.read(unit.lab_text, shown(ROOT, unit.lab_text))
    own = {test.name for test in lab_rules.exercises(cells)[exercise].tests}
    assert own, f"{exercise} has no test"
    return [one for one in seen if one.name in own], [one for one in seen if one.name not in own]


def unlike(status: str, seen: list[Seen]) -> str:
    """The tests that came out otherwise, as text; empty when none did."""
    return "\n".join(str(one) for one in seen if one.status != status)


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_stub_is_not_attempted_everywhere(
    unit: Unit, examined: dict[str, Future[list[Seen]]]
) -> None:
    seen = examined[f"{unit.name} {STUB}"].result()
    assert seen
    assert unlike(verdicts.NOT_ATTEMPTED, seen) == ""


@pytest.mark.slow
@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_our_own_answers_get_all_points(
    unit: Unit, examined: dict[str, Future[list[Seen]]]
) -> None:
    seen = examined[f"{unit.name} {OURS}"].result()
    assert unlike(verdicts.PASSED, seen) == ""


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("path", list(files()))
def test_an_answer_gets_the_verdict_it_is_named_for(
    path: Path, examined: dict[str, Future[list[Seen]]]
) -> None:
    answer = answers.load(path)
    seen = examined[str(path)].result()
    own, others = split(Unit(ROOT, path.parent.name), answer.exercise, seen)
    assert unlike(verdicts.NOT_ATTEMPTED, others) == ""
    if answer.right:
        assert unlike(verdicts.PASSED, own) == ""
    else:
        failed = [one.message for one in own if one.status == verdicts.FAILED]
        assert answer.message in "\n".join(failed), "\n".join(map(str, own))

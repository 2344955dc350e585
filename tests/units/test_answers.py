"""Every lab is proven: the stub is "not attempted", ours and each right answer get all points, and
each wrong one fails the test that it names, with the message meant for it.

One examination holds several answers that share neither a cell nor a test, and runs their tests
alone: the one that an answer names, else all of the exercise (--soak runs all). A right answer
names one where the hidden test is the visible one with other numbers, or where it differs from
ours in one cell. An answer that does not come out as it is named is examined again alone, so that
its partners can neither spoil nor excuse it. Several run at once: they wait more than they compute,
and a verdict does not depend on load. They run in threads, which only wait for the examiners'
processes: so they share one fork server, whose start takes 2 s of CPU.

The labs are the built ones: that they are what the text says is proven by `build --check`, and a
text that was changed since is told here. The tests of one unit run on one worker of xdist
(conftest.py), which starts their examinations when it comes to the first of them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import takewhile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from servers_here import skip_unless_here

from autograder.bench.hogs import hogs
from autograder.course.author import answers, parse, render
from autograder.course.author.lint import lab as lab_rules
from autograder.course.unit import Unit, repository, shown, written
from autograder.grading.examination import session, verdicts
from autograder.grading.examination.cells import Cell
from autograder.grading.submission import assignment

ROOT = repository()
UNITS = [unit for unit in written(ROOT) if unit.lab_text.exists()]
STUB, OURS = "stub", "ours"
# Four on a machine, of two cores as of more: each computes for half of its time. A worker has two.
AT_ONCE = 2 if "PYTEST_XDIST_WORKER" in os.environ else 4
# For what a busy machine left open, as the examiner's own repeats do; those follow at once, and the
# other work may go on for seconds: so there is a pause of 1, 2 and 3 s before these.
TRIES = 3
SECONDS = 600  # for one test: its own examination, and what is before it in the queue


def files() -> Iterator[Any]:
    """All answers as parameters; --quick runs one of each unit, --soak all.

    The sample has one of each kind for each exercise.
    """
    for unit in UNITS:
        kinds = set()
        quick = next(path for path in answers.found(unit.answers) if path.stem[:5] == "wrong")
        for path in answers.found(unit.answers):
            kind = path.stem.split("_")[0], exercise_of(path)
            marks = [pytest.mark.slow] if path != quick else []
            if head_of(path).get("only") == "soak":
                marks = [pytest.mark.soak]
            elif kind not in kinds:
                marks.append(pytest.mark.sample)
            yield pytest.param(path, id=f"{unit.name}/{path.stem}", marks=marks)
            kinds.add(kind)


@cache
def head_of(path: Path) -> dict[str, str]:
    """The head of an answer: all 400 are asked while tests are collected, so no cell is read."""
    with path.open(encoding="utf-8") as file:
        head = takewhile(lambda line: line.startswith("# ") and "%%" not in line, file)
        parts = [line[2:].partition(":") for line in head]
    return {name: value.strip() for name, _, value in parts}


def exercise_of(path: Path) -> str:
    return head_of(path)["exercise"]


load = cache(answers.load)


@cache
def labs(unit: Unit) -> tuple[dict[str, Any], dict[str, Any]]:
    """Our lab and the one handed out, as they are built; the text must still say the same."""
    called = shown(ROOT, unit.lab_text)
    ours = render.lab(parse.read(unit.lab_text, called), called)
    assert render.as_bytes(ours) == unit.lab.read_bytes(), (
        f"{called} has changed: run `python3 -m autograder build` first"
    )
    return ours, json.loads(unit.release.read_bytes())


@dataclass(frozen=True)
class Seen:
    """What the examination said about one test cell."""

    name: str
    status: str
    message: str


def examined_cells(
    unit: Unit, cells: Sequence[Cell], promised: Sequence[str], tests: Sequence[str] | None
) -> list[Seen]:
    """Examine a worked lab, and tell what came of these tests, or of all when `tests` is None."""
    done = session.examine(cells, promised=promised, own_files=unit.folder, tests=tests)
    seen = [
        (c.name, done.seen[c.index]) for c in cells if c.role == "test" and c.index in done.seen
    ]
    return [Seen(name, one.status, one.message) for name, one in seen]


@dataclass(frozen=True)
class Examined:
    """What is under way: examinations by name, of stubs, of our labs and of groups of answers."""

    pool: ThreadPoolExecutor
    wanted: list[tuple[str, Unit, Path | None]]  # test, its unit, and its answer
    every_test: bool = False  # of a lab, whatever the answers are for
    groups: dict[Path, tuple[Path, ...]] = field(default_factory=dict)  # answer -> its notebook's
    running: dict[str, Future[list[Seen]]] = field(default_factory=dict)

    def start(self, unit: Unit, name: str, paths: tuple[Path, ...] = ()) -> None:
        self.running[name] = self.pool.submit(self.examination(unit, name, paths))

    def alone(self, unit: Unit, name: str, *paths: Path) -> list[Seen]:
        """A notebook with these answers, examined now and not at the end of the queue."""
        return self.examination(unit, name, paths)()

    def examination(
        self, unit: Unit, name: str, paths: tuple[Path, ...]
    ) -> Callable[[], list[Seen]]:
        """What examines a notebook with these answers, or our own."""
        ours, notebook = labs(unit)
        for path in paths:
            notebook = answers.fill(notebook, load(path))
        worked = ours if name == f"{unit.name} {OURS}" else notebook
        originals = assignment.originals_of_notebook(ours)
        read = nbformat.reads(json.dumps(worked), as_version=4)
        cells = assignment.cells_to_examine(read, originals)
        promised = assignment.promised(originals)
        tests = [test for path in paths for test in judging_tests(path)]
        only = None if self.every_test or not paths else tests
        return partial(examined_cells, unit, cells, promised, only)

    def start_groups(self, unit: Unit, paths: list[Path]) -> None:
        for group in together(paths, whole=self.every_test):
            self.start(unit, str(group), group)
            self.groups.update(dict.fromkeys(group, group))

    def start_unit(self, unit: Unit) -> None:
        """Start what the selected tests of a unit want, unless that is done; the longest first."""
        skip_unless_here(unit.lab_text)
        mine = [(name, path) for name, of, path in self.wanted if of == unit]
        self.wanted[:] = [one for one in self.wanted if one[1] != unit]
        for kind, test in ((OURS, "test_our"), (STUB, "test_the_stub")):
            if any(name.startswith(test) for name, _ in mine):
                self.start(unit, f"{unit.name} {kind}")
        self.start_groups(unit, [path for _, path in mine if path])

    def of(self, unit: Unit, kind: str) -> list[Seen]:
        self.start_unit(unit)
        return self.running[f"{unit.name} {kind}"].result()

    def of_answer(self, path: Path) -> tuple[list[Seen], tuple[Path, ...]]:
        self.start_unit(unit_of(path))
        group = self.groups[path]
        return self.running[str(group)].result(), group


@pytest.fixture(scope="session")
def examined(request: pytest.FixtureRequest) -> Iterator[Examined]:
    """The examinations that the selected tests want; each unit's begin with its first test."""
    wanted = []
    for item in request.session.items:
        # others have a fixture of that name as well
        if item.path == Path(__file__) and "examined" in getattr(item, "fixturenames", ()):
            params = getattr(item, "callspec").params  # noqa: B009 not declared by pytest
            path = params.get("path")
            wanted.append((item.name, params.get("unit") or unit_of(path), path))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield Examined(pool, wanted)
        pool.shutdown(cancel_futures=True)


def unit_of(path: Path) -> Unit:
    return Unit(ROOT, path.parent.name)


def together(paths: list[Path], *, whole: bool) -> list[tuple[Path, ...]]:
    """Groups of answers to one lab that share no cell and no test, or with `whole` no exercise."""
    groups: list[tuple[list[Path], set[str]]] = []
    for path in sorted(paths, key=lambda path: (path.stem.split("_")[0], exercise_of(path))):
        own = load(path).cells.keys() | (exercise_tests(path) if whole else judging_tests(path))
        for group, taken in groups:
            if not own & taken:
                group.append(path)
                taken.update(own)
                break
        else:
            groups.append(([path], set(own)))
    return [tuple(group) for group, _ in groups]


@cache
def exercises(unit: Unit) -> dict[str, set[str]]:
    """The names of the tests of each exercise."""
    cells = parse.read(unit.lab_text, shown(ROOT, unit.lab_text))
    found = lab_rules.exercises(cells).items()
    return {name: {test.name for test in exercise.tests} for name, exercise in found}


def exercise_tests(path: Path) -> set[str]:
    """The names of the tests of the exercise that an answer is for."""
    own = exercises(unit_of(path))[load(path).exercise]
    assert own, f"{path.name}: its exercise has no test"
    return own


def judging_tests(path: Path) -> set[str]:
    """The names of the tests that tell whether an answer is as it is named."""
    named = load(path).test
    return {named} if named else exercise_tests(path)


def own_tests(path: Path, seen: list[Seen]) -> list[Seen]:
    """What came of the tests of the exercise that an answer is for, as far as they were run."""
    return [one for one in seen if one.name in exercise_tests(path)]


def wrong_about(path: Path, seen: list[Seen], group: tuple[Path, ...]) -> str:
    """What did not come out as the answer is named, as text; empty when all did."""
    answer, own = load(path), own_tests(path, seen)
    taken = [one for partner in group for one in own_tests(partner, seen)]
    found = unlike(verdicts.NOT_ATTEMPTED, [one for one in seen if one not in taken])
    if answer.right:
        return found + unlike(verdicts.PASSED, [one for one in own if is_meant(path, one, group)])
    failed = [one.message for one in own if one.status == verdicts.FAILED]
    return found if answer.message in "\n".join(failed) else found + "\n".join(map(str, own))


def is_meant(path: Path, seen: Seen, group: tuple[Path, ...]) -> bool:
    """Whether a right answer must pass this test of its exercise.

    One that names a test need not fill the cells of the others; a partner may do that.
    """
    if seen.name in judging_tests(path):
        return True
    partners = any(seen.name in judging_tests(one) for one in group)
    return seen.status != verdicts.NOT_ATTEMPTED and not partners


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


@pytest.mark.slow
@pytest.mark.sample
@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_stub_is_not_attempted_everywhere(unit: Unit, examined: Examined) -> None:
    seen = examined.of(unit, STUB)
    assert seen
    assert unlike(verdicts.NOT_ATTEMPTED, seen) == ""


@pytest.mark.slow
@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_our_own_answers_get_all_points(unit: Unit, examined: Examined) -> None:
    seen = examined.of(unit, OURS)
    for pause in range(1, TRIES + 1):
        if not any(one.status in verdicts.OPEN for one in seen):
            break
        time.sleep(pause)
        seen = examined.alone(unit, f"{unit.name} {OURS}")
    assert unlike(verdicts.PASSED, seen) == ""


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("path", list(files()))
def test_an_answer_gets_the_verdict_it_is_named_for(path: Path, examined: Examined) -> None:
    seen, group = examined.of_answer(path)
    for pause in range(1, TRIES + 1):
        busy = any(one.status in verdicts.OPEN for one in own_tests(path, seen))
        if not wrong_about(path, seen, group) or not (busy or len(group) > 1):
            break
        time.sleep(pause if busy else 0)
        seen, group = examined.alone(unit_of(path), str(path), path), (path,)
    assert wrong_about(path, seen, group) == ""


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("beside", "times"), [(0, 3), (8, 1)], ids=["3-times", "8-hogs"])
def test_no_verdict_flips(beside: int, times: int) -> None:
    # A busy machine may leave a verdict open, and never turn it.
    wrong = []
    with hogs(cpu=beside), ThreadPoolExecutor(4) as pool:
        for _ in range(times):
            found = Examined(pool, [], every_test=True)
            for unit in UNITS:
                found.start_groups(unit, answers.found(unit.answers))
            for path in found.groups:
                wrong += turned(path, *found.of_answer(path))
    assert wrong == []


# A job in a pool that was made once, and a loop in Python with `if` inside; and the lines of theirs
# that may be named.
BLOCKS = {
    "05_threads/wrong_four_jobs_ranking_pool_made_once": ("return sorted(scores)",),
    "04_yielding/wrong_crunch_every_hundred_million": ("for number in", "lead +=", "if number"),
}


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("beside", [0, 8], ids=["quiet", "8-hogs"])
@pytest.mark.parametrize("name", BLOCKS)
def test_the_right_line_and_no_word_of_tampering_20_times(name: str, beside: int) -> None:
    path, said = ROOT / "tests" / "answers" / f"{name}.py", list[Seen]()
    with hogs(cpu=beside), ThreadPoolExecutor(1) as pool:
        examined = Examined(pool, [])
        for _ in range(20):
            said += own_tests(path, examined.alone(unit_of(path), str(path), path))
    named = [any(line in one.message for line in BLOCKS[name]) for one in said]
    assert [one for one, right in zip(said, named, strict=True) if not right] == []
    assert {one.status for one in said} == {verdicts.FAILED}
    assert len(said) == 20

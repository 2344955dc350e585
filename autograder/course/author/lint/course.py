"""`lint`: the rules for a whole unit, and the call of all other rules.

Each unit has the parts that learners expect. Its exercises are worth the points below, and each has
hints, and answers that prove it. A test cell means the same in a notebook and in the examination.
Every finding is one sentence: file and line, what is wrong, and how to fix it. `author/parse.py`
checks what a text needs to become a notebook. The rules for lessons, labs, test cells, code cells
and pages are in the other files of this folder.
"""

from __future__ import annotations

from pathlib import Path

from autograder.course.author import answers, parse
from autograder.course.author.lint import lab as lab_rules
from autograder.course.author.lint import lesson as lesson_rules
from autograder.course.author.lint import limits, page
from autograder.course.author.parse import TextCell
from autograder.course.learner import questions
from autograder.course.learner.questions import Question
from autograder.course.unit import Unit, shown, written
from autograder.outcomes import UserMistake

# The syllabus: points of the core exercises, and of the stretch exercises, of each unit.
EXERCISES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "00_start_here": ((), ()),
    "01_coroutines": ((15, 15, 20), (20,)),
    "02_tasks": ((25, 25, 20), ()),
    "03_gateway": ((15, 20, 30, 15), ()),
    "04_yielding": ((30, 20), (20,)),
    "05_threads": ((30, 30, 30), ()),
    "06_structure": ((20, 20, 20, 15), (20, 20)),
    "07_network": ((25, 25), (10,)),
    "08_databases": ((30, 20), (20,)),
    "09_queues": ((20, 20, 20, 15), (20,)),
    "10_debugging": ((40, 20), (20,)),
    "11_catalog": ((30,), (20,)),
    "12_capstone": ((50, 40), (30, 10, 10)),
    "13_by_hand": ((), (20, 10, 10)),
}
RIGHT, WRONG = 2, 3  # an exercise needs at least this many right and wrong answers


def lint(root: Path) -> list[str]:
    """Return everything that is wrong in source/, one sentence for each fault."""
    found: list[str] = []
    owners: dict[str, str] = {}
    for number, unit in enumerate(written(root)):
        found += _unit(unit, first=number == 0)
        found += _taken(unit, owners)
    found += page.check(root)
    found += limits.check(root)
    return list(dict.fromkeys(found))


def _unit(unit: Unit, first: bool) -> list[str]:
    found = []
    if unit.name not in EXERCISES:
        found.append(f"source/{unit.name}:1: the syllabus has no such unit; rename the folder.")
    asked, complaints = _questions(unit)
    found += complaints
    lesson, complaints = _text(unit, unit.lesson_text)
    found += complaints
    if lesson:
        called = shown(unit.root, unit.lesson_text)
        for line, what in lesson_rules.check(lesson, asked, first):
            found.append(f"{called}:{line}: {what}")
    core, stretch = EXERCISES.get(unit.name, ((), ()))
    if unit.lab_text.exists() or core or stretch:
        lab, complaints = _text(unit, unit.lab_text)
        found += complaints
        if lab:
            found += _lab(unit, lab, sorted(core), sorted(stretch))
    return found + _design(unit)


def _text(unit: Unit, path: Path) -> tuple[list[TextCell], list[str]]:
    called = shown(unit.root, path)
    if not path.exists():
        return [], [f"{called}:1: the file is missing; write it."]
    try:
        return parse.read(path, called), []
    except UserMistake as mistake:
        return [], [mistake.sentence]


def _questions(unit: Unit) -> tuple[list[Question], list[str]]:
    called = shown(unit.root, unit.questions)
    if not unit.questions.exists():
        return [], [f"{called}:1: the file is missing; later units recall this one with it."]
    try:
        asked = questions.load(unit.questions, called)
    except UserMistake as mistake:
        return [], [mistake.sentence]
    last = unit.name == list(EXERCISES)[-1]  # nobody recalls it
    if not last and not any(question.kind == "recall" for question in asked):
        return asked, [f'{called}:1: there is no question with kind = "recall"; add one.']
    return asked, []


def _lab(unit: Unit, cells: list[TextCell], core: list[int], stretch: list[int]) -> list[str]:
    called = shown(unit.root, unit.lab_text)
    found = [f"{called}:{line}: {what}" for line, what in lab_rules.check(cells)]
    exercises = lab_rules.exercises(cells)
    for kind, wanted in (("core", core), ("stretch", stretch)):
        points = sorted(
            exercise.points
            for exercise in exercises.values()
            if bool(exercise.statement.keys.get("stretch")) is (kind == "stretch")
        )
        if points != wanted:
            found.append(
                f"{called}:1: the points of the {kind} exercises are {_listed(points)}, and "
                f"{_listed(wanted)} in the syllabus."
            )
    return found + _proofs(unit, cells, exercises)


def _listed(points: list[int] | list[float]) -> str:
    return " + ".join(f"{value:g}" for value in points) or "none"


def _proofs(
    unit: Unit, cells: list[TextCell], exercises: dict[str, lab_rules.Exercise]
) -> list[str]:
    """Check that each exercise has enough right and wrong answers, and that they fit the lab."""
    folder = shown(unit.root, unit.answers)
    found = []
    counted: dict[tuple[str, str], int] = {}
    sockets = {cell.name for cell in cells if cell.role == "answer"}
    tests = {name: {test.name for test in one.tests} for name, one in exercises.items()}
    for path in answers.found(unit.answers):
        try:
            answer = answers.load(path)
        except UserMistake as mistake:
            found.append(f"tests/answers/{mistake.sentence}")
            continue
        where = f"{folder}/{path.name}:1"
        if answer.exercise not in exercises:
            found.append(f"{where}: the lab has no exercise `{answer.exercise}`; name one it has.")
        elif answer.test and answer.test not in tests[answer.exercise]:
            listed = ", ".join(sorted(tests[answer.exercise]))
            found.append(f"{where}: `{answer.test}` is not one of the exercise's tests: {listed}.")
        for name in sorted(answer.cells.keys() - sockets):
            found.append(f"{where}: the lab has no answer cell `{name}`; name one it has.")
        key = (answer.exercise, answer.expect)
        counted[key] = counted.get(key, 0) + 1
    for name, exercise in exercises.items():
        lab = f"{shown(unit.root, unit.lab_text)}:{exercise.statement.line - 1}"
        for expect, prefix, least in (("passes", "right", RIGHT), ("fails", "wrong", WRONG)):
            count = counted.get((name, expect), 0)
            if count < least:
                found.append(
                    f"{lab}: exercise `{name}` is proven with {count} {prefix} answers, and "
                    f"{least} are the least; add {folder}/{prefix}_*.py."
                )
    return found


def _design(unit: Unit) -> list[str]:
    called = shown(unit.root, unit.design)
    text = unit.design.read_text(encoding="utf-8") if unit.design.exists() else ""
    if not text.strip():
        return [f"{called}:1: the note is missing; say goal, what to teach, and what not."]
    return []


def _taken(unit: Unit, owners: dict[str, str]) -> list[str]:
    """Check that no name is used twice: learners give it without a unit (`compare("...")`)."""
    named: list[tuple[str, str, int, Path]] = []
    try:
        if unit.questions.exists():
            asked = questions.load(unit.questions, "")
            named += [
                ("question", name, item.line, unit.questions)
                for item in asked
                for name in (item.id, item.was)
                if name
            ]
        if unit.lab_text.exists():
            cells = parse.read(unit.lab_text, "")
            named += [
                ("exercise", cell.name, cell.line - 1, unit.lab_text)
                for cell in cells
                if cell.role == "exercise"
            ]
    except UserMistake:
        pass  # `_unit` reports it
    found = []
    for kind, name, line, path in named:
        where = f"{shown(unit.root, path)}:{line}"
        first = owners.setdefault(f"{kind} {name}", where)
        if first != where:
            found.append(f"{where}: the {kind} `{name}` is taken, by {first}; choose another name.")
    return found

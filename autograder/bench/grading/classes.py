"""Course directories full of submissions, for `bench grading`: one notebook for each grader."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from autograder.course.author import answers
from autograder.course.notebook import nbgrader_metadata
from autograder.course.unit import Unit

FIVE = "95_five"
CELLS = 5
WAITING = 0.2  # s that a right submission of the five cells waits, all its calls together
FAULTS = ("repair_two_time_sleep", "repair_five_requests", "defer_never", "measure_cpu_time")
_STOCK = """\
c = get_config()
c.CourseDirectory.ignore = ["*.py", "*.toml", "*.md"]
c.Execute.timeout = 120
"""


def five(folder: Path, number: int, settings: Path) -> Path:
    """Make a course of the 5-cell notebook; every third submission has a wrong answer."""
    source = folder / "source" / FIVE
    source.mkdir(parents=True)
    _write(source / f"{FIVE}.ipynb", _five(-1))
    shutil.copy(settings, folder)
    for student in range(number):
        wrong = student % CELLS if student % 3 == 0 else -1
        _write(_submitted(folder, student, FIVE), _five(wrong))
    return folder


def unit(folder: Path, number: int, one: Unit, settings: Path) -> Path:
    """Make a course of a unit; every third submission has four of its wrong answers."""
    shutil.copytree(one.folder, folder / "source" / one.name)
    shutil.copy(settings, folder)
    right = json.loads(one.lab.read_text(encoding="utf-8"))
    wrong = right
    for name in FAULTS:
        wrong = answers.fill(wrong, answers.load(one.answers / f"wrong_{name}.py"))
    for student in range(number):
        _write(_submitted(folder, student, one.name), wrong if student % 3 == 0 else right)
    return folder


def without_our_settings(course: Path, copy: Path) -> Path:
    """Copy a course as an instructor with a stock nbgrader has it."""
    shutil.copytree(course, copy)
    (copy / "nbgrader_config.py").write_text(_STOCK)
    return copy


def for_otter(folder: Path, number: int) -> tuple[Path, list[Path]]:
    """Make otter's tests of the five answers, and notebooks; returns both.

    otter's tests cannot await: each calls the answer on a loop of a thread. It does not watch the
    loop, so it has less to do than the other two.
    """
    tests = folder / "tests"
    tests.mkdir(parents=True)
    for index in range(CELLS):
        case = {"code": f">>> called(f{index}, 7) == {7 * index}\nTrue", "hidden": False}
        suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
        text = {"name": f"q{index}", "points": 2, "suites": [suite]}
        (tests / f"q{index}.py").write_text(f"OK_FORMAT = True\n\ntest = {text!r}\n")
    paths = []
    for student in range(number):
        wrong = student % CELLS if student % 3 == 0 else -1
        cells = [_cell("code", _FOR_OTTER, None), *(_cell("code", _answer(i, wrong), None)
                                                    for i in range(CELLS))]  # fmt: skip
        paths.append(folder / f"s{student:04}.ipynb")
        _write(paths[-1], _notebook(cells))
    return tests, paths


_FOR_OTTER = """\
import asyncio
from concurrent.futures import ThreadPoolExecutor


def called(answer, *arguments):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(answer(*arguments))).result()
"""


def _five(wrong: int) -> dict[str, Any]:
    head = "import asyncio\n\nfrom autograder import watch"
    tools = nbgrader_metadata("tools", grade=False, solution=False, locked=True)
    cells = [_cell("code", head, tools)]
    for index in range(CELLS):
        test = f"report = await watch(f{index}, 7)\nreport.returned({7 * index}).responsive(0.1);"
        name = f"f{index}"
        answer = nbgrader_metadata(name, grade=False, solution=True, locked=False)
        graded = nbgrader_metadata(
            f"{name}_test", grade=True, solution=False, locked=True, points=2.0
        )
        cells += [_cell("code", _answer(index, wrong), answer), _cell("code", test, graded)]
    return _notebook(cells)


def _answer(index: int, wrong: int) -> str:
    value = "None" if index == wrong else f"{index} * number"
    wait = WAITING / CELLS
    return f"async def f{index}(number):\n    await asyncio.sleep({wait:g})\n    return {value}"


def _cell(kind: str, source: str, about: dict[str, Any] | None) -> dict[str, Any]:
    metadata = {"nbgrader": about} if about else {}
    return {
        "cell_type": kind,
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def _notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    for number, cell in enumerate(cells):
        cell["id"] = f"cell{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _submitted(folder: Path, student: int, name: str) -> Path:
    return folder / "submitted" / f"s{student:04}" / name / f"{name}.ipynb"


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")

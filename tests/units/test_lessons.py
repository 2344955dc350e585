"""Every lesson reaches its end with Run All, without an error and without its reader's guesses.

The tests in a browser run the lesson of unit 03 in JupyterLab and check the same of it; here it
runs where there is no browser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from running_kernel import run_all, warm_kernel, without_words
from servers_here import skip_unless_here
from side_by_side import side_by_side

from autograder.course.author import parse
from autograder.course.unit import Unit, repository, written
from autograder.environment import contributor_tools

# Unit 00 writes into work/ and has a test of its own.
ELSEWHERE = {"00"} if contributor_tools.browser().missing else {"00", "03"}
UNITS = [unit for unit in written(repository()) if unit.number not in ELSEWHERE]
# Its 150 commands take every connection of PostgreSQL for a moment. The world's is shared by all
# tests of a user, and one of them got none: so this lesson has a world of its own.
RAIDS = "08"
PRIVATE = "from autograder import world\nworld.private()"
PATIENCE = 180.0  # s; 60 are promised on an idle machine, where 01 took 3.3 and 02 8.4


def code_of(unit: Unit) -> list[str]:
    cells = parse.read(unit.lesson_text, unit.name)
    return [cell.source for cell in cells if cell.kind == "code"]


@pytest.fixture(scope="module")
def outputs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[pytest.FixtureRequest], Any]]:
    """What the cells of each lesson put out; they mostly wait, so three run at a time."""

    def run(unit: Unit) -> Any:
        before = [PRIVATE] if unit.number == RAIDS else []
        with warm_kernel(tmp_path_factory.mktemp(unit.name)) as client:
            shown = run_all(client, before + code_of(unit), patience=PATIENCE)
        return shown[len(before) :]

    with side_by_side(request, "test_a_lesson_runs_to_its_end", run, lanes=3) as of:
        yield of


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE + 60)
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_lesson_runs_to_its_end(
    unit: Unit,
    outputs: Callable[[pytest.FixtureRequest], Any],
    request: pytest.FixtureRequest,
) -> None:
    skip_unless_here(unit.lesson_text)
    for source, shown in zip(code_of(unit), outputs(request), strict=True):
        assert shown is not None, f"this cell never ended:\n{source}"
        errors = [one["evalue"] for one in shown if one["type"] == "error"]
        assert not errors, f"{errors[0]}, raised by this cell:\n{source}"
        mute = [picture for one in shown for picture in without_words(one)]
        assert not mute, f"{mute[0]} has no words; use `show(figure, alt)` in this cell:\n{source}"

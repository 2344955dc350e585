"""The fork server imports what a notebook names, before its cells run, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.grading.examination import session, warming
from autograder.grading.examination.cells import Cell

LIBRARIES = ("matplotlib", "aiohttp", "httpx", "requests", "discord", "asyncpg", "uvloop")
# Which of the libraries were there already; the names are in pieces, so that none is asked for.
LOADED = "import sys; print(*[l for l in {pieces} if ''.join(l) in sys.modules], sep='; ')"


@pytest.fixture
def fresh_server() -> None:
    session.close()


def loaded(*sources: str, files: Path | None = None) -> set[str]:
    """Return which libraries are there when the first cell runs, before these cells."""
    pieces = [(name[:3], name[3:]) for name in LIBRARIES]
    cells = [
        Cell(number, "learner", "", source)
        for number, source in enumerate([LOADED.format(pieces=pieces), *sources])
    ]
    outputs = session.examine(cells, learner_files=files).seen[0].outputs
    return {
        name for name, parts in zip(LIBRARIES, pieces, strict=True) if str(parts) in _said(outputs)
    }


def _said(outputs: object) -> str:
    return str(outputs).replace("\\'", "'")


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_server")
def test_a_notebook_finds_what_it_names_and_the_rest_is_not_imported() -> None:
    assert loaded("import asyncio") == set()
    assert loaded("async def late():\n    import discord\n    return discord") == {
        "aiohttp",
        "discord",
    }
    assert "matplotlib" in loaded("import numpy")
    # What was imported once stays, as a batch needs it.
    assert {"matplotlib", "discord"} <= loaded("import asyncio")


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_server")
def test_a_module_beside_the_notebook_names_libraries_too(tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text("import httpx\n")
    (tmp_path / "folder.py").mkdir()
    assert loaded("import bot", files=tmp_path) == {"httpx"}


def test_a_chart_in_a_learners_cell_is_drawn_by_what_is_already_there() -> None:
    chart = "report = await watch(roll)\nreport"
    for role, groups in (("learner", {warming.PICTURES}), ("test", set())):
        assert warming.needed([Cell(0, role, "", chart)], Path("no such folder")) == groups


def test_what_is_too_long_is_not_looked_through(tmp_path: Path) -> None:
    long = " " * 1_000_000 + "discord"
    (tmp_path / "a.py").write_text(long)
    assert warming.needed([Cell(0, "learner", "", long)], tmp_path) == set()


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_server")
def test_what_draws_is_imported_when_answers_fail_often() -> None:
    test = "from autograder import watch\nreport = await watch(wrong)\nreport.returned(1)"
    answer = Cell(0, "learner", "", "async def wrong():\n    return 2")
    for _ in range(2):
        seen = session.examine([answer, Cell(1, "test", "wrong_test", test, 1.0)]).seen[1]
        assert seen.status == "failed"
        assert "image/png" in str(seen.outputs)
        there = loaded("import asyncio")
    assert there == {"matplotlib"}

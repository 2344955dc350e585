"""Every lesson reaches its end with Run All, without an error and without its reader's guesses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from running_kernel import kernel, run_all

from autograder.course.author import parse
from autograder.course.unit import Unit, repository, written

# Unit 00 writes into work/ and has a test of its own.
UNITS = [unit for unit in written(repository()) if unit.number != "00"]
PATIENCE = 180.0  # s; 60 are promised on an idle machine, where 01 took 3.3 and 02 8.4


def without_words(output: dict[str, Any]) -> list[str]:
    """The beginnings of the pictures of an output that nobody can have read aloud."""
    data, about = output.get("data", {}), output.get("metadata", {})
    bare = [
        kind for kind in data if kind.startswith("image/") and not about.get(kind, {}).get("alt")
    ]
    pictures = re.findall(r"<img\b[^>]*>", str(data.get("text/html", "")))
    told = re.compile(r'\salt="[^"]|\saria-hidden="true"')
    return [*bare, *(picture[:80] for picture in pictures if not told.search(picture))]


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE + 60)
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_lesson_runs_to_its_end(unit: Unit, tmp_path: Path) -> None:
    cells = parse.read(unit.lesson_text, unit.name)
    code = [cell.source for cell in cells if cell.kind == "code"]
    with kernel(tmp_path) as client:
        outputs = run_all(client, code, patience=PATIENCE)
    for source, shown in zip(code, outputs, strict=True):
        assert shown is not None, f"this cell never ended:\n{source}"
        errors = [one["evalue"] for one in shown if one["type"] == "error"]
        assert not errors, f"{errors[0]}, raised by this cell:\n{source}"
        mute = [picture for one in shown for picture in without_words(one)]
        assert not mute, f"{mute[0]} has no words; use `show(figure, alt)` in this cell:\n{source}"

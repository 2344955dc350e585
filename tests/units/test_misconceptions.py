"""The map of the misconceptions is whole: all 41 rows, each with a cell that settles it.

That the cells exist is checked for all pages of the toolbox (test_toolbox.py, and build).
"""

from __future__ import annotations

import re

from autograder.course import unit
from autograder.course.unit import repository

MAP = repository() / "source" / unit.FOLDER / "misconceptions.py"


def test_every_misconception_is_there_and_leads_to_a_cell_that_settles_it() -> None:
    text = MAP.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^# \| (\d+) \| .* \| (.*) \|$", text, re.MULTILINE))
    assert sorted(map(int, rows)) == list(range(1, 42))
    for number, where in rows.items():
        assert "](l" in where or where.startswith("below, "), f"row {number} leads nowhere"
    below = {where.removeprefix("below, ") for where in rows.values() if where.startswith("below")}
    assert all(f"**{letter}. " in text for letter in below)

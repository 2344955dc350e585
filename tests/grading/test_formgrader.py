"""Formgrader in a running JupyterLab: its buttons grade with the examiner, or not at all."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import toy_unit as toy
from running_lab import Lab, clone_into, lab

pytestmark = [
    pytest.mark.slow,  # JupyterLab takes 2-4 s to answer, on an idle machine
    pytest.mark.timeout(300),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="grading needs fork"),
    pytest.mark.usefixtures("may_grade"),
]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The repository as it is cloned, with the toy unit and two submissions."""
    root = clone_into(tmp_path / "clone")
    toy.write_lab(root)
    blocking = (
        "import time\n\nasync def roll(spec):\n    time.sleep(0.4)\n    return f'{spec}: rolled'"
    )
    toy.submit(root, "ada", toy.submission(roll=blocking))
    trace = tmp_path / "trace"
    toy.submit(root, "bo", toy.submission(double=f"open({str(trace)!r}, 'w')"))
    return root


def press(running: Lab, path: str) -> dict[str, Any]:
    """Do what a button of Formgrader's does."""
    said: dict[str, Any] = json.loads(running.ask(f"/formgrader/api/{path}", method="POST"))
    return said


def test_the_buttons_grade_with_the_examiner_and_with_broken_settings_not_at_all(
    clone: Path, tmp_path: Path
) -> None:
    with lab(clone, tmp_path) as running:
        said = press(running, f"assignment/{toy.UNIT}/assign")
        assert said["success"], said
        said = press(running, f"submission/{toy.UNIT}/ada/autograde")
        assert said["success"], said
        listed = json.loads(running.ask(f"/formgrader/api/submissions/{toy.UNIT}"))
        ada = next(one for one in listed if one["student"] == "ada")
        assert (ada["score"], ada["max_score"]) == (6.0, 9.0)
        assert press(running, f"assignment/{toy.UNIT}/ada/generate_feedback")["success"]
        page = (clone / "feedback" / "ada" / toy.UNIT / f"{toy.UNIT}.html").read_text()
        assert "line 4 of cell roll" in page
        notebooks = f"/formgrader/api/submitted_notebooks/{toy.UNIT}/{toy.UNIT}"
        [submission] = [
            one for one in json.loads(running.ask(notebooks)) if one["student"] == "ada"
        ]
        shown = running.ask(f"/formgrader/submissions/{submission['id']}/").decode()
        assert re.search(r"the loop was held for \d+ ms", shown)
        evidence = clone / "autograded" / "ada" / toy.UNIT / f"{toy.UNIT}.examined.json"
        assert json.loads(evidence.read_text())["cells"]["roll_visible"]["line"] == 4
    path = clone / "nbgrader_config.py"
    path.write_text(path.read_text().replace("configure(c)", "configure(c"))
    with lab(clone, tmp_path) as running:
        said = press(running, f"submission/{toy.UNIT}/bo/autograde")
        assert not said["success"]
        assert "was not applied, so nothing was graded" in said["log"] + said.get("error", "")
    assert not (tmp_path / "trace").exists()
    assert not (clone / "autograded" / "bo" / toy.UNIT).exists()

"""What Codespaces and VS Code would do with `.devcontainer/`."""

from __future__ import annotations

import json
import re
from pathlib import Path

from autograder import cli
from autograder.course.jupyterlab_server import USUAL_PORT
from autograder.environment.pythons import NEWEST, OLDEST

ROOT = Path(__file__).resolve().parents[2]
SAID = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))


def test_its_commands_are_ours_and_the_first_one_installs_everything() -> None:
    for step in ("postCreateCommand", "postAttachCommand"):
        words = SAID[step].split()
        assert words[:3] == ["python3", "-m", "autograder"]
        assert cli._read(words[3:]).verb.__name__ == words[3]
        assert words[3] != "doctor"  # the one command that installs nothing


def test_its_port_is_that_of_jupyterlab() -> None:
    assert SAID["forwardPorts"] == [USUAL_PORT]
    assert list(SAID["portsAttributes"]) == [str(USUAL_PORT)]


def test_its_python_is_one_that_the_course_runs_on() -> None:
    major, minor = re.search(r"python:(\d+)\.(\d+)$", SAID["image"]).groups()  # type: ignore[union-attr]
    assert OLDEST <= (int(major), int(minor)) <= NEWEST

"""What is left out at the start of a command is missed by nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from autograder.environment import light_imports
light_imports.skip_grammars()
import nbformat
from nbformat import v4
nbformat.validate(v4.new_notebook(cells=[v4.new_code_cell("1 + 1")]))
try:
    broken = v4.new_notebook(cells=[v4.new_code_cell("1")])
    broken.cells[0].source = 1
    nbformat.validate(broken)
except nbformat.ValidationError:
    print("refused", "lark" in sys.modules)
"""


def test_notebooks_are_validated_without_the_grammars_of_web_addresses() -> None:
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["refused", "False"]


def test_validate_begins_without_them(tmp_path: Path) -> None:
    button = "autograder.grading.nbgrader.validate_button"
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", button, str(tmp_path / "missing.ipynb")],
        env=bare,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "There is no file" in told.stdout
    assert "nbformat" in told.stderr
    assert "lark" not in told.stderr

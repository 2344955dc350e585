"""What is left out at the start of a command is missed by nobody."""

from __future__ import annotations

import subprocess
import sys

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

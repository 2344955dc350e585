"""The rules for the toolbox: a title first, the rules for code cells, and public imports only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from autograder.course.author import parse
from autograder.course.author.lint import code
from autograder.course.author.toolbox import is_page, texts
from autograder.course.unit import shown
from autograder.outcomes import UserMistake

LONGEST = 18  # lines of code in a cell, as in a lesson


def check(root: Path) -> Iterator[str]:
    """Yield what is wrong with the pages, one sentence each; the build reports broken links."""
    for path in texts(root):
        called = shown(root, path)
        if not is_page(path):
            for line, what in code.private_imports(ast.parse(path.read_text(encoding="utf-8"))):
                yield f"{called}:{line}: {what}"
            continue
        try:
            cells = parse.read(path, called)
        except UserMistake as mistake:
            yield mistake.sentence
            continue
        if cells[0].kind != "markdown" or not cells[0].source.startswith("# "):
            yield f"{called}:{cells[0].line}: begin the page with a title, `# ...`."
        for cell in cells:
            if cell.kind == "code":
                for line, what in code.check(cell, LONGEST):
                    yield f"{called}:{line}: {what}"

"""The rules for every code cell, in lessons, labs and pages."""

from __future__ import annotations

import ast
import importlib
import io
import re
import tokenize
from collections.abc import Iterator

from autograder.course.author.parse import TextCell

_NOT_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
_FORBIDDEN = {
    "asyncio.run": "fails on the kernel's running loop",
    "asyncio.Runner": "fails on the kernel's running loop",
    "nest_asyncio.apply": "stops Run All under ipykernel 7.4",
}
_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]*://"
    r"(?:[^\s/@\"'{}]*@)?"  # user and password
    r"(\[[^\]\s]*\]|[^\s/:\"'{}\\?#]*)"  # host
)
_LOOPBACK = {"", "127.0.0.1", "localhost", "[::1]"}

# What a notebook may import from us. Learners keep their copies for years, so all of it is public.
PUBLIC = ("autograder", "autograder.catalog", "autograder.lessons", "autograder.testing")

Finding = tuple[int, str]  # a line of the text file, and what is wrong there


def check(cell: TextCell, longest: int) -> Iterator[Finding]:
    """Yield findings about one code cell, which may have up to `longest` lines of code."""
    lines = code_lines(cell)
    if lines == 0:
        yield cell.line, "the cell holds no code; write it, or remove the cell."
    if lines > longest:
        yield (
            cell.line,
            f"the cell has {lines} lines of code, and {longest} are the most here; "
            "split it where the idea changes.",
        )
    for line, what in private_imports(cell.tree):
        yield cell.line + line - 1, what
    yield from _own_loops(cell)
    yield from _far_addresses(cell)


def code_lines(cell: TextCell) -> int:
    """Count the lines of a cell that hold code, without blank lines, comments and docstrings."""
    used: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(cell.python).readline):
        if token.type not in _NOT_CODE:
            used.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(cell.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.body[0]
            if ast.get_docstring(node) is not None and first.end_lineno is not None:
                used.difference_update(range(first.lineno, first.end_lineno + 1))
    return len(used)


def private_imports(tree: ast.Module) -> Iterator[Finding]:
    """Findings about imports of what is not public, with the line of the tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            asked = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            asked = [_imported(node.module, alias.name) for alias in node.names]
        else:
            continue
        for name in asked:
            if name.partition(".")[0] == PUBLIC[0] and name not in PUBLIC:
                yield (
                    node.lineno,
                    f"`{name}` is not public, and learners keep their notebooks for years; import "
                    f"what is in `__all__` of {', '.join(f'`{one}`' for one in PUBLIC)}, or add "
                    "it there.",
                )


def _imported(module: str, name: str) -> str:
    """The module that an import asks for a public name, else the dotted name it asks for."""
    public = module in PUBLIC and name in ("*", *importlib.import_module(module).__all__)
    return module if public else f"{module}.{name}"


def dotted(node: ast.expr) -> str:
    """Return the dotted name that an expression is, such as "asyncio.run"; empty for others."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (owner := dotted(node.value)):
        return f"{owner}.{node.attr}"
    return ""


def _own_loops(cell: TextCell) -> Iterator[Finding]:
    names = {}
    for node in ast.walk(cell.tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name] = alias.name
    for node in ast.walk(cell.tree):
        if isinstance(node, ast.Call):
            first, *rest = dotted(node.func).split(".")
            called = ".".join([names.get(first, first), *rest])
            if called in _FORBIDDEN:
                yield (
                    cell.line + node.lineno - 1,
                    f"`{called}` {_FORBIDDEN[called]}; await the coroutine instead, or run it "
                    "in a child interpreter.",
                )


def _far_addresses(cell: TextCell) -> Iterator[Finding]:
    for node in ast.walk(cell.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for match in _ADDRESS.finditer(node.value):
                if match[1].lower() not in _LOOPBACK:
                    yield (
                        cell.line + node.lineno - 1,
                        f"`{match[0]}` is not on this machine; nothing leaves 127.0.0.1, "
                        "so use a server of `world`, or put a link into a text cell.",
                    )

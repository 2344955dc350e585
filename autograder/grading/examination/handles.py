"""Handles: what a test cell finds under the learner's names. Only `watch` accepts them.

The examiner never holds an object of the learner. Before a test cell runs, the examiner reads the
text of the learner's cells so far, and binds a handle to each name that these cells bind. When
`watch` calls a handle, the candidate looks up the name.
"""

from __future__ import annotations

import ast
import builtins
import re
import textwrap
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NoReturn

LONGEST_READ = 200_000  # characters of a cell; what is behind them binds nothing
_MAGIC = re.compile(r"\s*(%{1,2}\w|!|\?|[\w.%*]+\?\??\s*$)")
# `files = !ls`; a blank has only one place in it, or a line of them would take minutes
_ASSIGNED = re.compile(r"^(\s*[\w,][\w, ]*=\s*)[%!](?!=).*$")


class HandleMisused(TypeError):
    """A test cell used a learner's name without `watch`: a mistake in the course."""


class LearnerHandle:
    """Stands for a name in the candidate."""

    __slots__ = ("__name__",)

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, *args: object, **keywords: object) -> NoReturn:
        """Refuse the call. It is defined because functools.partial accepts only callables."""
        self._refuse()

    def __getattr__(self, attribute: str) -> NoReturn:
        if attribute.startswith("__"):
            raise AttributeError(attribute)  # inspect and functools look for these
        self._refuse()

    def __repr__(self) -> str:
        return f"<{self.__name__}, in the learner's process>"

    def _refuse(self) -> NoReturn:
        raise HandleMisused(
            f"test cells reach `{self.__name__}` only through watch: "
            f"`await watch({self.__name__}, ...)`, or a driver that uses it"
        )


def bind(namespace: dict[str, Any], sources: Iterable[str]) -> None:
    """Bind a handle to each name that the `sources` bind and that is not yet taken.

    Names of setup and test cells keep their values, and so do builtins: a learner's `print = None`
    must not reach the test. Handles of an earlier call are removed.
    """
    for name in [name for name, value in namespace.items() if type(value) is LearnerHandle]:
        del namespace[name]
    for name in bound_by(sources):
        if name not in namespace and not hasattr(builtins, name):
            namespace[name] = LearnerHandle(name)


def bound_by(sources: Iterable[str]) -> set[str]:
    """Return the names that these cells bind at their top level, without imports."""
    names: set[str] = set()
    for source in sources:
        names |= _bound_by_cell(source)
    return names


@lru_cache(maxsize=2000)
def _bound_by_cell(source: str) -> frozenset[str]:
    for text in _readings(source[:LONGEST_READ]):
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        return frozenset(_bound_in(tree))
    return frozenset()


def _readings(source: str) -> Iterator[str]:
    """Yield a cell's text, then the text without the lines that only IPython understands.

    IPython itself reads a cell anew for each of its magics, which takes minutes for a cell of a
    thousand. Here a line that begins with `%`, `!` or `?`, or ends with `?`, becomes a statement
    that binds nothing, and in the last reading an empty line, as inside of brackets. A cell magic
    has the cell for itself and binds nothing.
    """
    source = textwrap.dedent(source)
    yield source
    if source.lstrip().startswith("%%"):
        return
    lines = source.split("\n")
    for instead in ("pass", ""):
        continued = False
        read = []
        for line in lines:
            magic = continued or _MAGIC.match(line)
            continued = bool(magic) and line.endswith("\\")
            indent = line[: len(line) - len(line.lstrip())]
            read.append(indent + instead if magic else _ASSIGNED.sub(r"\1None", line))
        yield "\n".join(read)


def _bound_in(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module binds; do not look into functions and classes.

    Not by recursion: the sum of 700 numbers in one line is a tree of 700 levels.
    """
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                yield node.id
        elif not isinstance(node, ast.Lambda):
            waiting += ast.iter_child_nodes(node)

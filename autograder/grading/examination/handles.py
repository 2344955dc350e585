"""Names of the learner's functions in test cells: they stand for handles that only `watch` takes.

The examiner never holds an object of the learner's. Before a test cell runs it reads, as text, the
cells of the learner that ran so far, and puts a handle under each name they bind. What a handle
names is looked up in the candidate, when `watch` calls it.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from IPython.core.inputtransformer2 import TransformerManager


class HandleMisused(TypeError):
    """A test cell used a learner's name other than through `watch`: a mistake of the course's."""


class LearnerHandle:
    """A name in the candidate."""

    __slots__ = ("__name__",)

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, *args: object, **keywords: object) -> NoReturn:
        """Refuse: functools.partial wants something that can be called, nothing else may."""
        self._refuse()

    def __getattr__(self, attribute: str) -> NoReturn:
        if attribute.startswith("__"):
            raise AttributeError(attribute)  # what inspect and functools ask of everything
        self._refuse()

    def __repr__(self) -> str:
        return f"<{self.__name__}, in the learner's process>"

    def _refuse(self) -> NoReturn:
        raise HandleMisused(
            f"test cells reach `{self.__name__}` only through watch: "
            f"`await watch({self.__name__}, ...)`, or a driver that uses it"
        )


def bind(namespace: dict[str, Any], sources: Iterable[str]) -> None:
    """Put a handle under every name that the `sources` bind and that means nothing else yet.

    Names of the test's own side stay what they are, and so do builtins: a learner's `print = None`
    must not reach the test.
    """
    for name in [name for name, value in namespace.items() if type(value) is LearnerHandle]:
        del namespace[name]
    for name in bound_by(sources):
        if name not in namespace and not hasattr(builtins, name):
            namespace[name] = LearnerHandle(name)


def bound_by(sources: Iterable[str]) -> set[str]:
    """Return the names that these cells bind at their top level; imports do not count."""
    names: set[str] = set()
    for source in sources:
        names |= _bound_by_cell(source)
    return names


@lru_cache(maxsize=2000)
def _bound_by_cell(source: str) -> frozenset[str]:
    try:
        tree = ast.parse(_transformer().transform_cell(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    collector = _TopLevel()
    collector.visit(tree)
    return frozenset(collector.names)


class _TopLevel(ast.NodeVisitor):
    """Collects what a module binds; does not look into functions and classes."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.names.add(node.name)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.names.add(node.name)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.names.add(node.name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Its names are its own."""

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.names.add(node.id)


@cache
def _transformer() -> TransformerManager:
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager()  # type: ignore[no-untyped-call]

"""What setup cells define, in the candidate: a learner's cell may take the names of it.

A driver of a test says what the learner's code did. What a driver uses must therefore be what the
setup cells defined, also when a later cell has given their names to something else. This holds for
names and for the code of functions. It does not hold for what the learner's cells change inside of
modules: what a driver says stays a claim.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import CodeType, FunctionType
from typing import Any

from autograder.grading.examination.handles import bound_by


class Given:
    """Remembers functions and classes of a namespace, and puts them back before a driver runs."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._values: dict[str, FunctionType | type] = {}
        self._code: dict[FunctionType, tuple[CodeType, Any, Any]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def remember(self, source: str) -> None:
        """Remember the functions and classes that this setup cell, which has run, has bound."""
        for name in bound_by([source]):
            value = self._namespace.get(name)
            if isinstance(value, FunctionType | type):
                self._values[name] = value
                for function in _functions(value):
                    defaults = function.__defaults__, function.__kwdefaults__
                    self._code[function] = (function.__code__, *defaults)

    def restored(self, name: str) -> FunctionType | type:
        """Put back the function of this name and all that it uses; return it."""
        self._put_back([name])
        return self._values[name]

    def restore_for(self, code: CodeType) -> None:
        """Put back what this code uses."""
        self._put_back(_names(code))

    def _put_back(self, names: Iterable[str]) -> None:
        todo, done = list(names), set()
        while todo:
            name = todo.pop()
            if name in done or name not in self._values:
                continue
            done.add(name)
            value = self._namespace[name] = self._values[name]
            for function in _functions(value):
                if function in self._code:
                    code, defaults, keywords = self._code[function]
                    function.__code__ = code
                    function.__defaults__, function.__kwdefaults__ = defaults, keywords
                todo += _names(function.__code__)


def _functions(value: FunctionType | type) -> list[FunctionType]:
    if isinstance(value, FunctionType):
        return [value]
    return [one for one in vars(value).values() if isinstance(one, FunctionType)]


def _names(code: CodeType) -> list[str]:
    """The global names that this code and the functions in it use."""
    inner = [name for c in code.co_consts if isinstance(c, CodeType) for name in _names(c)]
    return [*code.co_names, *inner]

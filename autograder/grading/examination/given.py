"""What setup cells define, in the candidate: a learner's cell may take the names of it.

A driver of a test says what the learner's code did. What a driver uses must therefore be what the
setup cells defined, also when a later cell has given their names to something else. The learner's
own code keeps the names as it has bound them. All this holds for names and for the code of
functions. It does not hold for what the learner's cells change inside of modules and classes: what
a driver says stays a claim.
"""

from __future__ import annotations

import ast
import dis
from types import CodeType, FunctionType, ModuleType
from typing import Any


class Given:
    """Remembers the functions, classes and modules of setup cells, for drivers."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._values: dict[str, FunctionType | type | ModuleType] = {}
        # of the functions that the cells define, and do not import: code and defaults
        self._code: dict[str, tuple[CodeType, Any, Any]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def remember(self, source: str) -> None:
        """Remember what this setup cell, which has run, has bound; it is Python, without magics."""
        cell = compile(source, "setup", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        stored = {one.argval for one in dis.get_instructions(cell) if one.opname == "STORE_NAME"}
        for name in stored:
            value = self._namespace.get(name)
            if isinstance(value, FunctionType | type | ModuleType):
                self._values[name] = value
            if isinstance(value, FunctionType) and value.__globals__ is self._namespace:
                self._code[name] = (value.__code__, value.__defaults__, value.__kwdefaults__)

    def scope(self) -> dict[str, Any]:
        """Return the namespace for a driver: the learner's, with all that setup cells defined.

        A function is made again only if it uses a name that was taken, or was changed itself: a
        process pool finds a function only under its own name.
        """
        scope = {**self._namespace, **self._values}
        for name in self._spoilt():
            if name in self._code:
                code, defaults, keywords = self._code[name]
                old = self._values[name]
                assert isinstance(old, FunctionType)
                again = FunctionType(code, scope, old.__name__, defaults, old.__closure__)
                again.__kwdefaults__ = keywords
                scope[name] = again
        return scope

    def _spoilt(self) -> set[str]:
        """The names that were taken, the functions that were changed, and what uses them."""
        spoilt = {
            name
            for name, value in self._values.items()
            if self._namespace.get(name) is not value or self._is_changed(name)
        }
        uses = {name: _names(code) for name, (code, *_) in self._code.items()}
        while more := {name for name, used in uses.items() if used & spoilt} - spoilt:
            spoilt |= more
        return spoilt

    def _is_changed(self, name: str) -> bool:
        value = self._values[name]
        if name not in self._code or not isinstance(value, FunctionType):
            return False
        return self._code[name] != (value.__code__, value.__defaults__, value.__kwdefaults__)


def _names(code: CodeType) -> set[str]:
    """The global names that this code and the functions in it use."""
    inner = (_names(one) for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*inner)

"""Unblocked: an asyncio course for bot authors, graded by the event loop itself.

The public names are loaded on first use, so that `from autograder import watch` costs a fraction
of a second and pulls in neither matplotlib nor nbgrader.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder import world as world
    from autograder.course.asking import predict as predict
    from autograder.course.asking import recall as recall
    from autograder.course.scoring import progress as progress
    from autograder.grading.marking import check as check
    from autograder.watching import watch as watch

_HOMES = {
    "watch": "autograder.watching",
    "predict": "autograder.course.asking",
    "recall": "autograder.course.asking",
    "progress": "autograder.course.scoring",
    "check": "autograder.grading.marking",
}

__all__ = ["check", "predict", "progress", "recall", "watch", "world"]


def __getattr__(name: str) -> Any:
    if name == "world":
        return importlib.import_module("autograder.world")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'autograder' has no public name {name!r}; it has {__all__}")


def __dir__() -> list[str]:
    return __all__

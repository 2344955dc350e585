"""Unblocked: an asyncio course for bot authors, graded by the event loop itself.

The public names are loaded on first use, so that `from autograder import watch` takes a fraction
of a second and imports neither matplotlib nor nbgrader.

`python -m autograder` runs this file before it checks Python's version. So this file must run on
Python 2.7: it has type comments, and does not import `typing` at run time.
"""

import importlib
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograder import world as world
    from autograder.course.learner.backup import reset as reset
    from autograder.course.learner.backup import restore as restore
    from autograder.course.learner.backup import save as save
    from autograder.course.learner.compare import compare as compare
    from autograder.course.learner.own_bot import audit as audit
    from autograder.course.learner.predict import predict as predict
    from autograder.course.learner.predict import recall as recall
    from autograder.course.learner.progress import progress as progress
    from autograder.course.learner.show import show as show
    from autograder.course.learner.survey import after as after
    from autograder.course.learner.survey import before as before
    from autograder.grading.check import check as check
    from autograder.monitor.watch import watch as watch

_HOMES = {
    "watch": "autograder.monitor.watch",
    "audit": "autograder.course.learner.own_bot",
    "predict": "autograder.course.learner.predict",
    "recall": "autograder.course.learner.predict",
    "compare": "autograder.course.learner.compare",
    "progress": "autograder.course.learner.progress",
    "show": "autograder.course.learner.show",
    "save": "autograder.course.learner.backup",
    "restore": "autograder.course.learner.backup",
    "reset": "autograder.course.learner.backup",
    "before": "autograder.course.learner.survey",
    "after": "autograder.course.learner.survey",
    "check": "autograder.grading.check",
}

__all__ = [
    "after",
    "audit",
    "before",
    "check",
    "compare",
    "predict",
    "progress",
    "recall",
    "reset",
    "restore",
    "save",
    "show",
    "watch",
    "world",
]


def __getattr__(name):
    # type: (str) -> object
    if name == "world":
        return importlib.import_module("autograder.world")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    message = "module 'autograder' has no public name '%s'; it has %s"
    raise AttributeError(message % (name, ", ".join(__all__)))


def __dir__():
    # type: () -> list[str]
    return __all__


if sys.version_info >= (3, 10):  # noqa: UP036 older versions run this file too
    from autograder import moved

    moved.install()

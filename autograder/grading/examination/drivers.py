"""Drivers: coroutine functions of a test cell that run in the candidate, where they go as text.

A driver can use what plain data cannot describe: classes, generators, callbacks. The learner's code
can read its text, and its answer is only a claim. So a driver holds no expected value and judges
nothing.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Container
from types import FunctionType

from autograder.outcomes import UserMistake


def source_of(function: FunctionType, given: Container[str]) -> str:
    """Return a driver's text; empty for a function of a setup cell, which the candidate has too.

    `given` are the names of the setup cells. Raises UserMistake for any other function.
    """
    file = function.__code__.co_filename
    if not file.startswith("<cell "):
        raise UserMistake(
            f"watch in a test cell takes a learner's function or a driver written in the cell, "
            f"not `{function.__name__}` of {file}"
        )
    if file[6:-1] in given:
        return ""
    if function.__closure__:
        raise UserMistake(
            f"the driver `{function.__name__}` uses names of the function around it; "
            f"give it what it needs as arguments"
        )
    return textwrap.dedent(inspect.getsource(function))

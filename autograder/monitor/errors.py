"""Where the learner's code raised an exception, or waits: lines and names for the record."""

from __future__ import annotations

import builtins
import re
import traceback
from types import TracebackType
from typing import Any

from autograder.monitor.frames import function_name, is_learners, is_own, line_number, shown_name

# Python 3.10 has no exception groups.
_GROUP: Any = getattr(builtins, "BaseExceptionGroup", ())
OTHER_LOOP = re.compile(
    r"different (event )?loop|same event loop|[Tt]imeout context manager should be used inside"
)


def not_async(name: str) -> str:
    return f"{name} is not a coroutine function: begin it with `async def`"


def first_of(error: BaseException) -> tuple[BaseException, int]:
    """Return the exception, or the first one of a group, and how many others the group has."""
    others = 0
    while isinstance(error, _GROUP):
        others += len(error.exceptions) - 1
        error = error.exceptions[0]
    return error, others


def innermost(trace: TracebackType | None) -> tuple[str, int]:
    """Return file and line of the learner's innermost code in a traceback, or ("", 0)."""
    file, number = "", 0
    while trace is not None:
        if is_learners(trace.tb_frame):
            file, number = trace.tb_frame.f_code.co_filename, line_number(trace)
        trace = trace.tb_next
    return file, number


def raiser(trace: TracebackType | None) -> str:
    """Return the name of the learner's innermost function in a traceback, or ""."""
    name = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if is_learners(trace.tb_frame) and code.co_name.isidentifier():  # not <lambda>, <module>
            name = function_name(code)
        trace = trace.tb_next
    return name


def waiting_at(coroutine: Any) -> tuple[str, int]:
    """Return file and line of the learner's innermost code where a coroutine waits, or ("", 0)."""
    file, number = "", 0
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "ag_frame", None)
        if frame is not None and is_learners(frame):
            file, number = frame.f_code.co_filename, line_number(frame)
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "ag_await", None)
    return file, number


def own_traceback(error: BaseException) -> str:
    """Return the traceback of an error as text, with the learner's frames only."""
    summary = traceback.TracebackException.from_exception(error, limit=-60)
    own = [frame for frame in summary.stack if is_own(frame.filename)]
    for frame in own:
        frame.filename = shown_name(frame.filename)
    summary.stack = traceback.StackSummary.from_list(own)
    return "".join(summary.format(chain=False))[:8000]

"""Where the learner's code raised an exception, or waits: lines and names for the record."""

from __future__ import annotations

import asyncio
import builtins
import inspect
import re
import traceback
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from autograder.monitor.frames import (
    Line,
    function_name,
    is_learners,
    is_own,
    line_number,
    shown_name,
    source_line,
)
from autograder.report.record import Left

# Python 3.10 has no exception groups.
_GROUP: Any = getattr(builtins, "BaseExceptionGroup", ())
MOST_LEFT = 20  # lines kept at which tasks wait that a call left running
# An attempt to use what the coroutine would have returned; `next(coroutine)` is another mistake.
NO_AWAIT = re.compile(r"'coroutine' object (is not (subscriptable|iterable)|has no attribute)")
OTHER_LOOP = re.compile(
    r"different (event )?loop|same event loop|[Tt]imeout context manager should be used inside"
)


class Stopped(BaseException):
    """Thrown into a thread whose Python code still holds the loop after the time limit."""


def not_async(name: str, returned: Any) -> str:
    """Return what to do about a function of which there is nothing to await."""
    if inspect.isasyncgen(returned):
        return (
            f"`{name}` is an async generator, because there is a `yield` in it: give `watch` a "
            f"coroutine function that loops over it with `async for`."
        )
    return f"`{name}` is not a coroutine function: begin it with `async def`."


def undefined(error: BaseException, file: str, line: int) -> str:
    """Return the name that was not defined when the error was raised, or "".

    A lab's driver takes the answer from `globals()`, and then the error is a KeyError.
    """
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        return error.name or ""
    if isinstance(error, KeyError) and "globals()[" in source_line(file, line):
        return str(error.args[0])
    return ""


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


def waiting_at(coroutine: Any) -> Line | None:
    """Return the learner's innermost line where a coroutine waits, or None.

    One that runs waits for nothing. CPython 3.11 may look for what it waits for on its stack all
    the same, where there is no object any more: that crashed the process once in 12 whole suites.
    """
    found = None
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "ag_frame", None)
        if frame is not None and is_learners(frame):
            code = frame.f_code
            found = Line(code.co_filename, line_number(frame), function_name(code))
        if getattr(coroutine, "cr_running", False):
            break
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "ag_await", None)
    return found


def not_ended(tasks: Iterable[asyncio.Task[Any]]) -> list[Left]:
    """Return the learner's lines at which these tasks wait, and how many wait at each.

    A task that runs no code of the learner's is a library's own, and is left out.
    """
    lines = Counter(waiting_at(task.get_coro()) for task in tasks if not task.done())
    return [
        Left(
            line.function,
            shown_name(line.file),
            line.line,
            source_line(line.file, line.line),
            tasks,
        )
        for line, tasks in lines.most_common(MOST_LEFT)
        if line is not None
    ]


def own_traceback(error: BaseException) -> str:
    """Return the traceback of an error as text, with the learner's frames only."""
    summary = traceback.TracebackException.from_exception(error, limit=-60)
    own = [frame for frame in summary.stack if is_own(frame.filename)]
    for frame in own:
        frame.filename = shown_name(frame.filename)
    summary.stack = traceback.StackSummary.from_list(own)
    return "".join(summary.format(chain=False))[:8000]

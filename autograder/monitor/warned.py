"""Warnings and asyncio's error logs lead to the learner's code, never to a file of the course.

Python places the warning about a coroutine that was never awaited at the line that runs when the
coroutine is deleted. If the learner's function has just ended, that line is one of ours: it called
the function. The traceback of a task's exception begins with our call of the task's coroutine.
"""

from __future__ import annotations

import asyncio
import os
import sys
import warnings
from types import FrameType, TracebackType
from typing import Any, Protocol, TextIO, runtime_checkable

from autograder.monitor.errors import Stopped
from autograder.monitor.frames import is_own
from autograder.paths import PACKAGE

_OURS = str(PACKAGE) + os.sep


@runtime_checkable
class CallsLearner(Protocol):
    """What calls the learner's code, and knows its place."""

    def learners_place(self) -> tuple[str, int] | None:
        """Return the file and line of the learner's code that runs or has just ended."""
        ...


def place_warnings() -> None:
    """Make this process show a warning at the learner's line when it would show one of ours."""
    shown = warnings.showwarning
    if shown.__module__ == __name__:
        return

    def show(  # noqa: PLR0917 the signature of warnings.showwarning
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if filename.startswith(_OURS):
            filename, lineno = _learners_place(sys._getframe(1)) or (filename, lineno)
        shown(message, category, filename, lineno, file, line)

    warnings.showwarning = show


def log(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what asyncio reports of a task or callback, without our frames: an exception handler.

    It keeps quiet about a call that was stopped at its time limit, which the verdict tells.
    """
    error = context.get("exception")
    if isinstance(error, Stopped):
        return
    while error is not None:
        error.__traceback__ = _without_ours(error.__traceback__)
        error = error.__cause__ or error.__context__
    loop.default_exception_handler(context)


def log_after_the_call(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Do the same, but for the tasks that we have cancelled: nobody will ask for their result."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        log(loop, context)


def _learners_place(frame: FrameType | None) -> tuple[str, int] | None:
    while frame is not None:
        if is_own(frame.f_code.co_filename):
            return frame.f_code.co_filename, frame.f_lineno or 0
        if _ours(frame):  # Python would keep quiet about the next coroutine that ends here
            frame.f_globals.get("__warningregistry__", {}).clear()
        caller = frame.f_locals.get("self") if _ours(frame) else None
        if isinstance(caller, CallsLearner) and (place := caller.learners_place()):
            return place
        frame = frame.f_back
    return None


def _without_ours(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and _ours(trace.tb_frame):
        trace = trace.tb_next
    at = trace
    while at is not None and at.tb_next is not None:
        if _ours(at.tb_next.tb_frame):
            at.tb_next = at.tb_next.tb_next
        else:
            at = at.tb_next
    return trace


def _ours(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_OURS)

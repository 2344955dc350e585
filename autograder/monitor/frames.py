"""Frames: which are the learner's, what people call their files, and the code on their lines.

A frame is the learner's own unless its file belongs to Python, to an installed package, or to the
course.
"""

from __future__ import annotations

import contextlib
import dis
import linecache
import os
import re
import sys
import sysconfig
import threading
from collections.abc import Iterator
from functools import cache
from types import CodeType, FrameType, TracebackType
from typing import NamedTuple

from autograder import context
from autograder.monitor.garbage import without_collections
from autograder.paths import PACKAGE


class Line(NamedTuple):
    """A line of the learner's code, its function, and the library that the line has called."""

    file: str
    line: int
    function: str
    library: str = ""


@contextlib.contextmanager
def frames_now() -> Iterator[dict[int, FrameType]]:
    """Yield the current frame of each thread, {} while another thread is inside this block.

    Read the frames inside the `with` block. Before Python 3.12, Python may collect garbage each
    time it creates a frame object, here and at `f_back`. The collection can run code that releases
    the GIL, and the frame may end before the GIL comes back. Then the frame object points to memory
    that is used for something else, and values change in the learner's code; or the thread that
    holds the GIL waits forever (gh-106883). So the garbage collector is off inside the block. With
    4 rivals (`bench.hogs`), this happened to a sorting thread in one of 700 calls.
    """
    if not _COLLECTS_INSIDE:
        yield sys._current_frames()
    elif not _asking.acquire(blocking=False):
        yield {}
    else:
        try:
            with without_collections():
                yield sys._current_frames()
        finally:
            _asking.release()


def own_line(frame: FrameType | None) -> Line | None:
    """Return the innermost line of the learner's own code on the stack of `frame`, or None.

    Beyond the frame of ours that runs the loop is the code that called `watch`: it held nothing.
    """
    library = ""
    for at in on_loop(frame):
        if is_learners(at):
            return line_at(at)._replace(library=library)
        library = _library_of(at) or library
    return None


def library_of(frame: FrameType | None) -> str:
    """Return the outermost installed library on the stack of `frame`, or ""."""
    library = ""
    for at in on_loop(frame):
        library = _library_of(at) or library
    return library


def on_loop(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames from `frame` outwards, up to the one of ours that runs the loop."""
    while frame is not None and frame.f_code.co_filename not in _RUN_LOOPS:
        yield frame
        frame = frame.f_back


def line_at(frame: FrameType) -> Line:
    """Return the line at which a frame is."""
    code = frame.f_code
    return Line(code.co_filename, line_number(frame), function_name(code))


def line_number(at: FrameType | TracebackType) -> int:
    """Return the line at which a frame is, or at which it was left by an exception.

    Python 3.10 and 3.11 know no line for the jump back at the end of a loop that ends in an `if`
    (gh-94485), and this is where a thread that computes hands the GIL over. The jump leads to the
    head of its loop, so the line of the loop's head is named.
    """
    if isinstance(at, FrameType):
        code, instruction, line = at.f_code, at.f_lasti, at.f_lineno
    else:
        code, instruction, line = at.tb_frame.f_code, at.tb_lasti, at.tb_lineno
    if line is None and instruction >= 0:
        line = _line_before(code, _jumps_to(code.co_code, instruction))
    return line or code.co_firstlineno


def is_learners(frame: FrameType) -> bool:
    """Whether a frame runs the learner's own code, from a file, a cell, or a text given to `exec`.

    Python's own modules give texts to `exec` as well, for the methods of a dataclass and for a
    named tuple.
    """
    code = frame.f_code
    if code.co_filename != EXECUTED:
        return is_own(code.co_filename)
    made_by = str(frame.f_globals.get("__name__", ""))
    generated = function_name(code).startswith("__") or made_by.startswith("namedtuple_")
    return not generated and is_own(frame.f_globals.get("__file__", "a text"))


@cache
def is_own(file: str) -> bool:
    """Whether a file is the learner's: not of the standard library, a package, or the course.

    The catalog's cards count as the learner's: `compare` names the line at which a twin blocks.
    """
    if file.startswith(("<frozen", EXECUTED, "<__array_function__")):
        return False
    path = os.path.abspath(file)
    if path.startswith(_CARDS):
        return True
    return not path.startswith(_LIBRARIES) and not _INSTALLED.search(path)


def function_name(code: CodeType) -> str:
    """Return the qualified name of a function, without the functions it is nested in."""
    name: str = getattr(code, "co_qualname", code.co_name)  # Python 3.10 has only the plain name
    return name.rpartition("<locals>.")[2]


def shown_name(file: str) -> str:
    """Return what people call a file: "In [7]" for a cell, otherwise the file's name."""
    if file in context.this_process.file_names:
        return context.this_process.file_names[file]
    number = _cell_number(file)
    if number is not None:
        return f"In [{number}]"
    return os.path.basename(file)


def source_line(file: str, line: int) -> str:
    """Return one line of code without indentation and comment; "" if it cannot be read."""
    if file == EXECUTED:  # many texts have this name; Python 3.13 keeps that of `python -c`
        return ""
    text = linecache.getline(file, line).strip()
    return text.split("  #")[0].rstrip()[:120]


def _library_of(frame: FrameType) -> str:
    """Return the installed package that a frame belongs to, or ""."""
    if not _INSTALLED.search(frame.f_code.co_filename):
        return ""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _line_before(code: CodeType, offset: int) -> int:
    """Return the line of the last instruction up to this one that has a line."""
    known = 0
    for start, _, line in code.co_lines():
        if start > offset:
            break
        known = line or known
    return known


def _jumps_to(instructions: bytes, at: int) -> int:
    """Return where the jump back at this offset leads to; `at` for any other instruction.

    `dis.get_instructions` would take 2 ms for a long function, which is ten times as long as a
    sample of the stack.
    """
    name, argument = dis.opname[instructions[at]], instructions[at + 1]
    before, shift = at - 2, 8
    while before >= 0 and instructions[before] == dis.EXTENDED_ARG:
        argument |= instructions[before + 1] << shift
        before, shift = before - 2, shift + 8
    if name == "JUMP_ABSOLUTE":  # Python 3.10
        return 2 * argument
    return at + 2 - 2 * argument if name.startswith("JUMP_BACKWARD") else at


def _cell_number(file: str) -> int | None:
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    numbers = getattr(getattr(shell, "compile", None), "_filename_map", {})
    number = numbers.get(file)
    return number if isinstance(number, int) else None


EXECUTED = "<string>"  # the file of a text that was given to `exec` without another name
_COLLECTS_INSIDE = sys.version_info < (3, 12)
_asking = threading.Lock()
_INSTALLED = re.compile(r"[/\\](site|dist)-packages[/\\]")  # of the user, or of another environment
_RUN_LOOPS = (
    os.path.join(PACKAGE, "monitor", "run.py"),
    os.path.join(PACKAGE, "own_bot", "inside", "loops.py"),
)
_CARDS = os.path.join(PACKAGE, "catalog", "")
_LIBRARIES = tuple(
    {
        os.path.abspath(path) + os.sep
        for path in (
            *sysconfig.get_paths().values(),
            sysconfig.get_paths(vars={"base": sys.base_prefix})["stdlib"],
            os.path.dirname(os.__file__),
            str(PACKAGE),
        )
        if path and path != sys.prefix and path != os.path.join(sys.prefix, "bin")
    }
)

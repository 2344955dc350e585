"""Frames: which are the learner's, what people call their files, and the code on their lines.

A frame is the learner's own unless its file belongs to Python, to an installed package, or to the
course.
"""

from __future__ import annotations

import contextlib
import gc
import linecache
import os
import re
import sys
import sysconfig
import threading
from collections.abc import Iterator
from functools import cache
from types import CodeType, FrameType
from typing import NamedTuple

from autograder import context
from autograder.paths import PACKAGE


class Line(NamedTuple):
    """A line of the learner's code, and the function that it belongs to."""

    file: str
    line: int
    function: str


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
        collects = gc.isenabled()
        try:
            gc.disable()
            yield sys._current_frames()
        finally:
            if collects:
                gc.enable()
            _asking.release()


def own_line(frame: FrameType | None) -> Line | None:
    """Return the innermost line of the learner's own code on the stack of `frame`, or None."""
    while frame is not None:
        code = frame.f_code
        if is_own(code.co_filename) and frame.f_lineno is not None:
            return Line(code.co_filename, frame.f_lineno, function_name(code))
        frame = frame.f_back
    return None


@cache
def is_own(file: str) -> bool:
    """Whether a file is the learner's: not of the standard library, a package, or the course.

    The catalog's cards count as the learner's: `compare` names the line at which a twin blocks.
    """
    if file.startswith(("<frozen", "<string>", "<__array_function__")):
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
    text = linecache.getline(file, line).strip()
    return text.split("  #")[0].rstrip()[:120]


def _cell_number(file: str) -> int | None:
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    numbers = getattr(getattr(shell, "compile", None), "_filename_map", {})
    number = numbers.get(file)
    return number if isinstance(number, int) else None


_COLLECTS_INSIDE = sys.version_info < (3, 12)
_asking = threading.Lock()
_INSTALLED = re.compile(r"[/\\](site|dist)-packages[/\\]")  # of the user, or of another environment
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

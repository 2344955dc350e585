"""Whose frame is it, what do people call its file, and what is written on its line?

A frame is the learner's own unless its file belongs to Python, to an installed package, or to us.
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
    """A place in the learner's code."""

    file: str
    line: int
    function: str


@contextlib.contextmanager
def frames_now() -> Iterator[dict[int, FrameType]]:
    """Give what each thread is doing, to be read inside of the `with`; nothing when another thread
    is just asking.

    Until 3.12 Python may collect garbage whenever it makes the object of a frame, here and at
    `f_back`. What the collection calls can lose the GIL, and then the frame may have ended: the
    object is linked to memory that others use, and values change in the learner's code; or who has
    the GIL waits for ever (gh-106883). So nothing is collected meanwhile. Beside 4 rivals, a
    thread that sorts met that in one of 700 calls.
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
    """Return the innermost place of the learner's own code on the stack of `frame`, or None."""
    while frame is not None:
        code = frame.f_code
        if is_own(code.co_filename) and frame.f_lineno is not None:
            return Line(code.co_filename, frame.f_lineno, function_name(code))
        frame = frame.f_back
    return None


@cache
def is_own(file: str) -> bool:
    """Whether a file is the learner's: neither the standard library, nor installed, nor ours.

    The catalog's cards count as a learner's: a twin is watched to see which of its lines blocks.
    """
    if file.startswith(("<frozen", "<string>", "<__array_function__")):
        return False
    path = os.path.abspath(file)
    if path.startswith(_CARDS):
        return True
    return not path.startswith(_LIBRARIES) and not _INSTALLED.search(path)


def function_name(code: CodeType) -> str:
    """Return the qualified name of a function without the scopes it was defined in."""
    name: str = getattr(code, "co_qualname", code.co_name)  # Python 3.10 knows the name alone
    return name.rpartition("<locals>.")[2]


def shown_name(file: str) -> str:
    """Return what people call a file: "In [7]" for a cell, else its name."""
    if file in context.this_process.file_names:
        return context.this_process.file_names[file]
    number = _cell_number(file)
    if number is not None:
        return f"In [{number}]"
    return os.path.basename(file)


def source_line(file: str, line: int) -> str:
    """Return the text of one line of code, without indentation and comment, or an empty string."""
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
_INSTALLED = re.compile(r"[/\\](site|dist)-packages[/\\]")  # of the user, of another environment
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

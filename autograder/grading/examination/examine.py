"""The examination of one notebook: cells in, outcomes out. The one function that grades.

nbgrader's preprocessor, `check` and every worker of a batch call `examine`. It talks to one fork
server of its process, which makes an examiner and its candidates, and it cleans up after them.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autograder import wire
from autograder.grading.examination import files, fork_client, verdicts
from autograder.grading.examination.cells import (
    ATTEMPTS,
    SECONDS,
    Cell,
    CellOutcome,
    ExaminationFailed,
    Examined,
)
from autograder.paths import ROOT

LONGEST_SOURCE = 1_000_000  # characters of one cell
_NOT_COPIED = (".ipynb_checkpoints", "__pycache__", "*.examined.json")


def examine(
    cells: Sequence[Cell],
    *,
    promised: Sequence[str] = (),
    own_files: Path | None = None,
    own_ignore: Sequence[str] = (),
    learner_files: Path | None = None,
    learner_ignore: Sequence[str] = (),
    seconds: float = SECONDS,
    attempts: int = ATTEMPTS,
    strict: bool = False,
    on_cell: Callable[[Cell, CellOutcome], None] | None = None,
) -> Examined:
    """Grade one notebook and return what came of each cell.

    `promised` are the answer cells as handed out: names they bind are the learner's even when a
    submission lacks them. `own_files` (the unit's folder) go to the examiner, `learner_files` (the
    folder of the submission) to the candidate, each without the names that its list of patterns
    matches. A test that the machine leaves inconclusive is examined again, with everything fresh,
    up to `attempts` times. `strict` refuses to run a stranger's code on a machine that cannot
    confine it. `on_cell` hears of each cell as it comes. Raises ExaminationFailed for a fault of
    ours, and over a jail that is too weak.
    """
    began = time.monotonic()
    examined = Examined()
    wanted: list[str] | None = None
    for attempt in range(1, attempts + 1):
        forker = _fork_server()
        with tempfile.TemporaryDirectory(dir=forker.folder, ignore_cleanup_errors=True) as name:
            folder = Path(name)
            files.copy(own_files, folder / "examiner", (*_NOT_COPIED, *own_ignore))
            files.copy(learner_files, folder / "files", (*_NOT_COPIED, *learner_ignore))
            order = {
                "cells": len(cells),
                "folder": name,
                "files": str(folder / "files"),
                "hidden": _hidden(own_files),
                "promised": list(promised),
                "seconds": seconds,
                "tests": wanted,
                "strict": strict,
            }
            for frame in _frames(forker, order, cells):
                _take(frame, examined, attempt)
                if on_cell is not None and "index" in frame:
                    cell = next(cell for cell in cells if cell.index == frame["index"])
                    on_cell(cell, examined.seen[cell.index])
        wanted = [
            cell.name
            for cell in cells
            if cell.role == "test" and examined.seen[cell.index].status == verdicts.INCONCLUSIVE
        ]
        if not wanted:
            break
    examined.seconds = time.monotonic() - began
    return examined


def _take(frame: dict[str, Any], examined: Examined, attempt: int) -> None:
    if "done" in frame:
        examined.restarts += frame["restarts"]
        examined.layers = frame["layers"]
    elif "status" in frame or attempt == 1:
        index = frame.pop("index")
        examined.seen[index] = CellOutcome(**frame, attempts=attempt)
        frame["index"] = index


def _frames(forker: fork_client.Client, order: dict[str, Any], cells: Sequence[Cell]) -> Any:
    """Have an examiner run the cells; yields its frames up to the last one, which is "done"."""
    ours, theirs = socket.socketpair()
    process = None
    try:
        with theirs:
            process = forker.fork(fork_client.EXAMINER, theirs.fileno())
        # a cell may have to wait for the replay of all before it
        ours.settimeout((len(cells) + 2) * (order["seconds"] + 5))
        wire.send(ours, order)
        for cell in cells:
            wire.send(ours, {**asdict(cell), "source": _bounded(cell.source)})
        while True:
            frame = wire.receive(ours)
            if "fault" in frame:
                raise ExaminationFailed(frame["fault"])
            yield frame
            if "done" in frame:
                return
    except (EOFError, OSError, fork_client.ForkServerGone) as error:
        close()
        raise ExaminationFailed(f"the examiner ended before its time: {error!r}") from error
    finally:
        # Closed first, `ours` would have the examiner end by itself, and perhaps be gone before we
        # ask for its end: then we would be answered while its candidate is still dying.
        if process is not None:
            with contextlib.suppress(fork_client.ForkServerGone):
                forker.kill(process)
        ours.close()


def _hidden(own_files: Path | None) -> list[str]:
    """The folders of the course, should they lie where a candidate may read (below /usr, say)."""
    places = {ROOT, Path.cwd(), *([own_files.parents[1]] if own_files else [])}
    return [str(place.resolve()) for place in places if place.resolve() != Path("/")]


def _bounded(source: str) -> str:
    if len(source) <= LONGEST_SOURCE:
        return source
    return f'raise ValueError("this cell has {len(source):,} characters, too many to be run")'


# One fork server a process: the first examination starts it, and it ends with the process.

_lock = threading.Lock()
_server: tuple[int, fork_client.Client] | None = None


def warm() -> None:
    """Start the fork server, so that it imports while the caller does something else."""
    _fork_server()


def close() -> None:
    """End the fork server; the next examination starts a new one, for this may be what broke."""
    global _server  # noqa: PLW0603 one fork server a process
    with _lock:
        if _server is not None and _server[0] == os.getpid():
            _server[1].close()
        _server = None


def _fork_server() -> fork_client.Client:
    global _server  # noqa: PLW0603
    with _lock:
        if _server is None or _server[0] != os.getpid():
            _server = (os.getpid(), fork_client.start())
            atexit.register(close)
        return _server[1]

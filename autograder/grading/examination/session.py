"""The examination of one notebook. This is the one function that grades.

nbgrader's preprocessor, `check` and every slot of a batch call `examine`. Each process has one fork
server, which makes an examiner and its candidates. `examine` removes what they leave behind.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autograder import wire
from autograder.grading.examination import files, fork_client, verdicts, warming
from autograder.grading.examination.cells import (
    ATTEMPTS,
    BUDGET,
    SECONDS,
    Cell,
    CellOutcome,
    ExaminationFailed,
    Examined,
)
from autograder.paths import ROOT
from autograder.report.record import Block

LONGEST_SOURCE = 1_000_000  # characters of one cell
_OFTEN = 2  # examinations with pictures, after which the fork server imports what draws those
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
    budget: float = BUDGET,
    seed: str = "",
    tests: Sequence[str] | None = None,
    strict: bool = False,
    on_cell: Callable[[Cell, CellOutcome], None] | None = None,
) -> Examined:
    """Grade one notebook and return the outcome of each cell.

    `promised` are the answer cells as released: the names they bind belong to the learner, even
    when the submission does not define them. The examiner gets a copy of `own_files` (the unit's
    folder), the candidate a copy of `learner_files` (the folder of the submission). Files that
    match the patterns in `own_ignore` and `learner_ignore` are not copied. Each cell has `seconds`
    to run. A test that is inconclusive is examined again from the start, `attempts` times in all,
    but not when `budget` seconds are over. With the `seed` of an earlier examination the tests draw
    the same numbers again. Only the test cells named in `tests` are run, or all when it is None;
    one that is not run has no outcome. `strict` refuses to run a submission on a machine that
    cannot confine it. `on_cell` is called with each outcome. Raises ExaminationFailed for a fault
    of ours and for a jail that is too weak, and UserMistake for files that are too large.
    """
    began = time.monotonic()
    examined = Examined(seed=seed or secrets.token_hex(8))
    wanted = None if tests is None else list(tests)
    for attempt in range(1, attempts + 1):
        fork_server = the_fork_server()
        with tempfile.TemporaryDirectory(
            dir=fork_server.folder, ignore_cleanup_errors=True
        ) as name:
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
                "budget": max(0.0, budget - (time.monotonic() - began)),
                "again": attempt > 1,
                "seed": examined.seed,
                "tests": wanted,
                "strict": strict,
                "servers": any(c.role == "setup" and "world" in c.source for c in cells),
            }
            groups = warming.needed(cells, folder / "files")
            if fork_server.pictures >= _OFTEN:
                groups.add(warming.PICTURES)
            for frame in _frames(fork_server, groups, order, cells):
                _take(frame, examined, attempt)
                if on_cell is not None and "index" in frame:
                    cell = next(cell for cell in cells if cell.index == frame["index"])
                    on_cell(cell, examined.seen[cell.index])
        seen = examined.seen.values()
        fork_server.pictures += any(one.status == verdicts.FAILED for one in seen)
        wanted = [
            cell.name
            for cell in cells
            if cell.index in examined.seen
            and examined.seen[cell.index].status == verdicts.INCONCLUSIVE
        ]
        if not wanted or time.monotonic() - began > budget:
            break
    examined.seconds = time.monotonic() - began
    return examined


def _take(frame: dict[str, Any], examined: Examined, attempt: int) -> None:
    if "done" in frame:
        examined.restarts += frame["restarts"]
        examined.layers = frame["layers"]
    elif "status" in frame or attempt == 1:
        facts = {name: value for name, value in frame.items() if name not in ("index", "block")}
        block = Block.from_plain(frame["block"]) if frame.get("block") else None
        examined.seen[frame["index"]] = CellOutcome(**facts, block=block, attempts=attempt)


def _frames(
    fork_server: fork_client.Client, groups: set[str], order: dict[str, Any], cells: Sequence[Cell]
) -> Any:
    """Have an examiner run the cells; yield its frames, the last of which is "done"."""
    ours, theirs = socket.socketpair()
    process = None
    try:
        with theirs:
            fork_server.warm(warming.as_number(groups))
            process = fork_server.fork(fork_client.EXAMINER, theirs.fileno())
        # before a cell runs, a new candidate may have to replay all the cells before it
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
        # Kill first, then close `ours`. An examiner whose `ours` is closed ends by itself, and the
        # fork server may have reaped it before our request to kill it arrives. The fork server
        # would then answer immediately, while the candidate is still dying.
        if process is not None:
            with contextlib.suppress(fork_client.ForkServerGone):
                fork_server.kill(process)
        ours.close()


def _hidden(own_files: Path | None) -> list[str]:
    """The course's folders: a candidate must not see them, even below /usr, which it may read."""
    folders = {ROOT, Path.cwd(), *([own_files.parents[1]] if own_files else [])}
    return [str(folder.resolve()) for folder in folders if folder.resolve() != Path("/")]


def _bounded(source: str) -> str:
    if len(source) <= LONGEST_SOURCE:
        return source
    return f'raise ValueError("this cell has {len(source):,} characters, too many to be run")'


# Each process has one fork server: the first examination starts it, and it ends with the process.

_lock = threading.Lock()
_server: tuple[int, fork_client.Client] | None = None


def warm() -> None:
    """Start the fork server now, for many notebooks: in some of them an answer fails.

    It also imports what draws charts: 0.6 s of CPU, and 0.9 s in each fork that has to do it.
    """
    with contextlib.suppress(fork_client.ForkServerGone):  # the first examination will say so
        the_fork_server().warm(warming.as_number({warming.PICTURES}))


def close() -> None:
    """End the fork server; the next examination starts a new one.

    `examine` calls this after a failure too, because the fork server itself may have broken.
    """
    global _server  # noqa: PLW0603 one fork server per process
    with _lock:
        if _server is not None and _server[0] == os.getpid():
            _server[1].close()
        _server = None


def the_fork_server() -> fork_client.Client:
    """Return the client of this process's fork server, which is started when there is none."""
    global _server  # noqa: PLW0603
    with _lock:
        if _server is None or _server[0] != os.getpid():
            _server = (os.getpid(), fork_client.start())
            atexit.register(close)
        return _server[1]

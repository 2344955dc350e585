"""Slots: processes that examine one notebook after the other, each with a fork server of its own.

A batch has one slot a core, and so has a Dask worker; both call `examine`, which is the same
function on every machine. What goes in and comes out is plain data, the files beside the notebook
included: a slot needs no folder and no gradebook of the worker's. A slot that dies costs one
examination, which is then done again; a worker that dies takes its slots with it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import threading
from multiprocessing.connection import Connection

from autograder.grading.examination.cells import ExaminationFailed
from autograder.grading.examination.job import Done, Job
from autograder.paths import ROOT

_TRIES = 2  # slots that an examination may outlive
_LAST_WORDS = 20.0  # s a slot has to end its fork server


def examine(job: Job) -> Done:
    """Examine a notebook in the slot of this thread, and return what came of it.

    Raises ExaminationFailed for a fault of ours, and UserMistake for files that are too large.
    """
    for _ in range(_TRIES):
        slot: _Slot | None = getattr(_mine, "slot", None)
        if slot is None or slot.ended:
            slot = _mine.slot = _Slot()
        try:
            answer = slot.ask(job)
        except (EOFError, OSError):
            if slot.ended:  # by `close`: nobody waits for an answer any more
                raise ExaminationFailed("grading was stopped") from None
            slot.close()
            continue
        if isinstance(answer, BaseException):
            raise answer
        return answer
    raise ExaminationFailed(f"the process that examined it ended {_TRIES} times before its time")


def close() -> None:
    """End all slots of this process; an examination that runs in one of them is given up."""
    with _lock:
        slots, _slots[:] = list(_slots), []
    for slot in slots:
        slot.close()


class _Slot:
    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        self._channel = Connection(os.dup(self._socket.fileno()))
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        with theirs:
            self._process = subprocess.Popen(
                # -P: the current folder may be a learner's, with a `random.py` in it
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "autograder.grading.batch.worker_process",
                    str(theirs.fileno()),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,  # Ctrl-C reaches the worker, which ends the others in order
            )
        self.ended = False
        with _lock:
            _slots.append(self)

    def ask(self, job: Job) -> Done | Exception:
        self._channel.send(job)
        answer: Done | Exception = self._channel.recv()
        return answer

    def close(self) -> None:
        if self.ended:
            return
        self.ended = True
        with contextlib.suppress(OSError):
            # not `close`: a thread that reads meanwhile would keep the channel open
            self._socket.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(_LAST_WORDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._socket.close()
        self._channel.close()


_mine = threading.local()
_slots: list[_Slot] = []
_lock = threading.Lock()
atexit.register(close)

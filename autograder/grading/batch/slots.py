"""Starts slots and sends them jobs. A slot is a process that examines one notebook at a time.

Each thread that calls `examine` has a slot of its own: a thread of the worker, or of a Dask worker.
A job and its result are plain data, with the files next to the notebook. So a slot needs neither
the worker's folders nor its gradebook. If a slot dies, its examination is done again in a new slot.
If the process that started the slots dies, they end too.
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

_TRIES = 2  # slots for one examination, if they die
_LAST_WORDS = 20.0  # s that a slot has to end its fork server


def examine(job: Job) -> Done:
    """Examine a notebook in the slot of this thread, and return the result.

    Raises ExaminationFailed for a fault of ours, and UserMistake for files that are too large.
    """
    for _ in range(_TRIES):
        slot: _Slot | None = getattr(_mine, "slot", None)
        if slot is None or slot.ended:
            slot = _mine.slot = _Slot()
        try:
            answer = slot.ask(job)
        except (EOFError, OSError):
            if slot.ended:  # `close` ended it
                raise ExaminationFailed("grading was stopped") from None
            slot.close()
            continue
        if isinstance(answer, BaseException):
            raise answer
        return answer
    raise ExaminationFailed(f"the process that examined this notebook died {_TRIES} times")


def close() -> None:
    """End all slots of this process; examinations that run in them raise ExaminationFailed."""
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
                # -P: do not import from the current folder, where a learner may have a `random.py`
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "autograder.grading.batch.slot",
                    str(theirs.fileno()),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,  # Ctrl-C must not reach it: its parent ends it in order
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
            # not `close`: while another thread reads from the channel, it would stay open
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

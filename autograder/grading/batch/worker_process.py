"""The process of one slot: it examines what arrives, one notebook after the other.

It ends when the worker that started it hangs up, in the midst of an examination too.
"""

from __future__ import annotations

import os
import select
import sys
import tempfile
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from autograder.grading.examination import examine, provenance
from autograder.grading.examination.cells import ExaminationFailed, Examined
from autograder.grading.examination.files import Files
from autograder.grading.examination.job import Done, Job
from autograder.grading.examination.provenance import Surroundings
from autograder.outcomes import UserMistake


def serve(channel: Connection) -> None:
    """Examine what arrives over `channel`, until it ends."""
    threading.Thread(target=_end_with, args=(channel.fileno(),), daemon=True).start()
    examine.warm()
    about = provenance.here()
    while True:
        try:
            job = channel.recv()
            channel.send(_answer(job, about))
        except (EOFError, OSError):  # the worker hung up
            return


def _answer(job: Job, about: Surroundings) -> Done | Exception:
    try:
        return Done(_examined(job), about)
    except (ExaminationFailed, UserMistake) as error:
        return error
    except Exception as error:
        return ExaminationFailed(f"{type(error).__name__}: {error}")


def _examined(job: Job) -> Examined:
    # in the fork server's folder, which it removes even when this process was killed
    place = examine._fork_server().folder
    with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as name:
        return examine.examine(
            job.cells,
            promised=job.promised,
            own_files=_written(job.own_files, Path(name, "own")),
            learner_files=_written(job.learner_files, Path(name, "learner")),
            seconds=job.seconds,
            attempts=job.attempts,
            strict=job.strict,
        )


def _written(files: Files, folder: Path) -> Path | None:
    for relative, content in files.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder if files else None


def _end_with(worker: int) -> None:
    """End this process when the worker hangs up, also in the midst of an examination.

    The fork server then hears our end, and ends everything it has made.
    """
    waiting = select.poll()
    waiting.register(worker, 0)  # no event but POLLHUP, which cannot be left out
    waiting.poll()
    examine.close()
    os._exit(0)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))

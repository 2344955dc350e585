"""A slot: the process that examines the jobs it receives, one notebook at a time.

It ends when the process that started it hangs up, even during an examination.
"""

from __future__ import annotations

import os
import select
import sys
import tempfile
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from autograder.grading.examination import provenance, session
from autograder.grading.examination.cells import ExaminationFailed, Examined
from autograder.grading.examination.files import Files
from autograder.grading.examination.job import Done, Job
from autograder.grading.examination.provenance import Surroundings
from autograder.outcomes import UserMistake


def serve(channel: Connection) -> None:
    """Examine the jobs that arrive over `channel`, until it closes."""
    threading.Thread(target=_end_with, args=(channel.fileno(),), daemon=True).start()
    session.warm()
    about = provenance.here()
    while True:
        try:
            job = channel.recv()
            channel.send(_answer(job, about))
        except (EOFError, OSError):  # the other side hung up
            return


def _answer(job: Job, about: Surroundings) -> Done | Exception:
    try:
        return Done(_examined(job), about)
    except (ExaminationFailed, UserMistake) as error:
        return error
    except Exception as error:
        return ExaminationFailed(f"{type(error).__name__}: {error}")


def _examined(job: Job) -> Examined:
    # the fork server removes its folder even when this process is killed
    folder = session.the_fork_server().folder
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as name:
        return session.examine(
            job.cells,
            promised=job.promised,
            own_files=_written(job.own_files, Path(name, "own")),
            learner_files=_written(job.learner_files, Path(name, "learner")),
            seconds=job.seconds,
            attempts=job.attempts,
            strict=job.strict,
            seed=job.seed,
        )


def _written(files: Files, folder: Path) -> Path | None:
    for relative, content in files.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder if files else None


def _end_with(channel: int) -> None:
    """End this process when the other side of the channel hangs up, even during an examination.

    The fork server notices our end, and ends all its processes.
    """
    waiting = select.poll()
    waiting.register(channel, 0)  # 0: only POLLHUP and errors, which poll always reports
    waiting.poll()
    session.close()
    os._exit(0)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))

"""Stops a kernel that would grade a submission without the course's settings."""

from __future__ import annotations

import os
from pathlib import Path

from autograder import context


def stop_kernel() -> None:
    """End this kernel if nbgrader grades a submission in it although the config names the examiner.

    After a syntax error in nbgrader_config.py, nbgrader logs one line and grades with its own
    Execute preprocessor. The kernel can tell: nbgrader is grading, a folder above the working
    directory has a config that names the examiner, but this process is not a candidate. A kernel
    that dies leaves no grade; an exception would leave a grade of 0. If no config names the
    examiner, stock nbgrader may grade.
    """
    if context.this_process.candidate or os.environ.get("NBGRADER_EXECUTION") != "autograde":
        return
    for folder in Path.cwd().resolve().parents:
        path = folder / "nbgrader_config.py"
        if path.is_file() and b"autograder.grading" in path.read_bytes():
            sentence = (
                f"{path} was not applied, so this submission would have been graded without the "
                f"examiner; nothing was graded. Fix the file: nbgrader's first lines above say "
                f"what is wrong with it.\n"
            )
            _say_beyond_the_kernel(sentence)
            os._exit(70)


def _say_beyond_the_kernel(sentence: str) -> None:
    """Write to the terminal of nbgrader, because the output of a dead kernel is lost."""
    for stream in (f"/proc/{os.getppid()}/fd/2", "/dev/stderr"):
        try:
            with open(stream, "a", encoding="utf-8") as terminal:
                terminal.write(sentence)
            return
        except OSError:
            continue

"""Stops a kernel that would grade a submission although the course's settings were not applied."""

from __future__ import annotations

import os
from pathlib import Path

from autograder import context


def stop_kernel() -> None:
    """End this kernel when it runs a submission although the course's settings say otherwise.

    A mistake of syntax in nbgrader_config.py makes nbgrader log one line and grade with its own
    Execute. Seen from the kernel: nbgrader grades, a config that names the examiner lies above the
    working directory, and yet this is no candidate. A kernel that dies leaves no grade behind,
    where an exception would leave a 0. Without that config, stock nbgrader may grade.
    """
    if context.this_process.candidate or os.environ.get("NBGRADER_EXECUTION") != "autograde":
        return
    for folder in Path.cwd().resolve().parents:
        path = folder / "nbgrader_config.py"
        if path.is_file() and b"autograder.grading" in path.read_bytes():
            sentence = (
                f"{path} was not applied, so that this submission would have been graded without "
                f"the examiner; nothing was graded. Mend the file: nbgrader's first lines above "
                f"say what is wrong with it.\n"
            )
            _say_beyond_the_kernel(sentence)
            os._exit(70)


def _say_beyond_the_kernel(sentence: str) -> None:
    """Write to the terminal of nbgrader itself: a kernel's own output ends with it."""
    for stream in (f"/proc/{os.getppid()}/fd/2", "/dev/stderr"):
        try:
            with open(stream, "a", encoding="utf-8") as terminal:
                terminal.write(sentence)
            return
        except OSError:
            continue

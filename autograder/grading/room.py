"""The room of a candidate: what the process that runs a learner's cells is confined to.

This is the one place where confinement is decided. Each layer is entered where the machine allows
it, and the names of those in force are stored with the grade. Namespaces and Landlock come here.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import tempfile
from pathlib import Path

GIGABYTE = 1 << 30
LIMITS = {
    # of address space: a bot with discord.py, matplotlib and 60 threads needs 1.5 GB of it
    resource.RLIMIT_AS: 4 * GIGABYTE,
    resource.RLIMIT_FSIZE: GIGABYTE // 4,
    resource.RLIMIT_CPU: 600,  # s; the hungriest lab takes 20
    resource.RLIMIT_NOFILE: 4096,  # the gateway lab holds 300 sockets open at once
    resource.RLIMIT_CORE: 0,
}


def enter(folder: Path) -> list[str]:
    """Confine this process to `folder` and return the names of the layers in force.

    The process is already the leader of its own session (see zygote): what it starts is found and
    ended with it. The cells' working directory is `folder/work`.
    """
    for name in ("home", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    os.environ.update(HOME=str(folder / "home"), TMPDIR=str(folder / "tmp"), PWD=str(folder))
    os.environ["UNBLOCKED_NOTES"] = str(folder / "home")  # a guess in a lab is not the grader's
    tempfile.tempdir = None  # asked for again, so that TMPDIR counts
    work = folder / "work"
    work.mkdir(exist_ok=True)
    os.chdir(work)
    sys.path.insert(0, str(work))  # as in a kernel, cells import what lies beside the notebook
    return ["session", *_limit()]


def _limit() -> list[str]:
    for kind, limit in LIMITS.items():
        _, hard = resource.getrlimit(kind)
        most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some of them
            resource.setrlimit(kind, (most, most))
    return ["limits"]

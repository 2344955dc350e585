"""Runs a program as containers do: `container.py UID FOLDER ...`.

Its user has a number and no name, and a home that does not exist. All files are read-only, but for
the folder, which is empty, and which is the one for temporary files. Only root can do this.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import another_user

from autograder.grading.jail import linux

UNNAMED = 62020


def enter(user: int, folder: str) -> None:
    """Put this process into such a container, as that user."""
    linux.unshare(linux.NEW_MOUNTS)
    linux.mount("none", "/", "", linux.RECURSIVE | linux.PRIVATE)
    another_user.uncover({sys.prefix, sys.base_prefix, str(Path(__file__).resolve().parents[2])})
    linux.seal("/", linux.READ_ONLY)
    linux.mount("proc", "/proc", "proc", 0)  # a user namespace is set up by writing there
    linux.mount("tmpfs", folder, "tmpfs", 0, "mode=1777")
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME", "XDG_CACHE_HOME"):
        os.environ.pop(name, None)
    os.environ.update(HOME=another_user.NO_HOME, TMPDIR=folder)


if __name__ == "__main__":
    enter(int(sys.argv[1]), sys.argv[2])
    os.execv(sys.argv[3], sys.argv[3:])

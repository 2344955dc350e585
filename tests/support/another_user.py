"""Runs a program as an ordinary user, for tests that root runs: `python another_user.py UID ...`.

Python itself may lie in root's closed home. So the folder that closes it is covered, for this
process alone, by one that is open and holds nothing but Python. With 0 that is all it does.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from autograder.grading.jail import linux

LEARNER = 1001


def become(user: int) -> None:
    """Make this process that user's, with Python in reach."""
    linux.unshare(linux.NEW_MOUNTS)
    linux.mount("none", "/", "", linux.RECURSIVE | linux.PRIVATE)
    for place in {sys.prefix, sys.base_prefix, str(Path(__file__).resolve().parents[2])}:
        closed = [path for path in Path(place).parents if not path.stat().st_mode & 0o001]
        if closed:
            uncover(place, str(closed[-1]))
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    os.environ.update(HOME="/nowhere", USER="somebody", LOGNAME="somebody")


def uncover(place: str, closed: str) -> None:
    """Cover the folder `closed`, which is above `place`, by one that holds nothing else."""
    bound = linux.BIND | linux.RECURSIVE
    with tempfile.TemporaryDirectory() as aside:
        linux.mount(place, aside, "", bound)
        linux.mount("tmpfs", closed, "tmpfs", 0, "mode=755,size=1m")
        os.makedirs(place)
        linux.mount(aside, place, "", bound)
        linux.unmount(aside)


if __name__ == "__main__":
    become(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])

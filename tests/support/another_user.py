"""Runs a program as an ordinary user, for tests that root runs: `python another_user.py UID ...`.

Python itself may lie in root's closed home. So the folder that closes it is covered, for this
process alone, by one that is open and holds nothing but Python. With 0 that is all it does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder.grading.jail import linux

LEARNER = 1001
NO_HOME = "/proc/nowhere"  # matplotlib makes a home that is absent; here not even root can


def become(user: int) -> None:
    """Make this process that user's, with Python in reach."""
    linux.unshare(linux.NEW_MOUNTS)
    linux.mount("none", "/", "", linux.RECURSIVE | linux.PRIVATE)
    uncover({sys.prefix, sys.base_prefix, str(Path(__file__).resolve().parents[2])})
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    os.environ.update(HOME=NO_HOME, USER="somebody", LOGNAME="somebody")


def skip_unless_possible(*become: str) -> None:
    """Skip a test where this command cannot start Python as somebody else, as in a container."""
    import pytest

    done = subprocess.run(
        [*become, sys.executable, "-c", "import autograder"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it ended"])[-1]
        pytest.skip(f"this machine does not let a test run as another user ({reason})")


def uncover(places: set[str]) -> None:
    """Cover each closed folder above these places by one that holds nothing but them."""
    held: dict[str, list[str]] = {}  # by the outermost closed folder
    for place in sorted(places):  # a folder before what lies in it
        closed = [str(path) for path in Path(place).parents if not path.stat().st_mode & 0o001]
        if closed and not any(Path(place).is_relative_to(one) for one in held.get(closed[-1], [])):
            held.setdefault(closed[-1], []).append(place)
    bound = linux.BIND | linux.RECURSIVE
    for closed_folder, inside in held.items():
        with tempfile.TemporaryDirectory() as name:
            asides = [Path(name, str(number)) for number, _ in enumerate(inside)]
            for place, aside in zip(inside, asides, strict=True):
                aside.mkdir()
                linux.mount(place, str(aside), "", bound)
            linux.mount("tmpfs", closed_folder, "tmpfs", 0, "mode=755,size=1m")
            for place, aside in zip(inside, asides, strict=True):
                os.makedirs(place)
                linux.mount(str(aside), place, "", bound)
                linux.unmount(str(aside))


if __name__ == "__main__":
    become(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])

"""The candidate's file system: the files that Python needs, read-only, and a folder of its own.

It contains only what this module names. So the course with its solutions, the gradebook, the
submissions of others, home directories and the machine's temporary files are not just forbidden:
they do not exist for the candidate.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Collection, Iterable
from pathlib import Path

from autograder.grading.jail import linux
from autograder.paths import PACKAGE

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc")
ODDS = ("/sys/devices/system/cpu",)  # not /sys: its /sys/class/net shows the machine's interfaces
DEVICES = ("null", "zero", "full", "random", "urandom")
_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
OWN_SPACE = "400m"  # of a candidate's folder, in memory; it gets up to 100 MB from the submission
SHARED_SPACE = "200m"  # of the folder that it shares with servers, for a SQLite file, say
SHARED_MEMORY = "64m"  # of /dev/shm, where process pools keep their locks
_PLAIN = linux.NO_SETUID | linux.NO_DEVICES


# by default nbgrader's exchange, through which all submissions pass, lies below /usr
HIDDEN = ("/usr/local/share/nbgrader",)


def readable(hidden: Collection[str] = ()) -> list[str]:
    """Return the paths from which Python and the packages of this process are loaded.

    A path below another one is left out, unless one of `hidden` lies between the two.
    """
    places = [*SYSTEM, *ODDS, str(PACKAGE.resolve()), *sysconfig.get_paths().values()]
    places += [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix]
    for place in sys.path:
        if {"site-packages", "dist-packages"} & set(Path(place).parts) or place.endswith(".zip"):
            places.append(place)
    found = {os.path.abspath(place) for place in places if os.path.exists(place)}
    found |= {os.path.realpath(place) for place in found}
    kept: list[str] = []
    for place in sorted(found - set(hidden)):
        above = max((one for one in (*kept, *hidden) if _is_above(one, place)), default="", key=len)
        if above in hidden or not above:
            kept.append(place)
    return kept


def build(target: str, own: str, shared: str, hidden: Iterable[str], user: int) -> None:
    """Mount the candidate's file system on the folder `target` and make it the root.

    The process must be in a mount namespace of its own, and the first in its process namespace.
    `own` becomes a writable folder in memory that belongs to `user`, with a copy of its content.
    `shared` is mounted as it is. Folders in `hidden` are empty. Raises OSError where a step is
    refused.
    """
    linux.mount("none", "/", "", linux.RECURSIVE | linux.PRIVATE)
    linux.mount("tmpfs", target, "tmpfs", 0, "mode=755,size=16m")
    _make_devices(target)
    _mount_own(target, own, shared, user)  # first: Python itself may lie below /tmp
    covered = {os.path.realpath(place) for place in (*HIDDEN, *hidden)}
    covers = []
    for place in sorted({*readable(covered), *covered}):
        if place not in covered:
            _show(place, target)
        elif os.path.isdir(target + place) and not _is_above(place, own):
            linux.mount("tmpfs", target + place, "tmpfs", _PLAIN, "mode=755,size=1m")
            covers.append(target + place)
    os.mkdir(f"{target}/proc")
    _mount_processes(f"{target}/proc")
    for cover in (*covers, target):
        linux.seal(cover, linux.READ_ONLY, whole_tree=False)
    linux.make_root(target)


def _is_above(one: str, place: str) -> bool:
    return place.startswith(one + os.sep)


def _show(place: str, target: str) -> None:
    seen = target + place
    if os.path.islink(place):  # /bin, where it is a link to /usr/bin
        os.symlink(os.readlink(place), seen)
        return
    if os.path.isdir(place):
        os.makedirs(seen, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(seen), exist_ok=True)
        Path(seen).touch()
    linux.mount(place, seen, "", linux.BIND | linux.RECURSIVE)
    linux.seal(seen, linux.READ_ONLY | linux.NO_SETUID | linux.NO_DEVICES)


def _make_devices(target: str) -> None:
    os.makedirs(f"{target}/dev/shm")
    for name in DEVICES:
        Path(f"{target}/dev/{name}").touch()
        linux.mount(f"/dev/{name}", f"{target}/dev/{name}", "", linux.BIND)
    for name, place in _LINKS.items():
        os.symlink(place, f"{target}/dev/{name}")
    linux.mount("tmpfs", f"{target}/dev/shm", "tmpfs", _PLAIN, f"mode=1777,size={SHARED_MEMORY}")


def _mount_own(target: str, own: str, shared: str, user: int) -> None:
    """Mount the candidate's folder, its /tmp, and the folder that it shares with the servers."""
    made, kept = f"{target}/own", f"mode=755,uid={user},gid={user},size={OWN_SPACE}"
    os.mkdir(made)
    linux.mount("tmpfs", made, "tmpfs", _PLAIN, f"{kept},nr_inodes=20000")
    if os.listdir(own):
        shutil.copytree(own, made, dirs_exist_ok=True)
    for name in ("home", "tmp", "work"):
        os.makedirs(f"{made}/{name}", exist_ok=True)
    for folder, folders, files in os.walk(made):
        for name in (*folders, *files):
            os.chown(os.path.join(folder, name), user, user)
    os.makedirs(f"{target}/tmp", exist_ok=True)
    linux.mount(f"{made}/tmp", f"{target}/tmp", "", linux.BIND)
    for source, place in ((made, own), (shared, shared)):
        os.makedirs(target + place, exist_ok=True)
        linux.mount(source, target + place, "", linux.BIND)
    linux.unmount(made)
    os.rmdir(made)


def _mount_processes(place: str) -> None:
    """Mount /proc. In a container that hides parts of its own /proc, a new one is refused."""
    flags = _PLAIN | linux.NO_PROGRAMS
    try:
        linux.mount("proc", place, "proc", flags)
    except PermissionError:
        # mount the machine's own: it shows the names of all processes, but gives no access to them
        linux.mount("/proc", place, "", linux.BIND | linux.RECURSIVE)
        linux.seal(place, linux.READ_ONLY | flags)

"""How a supervisor and its clients find each other: files in a private directory.

The directory is in the one for temporary files. A user's home may be read-only, on a network disk,
or missing. The files are named by a key of this installation. So two environments, two checkouts,
the code before and after a `git pull`, and two network namespaces (each has its own loopback)
never share a supervisor.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.outcomes import UserMistake
from autograder.paths import PACKAGE


def place() -> Path:
    """Return the path of this user's files without their suffix; the directory may not exist.

    Raises UserMistake when there is no directory for temporary files.
    """
    user = os.getuid() if hasattr(os, "getuid") else ""
    try:
        temporary = Path(tempfile.gettempdir())
    except FileNotFoundError:
        raise UserMistake(
            "the servers need a directory for temporary files and found none they can write to: "
            "set TMPDIR to one"
        ) from None
    return temporary / f"unblocked-{user}" / _installation()


def _installation() -> str:
    package = PACKAGE / "world"
    newest = max(path.stat().st_mtime_ns for path in package.rglob("*.py"))
    network = Path("/proc/self/ns/net")
    loopback = network.stat().st_ino if network.exists() else 0
    identity = f"{sys.prefix}|{sys.version}|{package}|{newest}|{loopback}"
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


@contextlib.contextmanager
def locked(place: Path) -> Iterator[None]:
    """Hold the lock of this place; the system frees the lock even if this process is killed.

    Raises UserMistake when the directory cannot be made or belongs to another user.
    """
    path = place.with_suffix(".lock")
    while True:
        descriptor = _open(path)
        if descriptor is None:
            continue  # a supervisor that ended has just removed the directory
        _lock(descriptor)
        if _still(path, descriptor):
            break
        os.close(descriptor)
    try:
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int | None:
    directory = path.parent
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
        if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o077):
            raise UserMistake(
                f"{directory} should be a directory that only you can enter, and is not: "
                "remove it, or set TMPDIR to another directory"
            )
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and directory.parent.is_dir():
            return None
        raise UserMistake(
            f"the servers cannot use {directory} ({error.strerror}): free some space there, "
            "or set TMPDIR to another directory"
        ) from None


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _still(path: Path, descriptor: int) -> bool:
    """Return True unless the process that held the lock before has removed the file."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def publish(place: Path, address: dict[str, Any]) -> None:
    """Write the address in one step, so that no client reads half of it."""
    draft = place.with_suffix(".new")
    draft.write_text(json.dumps(address))
    draft.chmod(0o600)
    draft.replace(place.with_suffix(".json"))


def published(place: Path) -> dict[str, Any] | None:
    """Return the address, or None when the file is missing or not readable as one."""
    try:
        address = json.loads(place.with_suffix(".json").read_text())
        return {"port": int(address["port"]), "token": str(address["token"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def withdraw(place: Path, address: dict[str, Any]) -> None:
    """Remove the files of a supervisor that ends, unless they already belong to the next one."""
    with contextlib.suppress(OSError, UserMistake), locked(place):
        own = published(place)
        if own is not None and own["token"] != address["token"]:
            return
        for suffix in (".json", ".log", ".new", ".lock"):
            place.with_suffix(suffix).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        place.parent.rmdir()  # fails, as it should, while another installation has files there

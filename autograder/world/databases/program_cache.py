"""A permanent directory for each user: programs that were fetched or copied, an empty database.

Root's is in /var/cache, where others can read it, because root's databases run as another user.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from autograder.outcomes import UserMistake

DONE = ".complete"


def place() -> Path:
    """Return the user's cache of servers; it may not exist yet."""
    if os.name == "posix" and os.getuid() == 0:
        return Path("/var/cache/unblocked")
    known = os.environ.get("XDG_CACHE_HOME")
    with contextlib.suppress(RuntimeError):  # a user without a home
        return (Path(known) if known else Path.home() / ".cache") / "unblocked"
    return Path(tempfile.gettempdir()) / f"unblocked-cache-{os.getuid()}"


def cached(name: str) -> Path | None:
    """Return the entry with this name; None when there is none, or it is not complete."""
    entry = place() / name
    return entry if (entry / DONE).is_file() else None


def filled(name: str, fill: Callable[[Path], None]) -> Path:
    """Return the entry; if there is none, `fill(directory)` makes it, completely or not at all.

    Raises UserMistake when there is no room for it, and whatever `fill` raises.
    """
    known = cached(name)
    if known is not None:
        return known
    home = place()
    draft: Path | None = None
    try:
        home.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=home))
        draft.chmod(0o755)
        fill(draft)
        (draft / DONE).touch()
        entry = home / name
        shutil.rmtree(entry, ignore_errors=True)  # left by a start that was interrupted
        with contextlib.suppress(OSError):  # another start was first, and made the same entry
            draft.rename(entry)
    except OSError as error:
        raise UserMistake(
            f"the cache {home} cannot be used ({error.strerror or error}): free some space there, "
            "or set XDG_CACHE_HOME to another directory"
        ) from None
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)
    return home / name


def copied(source: Path, copy: Callable[[Path, Path], None]) -> Path:
    """Return a copy of programs, in a directory that the databases' account can read."""
    stamp = f"{source}|{source.stat().st_mtime_ns}"
    name = f"copy-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    return filled(name, lambda into: copy(source, into))

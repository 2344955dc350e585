"""Small JSON files in work/.unblocked: the learner's guesses, copies and points.

Several notebooks and the command line may change a file at the same time. So a change holds a lock
file, and replaces the content in one step: a reader never sees half a file. A file that is not a
JSON object is renamed, and never stops a lesson.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.paths import work_folder

_PATIENCE = 2.0  # s to wait for another process's change, which takes about a millisecond
_STALE = 10.0  # s: a lock this old belongs to a process that was killed


def folder(root: Path) -> Path:
    """Return the folder of the notes; UNBLOCKED_NOTES names another one.

    The jail sets it, because a notebook that is graded must not change anybody's notes.
    """
    return Path(os.environ.get("UNBLOCKED_NOTES") or work_folder(root) / ".unblocked")


def read(path: Path) -> dict[str, Any]:
    """Return the content of a note; empty if the file is missing or broken."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


@contextlib.contextmanager
def changing(path: Path) -> Iterator[dict[str, Any]]:
    """Give the content of a note to a `with` block, which may change it, and then store it.

    Raises OSError when it cannot be stored (no right to write, a full disk).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.with_name(f".{path.name}.lock")):
        content = read(path)
        if not content:
            _set_aside(path)
        yield content
        write(path, json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")


def write(path: Path, content: bytes) -> None:
    """Write a file in one step: a reader sees the old content or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)  # with mkstemp's 0600 a class's grader could not read the file
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


@contextlib.contextmanager
def _locked(lock: Path) -> Iterator[None]:
    """Hold a lock file; if it cannot be had within `_PATIENCE`, make the change without it."""
    until = time.monotonic() + _PATIENCE
    held = False
    while not held and time.monotonic() < until:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            held = True
        except FileExistsError:
            with contextlib.suppress(OSError):
                if time.time() - lock.stat().st_mtime > _STALE:
                    lock.unlink()
            time.sleep(0.005)
    try:
        yield
    finally:
        if held:
            with contextlib.suppress(OSError):
                lock.unlink()


def _set_aside(path: Path) -> None:
    with contextlib.suppress(OSError):
        if (
            path.stat().st_size
            and path.read_text(encoding="utf-8", errors="replace").strip() != "{}"
        ):
            os.replace(path, path.with_name(f"{path.stem}.broken{path.suffix}"))

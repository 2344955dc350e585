"""Small JSON files in work/.unblocked: what was guessed, what was copied, what was scored.

Several notebooks and the command line change them at once: a change holds a lock file, and the new
content takes the old one's place in one step, so that a reader never sees half a file. A file that
is no JSON object is set aside, never a reason to stop a lesson.
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

_PATIENCE = 2.0  # s to wait for another's change; one takes about a millisecond
_STALE = 10.0  # s: a lock this old belongs to a process that was killed


def folder(root: Path) -> Path:
    """Where the notes of a repository are; a notebook that is graded must not write into them."""
    return Path(os.environ.get("UNBLOCKED_NOTES") or root / "work" / ".unblocked")


def read(path: Path) -> dict[str, Any]:
    """The content of a note; empty when there is none, or when it is broken."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


@contextlib.contextmanager
def changing(path: Path) -> Iterator[dict[str, Any]]:
    """The content of a note, to be changed in place and stored at the end of the `with`.

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
    """Puts a file in its place in one step: a reader sees the old content or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)  # mkstemp's 0600 would keep a class's grader from reading
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


@contextlib.contextmanager
def _locked(lock: Path) -> Iterator[None]:
    """Holds a lock file; after `_PATIENCE` the change is made without, rather than not at all."""
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

"""A control group whose memory is limited, version 1 or 2; only some users may make one."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path

from autograder.environment.finding import Finding

_ROOT = Path("/sys/fs/cgroup")
_LIMITS = {"memory": "memory.limit_in_bytes", "unified": "memory.max", "": "memory.max"}
_ANONYMOUS = ("total_rss", "anon")  # what memory.stat calls the pages that belong to no file
_number = itertools.count()


@contextlib.contextmanager
def memory_group() -> Iterator[Path | None]:
    """Yield a fresh control group without a limit yet; None where none may be made."""
    for place, limit in _LIMITS.items():
        folder = _ROOT / place / f"unblocked-memory-{os.getpid()}-{next(_number)}"
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            if (folder / limit).exists():
                yield folder
                return
        finally:
            _remove(folder)
    yield None


def set_limit(group: Path, most: int) -> None:
    """Limit the memory of a group to `most` bytes. Raises OSError when it cannot free enough."""
    limit = next(group / name for name in _LIMITS.values() if (group / name).exists())
    for _ in range(20):  # version 1 tries a few times only, and frees more the next time
        with contextlib.suppress(OSError):
            limit.write_text(str(most))
            return
        time.sleep(0.05)
    limit.write_text(str(most))


def anonymous(group: Path) -> int:
    """Return the bytes of a group that no file has, so that they cannot be taken away."""
    fields = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    return next(int(fields[name]) for name in _ANONYMOUS if name in fields)


def entering(*groups: Path) -> list[str]:
    """Return the words before a command that run it in these groups, through a shell."""
    enter = "".join(f'echo $$ > "{group}/cgroup.procs"; ' for group in groups)
    return ["sh", "-ec", f'{enter}exec "$@"', "sh"]


def finding() -> Finding:
    """Whether this user may make such a group."""
    with memory_group() as group:
        if group is not None:
            return Finding("memory group", f"may be made ({group.parent})")
    return Finding(
        "memory group",
        "this user may not make a control group with a memory limit",
        "no test and no bench shows what the verdict says while memory is short",
    )


def _remove(folder: Path) -> None:
    for _ in range(50):  # processes that were killed leave it a little later
        with contextlib.suppress(OSError):
            folder.rmdir()
            return
        time.sleep(0.05)

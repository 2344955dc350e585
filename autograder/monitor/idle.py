"""For how long was each CPU of the machine idle? A thread does not wait for a CPU that is idle.

This is known where the kernel says nothing about one thread: Linux counts it in `/proc/stat`, and
psutil reads it on macOS and Windows. gVisor shows zeros there, which prove nothing.

An idle CPU proves something only if nothing but other work can keep a thread from it. A quota of a
control group can, so there is no proof where one is set. A thread may also be bound to some of the
CPUs (by affinity, or on macOS to the slow cores), so all of them have to be idle.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from autograder.monitor.thread_stats import KeptFile

TICK = 10_000_000 if sys.platform == "linux" else 16_000_000  # ns: the step of these figures
_GROUPS = Path("/sys/fs/cgroup")
_LINE = 120  # bytes: more than a line about a CPU takes
_QUOTAS = ("cpu.max", "cpu.cfs_quota_us")  # of version 2 and of version 1
_NO_QUOTA = ("max", "-1")


class IdleTimes:
    """Reads the idle time of each CPU; 0.1 ms."""

    def __init__(self) -> None:
        self._stat: KeptFile | None = None
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                self._stat = KeptFile("/proc/stat", _LINE * (2 + (os.cpu_count() or 1)))
        self._of_use = sys.platform != "linux" or not has_quota()

    def read(self) -> tuple[int, ...]:
        """Return for how many ns each CPU has been idle; nothing where that would prove nothing."""
        if not self._of_use:
            return ()
        if self._stat is not None:
            return parsed(self._stat.read())
        return _of_psutil()

    def close(self) -> None:
        """Give the file descriptor back."""
        if self._stat is not None:
            self._stat.close()
            self._stat = None


def parsed(stat: bytes) -> tuple[int, ...]:
    """Return the idle time of each CPU in the text of `/proc/stat`, in ns.

    A CPU that waits for a disk is idle, too: a thread that wanted it would get it.
    """
    step = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    lines = [line.split() for line in stat.splitlines() if line.startswith(b"cpu")]
    return tuple((int(line[4]) + int(line[5])) * step for line in lines[1:])


def least_idle(before: Sequence[int], after: Sequence[int]) -> int:
    """Return for how many ns each CPU was idle between two readings; 0 if that is not known."""
    if len(before) != len(after):  # a CPU was switched on or off
        return 0
    spans = (then - at_first for at_first, then in zip(before, after, strict=True))
    return max(0, min(spans, default=0) - TICK)


def has_quota(groups: Path = _GROUPS, own: Path = Path("/proc/self/cgroup")) -> bool:
    """Whether a control group limits the CPU time of this process, or may do so unseen."""
    try:
        lines = own.read_text().splitlines()
    except OSError:  # a kernel without control groups
        return False
    if not groups.is_dir():
        return True
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        roots = [groups / name for name in ("", "unified", controllers, "cpu")]
        # In a container the path may be that of the host, so the folder itself counts as well.
        inside = [Path(path.lstrip("/")), *Path(path.lstrip("/")).parents]
        if any(_quota(root / group) for root in roots for group in inside):
            return True
    return False


def _quota(group: Path) -> bool:
    for name in _QUOTAS:
        with contextlib.suppress(OSError):
            if (group / name).read_text().split()[0] not in _NO_QUOTA:
                return True
    return False


def _of_psutil() -> tuple[int, ...]:
    try:
        import psutil
    except ImportError:
        return ()
    return tuple(int(cpu.idle * 1e9) for cpu in psutil.cpu_times(percpu=True))

"""Does this machine, or this control group, run short of memory?

When memory is short, Linux takes pages away from programs that still use them: Python's own code,
the libraries, the files that were just read. The loop then sleeps until a page is read again, and
its thread searches for pages to free. None of this is the code's doing: in a control group whose
page cache two other processes used up, a call that only awaited was measured as a block of 288 ms.

Linux counts the time for which any task lacked memory (pressure stall information: the field
`total` of `memory.pressure` or `/proc/pressure/memory`, in us). A file that is read for the first
time adds nothing to it, so without pressure such a read is the code's own. The number of major page
faults is no help: it is 0 while the loop waits for another thread, or for a child process to start.

The figure of the own control group is believed as it is. Where only the machine's can be read, it
also grows when another group reaches its limit, when the kernel joins free pages into larger ones,
and when it refills its reserve of free pages: with 17 GB free, that took nothing from this process.
So the machine's figure counts only if this process can have lacked memory: its own group or one
above reached its limit, a thread somewhere had to free pages itself, or few pages are free now.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter_ns

from autograder.monitor.thread_stats import KeptFile

MACHINE = "/proc/pressure/memory"
_HIERARCHIES = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
_OF_MEMORY = "/sys/fs/cgroup/memory"  # where version 1 has its groups
_GROUP = "/proc/self/cgroup"
_EVENTS = "/proc/vmstat"
_FREE = "/proc/meminfo"
FEW = 0.02  # of all pages: the kernel begins to free pages when 0.5 % are left (23 GB, Linux 6.18)
LEAST = 1_000  # us: a shorter lack of memory explains no block
LASTS = 2_000_000_000  # ns: Linux renews its averages once in 2 s
# Where a thread sleeps that waits for a page, or that must free pages first.
PAGES = (
    b"folio_", b"wait_on_page", b"__lock_page", b"filemap_", b"__wait_on_buffer", b"swap",
    b"reclaim", b"throttle_direct_reclaim", b"shrink_", b"congestion_wait", b"mem_cgroup",
    b"__mem_cgroup", b"try_charge", b"do_user_addr_fault", b"lock_mm", b"do_swap",
)  # fmt: skip


class Pressure:
    """Tells whether memory is short; `felt` takes 4 us."""

    def __init__(self) -> None:
        path = source()
        self._file = KeptFile(path, 200) if path else None
        self._machine = Machine() if is_machines(path) else None
        self._until = 0
        # Linux divides a lack on one CPU by the number of busy CPUs.
        self._cpus = os.cpu_count() or 1
        self._read_at, self._total = perf_counter_ns(), self._read()

    def felt(self) -> bool:
        """Whether this process may have lacked memory since the last call, or in 2 s before it.

        A lack that has been seen counts for 2 s, because Linux rounds what it counts in a few ms.
        """
        now = self._read_at = perf_counter_ns()
        if now < self._until:
            return True
        before, self._total = self._total, self._read()
        grew = (self._total - before) * self._cpus > LEAST
        if grew and (self._machine is None or self._machine.lacked_ours()):
            self._until = now + LASTS
        return now < self._until

    def renew(self, now: int) -> None:
        """Read the figure again after 1 s, so that `felt` finds nothing that is much older."""
        if now - self._read_at > LASTS // 2:
            self.felt()

    def close(self) -> None:
        """Give the file descriptors back."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._machine is not None:
            self._machine.close()
            self._machine = None

    def _read(self) -> int:
        """Return for how many us some task has lacked memory; 0 where the kernel does not tell."""
        if self._file is None:
            return 0
        _, _, total = self._file.read().partition(b"total=")
        return int(total.split()[0]) if total else 0


class Machine:
    """Tells whether a lack of memory on this machine can have been one of this process.

    It keeps the GIL, as all that is read while a pass is measured.
    """

    def __init__(self) -> None:
        self._free, self._events = KeptFile(_FREE, 200), KeptFile(_EVENTS, 4096)
        self._groups = []
        for path in _own_groups():
            with contextlib.suppress(OSError):
                self._groups.append(KeptFile(path))
        self._reached = self._limits_reached()

    def lacked_ours(self) -> bool:
        """Whether a limit that this process is under was reached since the last call.

        It is also true where a container hides the groups, so that nothing tells whose lack it was.
        """
        before, self._reached = self._reached, self._limits_reached()
        return not self._groups or self._reached > before or self._few_are_free()

    def close(self) -> None:
        """Give the file descriptors back."""
        for file in (self._free, self._events, *self._groups):
            file.close()

    def _limits_reached(self) -> int:
        """Return how often a group of ours was full, or a thread had to free pages of all."""
        reached = sum(int(file.read() or b"0") for file in self._groups)
        for line in self._events.read().split(b"\n"):
            if line.startswith(b"allocstall"):
                reached += int(line.split()[1])
        return reached

    def _few_are_free(self) -> bool:
        total, free = (int(line.split()[1]) for line in self._free.read().split(b"\n")[:2])
        return free < FEW * total


def source() -> str:
    """Return the file with the pressure of this process's control group, else of the machine.

    It is "" where the kernel tells neither.
    """
    for path in _candidates():
        with contextlib.suppress(OSError):
            KeptFile(path).close()
            return path
    return ""


def is_machines(path: str) -> bool:
    """Whether a file has the pressure of the machine: the group above all others has this, too."""
    return path == MACHINE or (bool(path) and not Path(path).with_name("cgroup.events").exists())


def _candidates() -> Iterator[str]:
    with contextlib.suppress(OSError):
        for line in Path(_GROUP).read_text().splitlines():
            if line.startswith("0::"):
                group = line.removeprefix("0::").rstrip("/")
                yield from (f"{place}{group}/memory.pressure" for place in _HIERARCHIES)
    yield MACHINE


def _own_groups() -> Iterator[str]:
    """Yield the files in which the own group of version 1, and all above it, count their limits."""
    with contextlib.suppress(OSError):
        for line in Path(_GROUP).read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            if "memory" in controllers.split(","):
                for folder in (Path(group), *Path(group).parents):
                    yield f"{_OF_MEMORY}{str(folder).rstrip('/')}/memory.failcnt"

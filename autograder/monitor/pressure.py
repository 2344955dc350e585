"""Does this machine, or this control group, run short of memory?

When memory is short, Linux takes pages away from programs that still use them: Python's own code,
the libraries, the files that were just read. The loop then sleeps until a page is read again, and
its thread searches for pages to free. None of this is the code's doing: in a control group whose
page cache two other processes used up, a call that only awaited was measured as a block of 288 ms.

Linux counts the time for which any task lacked memory (pressure stall information: the field
`total` of `memory.pressure` or `/proc/pressure/memory`, in us). A file that is read for the first
time adds nothing to it, so without pressure such a read is the code's own. The number of major page
faults is no help: it is 0 while the loop waits for another thread, or for a child process to start.
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
_GROUP = "/proc/self/cgroup"
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
        self._file = _opened()
        self._until = 0
        # Linux divides a lack on one CPU by the number of busy CPUs.
        self._cpus = os.cpu_count() or 1
        self._total = self._read()

    def felt(self) -> bool:
        """Whether some task lacked memory since the last call, or in the 2 s before it.

        A lack that has been seen counts for 2 s, because Linux rounds what it counts in a few ms.
        """
        now = perf_counter_ns()
        if now < self._until:
            return True
        before, self._total = self._total, self._read()
        if (self._total - before) * self._cpus > LEAST:
            self._until = now + LASTS
        return now < self._until

    def close(self) -> None:
        """Give the file descriptor back."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self) -> int:
        """Return for how many us some task has lacked memory; 0 where the kernel does not tell."""
        if self._file is None:
            return 0
        _, _, total = self._file.read().partition(b"total=")
        return int(total.split()[0]) if total else 0


def source() -> str:
    """Return the file with the pressure of this process's control group, else of the machine.

    It is "" where the kernel tells neither.
    """
    for path in _candidates():
        with contextlib.suppress(OSError):
            KeptFile(path).close()
            return path
    return ""


def _opened() -> KeptFile | None:
    path = source()
    return KeptFile(path, 200) if path else None


def _candidates() -> Iterator[str]:
    with contextlib.suppress(OSError):
        for line in Path(_GROUP).read_text().splitlines():
            if line.startswith("0::"):
                group = line.removeprefix("0::").rstrip("/")
                yield from (f"{place}{group}/memory.pressure" for place in _HIERARCHIES)
    yield MACHINE

"""The cost of a command and of everything that it starts: CPU, wall time, memory.

A control group counts the CPU of all of them. `wait4` misses processes in a process namespace of
their own, and sampling misses the end of each process. Where no control group can be made (without
root), `wait4` is used, and the table says so.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_EVERY = 0.25  # s between two readings of the memory
_GROUP = "unblocked-bench"
_number = itertools.count()


@dataclass(frozen=True)
class Cost:
    """The cost of one run of a command; seconds, and the highest PSS in MB."""

    wall: float
    cpu: float
    memory: float
    code: int
    output: str


def counts_all() -> bool:
    """Whether the CPU of processes in namespaces is counted too."""
    with _group() as folder:
        return folder is not None


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Cost:
    """Run a command until it ends, and return its cost."""
    with _group() as group:
        before = os.times()
        began = time.monotonic()
        with subprocess.Popen(
            [*_entering(group), *command],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            peak: list[float] = [0.0]
            done = threading.Event()
            watcher = threading.Thread(target=_watch, args=(process.pid, peak, done), daemon=True)
            watcher.start()
            output, _ = process.communicate()
            wall = time.monotonic() - began
            done.set()
            watcher.join()
        after = os.times()
        cpu = after.children_user + after.children_system
        cpu -= before.children_user + before.children_system
        if group is not None:
            cpu = _used(group)
    return Cost(wall, cpu, peak[0], process.returncode, output)


@contextlib.contextmanager
def _group() -> Iterator[Path | None]:
    """Yield a fresh control group, version 1 or 2; None where none may be made."""
    for place in ("cpuacct", "cpu,cpuacct", "unified", ""):
        folder = Path("/sys/fs/cgroup", place, f"{_GROUP}-{os.getpid()}-{next(_number)}")
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            if any((folder / name).exists() for name in ("cpuacct.usage", "cpu.stat")):
                yield folder
                return
        finally:
            with contextlib.suppress(OSError):
                folder.rmdir()
    yield None


def _entering(group: Path | None) -> list[str]:
    """Return the words before a command that run it in the group, through a shell."""
    if group is None:
        return []
    return ["sh", "-c", f'echo $$ > "{group}/cgroup.procs"; exec "$@"', "sh"]


def _used(group: Path) -> float:
    if (group / "cpuacct.usage").exists():
        return int((group / "cpuacct.usage").read_text()) / 1e9
    fields = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    return int(fields["usage_usec"]) / 1e6


def _watch(process: int, peak: list[float], done: threading.Event) -> None:
    """Store in `peak` the highest memory of a process and its descendants, until `done`."""
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(process)
        while not done.wait(_EVERY):
            peak[0] = max(peak[0], memory([root, *root.children(recursive=True)]))


def memory(processes: Iterable[psutil.Process]) -> float:
    """Return the total PSS of these processes in MB; a process that has ended counts as 0."""
    used = 0.0
    for one in processes:
        with contextlib.suppress(psutil.Error):
            used += float(one.memory_full_info().pss)
    return used / 1e6

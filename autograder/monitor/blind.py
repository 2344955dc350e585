"""Which sleep is certain where the kernel does not tell how long a thread waited for a CPU?

CPU time is known everywhere. The rest of a pass is sleep or a wait for a CPU, and only sleep is the
code's. Two things prove sleep; what neither proves is doubt:

    One and the same sleep. The sampler finds the loop asleep, not at a lock, and the loop has used
    no CPU since the sampler looked before. So it slept all the time in between. (Linux alone tells
    where a thread sleeps. gVisor does not.)

    Idle CPUs. A thread does not wait for an idle CPU. If each CPU was idle for 190 ms of a pass of
    200 ms, the loop waited for at most 10 ms, and no thread of this process that it waited for can
    have computed longer. What the process computed is subtracted, since another thread may have
    held the GIL.

A whole process may also have stood still: a signal or a debugger stopped it, or a virtual machine
paused. Idle CPUs prove nothing about such a time. The sampler, which should have woken in it, comes
late then, and the proof is given up. A time in which the sampler did not look is not counted.

No run is ever judged by other runs. Three runs in a row that took too long were once believed to
show a block. Beside four steady hogs that blamed 7 of 40 runs of harmless code.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Sequence
from itertools import pairwise
from time import perf_counter_ns
from typing import Any, NamedTuple

from autograder.monitor.idle import TICK, IdleTimes, least_idle
from autograder.monitor.thread_stats import KeptFile

LATE = 25_000_000  # ns: a timer of Windows is up to 16 ms late, a wait for the GIL takes 5 ms
ONE_WAIT = 80_000_000  # ns: a thread's longest single wait for a CPU, beside 8 hogs on two cores
OFTEN = 45_000_000  # ns: between looks at a process that rests; they are 20 ms apart, and late
SELECT = (b"do_epoll_wait", b"ep_poll")
UNSURE = (b"futex", b"kernel_clone", b"wait_for_vfork")  # a lock, or a child that starts


class Look(NamedTuple):
    """What a look at the loop's thread shows; ns."""

    moment: int  # when the pass began
    at: int
    late: int  # how late the sampler woke for it
    asleep: bool  # the loop's thread sleeps, and not at a lock
    cpu: int  # of the loop's thread
    process_cpu: int  # of all threads of this process
    idle: tuple[int, ...]  # of each CPU; nothing where this is not known
    read: int = 0  # when `cpu` and where it sleeps had been read; 0: at `at`


class Looker:
    """Looks at one thread from another; 0.15 ms, with the GIL kept."""

    def __init__(self, ident: int, tid: int) -> None:
        self._idle = IdleTimes()
        self._place: KeptFile | None = None
        self._clock: int | None = None
        with contextlib.suppress(OSError, AttributeError):  # macOS and Windows have neither
            self._clock = _clock_of(ident)
            self._place = KeptFile(f"/proc/self/task/{tid}/wchan")

    def look(self, moment: int, late: int, *, in_select: bool) -> Look:
        """Look at the thread, in the pass that began at `moment` or in a select that is due."""
        at, cpu, place = perf_counter_ns(), 0, b""
        if self._place is not None and self._clock is not None:
            cpu, place = time.clock_gettime_ns(self._clock), self._place.read()
        read = perf_counter_ns()
        own = not place.startswith((*UNSURE, *(SELECT if in_select else ())))
        asleep = own and place not in (b"", b"0")
        # In select, the machine may have woken the thread late, and idle CPUs do not show that.
        idle = () if in_select else self._idle.read()
        return Look(moment, at, max(0, late), asleep, cpu, time.process_time_ns(), idle, read)

    def close(self) -> None:
        """Give the file descriptors back."""
        self._idle.close()
        if self._place is not None:
            self._place.close()
            self._place = None


def handles_signals() -> bool:
    """Whether a signal could make the main thread run Python code; 30 us."""
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    return any(callable(one) and one is not signal.default_int_handler for one in handlers)


def rests(looks: Sequence[Look]) -> bool:
    """Whether this process computed for less than half of the time between the last two looks.

    Looking often then costs the code nothing.
    """
    if len(looks) < 2:
        return bool(looks) and looks[-1].asleep
    before, look = looks[-2:]
    return 2 * (look.process_cpu - before.process_cpu) < look.at - before.at


def certain_sleep(looks: Sequence[Look]) -> int:
    """Return for how many ns the loop certainly slept in the pass of these looks."""
    return max(_of_one_sleep(looks), _beside_idle_cpus(looks)) if looks else 0


def _of_one_sleep(looks: Sequence[Look]) -> int:
    slept = 0
    for before, look in pairwise(looks):
        if look.asleep and look.cpu == before.cpu:  # it has not run: it sleeps since `before`
            since = before.read or before.at  # this thread may lose its CPU on the way
            slept += max(0, look.at - since - max(0, look.late - ONE_WAIT))
    return slept


def _beside_idle_cpus(looks: Sequence[Look]) -> int:
    first, last = looks[0], looks[-1]
    if max(look.late for look in looks) > LATE:
        return 0
    computed = last.process_cpu - first.process_cpu + TICK
    gaps = (look.at - before.at for before, look in pairwise(looks))
    unseen = sum(gap for gap in gaps if gap > OFTEN)
    return max(0, least_idle(first.idle, last.idle) - computed - unseen)


def _clock_of(ident: int) -> int:
    read: Any = time.pthread_getcpuclockid  # type: ignore[attr-defined,unused-ignore]
    return int(read(ident))

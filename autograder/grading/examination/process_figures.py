"""What the kernel tells about a candidate's threads, and the socket over which its loop answers."""

from __future__ import annotations

import contextlib
import os
import platform
import socket
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from autograder.grading.examination.fork_client import children_of
from autograder.monitor.thread_stats import knows_waits

CHILD = "process "  # so begins the name of a child process among the `others`
NO_CALL = "-1 "  # /proc/<pid>/syscall of a thread that sleeps, and in no system call
_STAMP = 35  # SO_TIMESTAMPNS: asm-generic/socket.h
# numbers of clock_nanosleep, of futex, and of epoll_wait and its like: asm/unistd.h
_NANOSLEEP, _FUTEX, _EPOLL = {
    "x86_64": ("230", "202", ("232", "281", "441")),
    "aarch64": ("115", "98", ("22", "441")),
}.get(platform.machine(), ("", "", ()))
_MONOTONIC, _ABSOLUTE = 1, 1  # linux/time.h: CLOCK_MONOTONIC, TIMER_ABSTIME
_WAIT_BITSET, _PRIVATE = 9, 128  # linux/futex.h; with FUTEX_CLOCK_REALTIME it is another clock
# ns of CPU time until which a child process counts as being started: until it runs its program,
# `true` takes 2 ms, and a fork of uvloop's 5 ms
_START = 50_000_000
_CPUS = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
_MOST = 0.5  # of the time of all CPUs
# s between two looks, and two knocks, of a witness that has a CPU when it wants one; a block may be
# this much longer than the witness sees
PERIOD = 0.02
_DEEPEST = 8  # levels of processes below the candidate: a shell in a shell in a pool


class WitnessSample(NamedTuple):
    """A candidate's threads at one moment: times in nanoseconds, and counts."""

    before: int  # the clock before the reading; the figures are from a moment between the two
    after: int  # the clock after the reading
    runs: int  # how often the main thread got a CPU
    cpu: int
    wait: int
    written: int  # write calls of the main thread
    # run-queue wait of each other thread, and of each child process while it was being started; the
    # present wait is included, and what has ended keeps its last figure
    others: dict[str, int]
    pool: int  # run-queue wait of all child processes and their children, together
    busy: int  # CPU time of all other threads and of all processes of its room, together
    own: int  # CPU and run-queue wait of the examiner's own main thread
    counted: int  # the clock when `busy` was read
    offset: int  # the clock's lead over the one that counts while the machine runs


class Witness:
    """Reads the kernel's figures on one candidate; `pulse` is the examiner's end of the socket.

    `room` is the first process of its process namespace, to which the kernel gives each process
    whose parent has ended; 0 without namespaces. Raises OSError where this kernel does not give
    these figures, or not to this user.
    """

    def __init__(self, process: int, pulse: socket.socket, room: int = 0) -> None:
        self.pulse, self._room = pulse, room
        if not knows_waits():
            raise OSError("this kernel does not tell how long a thread waited for a CPU")
        pulse.setsockopt(socket.SOL_SOCKET, _STAMP, 1)
        self._main = str(process)
        self._tasks = f"/proc/{process}/task"
        main = f"{self._tasks}/{process}"
        places = [f"{main}/{name}" for name in ("schedstat", "syscall", "io")]
        places += [f"/proc/self/task/{os.getpid()}/schedstat", f"{main}/stat", f"{main}/mem"]
        self._open = [os.open(place, os.O_RDONLY | os.O_CLOEXEC) for place in places]
        self._others: dict[str, int] = {}
        self._pool: dict[str, int] = {}  # the waits of child processes, however old they are
        self._cpu: dict[str, int] = {}  # of all of these
        # of each of these that has no CPU and wants one: its CPU time, and since when
        self._waiting: dict[str, tuple[int, int]] = {}
        self._noted = 0  # when these were last read
        self.look()

    def close(self) -> None:
        """Close the descriptors."""
        for descriptor in self._open:
            os.close(descriptor)
        self.pulse.close()

    def look(self) -> WitnessSample:
        """Return the kernel's present figures; raises OSError when the process has ended."""
        times, _, counts, own, *_ = self._open
        before = time.time_ns()
        cpu, wait, runs = (int(word) for word in os.pread(times, 100, 0).split())
        after = time.time_ns()
        written = os.pread(counts, 300, 0).partition(b"syscw:")[2].split()[0]
        with contextlib.suppress(OSError):
            self._note_others()
        counted = time.time_ns()
        mine = sum(int(word) for word in os.pread(own, 100, 0).split()[:2])
        others, pool = dict(self._others), sum(self._pool.values())
        busy = sum(self._cpu.values())
        offset = time.time_ns() - time.monotonic_ns()
        return WitnessSample(
            before, after, runs, cpu, wait, int(written), others, pool, busy, mine, counted, offset
        )

    def _note_others(self) -> None:
        """Note the waits of all other threads and child processes that are there now."""
        for name in os.listdir(self._tasks):
            if name != self._main and (spent := self._spent(f"{self._tasks}/{name}")):
                self._others[name] = max(spent[1], self._others.get(name, 0))
        for level, process in _below(int(self._main)):
            spent = self._spent(f"/proc/{process}")
            if spent and level <= 2:  # its own, and the workers of a fork server
                self._pool[str(process)] = spent[1]
            if spent and level == 1 and spent[0] < _START:
                self._others[f"{CHILD}{process}"] = spent[1]
        if self._room:  # what a shell left behind excuses nothing, but it takes CPU time as well
            for _, process in _below(self._room, without=int(self._main)):
                self._spent(f"/proc/{process}")
        self._noted = time.time_ns()

    def _spent(self, folder: str) -> tuple[int, int] | None:
        """Return the CPU time and run-queue wait of a thread, in ns; None if it has ended.

        Linux counts a wait when it ends. At the end of a call the main thread joins the sampler; if
        that had waited since it woke up, the main thread seemed to sleep of its own accord: in 3 of
        12 whole runs of the suite, one honest call was doubted for that.
        """
        try:
            state = Path(f"{folder}/stat").read_bytes().rpartition(b")")[2].split()[0]
            cpu, wait, _ = map(int, Path(f"{folder}/schedstat").read_bytes().split())
        except OSError:
            return None
        now = time.time_ns()
        at, since = self._waiting.get(folder, (-1, now))
        if state != b"R" and not (state == b"D" and _in_no_call(folder)):
            self._waiting.pop(folder, None)
        elif at != cpu:
            # It may have begun to wait directly after the last look, if it has had no CPU since;
            # but if that look was long ago, this witness had no CPU itself.
            asleep = self._cpu.get(folder) == cpu
            since = min(now, self._noted + int(PERIOD * 1e9)) if asleep else now
            self._waiting[folder] = cpu, since
            wait += now - since
        else:
            wait += now - since
        self._cpu[folder] = cpu
        return cpu, wait

    def asleep_in(self) -> str:
        """The system call that the main thread sleeps in; empty when it runs or waits for a CPU.

        The text is the kernel's: number, six arguments, stack pointer, place in the program. It
        stays the same while the thread sleeps in one place.
        """
        said = os.pread(self._open[1], 200, 0).decode()
        return "" if said.startswith("running") else said.strip()

    def deadline(self, call: str) -> int:
        """Until when the main thread sleeps in this `call`, in ns of the monotonic clock, or 0.

        `time.sleep` and a wait for a lock with a time limit say it to the kernel. A signal's
        handler may run in between: the sleep goes on until the same moment.
        """
        number, *words = call.split()
        if number not in (_NANOSLEEP, _FUTEX):
            return 0
        first, second, third, fourth = (int(word, 16) for word in words[:4])
        if number == _NANOSLEEP and (first, second) == (_MONOTONIC, _ABSOLUTE):
            place = third
        elif number == _FUTEX and second & ~_PRIVATE == _WAIT_BITSET:
            place = fourth
        else:
            return 0
        with contextlib.suppress(OSError, struct.error, OverflowError):
            seconds, rest = struct.unpack("qq", os.pread(self._open[5], 16, place))
            return int(seconds) * 10**9 + int(rest)
        return 0

    def at_epoll(self, call: str) -> int:
        """The descriptor of the epoll that the main thread sleeps in, in this `call`, or -1."""
        number, *words = call.split() or [""]
        return int(words[0], 16) if number in _EPOLL else -1

    def at_lock(self, call: str) -> bool:
        """Whether the main thread waits for a lock, when it sleeps in this `call`."""
        return call.startswith(f"{_FUTEX} ")

    def in_a_fault(self, call: str) -> bool:
        """Whether the main thread waits for a page of its memory, when it sleeps in this `call`."""
        if not call.startswith(NO_CALL):
            return False
        state = os.pread(self._open[4], 500, 0).rpartition(b")")[2].split(maxsplit=1)[0]
        return state == b"D"  # not one that a signal stopped

    def send(self, knock: bytes) -> None:
        with contextlib.suppress(BlockingIOError):
            self.pulse.send(knock, socket.MSG_DONTWAIT)

    def receive(self) -> tuple[bytes, int]:
        """Return one message and its time in ns; raises OSError when the other side hung up."""
        said, extra, _, _ = self.pulse.recvmsg(16, 128, socket.MSG_DONTWAIT)
        for _, kind, data in extra:
            if kind == _STAMP:
                seconds, rest = struct.unpack("qq", data[:16])
                return said, int(seconds) * 10**9 + int(rest)
        raise OSError("it closed the connection")

    def drain(self) -> None:
        """Throw away the messages that have arrived."""
        with contextlib.suppress(OSError):
            while True:
                self.receive()


def _below(above: int, without: int = 0) -> Iterator[tuple[int, int]]:
    """Yield the level, from 1 on, and the number of each process below this one."""
    level, parents = 1, [above]
    while parents and level <= _DEEPEST:
        parents = [young for one in parents for young in children_of(one) if young != without]
        yield from ((level, process) for process in parents)
        level += 1


def _in_no_call(folder: str) -> bool:
    """Whether a thread that waits for the disk waits for a page of its memory."""
    with contextlib.suppress(OSError):
        return Path(f"{folder}/syscall").read_text().startswith(NO_CALL)
    return False


def held_between(base: WitnessSample, since: int, look: WitnessSample, until: int) -> float:
    """At least how long C + S was between two moments (ns), in seconds.

    `base` may be from before the first moment, and `look` from after the second.
    """
    cpu = look.cpu - base.cpu
    slept = until - since - _starved(base, look) - cpu - waited(base, look)
    slept -= max(0, look.offset - base.offset)  # somebody set the clock, or the machine slept
    if look.runs == base.runs:
        slept = 0  # it kept its CPU, so it has not slept: the machine's own CPU was taken away
    outside = max(0, since - base.before) + max(0, look.after - until)
    return (max(0, cpu - outside) + max(0, slept)) / 1e9


def _starved(base: WitnessSample, look: WitnessSample) -> float:
    """How long the main thread waited for a CPU, as far as others than its own program had them.

    A program that keeps most of the machine busy has itself to blame. It is not asked when others
    have the larger part: a pool of a learner's would then answer for them.
    """
    wait = look.wait - base.wait
    share = (look.busy - base.busy) / (_CPUS * max(1, look.counted - base.counted))
    return wait * (1 - min(1.0, share)) if share > _MOST else wait


def waited(base: WitnessSample, look: WitnessSample, *, threads: bool = True) -> int:
    """How long child processes being started, and all other threads, waited for a CPU, in ns."""
    return sum(
        max(0, wait - base.others.get(name, 0))
        for name, wait in look.others.items()
        if threads or name.startswith(CHILD)
    )


def starved(base: WitnessSample, look: WitnessSample) -> int:
    """How long all threads and child processes waited for a CPU between two samples, in ns."""
    return look.wait - base.wait + waited(base, look) + max(0, look.pool - base.pool)

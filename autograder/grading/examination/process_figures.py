"""What the kernel tells about a candidate's threads, and the socket over which its loop answers."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from pathlib import Path
from typing import NamedTuple

NO_CALL = "-1 "  # /proc/<pid>/syscall of a thread that sleeps, and in no system call
_STAMP = 35  # SO_TIMESTAMPNS: asm-generic/socket.h


class WitnessSample(NamedTuple):
    """A candidate's threads at one moment: times in nanoseconds, and counts."""

    before: int  # the clock before the reading; the figures are from a moment between the two
    after: int  # the clock after the reading
    runs: int  # how often the main thread got a CPU
    cpu: int
    wait: int
    written: int  # write calls of the main thread
    others: dict[str, int]  # run-queue wait of each other thread, the present wait included
    own: int  # CPU and run-queue wait of the examiner's own main thread


class Witness:
    """Reads the kernel's figures on one candidate; `pulse` is the examiner's end of the socket.

    Raises OSError where this kernel does not give these figures, or not to this user.
    """

    def __init__(self, process: int, pulse: socket.socket) -> None:
        self.pulse = pulse
        pulse.setsockopt(socket.SOL_SOCKET, _STAMP, 1)
        self._main = str(process)
        self._tasks = f"/proc/{process}/task"
        main = f"{self._tasks}/{process}"
        places = [f"{main}/{name}" for name in ("schedstat", "syscall", "io")]
        places += [f"/proc/self/task/{os.getpid()}/schedstat", f"{main}/stat"]
        self._open = [os.open(place, os.O_RDONLY | os.O_CLOEXEC) for place in places]
        # of each other thread that has no CPU and wants one: its CPU time, and since when
        self._waiting: dict[str, tuple[int, int]] = {}
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
        others = {}
        for name in os.listdir(self._tasks):
            if name != self._main:
                with contextlib.suppress(OSError):
                    others[name] = self._waited(name)
        mine = sum(int(word) for word in os.pread(own, 100, 0).split()[:2])
        return WitnessSample(before, after, runs, cpu, wait, int(written), others, mine)

    def _waited(self, name: str) -> int:
        """Return how long this thread has waited for a CPU, in ns; raises OSError if it has ended.

        Linux counts a wait when it ends. At the end of a call the main thread joins the sampler; if
        that had waited since it woke up, the main thread seemed to sleep of its own accord: in 3 of
        12 whole runs of the suite, one honest call was doubted for that.
        """
        state = Path(f"{self._tasks}/{name}/stat").read_bytes().rpartition(b")")[2].split()[0]
        cpu, wait, _ = map(int, Path(f"{self._tasks}/{name}/schedstat").read_bytes().split())
        now = time.time_ns()
        at, since = self._waiting.get(name, (-1, now))
        if state != b"R":
            self._waiting.pop(name, None)
            return wait
        if at != cpu:
            self._waiting[name] = cpu, now
            return wait
        return wait + now - since

    def asleep_in(self) -> str:
        """The system call that the main thread sleeps in; empty when it runs or waits for a CPU.

        The text is the kernel's: number, six arguments, stack pointer, place in the program. It
        stays the same while the thread sleeps in one place.
        """
        said = os.pread(self._open[1], 200, 0).decode()
        return "" if said.startswith("running") else said.strip()

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


def held_between(base: WitnessSample, since: int, look: WitnessSample, until: int) -> float:
    """At least how long C + S was between two moments (ns), in seconds.

    `base` may be from before the first moment, and `look` from after the second.
    """
    cpu = look.cpu - base.cpu
    slept = until - since - (look.wait - base.wait) - cpu - waited(base, look)
    outside = max(0, since - base.before) + max(0, look.after - until)
    return (max(0, cpu - outside) + max(0, slept)) / 1e9


def waited(base: WitnessSample, look: WitnessSample) -> int:
    """How long all threads but the main one waited for a CPU, together, in ns."""
    return sum(max(0, wait - base.others.get(name, 0)) for name, wait in look.others.items())

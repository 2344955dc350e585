"""Latency seen from outside: what a candidate says about its own loop is checked by the kernel.

The probe runs in the learner's process, where code can patch clocks, asyncio, or the probe itself.
So while a call runs the examiner knocks every 20 ms at a socket that the watched loop listens to.
The answer is stamped by the kernel when it is sent, and meanwhile /proc tells of the candidate's
main thread how long it waited for a CPU, how often it was given one, and how often it wrote:

    W    from the knock to the answer
    R    run-queue wait of the main thread meanwhile, and of all its other threads
    C     CPU time of the main thread meanwhile, at least
    C + (W - R - C) is never longer than two passes of the loop, for the knock may come early in one
          and be answered late in the next. It is longer when the loop was held and nobody said so.

What the other threads waited is taken off the sleep alone. Two more things show when somebody else
answers in the loop's place:

    asleep    the main thread was not given a CPU since before the knock, and yet sleeps: a loop
              that is free would have been woken by it
    silent    the main thread wrote nothing since before the last knock but one

All of it is read late on a busy machine, never early: a late look makes the sum smaller, and what
was asleep at two looks without a CPU in between was asleep all the time.

What it cannot tell: a loop from a learner's own imitation of it that answers in between short steps
of work. Who writes that has cut the work into short steps, which is what is asked for.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

PERIOD = 0.02  # s between two knocks; a block is seen but for so much
HELLO = b"+"  # what the candidate says when its loop begins
# s that C + S may exceed what the probe says, twice; 72 honest calls on a busy machine (load 18 on
# two cores): 0.009 at most, and around them 0.019
MARGIN = 0.06
# s more before the loop begins, and after it ended: the call is set up, the answer is written
AROUND = 0.06
PER_BYTE = 1e-7  # s: packing a value of 4 MB takes 0.2 s
MOST_STRANGE = 100  # words that are listened to
_STAMP = 35  # SO_TIMESTAMPNS: asm-generic/socket.h


@dataclass
class Testimony:
    """What was seen of one call; all in seconds."""

    held: float = 0.0  # longest C + S between a knock and its answer
    around: float = 0.0  # the same before the first knock and after the last answer
    asleep: float = 0.0  # longest sleep of the main thread that a knock did not end
    asleep_in: str = ""  # the system call, as /proc/<pid>/syscall has it
    silent: int = 0  # answers in a row that the main thread did not write
    strange: int = 0  # words on the line that nobody asked for
    answers: int = 0
    lost: str = ""  # why it could not be watched to the end

    def contradicts(self, claimed: float, largest: int = 0) -> tuple[float, str]:
        """Compare with the longest block that the candidate told, doubt included.

        Returns the longest block seen from here when it is longer than the claim explains, and what
        gives it away; (0.0, "") when both agree. `largest` is the size of the answer, in bytes.
        """
        if self.lost:
            return 0.0, self.lost
        if self.silent > 1 or self.strange:
            return 0.0, "something else than its loop answered in the loop's place"
        if self.asleep > claimed + MARGIN:
            return self.asleep, f"its main thread slept for {self.asleep:.2f} s outside of its loop"
        if self.held > 2 * claimed + MARGIN:
            return self.held, f"its loop did not answer for {self.held:.2f} s"
        if self.around > 2 * claimed + MARGIN + AROUND + largest * PER_BYTE:
            return self.around, f"it was busy for {self.around:.2f} s beside its loop"
        return 0.0, ""


class WitnessSample(NamedTuple):
    """A candidate's threads at one moment: nanoseconds, and counts."""

    before: int  # the clock before this look and after it: figures are of some moment in between
    after: int
    runs: int  # how often the main thread was given a CPU
    cpu: int
    wait: int
    written: int  # write calls of the main thread
    others: dict[str, int]  # run-queue wait of each other thread
    own: int  # CPU and run-queue wait of the examiner's own main thread


class Witness:
    """What can be seen of one candidate from the examiner; `pulse` is our end of the knocking."""

    def __init__(self, process: int, pulse: socket.socket) -> None:
        self.pulse = pulse
        pulse.setsockopt(socket.SOL_SOCKET, _STAMP, 1)
        self._main = str(process)
        self._tasks = f"/proc/{process}/task"
        main = f"{self._tasks}/{process}"
        places = [f"{main}/{name}" for name in ("schedstat", "syscall", "io")]
        places.append(f"/proc/self/task/{os.getpid()}/schedstat")
        self._open = [os.open(place, os.O_RDONLY | os.O_CLOEXEC) for place in places]
        self.look()  # raises OSError where this kernel does not tell, or not us

    def close(self) -> None:
        """Give the descriptors back."""
        for descriptor in self._open:
            os.close(descriptor)
        self.pulse.close()

    def look(self) -> WitnessSample:
        """Return what the kernel says now; raises OSError when the process has ended."""
        times, _, counts, own = self._open
        before = time.time_ns()
        cpu, wait, runs = (int(word) for word in os.pread(times, 100, 0).split())
        after = time.time_ns()
        written = os.pread(counts, 300, 0).partition(b"syscw:")[2].split()[0]
        others = {}
        for name in os.listdir(self._tasks):
            if name != self._main:
                with contextlib.suppress(OSError):
                    said = Path(f"{self._tasks}/{name}/schedstat").read_bytes()
                    others[name] = int(said.split()[1])
        mine = sum(int(word) for word in os.pread(own, 100, 0).split()[:2])
        return WitnessSample(before, after, runs, cpu, wait, int(written), others, mine)

    def asleep_in(self) -> str:
        """The system call that the main thread sleeps in; empty when it runs, or is about to."""
        said = os.pread(self._open[1], 200, 0).decode()
        return "" if said.startswith("running") else said.strip()

    def send(self, knock: bytes) -> None:
        with contextlib.suppress(BlockingIOError):
            self.pulse.send(knock, socket.MSG_DONTWAIT)

    def receive(self) -> tuple[bytes, int]:
        """Take what was said, and when, in ns; raises OSError when the other side hung up."""
        said, extra, _, _ = self.pulse.recvmsg(16, 128, socket.MSG_DONTWAIT)
        for _, kind, data in extra:
            if kind == _STAMP:
                seconds, rest = struct.unpack("qq", data[:16])
                return said, int(seconds) * 10**9 + int(rest)
        raise OSError("it closed the line")

    def drain(self) -> None:
        """Forget what was said before."""
        with contextlib.suppress(OSError):
            while True:
                self.receive()


class Watching:
    """A thread that watches one call, until `end`."""

    def __init__(self, witness: Witness) -> None:
        self.seen = Testimony()
        self._witness = witness
        witness.drain()
        self._over, self._end = os.pipe()
        self._begun: tuple[int, WitnessSample] | None = (
            None  # when the loop began, and the look at it
        )
        self._knock = b""  # what was not answered yet
        self._answered: WitnessSample | None = None
        self._silent = 0
        self._slept: tuple[int, int] | None = None  # runs of the main thread, and since when
        self._first = self._base = witness.look()
        self._asked = self._since = time.time_ns()
        self._thread = threading.Thread(target=self._run, name="witness", daemon=True)
        self._thread.start()

    def asked(self) -> None:
        """Note that the call was asked for just now."""
        self._asked = time.time_ns()

    def end(self) -> Testimony:
        """Stop, at the moment when the call's answer is there, and return what was seen."""
        ended = time.time_ns()
        os.write(self._end, b"x")
        self._thread.join()
        with contextlib.suppress(OSError, ValueError, IndexError):
            look = self._witness.look()
            if self._begun is None:
                self._base, self._since = self._first, self._asked
            else:
                begun, at_begin = self._begun
                self.seen.around = _held(self._first, self._asked, at_begin, begun)
            rest = _held(self._base, self._since, look, ended) - (look.own - self._base.own) / 1e9
            self.seen.around = max(self.seen.around, rest)
        os.close(self._over)
        os.close(self._end)
        return self.seen

    def _run(self) -> None:
        poll = select.poll()
        pulse = self._witness.pulse
        for descriptor in (self._over, pulse.fileno()):
            poll.register(descriptor, select.POLLIN)
        try:
            while True:
                if self.seen.strange > MOST_STRANGE:
                    return
                ready = {descriptor for descriptor, _ in poll.poll(PERIOD * 1000)}
                if self._over in ready:
                    return
                look = self._witness.look()
                self._note_sleep(look)
                if pulse.fileno() in ready:
                    self._take(look)
                    continue
                if self._begun is not None and not self._knock:
                    self._base = look
                    self._knock = secrets.token_bytes(8)
                    self._witness.send(self._knock)
                    self._since = time.time_ns()
                    self._slept = self._slept or (look.runs, self._since)
        except (OSError, ValueError, IndexError) as error:
            if not isinstance(error, ProcessLookupError):  # it ended: the answer will tell
                self.seen.lost = f"its process could not be watched ({error})"

    def _take(self, look: WitnessSample) -> None:
        said, stamp = self._witness.receive()
        if said == HELLO and self._begun is None:
            self._begun = stamp, look
            self._base, self._since = look, stamp
        elif said and said == self._knock:
            self._knock = b""
            self.seen.held = max(self.seen.held, _held(self._base, self._since, look, stamp))
            before, self._answered = self._answered or self._base, look
            # Of two answers the main thread wrote one: the count may come a moment late.
            self._silent = self._silent + 1 if look.written == before.written else 0
            self.seen.silent = max(self.seen.silent, self._silent)
            self.seen.answers += 1
            self._base, self._since = look, stamp
        else:
            self.seen.strange += 1

    def _note_sleep(self, look: WitnessSample) -> None:
        if self._slept is None:
            return
        runs, since = self._slept
        place = self._witness.asleep_in() if look.runs == runs else ""
        if not place:
            self._slept = None
            return
        slept = (time.time_ns() - since - _others(self._base, look)) / 1e9
        if slept > self.seen.asleep:
            self.seen.asleep, self.seen.asleep_in = slept, place


def _held(base: WitnessSample, since: int, look: WitnessSample, until: int) -> float:
    """C + S between two moments, in seconds, at least; the looks may lie outside of them."""
    cpu = look.cpu - base.cpu
    slept = until - since - (look.wait - base.wait) - cpu - _others(base, look)
    outside = max(0, since - base.before) + max(0, look.after - until)
    return (max(0, cpu - outside) + max(0, slept)) / 1e9


def _others(base: WitnessSample, look: WitnessSample) -> int:
    """For how long, together, all threads but the main one waited for a CPU."""
    return sum(max(0, wait - base.others.get(name, 0)) for name, wait in look.others.items())

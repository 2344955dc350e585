"""The witness: it checks a candidate's figures about its loop with the kernel's.

The probe runs in the learner's process, where code can patch clocks, asyncio, or the probe itself.
So during a call the examiner knocks every 20 ms at a socket that the watched loop listens to. The
kernel stamps each answer with the time at which it was sent. In /proc the kernel reports for the
candidate's main thread how long it waited for a CPU, how often it got one, and how often it wrote:

    W    time from the knock to the answer
    C    CPU time of the main thread in W, at least
    R    run-queue wait in W: of the main thread, plus the longest of the other threads
    S    W - R - C, and never less than 0: the time that the main thread slept

C + S is at most as long as two passes of the loop, because the knock may arrive early in one pass
and be answered late in the next. If C + S is longer than the passes that the candidate reports, the
loop was held and the candidate did not report it. The wait of the other threads makes only S
smaller, never C.

Two more figures show that something else answers in the loop's place:

    asleep    The main thread sleeps, and it has not had a CPU since before the knock. The knock
              would have woken a loop that is free.
    outside   The main thread sleeps in one place that is not the loop's own epoll, and something
              answers each knock at once: a signal handler, or another loop.
    silent    Two answers in a row came, and the main thread wrote nothing in that time.

On a busy machine the witness reads its figures late, never early, and a late reading is in the
candidate's favour. It makes C + S smaller. And a thread that slept at two readings, and had no CPU
between them, slept all the time.

The witness cannot tell a loop from a learner's imitation of it that answers between short steps of
work. But such an imitation has cut the work into short steps, which is what the course asks for.
Neither does it see that a signal handler answers while the code computes: there the counts of the
servers must decide.
"""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

PERIOD = 0.02  # s between two knocks; a block may be this much longer than the witness sees
HELLO = b"+"  # what the candidate sends when its loop begins
# s by which C + S may exceed twice the probe's longest block. Measured with 72 honest calls on a
# busy machine (load 18 on two cores): at most 0.009 during a call, and 0.019 before and after it
MARGIN = 0.06
# s more before the loop begins and after it has ended: to set the call up, to write the answer
AROUND = 0.06
PER_BYTE = 1e-7  # s per byte of the answer; to pack a value of 4 MB takes 0.2 s
# s: an answer that takes longer may come from a loop that was held for a moment. A loop that sleeps
# for 20 ms in each pass answers one knock of seven sooner, and 8 in a row by a chance of 3e-7
AT_ONCE = 0.003
MOST_STRANGE = 100  # unexpected messages, after which the witness stops
_STAMP = 35  # SO_TIMESTAMPNS: asm-generic/socket.h
# numbers of system calls (asm/unistd.h): epoll_wait, epoll_pwait, epoll_pwait2; futex
_EPOLL, _LOCKS = {
    "x86_64": (("232", "281", "441"), ("202",)),
    "aarch64": (("22", "441"), ("98",)),
}.get(platform.machine(), ((), ()))


@dataclass
class Testimony:
    """What the witness saw of one call; all times are in seconds."""

    held: float = 0.0  # longest C + S between a knock and its answer
    around: float = 0.0  # the same before the loop began and after the last answer
    asleep: float = 0.0  # longest sleep of the main thread that a knock did not end
    asleep_in: str = ""  # the system call it slept in, as in /proc/<pid>/syscall
    outside: float = 0.0  # longest sleep in one place outside the loop's epoll, with all answers
    waited: float = 0.0  # for a CPU, from the request to the answer: see R
    silent: int = 0  # answers in a row that the main thread did not write
    strange: int = 0  # messages that were not an answer to the last knock
    answers: int = 0
    lost: str = ""  # why the call could not be watched to its end

    def contradicts(self, claimed: float, largest: int = 0) -> tuple[float, str]:
        """Compare with the longest block that the candidate reports, its doubt included.

        Returns the block that the witness saw and the claim does not explain, in seconds, and a
        sentence on the contradiction; (0.0, "") when both agree. `largest` is the size of the
        answer in bytes.
        """
        if self.lost:
            return 0.0, self.lost
        if self.silent > 1 or self.strange:
            return 0.0, "something other than the loop answered the grader's knocks"
        if self.asleep > claimed + MARGIN:
            return self.asleep, f"the main thread slept for {self.asleep:.2f} s outside the loop"
        if self.outside > claimed + MARGIN:
            return self.outside, f"the main thread slept for {self.outside:.2f} s outside the loop"
        if self.held > 2 * claimed + MARGIN:
            return self.held, f"the loop did not answer for {self.held:.2f} s"
        if self.around > 2 * claimed + MARGIN + AROUND + largest * PER_BYTE:
            return self.around, f"it was busy for {self.around:.2f} s before or after the loop ran"
        return 0.0, ""

    def exceeds(self, passes: float, limit: float) -> str:
        """Return what cannot be with blocks below the limit, whatever was claimed; "" if nothing.

        `passes`: the two longest passes that the candidate reports, together. Times are in s.
        """
        slept = max(self.asleep, self.outside)
        if slept > limit + MARGIN:
            return f"the main thread slept for {slept:.2f} s outside the loop"
        if self.held > min(passes + MARGIN, 2 * limit + MARGIN / 3):
            return f"the loop did not answer for {self.held:.2f} s"
        return ""


class WitnessSample(NamedTuple):
    """A candidate's threads at one moment: times in nanoseconds, and counts."""

    before: int  # the clock before the reading; the figures are from a moment between the two
    after: int  # the clock after the reading
    runs: int  # how often the main thread got a CPU
    cpu: int
    wait: int
    written: int  # write calls of the main thread
    others: dict[str, tuple[int, int]]  # CPU time and run-queue wait of each other thread
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
        places += [f"/proc/self/task/{os.getpid()}/schedstat", f"/proc/{process}/status"]
        self._open = [os.open(place, os.O_RDONLY | os.O_CLOEXEC) for place in places]
        self.at_first = self.caught()
        self.look()

    def close(self) -> None:
        """Close the descriptors."""
        for descriptor in self._open:
            os.close(descriptor)
        self.pulse.close()

    def look(self) -> WitnessSample:
        """Return the kernel's present figures; raises OSError when the process has ended."""
        times, _, counts, own, _ = self._open
        before = time.time_ns()
        cpu, wait, runs = (int(word) for word in os.pread(times, 100, 0).split())
        after = time.time_ns()
        written = os.pread(counts, 300, 0).partition(b"syscw:")[2].split()[0]
        others = {}
        for name in os.listdir(self._tasks):
            if name != self._main:
                with contextlib.suppress(OSError):
                    said = Path(f"{self._tasks}/{name}/schedstat").read_bytes()
                    spent, waited, _ = said.split()
                    others[name] = int(spent), int(waited)
        mine = sum(int(word) for word in os.pread(own, 100, 0).split()[:2])
        return WitnessSample(before, after, runs, cpu, wait, int(written), others, mine)

    def asleep_in(self) -> str:
        """The system call that the main thread sleeps in; empty when it runs or waits for a CPU.

        The text is the kernel's: number, six arguments, stack pointer, place in the program. It
        stays the same while the thread sleeps in one place.
        """
        said = os.pread(self._open[1], 200, 0).decode()
        return "" if said.startswith("running") else said.strip()

    def caught(self) -> int:
        """The signals for which the process has handlers, one bit each."""
        said = os.pread(self._open[4], 4096, 0)
        return int(said.partition(b"SigCgt:")[2].split(maxsplit=1)[0], 16)

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


class Watching:
    """Watches one call in a thread of its own, until `end`."""

    def __init__(self, witness: Witness) -> None:
        self.seen = Testimony()
        self._witness = witness
        witness.drain()
        self._over, self._end = os.pipe()
        # when the loop began (ns), and the sample of that moment
        self._begun: tuple[int, WitnessSample] | None = None
        self._knock = b""  # the knock that has no answer yet
        self._answered: WitnessSample | None = None
        self._silent = 0
        self._slept: tuple[int, int] | None = None  # the main thread's `runs`, and since when
        self._piece: _Piece | None = None
        self._own: tuple[int, str] | None = None  # stack pointer and descriptor of the loop's epoll
        self._first = self._base = witness.look()
        self._asked = self._since = time.time_ns()
        self._thread = threading.Thread(target=self._run, name="witness", daemon=True)
        self._thread.start()

    def asked(self) -> None:
        """Note that the request for the call was sent just now."""
        self._asked = time.time_ns()

    def end(self) -> Testimony:
        """Stop watching, now that the call's answer is there; return what the witness saw."""
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
            waited = look.wait - self._first.wait + _others(self._first, look)
            self.seen.waited = waited / 1e9
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
                call = self._witness.asleep_in()
                self._note_sleep(look, call)
                self._note_piece(look, call)
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
            if not isinstance(error, ProcessLookupError):  # it has ended: `_receive` reports that
                self.seen.lost = f"the process could not be watched ({error})"

    def _take(self, look: WitnessSample) -> None:
        said, stamp = self._witness.receive()
        if said == HELLO and self._begun is None:
            self._begun = stamp, look
            self._base, self._since = look, stamp
        elif said and said == self._knock:
            self._knock = b""
            held = _held(self._base, self._since, look, stamp)
            self.seen.held = max(self.seen.held, held)
            if held > AT_ONCE:
                self._piece = None
            before, self._answered = self._answered or self._base, look
            # The kernel's count may come a moment late, so one answer without a write is allowed.
            self._silent = self._silent + 1 if look.written == before.written else 0
            self.seen.silent = max(self.seen.silent, self._silent)
            self.seen.answers += 1
            self._base, self._since = look, stamp
        else:
            self.seen.strange += 1

    def _note_sleep(self, look: WitnessSample, call: str) -> None:
        if self._slept is None:
            return
        runs, since = self._slept
        if not call or look.runs != runs:
            self._slept = None
            return
        slept = (time.time_ns() - since - _others(self._base, look)) / 1e9
        if slept > self.seen.asleep:
            self.seen.asleep, self.seen.asleep_in = slept, call

    def _note_piece(self, look: WitnessSample, call: str) -> None:
        """Go on with the sleep in one place, or begin another.

        What wakes the thread more often than the knocks is a sleep of its own in each pass, unless
        a handler of a signal could have answered. A wait for a lock counts only as far as no other
        thread ran: one of them may hold the GIL.
        """
        if not call or self._begun is None:
            return
        piece = self._piece
        if self._is_own_epoll(call):
            self._piece = None
            return
        woken = look.runs - piece.look.runs - (self.seen.answers - piece.answers) if piece else 0
        passes = woken > 2 and self._witness.caught() == self._witness.at_first
        if piece is None or piece.call != call or passes:
            self._piece = _Piece(call, look, self.seen.answers)
            return
        slept = look.before - piece.look.after - (look.wait - piece.look.wait)
        slept -= _others(piece.look, look)
        if call.split(maxsplit=1)[0] in _LOCKS:
            slept -= _computed(piece.look, look)
        if slept / 1e9 > self.seen.outside:
            self.seen.outside, self.seen.asleep_in = slept / 1e9, call

    def _is_own_epoll(self, call: str) -> bool:
        """Whether this is a sleep of the watched loop: in an epoll, of those the outermost one."""
        words = call.split()
        if words[0] not in _EPOLL:
            return False
        place = int(words[-2], 16), words[1]
        if self._own is None or place[0] > self._own[0]:
            self._own = place
        return self._own == place


class _Piece(NamedTuple):
    """A sleep of the main thread in one place, from one sample on."""

    call: str
    look: WitnessSample
    answers: int  # until then


def _held(base: WitnessSample, since: int, look: WitnessSample, until: int) -> float:
    """At least how long C + S was between two moments (ns), in seconds.

    `base` may be from before the first moment, and `look` from after the second.
    """
    cpu = look.cpu - base.cpu
    slept = until - since - (look.wait - base.wait) - cpu - _others(base, look)
    outside = max(0, since - base.before) + max(0, look.after - until)
    return (max(0, cpu - outside) + max(0, slept)) / 1e9


def _others(base: WitnessSample, look: WitnessSample) -> int:
    """How long another thread, which may have had the GIL, waited for a CPU, in ns.

    Of several threads the longest wait counts: they may all have waited at the same time.
    """
    waits = [wait - _of(base, name)[1] for name, (_, wait) in look.others.items()]
    return max([0, *waits])


def _computed(base: WitnessSample, look: WitnessSample) -> int:
    """How much CPU time all threads but the main one had, together, in ns."""
    return sum(max(0, cpu - _of(base, name)[0]) for name, (cpu, _) in look.others.items())


def _of(sample: WitnessSample, name: str) -> tuple[int, int]:
    return sample.others.get(name, (0, 0))

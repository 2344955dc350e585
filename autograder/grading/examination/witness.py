"""The witness: it checks a candidate's figures about its loop with the kernel's.

The probe runs in the learner's process, where code can patch clocks, asyncio, or the probe itself.
So during a call the examiner knocks every 20 ms at a socket that the watched loop listens to. The
kernel stamps each answer with the time at which it was sent. In /proc the kernel reports for the
candidate's main thread how long it waited for a CPU, how often it got one, and how often it wrote:

    W    time from the knock to the answer
    C    CPU time of the main thread in W, at least
    R    run-queue wait in W: of the main thread, plus that of all other threads, and of child
         processes while they are being started
    S    W - R - C, and never less than 0: the time that the main thread slept

C + S is at most as long as two passes of the loop, because the knock may arrive early in one pass
and be answered late in the next. If C + S is longer than the passes that the candidate reports, the
loop was held and the candidate did not report it. The wait of the other threads makes only S
smaller, never C.

Two more figures show that something else answers in the loop's place:

    asleep    The main thread sleeps, and it has not had a CPU since before the knock. The knock
              would have woken a loop that is free. Or it sleeps until the same moment as before:
              then it was one sleep, though a signal's handler may have answered meanwhile. Or it
              sleeps in another epoll than the loop's, which a second loop does.
    silent    Two answers in a row came, and the main thread wrote nothing in that time, or it
              slept from the knock on.

On a busy machine the witness reads its figures late, never early, and a late reading is in the
candidate's favour. It makes C + S smaller. And a thread that slept at two readings, and had no CPU
between them, slept all the time; the clock is read before the second one.

The witness cannot tell a loop from a learner's imitation of it that answers between short steps of
work. But such an imitation has cut the work into short steps, which is what the course asks for.
It knows only from the candidate which epoll is the loop's: a second loop that is named in its place
answers for it. Neither does it see that a signal handler answers while the code computes,
or waits for a socket: there the counts of the servers must decide.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import threading
import time
from dataclasses import dataclass
from typing import NamedTuple

from autograder.grading.examination.process_figures import (
    NO_CALL,
    PERIOD,
    Witness,
    WitnessSample,
    held_between,
    starved,
    waited,
)

# what the candidate sends when its loop begins; the descriptor of the loop's epoll follows
HELLO = b"+"
# s by which C + S may exceed twice the probe's longest block. Measured with 72 honest calls on a
# busy machine (load 18 on two cores): at most 0.009 during a call, and 0.019 before and after it
MARGIN = 0.06
# s more before the loop begins and after it has ended: to set the call up, to write the answer.
# The first took 181 honest calls beside 8 hogs 0.003 s at most
AROUND = 0.06
PER_BYTE = 1e-7  # s per byte of the answer; to pack a value of 4 MB takes 0.2 s
# ns: when a signal has interrupted a wait for a lock, Python computes the moment anew, and may lose
# its CPU meanwhile; the waits for the GIL that follow each other differ by 5 ms
SAME_MOMENT = 3_000_000
MOST_STRANGE = 100  # unexpected messages, after which the witness stops


@dataclass
class Testimony:
    """What the witness saw of one call; all times are in seconds."""

    held: float = 0.0  # longest C + S between a knock and its answer
    before: float = 0.0  # the same before the loop began
    around: float = 0.0  # the same before that, or after the last answer
    asleep: float = 0.0  # longest sleep of the main thread that a knock did not end
    timed: float = 0.0  # longest of these that the code itself had bounded, as time.sleep does
    asleep_in: str = ""  # the system call it slept in, as in /proc/<pid>/syscall
    cpu: float = 0.0  # what the main thread computed until the loop's last answer, at least
    waited: float = 0.0  # all threads and child processes, for a CPU or a page of memory, together
    silent: int = 0  # answers in a row that the main thread did not write
    # messages that were not an answer to the last knock, or that name no epoll of an asyncio loop
    strange: int = 0
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
        if self.held > 2 * claimed + MARGIN:
            return self.held, f"the loop did not answer for {self.held:.2f} s"
        if self.before > MARGIN + AROUND:  # no pass of the loop that a candidate admits explains it
            return self.before, f"it was busy for {self.before:.2f} s before the loop ran"
        if self.around > 2 * claimed + MARGIN + AROUND + largest * PER_BYTE:
            return self.around, f"it was busy for {self.around:.2f} s before or after the loop ran"
        return 0.0, ""

    def exceeds(self, passes: float, limit: float) -> str:
        """Return what cannot be with blocks below the limit, whatever was claimed; "" if nothing.

        `passes`: the two longest passes that the candidate reports, together. Times are in s.
        """
        if self.asleep > limit + MARGIN:
            return f"the main thread slept for {self.asleep:.2f} s outside the loop"
        if self.held > min(passes + MARGIN, 2 * limit + MARGIN / 3):
            return f"the loop did not answer for {self.held:.2f} s"
        return ""


class Watching:
    """Watches one call in a thread of its own, until `end`.

    `loop` is the kind that was asked for. Raises OSError, ValueError or IndexError when the process
    has ended, or hides its figures.
    """

    def __init__(self, witness: Witness, loop: str = "asyncio") -> None:
        self.seen = Testimony()
        self._witness = witness
        witness.drain()
        self._first = self._base = witness.look()
        self._over, self._end = os.pipe()
        # when the loop began (ns), and the sample of that moment
        self._begun: tuple[int, WitnessSample] | None = None
        self._knock = b""  # the knock that has no answer yet
        self._answered: WitnessSample | None = None
        self._silent = 0
        # of a sleep: the main thread's `runs`, and since when in ns of the monotonic clock, which
        # also tells the times below
        self._slept: tuple[int, int] | None = None
        self._sure = 0.0  # `asleep` until the last answer: later the loop may be gone
        self._until: _Timed | None = None  # the last sleep with a deadline
        self._own = -1  # descriptor of the watched loop's epoll; asyncio's own has one
        self._needs_epoll = loop == "asyncio"
        self._away: int | None = None  # since when the main thread sleeps in another epoll
        self._looked = time.time_ns()
        self._faults = 0  # ns that the main thread waited for its memory, since the last message
        self._faults_before = 0  # the same until the loop began
        self._all_faults = 0  # the same of the whole call
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
                before = held_between(self._first, self._asked, at_begin, begun)
                self.seen.before = max(0.0, before - self._faults_before / 1e9)
            ours = look.own - self._base.own  # the answer was there, and not yet taken
            unseen = max(0, ended - self._looked - int(PERIOD * 1e9))  # the witness had no CPU
            rest = held_between(self._base, self._since, look, ended)
            rest -= (ours + unseen + self._faults) / 1e9
            self.seen.around = max(self.seen.before, rest)
            # When its answer is sent, the candidate waits in the cells' epoll for the next request.
            self.seen.asleep = max(self._sure, self.seen.asleep - ours / 1e9)
            self.seen.waited = (starved(self._first, look) + self._all_faults) / 1e9
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
                # In this order: whatever takes this thread's CPU between two of these readings, a
                # sleep that the second one found still goes on at the time of the first one.
                now = time.monotonic_ns()
                call = self._witness.asleep_in()
                look = self._witness.look()
                self._note_fault(call)
                self._note_sleep(now, look, call)
                self._note_deadline(now, look, call)
                self._note_epoll(now, call)
                if pulse.fileno() in ready:
                    self._take(look, call)
                    continue
                if self._begun is not None and not self._knock:
                    self._base = look
                    self._knock = secrets.token_bytes(8)
                    self._witness.send(self._knock)
                    self._since, self._faults = time.time_ns(), 0
                    self._slept = self._slept or (look.runs, time.monotonic_ns())
        except (OSError, ValueError, IndexError) as error:
            if not isinstance(error, ProcessLookupError):  # it has ended: `_receive` reports that
                self.seen.lost = f"the process could not be watched ({error})"

    def _take(self, look: WitnessSample, call: str) -> None:
        said, stamp = self._witness.receive()
        if said[:1] == HELLO and self._begun is None:
            self._begun = stamp, look
            self._own = int(said[1:] or b"-1")
            self.seen.strange += self._own < 0 and self._needs_epoll
            self._base, self._since = look, max(stamp, look.before)
            self._faults_before, self._faults = self._faults, 0
        elif said and said == self._knock:
            self._knock = b""
            held = max(0.0, held_between(self._base, self._since, look, stamp) - self._faults / 1e9)
            self._faults = 0
            self.seen.held = max(self.seen.held, held)
            before, self._answered = self._answered or self._base, look
            # A thread that sleeps, and has not run since the knock, did not answer it. The kernel's
            # count of writes may come a moment late, so one answer without a write is allowed.
            slept = bool(call) and (look.runs, look.cpu) == (self._base.runs, self._base.cpu)
            self._silent = self._silent + 1 if slept or look.written == before.written else 0
            self.seen.silent = max(self.seen.silent, self._silent)
            self.seen.answers += 1
            self._sure = self.seen.asleep
            if self._begun is not None:
                computed = look.cpu - self._begun[1].cpu - max(0, look.after - stamp)
                self.seen.cpu = max(self.seen.cpu, computed / 1e9)
            # What the thread waited between the answer and the look is in neither of the two.
            self._base, self._since = look, max(stamp, look.before)
        else:
            self.seen.strange += 1

    def _note_fault(self, call: str) -> None:
        """Add up how long the main thread waits for a page of its memory: no code asks for that."""
        now = time.time_ns()
        if self._witness.in_a_fault(call):
            self._faults += now - self._looked
            self._all_faults += now - self._looked
        self._looked = now

    def _note_sleep(self, now: int, look: WitnessSample, call: str) -> None:
        asleep = bool(call) and not call.startswith(NO_CALL)
        if self._slept is None or not asleep or look.runs != self._slept[0]:
            # One that begins while a knock waits, in neither a lock nor an epoll, is a sleep, too.
            waits = self._witness.at_lock(call) or self._witness.at_epoll(call) != -1
            begins = asleep and self._knock and not waits
            self._slept = (look.runs, time.monotonic_ns()) if begins else None
            return
        _, since = self._slept
        # Other threads that get no CPU excuse only a wait for a lock, which one of them may have.
        excused = waited(self._base, look, threads=self._witness.at_lock(call))
        self._count_sleep(now - since - excused, call)

    def _note_deadline(self, now: int, look: WitnessSample, call: str) -> None:
        """Go on with a sleep until a fixed moment, or begin another.

        Only a wait for a lock may take longer because another thread gets no CPU.
        """
        until = self._witness.deadline(call) if call and self._begun is not None else 0
        if not until:
            return
        timed = self._until
        if timed is None or abs(until - timed.until) > SAME_MOMENT:
            self._until = _Timed(until, time.monotonic_ns(), look)
            return
        slept = min(now, until) - timed.since
        if self._witness.at_lock(call):
            slept -= waited(timed.look, look)
        else:
            self.seen.timed = max(self.seen.timed, slept / 1e9)
        self._count_sleep(slept, call)

    def _note_epoll(self, now: int, call: str) -> None:
        """Go on with a sleep in another epoll than the watched loop's, or end it."""
        if not call:  # it runs, as a second loop does between its sleeps
            return
        epoll = self._witness.at_epoll(call)
        if self._own < 0 or epoll in (-1, self._own):
            self._away = None
            return
        self._away = self._away or time.monotonic_ns()
        self._count_sleep(now - self._away, call)

    def _count_sleep(self, slept: int, call: str) -> None:
        if slept / 1e9 > self.seen.asleep:
            self.seen.asleep, self.seen.asleep_in = slept / 1e9, call


class _Timed(NamedTuple):
    """A sleep until a moment, since it was first seen: both in ns of the monotonic clock."""

    until: int
    since: int
    look: WitnessSample

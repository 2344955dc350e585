"""How long did the code hold the event loop? The rule by which every graded cell is judged.

A *pass* of the loop runs from the return of `select()` to the next call of `select()`: in between
the loop runs callbacks and steps of tasks, and nothing else can happen on it. No heartbeat leaves,
no message is read. How long a pass took on the clock (W) is not yet what the code did: on a busy
machine the thread waits for a CPU as well. So we ask the kernel, for each long pass:

    C   CPU time of the loop's thread
    R   run-queue wait: the thread was ready, and other work had the CPU
    V   voluntary switches: how often the thread went to sleep by itself

    S = W - C - R       if V >= 1, else 0      time asleep: time.sleep, a socket, a lock
    A = C + S                                  what the code answers for

Worked example. A handler calls `time.sleep(0.9)` while eight other programs use both CPUs. The pass
takes W = 0.947 s. The thread computed for C = 0.001 s, waited R = 0.046 s for a CPU, and
went to sleep V = 1 time. S = 0.947 - 0.001 - 0.046 = 0.900 s, A = 0.901 s: that is graded. A loop
that computes for 40 ms while the same programs run may take W = 0.310 s, with C = 0.040 s and
R = 0.270 s, V = 0: A = 0.040 s, and a limit of 100 ms holds, as it does on an idle laptop.

A call of `select()` that returns later than it was asked to counts as a pass of its own: a signal
handler ran inside it, or another thread held the GIL. There the first voluntary switch is select's
own wait.

Python threads share the GIL, so the loop may also sleep because another thread computes, or because
that thread is itself waiting for a CPU. Not the code's doing, and taken off S (`attribution` says
how each is told from a sleep of the code's own):

    what the loop waited while our sampler, asked in to name the line, got its CPU and its look
    what a thread or a process that the code started waited for a CPU before it ran
    min(Ro, S - Co)     Ro, Co: run-queue wait and CPU of the threads that the code started, unless
                        the loop was seen asleep in something else than a lock
    what threads that serve the kernel had the GIL, and those of the learner's in a job that is
                        older than the call (see `ownership`), at most 5.5 ms for each of the V

Nothing is taken off while the sampler's looks find the loop in one and the same sleep outside of a
lock. What is taken off on suspicion only is kept as `doubt`: a block that exceeds the limit only
with its doubt is inconclusive, neither a failure nor a pass. R is the kernel's own figure, and
believed only as far as no look found the thread asleep meanwhile (`true_waits`).

Cheap: two clock reads a pass. The rest is read when a pass was longer than 1 ms, and
again at the return of `select` when the last reading is older than 0.5 ms. That age bounds the
error: an older reading would hold the wake-up waits of earlier calls of `select`, which belong to
no pass, and taking those off would hide a block.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter_ns
from typing import Any

from autograder.monitor import thread_stats
from autograder.monitor.attribution import (
    SELECT,
    SOME,
    STOPPED,
    Attribution,
    Sleep,
    Threads,
    attribute,
    see,
    tally,
    true_waits,
)
from autograder.monitor.ownership import Ownership, serves
from autograder.monitor.sampler import Sampler
from autograder.monitor.samples import PUT_OFF, Sample
from autograder.monitor.thread_stats import (
    Children,
    OtherThreads,
    Reading,
    ThreadClock,
    Times,
    voluntary_switches,
)
from autograder.report.record import SHORTEST

TICK = 0.01  # s between two due times of the lateness; select may not sleep longer, where a thread
# that keeps the GIL could hide in its sleep
LONG = 1_000_000  # ns: a longer pass is measured
STOLEN = 20_000_000  # ns: in asking we may lose the GIL three times, to Python code for 5.5 ms
SLEPT = 10_000  # ns: a call of select that took less did not sleep (2 us; 20 us with a sleep)
STALE = 500_000  # ns: the oldest reading from which a pass may be measured
OTHERS_STALE = 5_000_000  # ns: the same for other threads; their age adds to doubt, not to blame
NOTABLE = int(SHORTEST * 1e9)  # ns: a shorter block is not kept
_MOST_BUSY = 50_000
_MOST = 2000  # blocks kept; a run with more of them is hopeless anyway


@dataclass
class HeldPass:
    """One measured block, in nanoseconds; `began` counts from the start of the run."""

    began: int
    seconds: int
    doubt: int
    noise: int
    kind: str
    moment: int  # the pass it belongs to, as the sampler numbers them
    culprit: int  # native id of the thread that held the GIL, or 0; -1: which one is not known


class Probe:
    """Brackets the passes of one loop; make it on the thread that will run the loop."""

    def __init__(self, sampler: Sampler | None = None, caller: int = 0) -> None:
        self.held: list[HeldPass] = []
        self.noise: list[tuple[int, int]] = []
        self.busy: list[tuple[int, int]] = []  # when no timer could run: (begin, end)
        self.blind = not thread_stats.knows_waits()
        self.sampler = sampler
        self.moment = 0  # when the pass under way began, 0 while in select; the sampler reads it
        self.left = 0  # when the select under way was called
        self.asked: float | None = None  # and its timeout
        self.clock = ThreadClock()
        self.others = OtherThreads(serves)
        self.owned = Ownership(self.others.foreign, caller)
        self.children = Children()
        self.base = self.clock.read()
        self.base_wall = self.base.wall
        self.base_others = self.others.read()
        self.base_others_at = self.base.wall
        self.switches = self.base.switches
        self.start = self.base.wall
        self._put_off_at = 0
        self._first, self._first_others = self.base, self.base_others

    def make_loop(self) -> asyncio.AbstractEventLoop:
        """Return a fresh asyncio loop whose passes this probe brackets.

        On Windows asyncio's own loop is the proactor, whose `select` is bracketed in the same way;
        that branch is written to its public interface and has not been run.
        """
        if sys.platform == "win32":
            proactor = asyncio.IocpProactor()
            proactor.select = bracketed(self, proactor.select)
            return asyncio.ProactorEventLoop(proactor)
        selector = selectors.DefaultSelector()
        selector.select = bracketed(self, selector.select)  # type: ignore[method-assign]
        return asyncio.SelectorEventLoop(selector)

    def due(self) -> int:
        """Return when the select under way should come back; 0 when it need not."""
        return self.left + int(self.asked * 1e9) if self.asked is not None else 0

    def end_pass(self) -> None:
        """The pass is over, and was long: measure it."""
        moment, self.moment = self.moment, 0
        if moment and (spent := perf_counter_ns() - moment) > LONG:
            if spent > NOTABLE and self.sampler is not None:
                # At once: reading the clock lets go of the GIL, and who had it moves on.
                self.sampler.sample_now(moment)
            self._measure(moment, self.clock.read(keep_gil=True), own_switches=0)
            self._settle()

    def slept(self, now: int) -> None:
        """Select slept: judge its overshoot, and renew what the next pass is measured from."""
        due = self.due()
        if due and now - due > LONG:
            if now - due > NOTABLE and self.sampler is not None:
                self.sampler.sample_now(due)  # at once, too
            # Asked for nothing, it does not sleep; but it lets go of the GIL, and wants it back.
            own_switches = 1 if self.asked else 0
            self._measure(due, self.clock.read(keep_gil=True), own_switches)
        elif now - self.base.wall > STALE:
            self._rebase(self.clock.read(keep_gil=True))
        else:
            self.switches = voluntary_switches()
        self._settle()

    def renew(self) -> None:
        """The last reading is stale: take a new one."""
        self._rebase(self.clock.read(keep_gil=True))
        self._settle()

    def lateness(self, until: int) -> list[tuple[float, float]]:
        """Return [(due, late), ...] in seconds for a timer due every 10 ms, whether it ran or not.

        Nothing is asked of the loop: a timer due while a pass was under way runs when it ends.
        Every missed due time counts, or one block of half a second would be one late tick in many
        (research calls it coordinated omission).
        """
        ticks, spans, at = [], self.busy, 0
        for due in range(0, until, int(TICK * 1e9)):
            while at < len(spans) and spans[at][1] <= due:
                at += 1
            late = spans[at][1] - due if at < len(spans) and spans[at][0] <= due else 0
            ticks.append((due / 1e9, late / 1e9))
        return ticks

    def starved(self) -> float:
        """Return for how long the thread of this call that waited most, or a process it started,
        has waited for a CPU until now, in seconds; to be called by the loop's thread."""
        waits = [self.clock.read().wait - self._first.wait, self.children.longest_wait()]
        not_of_the_call = self.others.foreign | self.owned.earlier()
        for tid, (_, wait, _) in self.others.read().items():
            if tid not in not_of_the_call:
                waits.append(wait - self._first_others.get(tid, Times(0, 0)).wait)
        return max(waits) / 1e9

    def close(self) -> None:
        """The loop stopped: measure its last pass, which no select ended."""
        self.end_pass()
        self.clock.close()
        self.others.close()
        self.owned.close()
        self.children.close()

    def _settle(self) -> None:
        """Judge what our own asking and reading took, if that was long.

        A thread that waits for the GIL gets it there, too: on a busy machine the measuring of one
        pass of 8 ms in twenty was followed by a block of 1 to 2 s that was in no pass.
        """
        for _ in range(3):  # Python code beside it may make each of them long
            if perf_counter_ns() - self.base_wall < STOLEN:
                return
            began = self.base_wall
            if self.sampler is not None:
                self.sampler.sample_now(began)
            self._measure(began, self.clock.read(keep_gil=True), own_switches=0)

    def _rebase(self, reading: Reading) -> None:
        self.base = reading
        self.base_wall = reading.wall
        self.switches = reading.switches
        if self.sampler is not None and reading.wall - self._put_off_at > PUT_OFF:
            self.sampler.put_off(reading.wall)
            self._put_off_at = reading.wall
        if reading.wall - self.base_others_at > OTHERS_STALE:
            others = self.others.read()
            if perf_counter_ns() - reading.wall < STOLEN:  # else they hold what is to be judged
                self.base_others, self.base_others_at = others, reading.wall
            self.children.renew()

    def _measure(self, began: int, end: Reading, own_switches: int) -> None:
        wall, read = end.wall - began, end
        if len(self.busy) < _MOST_BUSY:
            self.busy.append((began - self.start, end.wall - self.start))
        samples, end, perhaps = true_waits(self._samples_of(began), end)
        cpu = min(end.cpu - self.base.cpu, wall)
        wait = min(end.wait - self.base.wait, wall - cpu)
        sleep = self._sleep(samples, end, wall - cpu - wait, wait, own_switches)
        slept, answer = sleep.slept, Attribution()
        others = Threads(elder=min(self.owned.earlier(), default=0))
        if slept > LONG and not self.blind:
            answer, others = self._attribute(began, sleep, samples, end)
        after = self.clock.read(keep_gil=True)
        self.owned.measured()
        slept -= answer.certain + answer.doubt
        noise = wait + answer.certain + answer.doubt - answer.earlier
        slept, doubt = slept + answer.kept, answer.doubt + answer.perhaps_kept + perhaps
        if self.blind:  # nothing tells sleep from starvation: CPU is certain, the rest is doubt
            slept, doubt, noise = 0, slept, noise + slept
            answer.earlier = doubt if others.elder else 0
        if noise > LONG:
            self.noise.append((began - self.start, noise))
        kind = "cpu" if cpu >= slept else "gil" if answer.for_gil else "sleep"
        by = (others.culprit or -1) if kind == "gil" else 0
        held = HeldPass(began - self.start, cpu + slept, doubt, noise, kind, began, by)
        if answer.earlier > max(SOME, doubt // 2):
            # All that may have been one block, apart from what certainly was: the job's line is
            # another one.
            rest = replace(held, doubt=doubt - answer.earlier)
            self._keep(rest)
            whole = cpu + slept + doubt
            held = replace(held, seconds=0, doubt=whole, kind="earlier", culprit=others.elder)
        self._keep(held)
        # What the asking took is nobody's block, unless it was long: see `_settle`.
        self._rebase(read if after.wall - read.wall > STOLEN else after)

    def _keep(self, held: HeldPass) -> None:
        if held.seconds + held.doubt > NOTABLE and len(self.held) < _MOST:
            self.held.append(held)

    def _sleep(
        self, samples: list[Sample], end: Reading, asleep: int, wait: int, own_switches: int
    ) -> Sleep:
        """Return how the code slept; that select did is not the code's doing."""
        switches = max(0, end.switches - self.switches - own_switches)
        if switches or not own_switches or asleep <= STOPPED:
            slept = asleep if switches or self.blind else 0
            return Sleep(slept, wait, switches, own_switches > 0)
        # A signal that comes as select begins keeps it from sleeping: then its handler slept. Else
        # the machine itself stood still.
        places = {sample.sleeps_in for sample in samples if sample.sleeps_in}
        elsewhere = any(not place.startswith(SELECT) for place in places)
        slept = asleep if elsewhere or not places else 0
        return Sleep(slept, wait, 1, in_select=not elsewhere, unseen=not places)

    def _samples_of(self, began: int) -> list[Sample]:
        """What the sampler saw of the pass that began then."""
        samples = self.sampler.samples if self.sampler is not None else []
        return [sample for sample in samples if sample.moment == began]

    def _attribute(
        self, began: int, sleep: Sleep, samples: list[Sample], end: Reading
    ) -> tuple[Attribution, Threads]:
        """Return what of the sleep was not the code's doing, and what the other threads did."""
        unfinished = late = overdue = 0
        if self.sampler is not None:  # first: the rest lets go of the GIL
            unfinished, late = self.sampler.unfinished(), self.sampler.released_late(began)
            overdue = self.sampler.overdue()
        now, births = self.others.read(), self.others.take_births()
        sampler = self.sampler.tid if self.sampler is not None else 0
        foreign, earlier = self.owned.foreign(), self.owned.earlier()
        threads = tally(self.base_others, now, births, foreign, sampler, earlier)
        threads.births += self.children.newborn_wait()
        threads.started = self.others.started or self.owned.at_work
        threads.stale = max(0, began - self.base_others_at)
        if (asked := perf_counter_ns()) - end.wall < STOLEN:  # else they hold what `_settle` judges
            self.base_others, self.base_others_at = now, asked
        summary = see(
            samples, self.base, began, self.switches + sleep.in_select, end=end,
            in_select=sleep.in_select, unfinished=unfinished, late=late,
            alone=not threads.active and threads.earlier < SOME,
        )  # fmt: skip
        summary.stopped += overdue
        return attribute(sleep, summary, threads), threads


def bracketed(
    probe: Probe, select: Callable[[float | None], list[Any]]
) -> Callable[..., list[Any]]:
    """Return `select` with the probe told when it is called and when it returns: 0.4 us a pass.

    A closure, because each attribute less counts here: asyncio's own pass takes 7 us. Select is
    kept from sleeping longer than a tick only where something could hide in its sleep, a thread
    of the learner's or a signal handler, because a time-out costs 0.3 us of each pass.
    """
    clock, tick, long, slept, stale = perf_counter_ns, TICK, LONG, SLEPT, STALE
    threads = threading._active  # type: ignore[attr-defined]  # active_count() takes a lock
    on_main = threading.current_thread() is threading.main_thread()
    alone = 0 if on_main else probe.owned.alone

    def watched(timeout: float | None = None) -> list[Any]:
        left = clock()
        if left - probe.moment > long:
            probe.end_pass()
            left = clock()
        if (timeout is None or timeout > tick) and len(threads) > alone:
            timeout = tick
        probe.left = left
        probe.asked = timeout
        probe.moment = 0
        events = select(timeout)
        now = clock()
        if now - left > slept:
            probe.slept(now)
            now = clock()
        elif now - probe.base_wall > stale:
            probe.renew()
            now = clock()
        probe.moment = now
        return events

    return watched

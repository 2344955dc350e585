"""How long did the code hold the event loop? The rule by which every graded cell is judged.

A *pass* of the loop runs from the return of `select()` to the next call of `select()`. In between
the loop runs callbacks and steps of tasks, and nothing else can happen on it: no heartbeat is sent,
no message is read. The wall time of a pass (W) is more than the code's own time, because on a busy
machine the thread also waits for a CPU. So the probe asks the kernel, for each long pass:

    C   CPU time of the loop's thread
    R   run-queue wait: the thread was ready to run, and other work had the CPU
    V   voluntary switches: how often the thread went to sleep by itself

    S = W - C - R       if V >= 1, else 0      time asleep: time.sleep, a socket, a lock
    A = C + S                                  the time that the code answers for: it is graded

Worked example. A handler calls `time.sleep(0.9)` while eight other programs use both CPUs. The pass
takes W = 0.947 s. The thread computed for C = 0.001 s, waited R = 0.046 s for a CPU, and
went to sleep V = 1 time. So S = 0.947 - 0.001 - 0.046 = 0.900 s and A = 0.901 s. A loop that
computes for 40 ms while the same programs run may take W = 0.310 s, with C = 0.040 s, R = 0.270 s
and V = 0. So A = 0.040 s, which is below a limit of 100 ms, as on an idle laptop.

If a call of `select()` returns later than its time-out, the delay counts as a pass of its own: a
signal handler ran inside it, or another thread held the GIL. In such a pass the first voluntary
switch is select's own wait.

Python threads share the GIL, so the loop may also sleep because another thread computes, or because
that thread is itself waiting for a CPU. Four kinds of sleep are not caused by the code. They are
subtracted from S (`attribution` tells them from a sleep of the code's own):

    The sampler wakes to name the line, and the loop waits until the sampler got a CPU, got the GIL,
    and took its sample.
    A thread or process that the code started waits for a CPU before it first runs.
    The code's threads wait for a CPU: min(Ro, S - Co), where Ro and Co are their run-queue wait and
    their CPU time. This is not subtracted if a sample found the loop asleep, but not at a lock.
    Another thread held the GIL that serves the kernel, or that is in a job older than the call (see
    `ownership`): at most 5.5 ms for each of the V.

While memory is short (`pressure`), a sleep that no sample explains and the kernel's part of C
(twice `ru_stime`: it may have searched for free pages) are doubt.

Nothing is subtracted while the samples show the loop in one and the same sleep that is not at a
lock. If a part is subtracted on suspicion only, it is kept as `doubt`. A block that exceeds the
limit only together with its doubt is inconclusive: neither a failure nor a pass. R is the kernel's
own figure; it is not believed for times in which a sample found the thread asleep (`true_waits`).

Each pass costs two clock reads (`select_probe`). The other figures are read when a pass was longer
than 1 ms, and again at the return of `select` when the last reading is older than 0.5 ms. That age
bounds the error: an older reading would include the wake-up waits of earlier calls of `select`,
which belong to no pass, and subtracting those waits would hide a block.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter_ns
from typing import Any

from autograder.monitor import blind, thread_stats
from autograder.monitor.attribution import STOPPED, Attribution, Sleep, Threads, attribute, tally
from autograder.monitor.children import Children
from autograder.monitor.jobs import jobs
from autograder.monitor.other_threads import OtherThreads
from autograder.monitor.ownership import Ownership, serves
from autograder.monitor.pressure import Pressure
from autograder.monitor.sample_summary import SOME, see, true_waits
from autograder.monitor.sampler import Sampler
from autograder.monitor.samples import PUT_OFF, SELECT, Sample
from autograder.monitor.select_probe import LONG, TICK, Marks, bracket, bracketed
from autograder.monitor.thread_stats import (
    RawReading,
    Reading,
    ThreadClock,
    Times,
    parsed,
    voluntary_switches,
)
from autograder.report.record import SHORTEST

STOLEN = 20_000_000  # ns: reading may lose the GIL three times, each time 5.5 ms to Python code
STALE = 500_000  # ns: a pass may not be measured from an older reading
OTHERS_STALE = 5_000_000  # ns: the same for other threads, whose age adds to doubt only
LONGEST_WAIT = 200_000_000  # ns: each wait of a thread beside 8 hogs on two cores takes 80 at most
NOTABLE = int(SHORTEST * 1e9)  # ns: a shorter block is not kept
_MOST_BUSY = 50_000
_MOST = 2000  # blocks kept; a run with more of them fails anyway


@dataclass
class HeldPass:
    """One measured block, in nanoseconds; `began` counts from the start of the run."""

    began: int
    seconds: int
    doubt: int
    noise: int
    kind: str
    moment: int  # when its pass began; the sampler's samples name the pass by this time
    culprit: int  # native id of the thread that held the GIL; 0: none, -1: an unknown one


class Probe:
    """Measures the passes of one loop; make it on the thread that will run the loop."""

    def __init__(self, sampler: Sampler | None = None, caller: int = 0) -> None:
        self.held: list[HeldPass] = []
        self.noise: list[tuple[int, int]] = []
        self.busy: list[tuple[int, int]] = []  # when no timer could run: (begin, end)
        self.blind = not thread_stats.knows_waits()
        self.sampler = sampler
        self.marks = Marks()
        self.clock = ThreadClock()
        jobs.begin()
        self.others = OtherThreads(serves)
        self.owned = Ownership(self.others.foreign, caller)
        self.children = Children()
        self.pressure = Pressure()
        self._base: Reading | RawReading = self.clock.read()
        self._on_main = threading.current_thread() is threading.main_thread()
        self._counts_switches = self.base.switches > 0  # this thread has slept: it started another
        self.base_wall = self.base.wall
        self.marks.stale_at = (self.base.wall + STALE) / 1e9  # s
        self.base_others = self.others.read()
        self.base_others_at = self.base.wall
        self.switches = self.base.switches
        self.start = self.base.wall
        self.at_leisure: Callable[[], object] = lambda: None  # called each 5 ms, between two passes
        self._put_off_at = 0
        self._rare_at = 0  # when `renew` next has more to do than to read
        self._first_own, self._first_others = thread_stats.own_times(), self.base_others

    def make_loop(self) -> asyncio.AbstractEventLoop:
        """Return a fresh asyncio loop whose passes this probe brackets.

        On Windows asyncio's own loop uses the proactor, and its `select` is bracketed in the same
        way. That branch is written to the proactor's public interface and has not been run.
        """
        if sys.platform == "win32":
            proactor = asyncio.IocpProactor()
            proactor.select = bracketed(self, proactor.select)
            return asyncio.ProactorEventLoop(proactor)
        loop = asyncio.SelectorEventLoop(selectors.DefaultSelector())
        self.attach(loop)
        return loop

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Bracket the passes of a loop of asyncio's own that does not run yet."""
        selector: Any = loop._selector  # type: ignore[attr-defined]  # on Windows, the proactor
        bracket(self, selector)
        if type(loop).time is asyncio.BaseEventLoop.time:
            # asyncio's own is a method in Python that calls this; each pass reads the time.
            loop.time = time.monotonic  # type: ignore[method-assign]

    def begin(self) -> None:
        """Prepare for the first pass: the loop that was attached is about to run."""
        self._rebase(self.clock.read())

    def rest(self) -> None:
        """Measure the last pass: the loop has stopped, and may run again later."""
        self.end_pass()
        self.marks.asked = None  # else a select that is never called would be overdue

    @property
    def base(self) -> Reading:
        """The reading from which the current pass is measured."""
        kept = self._base
        return kept if isinstance(kept, Reading) else parsed(kept)

    @property
    def moment(self) -> int:
        """When the current pass began, in ns; 0 during select. It names the pass."""
        return int(self.marks.moment * 1e9)

    @property
    def left(self) -> int:
        """When the current select was called, in ns."""
        return int(self.marks.left * 1e9)

    def due(self) -> int:
        """Return when the current select should return, in ns; 0 when it has no time-out."""
        asked = self.marks.asked
        return self.left + int(asked * 1e9) if asked is not None else 0

    def held_since(self) -> int:
        """Return when the pass began, in ns, that still holds the loop; 0 if none does."""
        return self.moment

    def end_pass(self) -> None:
        """Measure the current pass, which ends now, if it was long."""
        moment, self.marks.moment = self.moment, 0.0
        if moment and (spent := perf_counter_ns() - moment) > LONG:
            if spent > NOTABLE and self.sampler is not None:
                # First: the measuring releases the GIL, and then the thread that held it moves on.
                self.sampler.sample_now(moment)
            self._measure(moment, self.clock.read(keep_gil=True), own_switches=0)
            self._settle()

    def slept(self, now: int) -> None:
        """Judge how late select returned at `now`, and take the reading for the next pass."""
        due = self.due()
        if due and now - due > LONG:
            if now - due > NOTABLE and self.sampler is not None:
                self.sampler.sample_now(due)  # first of all, as in `end_pass`
            # With a time-out of 0, select does not sleep; its one wait is for the GIL.
            own_switches = 1 if self.marks.asked else 0
            self._measure(due, self.clock.read(keep_gil=True), own_switches)
        elif now / 1e9 > self.marks.stale_at:
            self._renew(now, own_switches=1)
        else:
            switches = voluntary_switches()
            if perf_counter_ns() - now < STOLEN:  # else `_settle` counts them
                self.switches = switches
        self._settle()

    def renew(self) -> None:
        """Take a new reading in place of a stale one; a busy loop does so each 0.5 ms."""
        now = perf_counter_ns()
        raw = self.clock.read_raw()
        if raw is None or raw[0] > self._rare_at:
            self._renew(now, own_switches=0)
        else:
            self._base = raw
            self.base_wall, _, _, self.switches, _ = raw
            self.marks.stale_at = (self.base_wall + STALE) / 1e9
        self._settle()  # a thread that keeps the GIL may have got it just now

    def lateness(self, until: int) -> list[tuple[float, float]]:
        """Return [(due, late), ...] in seconds for an imagined timer that is due every 10 ms.

        The loop runs no such timer. A tick that is due during a pass would run when the pass ends.
        Every due time counts: otherwise a block of half a second would be one late tick among many
        on time ("coordinated omission" in the literature).
        """
        ticks, spans, at = [], self.busy, 0
        for due in range(0, until, int(TICK * 1e9)):
            while at < len(spans) and spans[at][1] <= due:
                at += 1
            late = spans[at][1] - due if at < len(spans) and spans[at][0] <= due else 0
            ticks.append((due / 1e9, late / 1e9))
        return ticks

    def starved(self) -> float:
        """Return the longest wait for a CPU, in s, of a thread or child process of this call.

        To be called on the loop's thread.
        """
        passed = perf_counter_ns() - self.start
        threads = [(thread_stats.own_times(), self._first_own)]
        not_of_the_call = self.others.foreign | self.owned.earlier()
        for tid, times in self.others.read().items():
            if tid not in not_of_the_call:
                threads.append((times, self._first_others.get(tid, Times(0, 0))))
        waits = [_believed(now, before, passed) for now, before in threads]
        return max(*waits, self.children.longest_wait()) / 1e9

    def close(self) -> None:
        """Measure the last pass, which no select ended, and close all files."""
        self.end_pass()
        self.clock.close()
        jobs.end()
        self.others.close()
        self.owned.close()
        self.children.close()
        self.pressure.close()

    def _settle(self) -> None:
        """Judge the time that the measuring itself took, if it was long.

        A thread that waits for the GIL gets it while the probe reads, too. On a busy machine, after
        one pass of 8 ms in twenty, the measuring contained a block of 1 to 2 s that was in no pass.
        """
        for _ in range(3):  # Python code of another thread may make each measuring long
            if perf_counter_ns() - self.base_wall < STOLEN:
                return
            began = self.base_wall
            if self.sampler is not None:
                self.sampler.sample_now(began)
            self._measure(began, self.clock.read(keep_gil=True), own_switches=0)

    def _renew(self, now: int, own_switches: int) -> None:
        """Take a new reading, and judge the time since `now` if another thread took the GIL.

        A reading that was torn is repeated: the second one would hide that time.
        """
        reading = self.clock.read(keep_gil=True)
        if reading.wall - now > STOLEN:
            self._measure(now, reading, own_switches)
        else:
            self._rebase(reading)

    def _rebase(self, reading: Reading) -> None:
        self._base = reading
        self.base_wall = reading.wall
        self.marks.stale_at = (reading.wall + STALE) / 1e9
        self.switches = reading.switches
        if self.sampler is not None and reading.wall - self._put_off_at > PUT_OFF:
            self.sampler.put_off(reading.wall)
            self._put_off_at = reading.wall
        if reading.wall - self.base_others_at > OTHERS_STALE:
            others = self.others.read()
            if perf_counter_ns() - reading.wall < STOLEN:  # else `_settle` judges them
                self.base_others, self.base_others_at = others, reading.wall
            self.children.renew()
            self.pressure.renew(reading.wall)
            self.at_leisure()
        self._rare_at = self.base_others_at + OTHERS_STALE
        if self.sampler is not None:
            self._rare_at = min(self._rare_at, self._put_off_at + PUT_OFF)

    def _measure(self, began: int, end: Reading, own_switches: int) -> None:
        wall, read = end.wall - began, end
        self.owned.measuring()
        if len(self.busy) < _MOST_BUSY:
            self.busy.append((began - self.start, end.wall - self.start))
        samples, end, perhaps = true_waits(
            self._samples_of(began), self.base, self.switches + own_switches, end
        )
        cpu = min(end.cpu - self.base.cpu, wall)
        wait = min(end.wait - self.base.wait, wall - cpu)
        sleep = self._sleep(samples, end, wall - cpu - wait, wait, own_switches)
        sleep = replace(sleep, computed=cpu)
        slept, answer = sleep.slept, Attribution()
        others = Threads(elder=min(self.owned.earlier(), default=0))
        # The figure is estimated from ticks, and too small where memory is short: 15 ms of Python
        # took 61 ms, of which it counted 16. So it counts twice.
        system = max(0, min(2 * (end.system - self.base.system), cpu))
        pressed = max(slept, system) > NOTABLE and not self.blind and self.pressure.felt()
        if slept > (0 if samples else LONG) and not self.blind:  # a sample costs the loop 0.4 ms
            answer, others = self._attribute(began, sleep, samples, end, pressed)
        after = self.clock.read(keep_gil=True)
        self.owned.measured()
        slept -= answer.certain + answer.doubt
        noise = wait + answer.certain + answer.doubt - answer.earlier
        slept, doubt = slept + answer.kept, answer.doubt + answer.perhaps_kept + perhaps
        if pressed:  # the kernel may have searched for memory in the thread's own time
            cpu, doubt, noise = cpu - system, doubt + system, noise + system
        if self.blind:  # sleep and starvation look alike: what nothing proves is doubt
            certain = min(slept, self._certain_sleep(began, end.wall))
            slept, doubt, noise = certain, slept - certain, wall - cpu - certain
            answer.earlier = doubt if others.elder else 0
        if noise > LONG:
            self.noise.append((began - self.start, noise))
        kind = "cpu" if cpu >= slept else "gil" if answer.for_gil else "sleep"
        by = (others.culprit or -1) if kind == "gil" else 0
        held = HeldPass(began - self.start, cpu + slept, doubt, noise, kind, began, by)
        if answer.earlier > max(SOME, doubt // 2):
            # Keep two blocks: one without the job, and one of the whole time at the job's line,
            # which is another line.
            rest = replace(held, doubt=doubt - answer.earlier)
            self._keep(rest)
            whole = cpu + slept + doubt
            held = replace(held, seconds=0, doubt=whole, kind="earlier", culprit=others.elder)
        self._keep(held)
        # The time of the measuring itself is no block, unless it was long: see `_settle`.
        self._rebase(read if after.wall - read.wall > STOLEN else after)

    def _keep(self, held: HeldPass) -> None:
        if held.seconds + held.doubt > NOTABLE and len(self.held) < _MOST:
            self.held.append(held)

    def _sleep(
        self, samples: list[Sample], end: Reading, asleep: int, wait: int, own_switches: int
    ) -> Sleep:
        """Return how the loop slept in a pass, without select's own sleep."""
        switches = max(0, end.switches - self.switches - own_switches)
        if switches or not own_switches or asleep <= STOPPED:
            slept = asleep if switches or not self._counts_switches else 0
            return Sleep(slept, wait, switches, own_switches > 0)
        # A signal that arrives as select begins keeps select from sleeping: then the signal handler
        # slept. Otherwise the machine itself stopped.
        places = {sample.sleeps_in for sample in samples if sample.sleeps_in}
        if self.blind and not (self._on_main and blind.handles_signals()):
            return Sleep(0, wait, 0, in_select=True)
        elsewhere = any(not place.startswith(SELECT) for place in places)
        slept = asleep if elsewhere or not places else 0
        return Sleep(slept, wait, 1, in_select=not elsewhere, unseen=not places)

    def _certain_sleep(self, began: int, ended: int) -> int:
        """Return how long the loop certainly slept in a pass, without the kernel's figures."""
        looks = self.sampler.looks if self.sampler is not None else []
        return blind.certain_sleep([x for x in looks if x.moment == began and x.at <= ended])

    def _samples_of(self, began: int) -> list[Sample]:
        """Return the samples of the pass that began at `began`."""
        samples = self.sampler.samples if self.sampler is not None else []
        return [sample for sample in samples if sample.moment == began]

    def _attribute(
        self, began: int, sleep: Sleep, samples: list[Sample], end: Reading, pressed: bool
    ) -> tuple[Attribution, Threads]:
        """Return which part of the sleep the code did not cause, and what other threads did.

        `pressed` says that memory was short.
        """
        unfinished = late = overdue = wanted = 0
        if self.sampler is not None:  # first: the rest releases the GIL
            unfinished, late = self.sampler.unfinished(), self.sampler.released_late(began)
            overdue, wanted = self.sampler.overdue(), self.sampler.wanted(samples)
        now, births = self.others.read(), self.others.take_births()
        sampler = self.sampler.tid if self.sampler is not None else 0
        foreign, earlier = self.owned.foreign(), self.owned.earlier()
        threads = tally(self.base_others, now, births, foreign, sampler, earlier)
        threads.births += self.children.newborn_wait()
        threads.gil = thread_stats.has_gil()
        threads.started = self.others.started or self.owned.at_work
        threads.stale = max(0, began - self.base_others_at)
        if (asked := perf_counter_ns()) - end.wall < STOLEN:  # else `_settle` judges them
            self.base_others, self.base_others_at = now, asked
        summary = see(
            samples, self.base, began, self.switches + sleep.in_select, end=end,
            in_select=sleep.in_select, unfinished=unfinished, late=late,
            alone=not threads.active and threads.earlier < SOME, pressed=pressed,
        )  # fmt: skip
        summary.stopped, summary.wanted = summary.stopped + overdue, wanted
        if not threads.gil:  # a look stops the loop until C code in another thread has ended
            summary.perhaps_held_up += sum(sample.slept for sample in samples)
        return attribute(sleep, summary, threads), threads


def _believed(now: Times, before: Times, passed: int) -> int:
    """Return for how many ns a thread waited for a CPU; 0 if these were sleeps, for the most part.

    Linux counts a sleep as a wait now and then (`true_waits`), also one that began before the call:
    4.0 s in a call of 0.6 s. A thread that waits for a CPU gets it soon, again and again. A thread
    that sleeps ran a few times only.
    """
    waited, runs = now.wait - before.wait, max(1, now.runs - before.runs)
    return waited if waited < runs * max(LONGEST_WAIT, passed // 8) else 0

"""Why did the loop's thread sleep inside a pass? A sleep that the code did not cause is no block.

Three things besides the code can make the loop sleep: our own sampler, which needs the GIL for each
sample; threads that serve the kernel, which need the GIL now and then; and the machine, when a
thread that the loop waits for is itself waiting for a CPU. Each such part of a sleep is either
certain, or it becomes doubt. The time for which an earlier job (see `ownership`) may have kept the
GIL becomes doubt too: the job is the learner's, but not this call's.

How the GIL changes hands (CPython's ceval_gil.c, 3.11 to 3.13): a thread that wants the GIL sleeps,
and asks for it every 5 ms. The thread that holds the GIL then releases it and sleeps, once, until
the other thread has it. The other thread needs a CPU first, and on a starved machine that takes 10
to 80 ms.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from autograder.monitor.samples import Sample
from autograder.monitor.thread_stats import Reading, Times

SOME = 1_000_000  # ns: a shorter time is ignored
GIL_TURN = 5_500_000  # ns: a thread that wants the GIL sleeps at most this long, then asks again
HANDS_OVER = 4_500_000  # ns: the thread that holds the GIL is not asked for it sooner than this
UNSEEN = 40_000_000  # ns: the sampler looks after 20 ms, so it should have seen a longer sleep
SELECT = (b"do_epoll_wait", b"ep_poll")  # not poll: a signal handler may wait there by itself
STARTS = (b"kernel_clone", b"wait_for_vfork")  # waits for a child process to run a program
ONE_WAIT = 80_000_000  # ns: a thread's longest single wait for a CPU, beside 8 hogs on two cores
WAKE_UP = 300_000  # ns: to wake another thread and be woken by it
STOPPED = 5_000_000  # ns: the sampler's timer is 0.1 ms late; with a used-up quota, 10 to 90 ms


@dataclass(frozen=True)
class Sleep:
    """How the loop slept in a pass: ns asleep, ns of waiting for a CPU, number of sleeps."""

    slept: int
    waited: int
    switches: int
    in_select: bool
    unseen: bool = False  # select did not sleep, and no sample shows what did


@dataclass
class SampleSummary:
    """What the samples of one pass show; nanoseconds."""

    held_up: int = 0  # the loop slept because it gave the GIL to the sampler
    handed_over: int = 0  # how many of the loop's switches are explained by `held_up`
    held: int = 0  # the sampler had lost its CPU, perhaps while it held the GIL
    perhaps_held_up: int = 0  # as `held_up`, but not certain
    asleep: int = 0  # the loop slept, not at a lock, from one sample to the next
    in_select: int = 0  # select was due, and the kernel had not woken the loop
    found: bool = False  # a sample found the loop asleep
    elsewhere: bool = False  # the samples found it asleep, never at a lock, for an unknown time
    at_lock: bool = False  # the samples found it asleep only at a lock or the GIL
    stopped: int = 0  # nothing was woken: a quota was used up, or the machine itself stopped


@dataclass
class Threads:
    """What the other threads did during the pass; nanoseconds."""

    sampler: int = 0  # CPU and run-queue wait
    foreign: int = 0  # for how long, at most, foreign threads held the GIL
    earlier: int = 0  # the same for threads in an earlier job
    elder: int = 0  # native id of the busiest thread in an earlier job
    own_cpu: int = 0  # CPU of all the call's own threads
    own_wait: int = 0  # the longest run-queue wait of an own thread, after its first CPU
    active: int = 0  # number of own threads that did anything
    culprit: int = 0  # native id of the busiest own thread
    births: int = 0  # run-queue wait of new threads and processes before they first ran
    started: bool = False  # the learner's code has or had threads
    stale: int = 0  # how much older than the pass these figures are


@dataclass
class Excuse:
    """The parts of a sleep that the code did not cause; nanoseconds.

    `certain` and `doubt` are parts of the sleep, `earlier` is a part of the doubt. `kept` and
    `perhaps_kept` come on top of the sleep: while the loop waited for a CPU, a thread kept the GIL.
    """

    certain: int = 0
    doubt: int = 0
    earlier: int = 0  # an earlier job may have kept the GIL
    kept: int = 0
    perhaps_kept: int = 0
    for_gil: bool = False  # the rest of the sleep was a wait for the GIL


def excuse(sleep: Sleep, looks: SampleSummary, threads: Threads) -> Excuse:
    """Return which part of a sleep the code did not cause."""
    if sleep.unseen:
        return Excuse(doubt=sleep.slept)
    said = Excuse(certain=min(sleep.slept, looks.in_select))
    left = max(0, sleep.slept - said.certain - looks.asleep)
    by_sampler = min(left, looks.held_up)
    left -= by_sampler
    if sleep.switches <= looks.handed_over and not threads.active:
        said.certain += by_sampler
    else:  # the loop also slept for another reason, and nothing tells how the time divides
        said.doubt += by_sampler
    if not sleep.in_select:  # the loop waits until a thread that it starts runs
        by_birth = min(left, threads.births)
        # The loop may have waited for a CPU at the same time: that is no part of its sleep.
        certain = min(by_birth, max(0, threads.births - sleep.waited))
        said.certain += certain
        said.doubt += by_birth - certain
        left -= by_birth
    by_sampler = min(left, looks.perhaps_held_up)
    said.doubt += by_sampler
    left -= by_sampler
    rest = replace(sleep, slept=left, switches=sleep.switches - looks.handed_over)
    left -= _by_foreigners(said, rest, looks, threads)
    _by_own_threads(said, replace(rest, slept=left), looks, threads)
    left = sleep.slept - said.certain - said.doubt
    if threads.elder and said.for_gil and not threads.active:
        # C code can sleep with the GIL and use no CPU. Nothing tells which thread called it.
        said.doubt += left
        said.earlier += left
        left = 0
    if looks.stopped > STOPPED and not looks.elsewhere and not looks.asleep:
        said.doubt += min(left, looks.stopped)
        left -= min(left, looks.stopped)
    if _nobody_saw(left, looks, threads) and not said.for_gil:
        said.doubt += left  # a machine that delays the sampler may also delay the call's threads
    return said


def true_waits(looks: Iterable[Sample], end: Reading) -> tuple[list[Sample], Reading, int]:
    """Return samples and end reading with corrected waits, and how much of the waits is in doubt.

    Now and then Linux counts a whole sleep as a wait: 12 of 42 500 polls of 100 ms beside 8 hogs
    (6.18; since 6.12 a sleeping thread may stay in a CPU's queue for a while, and be moved with
    it). A thread that a sample found asleep cannot have waited for longer than since that sample.
    """
    known: list[Sample] = []
    asleep: Sample | None = None
    mistaken = perhaps = 0

    def check(at: int, cpu: int, wait: int) -> None:
        nonlocal mistaken, perhaps
        most = max(0, at - asleep.began - (cpu - asleep.cpu)) if asleep is not None else 0
        if asleep is not None and (over := wait - asleep.wait - most) > SOME:
            mistaken += over
            perhaps += most

    for look in looks:
        check(look.began, look.cpu, look.wait)
        known.append(look._replace(wait=look.wait - mistaken))
        asleep = look if look.sleeps_in else None
    check(end.wall, end.cpu, end.wait)
    return known, end._replace(wait=end.wait - mistaken), perhaps


def see(
    looks: Iterable[Sample],
    base: Reading,
    began: int,
    switches: int,
    *,
    end: Reading,
    in_select: bool,
    unfinished: int = 0,
    late: int = 0,
    alone: bool = True,
) -> SampleSummary:
    """Return what the samples of one pass show; times in ns.

    `base` and `switches` are the figures at the begin of the pass. `unfinished` is how long the
    sampler has waited for a CPU in the middle of a sample, `late` the same since its last sample.
    `alone` says that no other thread could hold the GIL, so that the loop held it.

    Giving the GIL to the sampler costs the loop one voluntary switch, and a second one if the
    sample found it waiting to get the GIL back. More switches mean that the loop also slept for
    another reason. Then only the sampler's last wait counts, which is a share of all its waits.
    """
    seen = SampleSummary()
    elsewhere = at_lock = locked = False
    cpu, wait, since = base.cpu, base.wait, began
    nap = Nap()
    for look in looks:
        seen.found |= bool(look.sleeps_in)
        seen.stopped += look.stopped
        if in_select and look.sleeps_in.startswith(SELECT):
            seen.in_select = look.began - began
            continue
        busy = look.cpu - cpu + look.wait - wait
        slept = max(0, look.began - since - busy)
        switched = look.switches - switches
        was_locked, locked = locked, look.sleeps_in.startswith(b"futex")
        seen.asleep += nap.go_on(look, slept if switched == 1 and not was_locked else 0)
        computed = look.cpu - cpu > SOME
        waited = look.own_switches > 1 and (locked or not look.sleeps_in)
        # The loop hands over when it is asked for the second time. A sooner sleep was its own.
        asked = waited and computed and busy > HANDS_OVER and look.own_switches > 2
        if asked and locked:  # then it waited until the sample was complete
            seen.held_up += look.slept
        elif asked or locked:  # the loop handed the GIL over, or the thread that it waits for did
            seen.perhaps_held_up += look.slept
        if asked and switched <= 1 + locked:
            seen.held_up += min(slept, look.own_wait + WAKE_UP)
            seen.handed_over += switched
        elif asked:
            seen.held_up += min(slept, look.own_wait * 5 // (2 * look.own_switches))
            seen.handed_over += 1
        elif waited and alone and switched and look.own_switches > 2:
            # Perhaps the loop was asked for the GIL, perhaps it slept by itself. A single sleep
            # that is longer than the sampler's wait was its own.
            if switched > 1 or slept <= look.own_wait + WAKE_UP:
                last = look.own_wait * 5 // (2 * look.own_switches)
                seen.perhaps_held_up += min(slept, last + WAKE_UP)
            at_lock |= locked  # or a thread slept in C with the GIL, and used no CPU
        else:
            seen.held += look.released_late
            seen.held += look.ended - look.began if look.preempted else 0
            elsewhere |= bool(look.sleeps_in) and not locked
            at_lock |= locked
            if not switched and look.cpu == cpu:
                continue  # not run since the last sample, so its wait is not counted yet
        cpu, wait, switches, since = look.cpu, look.wait, look.switches, look.ended
    seen.asleep += nap.end(end)
    if alone:
        slept = max(0, end.wall - since - (end.cpu - cpu + end.wait - wait))
        waits = locked and end.switches == switches  # its last sleep is a wait for the GIL
        _after_the_last(seen, slept, unfinished, late, waits=waits)
    seen.elsewhere = elsewhere and not at_lock and not seen.asleep
    seen.at_lock = at_lock and not elsewhere
    return seen


def _after_the_last(
    seen: SampleSummary, slept: int, unfinished: int, late: int, *, waits: bool
) -> None:
    """Add to `seen` what the loop slept because the sampler lost its CPU after the last sample.

    It may have lost its CPU while it held the GIL. That is certain if the loop `waits` for the GIL.
    """
    if late > SOME and waits:
        seen.held_up += min(slept, late + WAKE_UP)
    elif late > SOME or unfinished:
        seen.perhaps_held_up += min(slept, max(late, unfinished) + WAKE_UP)


class Nap:
    """One sleep of the loop, not at a lock, followed from sample to sample."""

    def __init__(self) -> None:
        self._first: Sample | None = None
        self._last = 0  # when a sample last found it asleep

    def go_on(self, look: Sample, before: int) -> int:
        """Return for how many ns it certainly slept, 0 as long as that is not known.

        `before` is how long it had slept before this sample, if this is the first one of a nap.
        """
        found = 0
        asleep = bool(look.sleeps_in) and not look.sleeps_in.startswith((b"futex", *STARTS))
        if self._first is not None:
            if look.switches != self._first.switches:
                found = self._last - self._first.began
                self._first = None
            elif asleep:
                self._last = look.began
            elif look.cpu > self._first.cpu:  # it ran again, and only now its wait is counted
                found = self._slept(look.began, look.cpu, look.wait)
                self._first = None
        if self._first is None and asleep:
            self._first, self._last = look, look.began
            found += before
        return found

    def end(self, end: Reading) -> int:
        """Return for how many ns it certainly slept and `go_on` has not returned."""
        if self._first is None:
            return 0
        if end.switches != self._first.switches:
            return self._last - self._first.began
        return self._slept(end.wall, end.cpu, end.wait)

    def _slept(self, at: int, cpu: int, wait: int) -> int:
        assert self._first is not None
        return max(0, at - self._first.began - (cpu - self._first.cpu) - (wait - self._first.wait))


def tally(  # noqa: PLR0917
    before: Mapping[int, Times],
    now: Mapping[int, Times],
    births: Mapping[int, int],
    foreign: set[int],
    sampler: int,
    earlier: Collection[int] = (),
) -> Threads:
    """Return what the other threads did between two readings of their times."""
    threads = Threads(births=sum(births.values()), elder=next(iter(earlier), 0))
    busiest = eldest = 0
    foreigners, elders = Times(0, 0), Times(0, 0)
    for tid, times in now.items():
        spent = _less(times, before.get(tid, Times(0, births.get(tid, 0))))
        if tid == sampler:
            threads.sampler = spent.cpu + spent.wait
        elif tid in earlier:
            elders = _more(elders, spent)
            if spent.cpu > eldest:
                eldest, threads.elder = spent.cpu, tid
        elif tid in foreign:
            foreigners = _more(foreigners, spent)
        else:
            threads.active += spent.cpu + spent.wait > SOME
            threads.own_wait = max(threads.own_wait, spent.wait)
            threads.own_cpu += spent.cpu
            if spent.cpu > busiest:
                busiest, threads.culprit = spent.cpu, tid
    threads.foreign, threads.earlier = _had_gil(foreigners), _had_gil(elders)
    return threads


def _had_gil(spent: Times) -> int:
    """Return for how many ns, at most, these threads held the GIL.

    A thread that holds the GIL and loses its CPU waits for a CPU once, or a few times. A thread
    that waits for the GIL wakes every 5 ms, and beside 8 hogs waits for a CPU each time. In a block
    of 1.5 s such waits added up to 700 to 1000 ms, though the thread never held the GIL.
    """
    return spent.cpu + min(spent.wait, max(ONE_WAIT, 4 * spent.wait // max(1, spent.runs)))


def _less(one: Times, other: Times) -> Times:
    return Times(one.cpu - other.cpu, one.wait - other.wait, one.runs - other.runs)


def _more(one: Times, other: Times) -> Times:
    return Times(one.cpu + other.cpu, one.wait + other.wait, one.runs + other.runs)


def _by_foreigners(said: Excuse, sleep: Sleep, looks: SampleSummary, threads: Threads) -> int:
    """Move to `said` what other threads that held the GIL explain of a sleep; return how much.

    A thread that waits for the GIL sleeps 5 ms at a time. A longer sleep was the code's own.
    """
    turns = sleep.switches if sleep.slept <= sleep.switches * GIL_TURN else sleep.switches - 1
    bound = min(sleep.slept, max(0, turns) * GIL_TURN)
    alone = not threads.active and threads.earlier < SOME
    if sleep.in_select and sleep.switches > 1 and alone:
        # No other thread could hold the GIL. A foreign thread or the sampler lost its CPU with it.
        taken = min(bound, threads.foreign + threads.sampler)
        said.certain += taken
    else:
        others = threads.foreign + threads.earlier + looks.held
        taken = 0 if looks.elsewhere else min(bound, others)
        said.doubt += taken
        said.earlier += min(taken, threads.earlier)
    return taken


def _nobody_saw(left: int, looks: SampleSummary, threads: Threads) -> bool:
    """Whether no sample found the loop asleep in a long sleep of a call with threads."""
    return left > UNSEEN and threads.started and not looks.found


def _by_own_threads(said: Excuse, sleep: Sleep, looks: SampleSummary, threads: Threads) -> None:
    """Move to `said` what the call's own threads explain of a sleep.

    A thread that waits for a CPU cannot release the GIL, or a lock, for which the loop waits.
    """
    left = sleep.slept
    if looks.elsewhere:
        return
    starved = min(threads.own_wait, max(0, left - threads.own_cpu))
    # In select, several sleeps can only be a wait for the GIL.
    turns = left / (sleep.switches * GIL_TURN) if sleep.switches > 0 else left
    alike = sleep.switches > 1 if sleep.in_select else turns <= 1
    # A thread that loses its CPU while it holds the GIL delays all threads that wait for the GIL.
    alike = alike or (turns <= 2 and sleep.switches > 3 and threads.own_cpu * 2 > left)
    gil = alike and left > SOME and not looks.asleep
    # A thread may sleep in C with the GIL: it uses no CPU, and even the sampler cannot look.
    unseen = _nobody_saw(left, looks, threads)
    said.for_gil = gil and (sleep.in_select or threads.active > 0 or looks.at_lock or unseen)
    if not gil or threads.active != 1:
        said.doubt += starved
        return
    # One thread held the GIL all the time, so its wait is known.
    if sleep.in_select:  # the time that it did not use is the machine's, which wakes threads late
        said.doubt += max(0, left - max(starved + threads.own_cpu, sleep.switches * GIL_TURN))
    guessed = min(threads.stale, starved)
    said.doubt += guessed
    said.certain += starved - guessed
    # When the loop woke to ask for the GIL and waited for a CPU, the thread kept the GIL meanwhile.
    # The loop wakes after each GIL_TURN. Whether this holds for its first and last wait is unknown.
    asking = sleep.waited * max(0, sleep.switches - 2) // sleep.switches
    counted = left - starved
    kept = min(left + asking - threads.own_wait, max(0, threads.own_cpu - threads.stale))
    said.kept = max(0, kept - counted)
    rest = left + sleep.waited - threads.own_wait - counted - said.kept
    said.perhaps_kept = max(0, min(sleep.waited, rest))

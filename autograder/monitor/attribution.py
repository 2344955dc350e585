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

from autograder.monitor.pressure import PAGES
from autograder.monitor.samples import SELECT, Sample
from autograder.monitor.thread_stats import Reading, Times

SOME = 1_000_000  # ns: a shorter time is ignored
GIL_TURN = 5_500_000  # ns: a thread that wants the GIL sleeps at most this long, then asks again
HANDS_OVER = 4_500_000  # ns: the thread that holds the GIL is not asked for it sooner than this
UNSEEN = 40_000_000  # ns: the sampler looks after 20 ms, so it should have seen a longer sleep
STARTS = (b"kernel_clone", b"wait_for_vfork")  # waits for a child process to run a program
ONE_WAIT = 80_000_000  # ns: a thread's longest single wait for a CPU, beside 8 hogs on two cores
WAKE_UP = 300_000  # ns: to wake another thread and be woken by it
ASKS = 100_000  # ns: a thread that wakes to ask for the GIL runs for 10 to 20 us
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
    pressed: bool = False  # memory was short


@dataclass
class Threads:
    """What the other threads did during the pass; nanoseconds."""

    sampler: int = 0  # CPU and run-queue wait
    foreign: int = 0  # for how long, at most, foreign threads held the GIL
    earlier: int = 0  # the same for threads in an earlier job
    elder: int = 0  # native id of the thread in an earlier job that most likely held the GIL
    own_cpu: int = 0  # CPU of all the call's own threads
    own_wait: int = 0  # the longest run-queue wait of an own thread, after its first CPU
    active: int = 0  # number of own threads that did anything
    culprit: int = 0  # native id of the busiest own thread
    births: int = 0  # run-queue wait of new threads and processes before they first ran
    started: bool = False  # the call has or had threads, or a thread of the learner's is at work
    stale: int = 0  # how much older than the pass these figures are
    gil: bool = True  # a thread that computes keeps the others from running


@dataclass
class Attribution:
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


def attribute(sleep: Sleep, summary: SampleSummary, threads: Threads) -> Attribution:
    """Return which part of a sleep the code did not cause."""
    if sleep.unseen:
        return Attribution(doubt=sleep.slept)
    answer = Attribution(certain=min(sleep.slept, summary.in_select))
    left = max(0, sleep.slept - answer.certain - summary.asleep)
    if sleep.in_select and sleep.switches > 1 and threads.elder and not threads.active:
        return _perhaps_by_elder(answer, sleep, left)
    by_sampler = min(left, summary.held_up)
    left -= by_sampler
    if sleep.switches <= summary.handed_over and not threads.active:
        answer.certain += by_sampler
    else:  # the loop also slept for another reason, and nothing tells how the time divides
        answer.doubt += by_sampler
    if not sleep.in_select:  # the loop waits until a thread that it starts runs
        by_birth = min(left, threads.births)
        # The loop may have waited for a CPU at the same time: that is no part of its sleep.
        certain = min(by_birth, max(0, threads.births - sleep.waited))
        answer.certain += certain
        answer.doubt += by_birth - certain
        left -= by_birth
    by_sampler = min(left, summary.perhaps_held_up)
    answer.doubt += by_sampler
    left -= by_sampler
    rest = replace(sleep, slept=left, switches=sleep.switches - summary.handed_over)
    left -= _by_foreigners(answer, rest, summary, threads)
    _by_own_threads(answer, replace(rest, slept=left), summary, threads)
    left = sleep.slept - answer.certain - answer.doubt
    if threads.elder and answer.for_gil and not threads.active:
        # C code can sleep with the GIL and use no CPU. Nothing tells which thread called it.
        answer.doubt += left
        answer.earlier += left
        left = 0
    if summary.stopped > STOPPED and not summary.elsewhere and not summary.asleep:
        answer.doubt += min(left, summary.stopped)
        left -= min(left, summary.stopped)
    if summary.pressed:  # nothing tells a wait for a page from any other sleep that no sample saw
        answer.doubt += max(0, left - summary.asleep)
        left = min(left, summary.asleep)
    if _nobody_saw(left, summary, threads) and not answer.for_gil:
        answer.doubt += left  # a machine that delays the sampler may also delay the call's threads
    return answer


def true_waits(samples: Iterable[Sample], end: Reading) -> tuple[list[Sample], Reading, int]:
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

    for sample in samples:
        check(sample.began, sample.cpu, sample.wait)
        known.append(sample._replace(wait=sample.wait - mistaken))
        asleep = sample if sample.sleeps_in else None
    check(end.wall, end.cpu, end.wait)
    return known, end._replace(wait=end.wait - mistaken), perhaps


def see(
    samples: Iterable[Sample],
    base: Reading,
    began: int,
    switches: int,
    *,
    end: Reading,
    in_select: bool,
    unfinished: int = 0,
    late: int = 0,
    alone: bool = True,
    pressed: bool = False,
) -> SampleSummary:
    """Return what the samples of one pass show; times in ns.

    `base` and `switches` are the figures at the begin of the pass. `unfinished` is how long the
    sampler has waited for a CPU in the middle of a sample, `late` the same since its last sample.
    `alone` says that no other thread could hold the GIL, so that the loop held it. `pressed` says
    that memory was short: then a wait for a page is no proof that the code slept.

    Giving the GIL to the sampler costs the loop one voluntary switch, and a second one if the
    sample found it waiting to get the GIL back. More switches mean that the loop also slept for
    another reason. Then only the sampler's last wait counts, which is a share of all its waits.
    """
    summary = SampleSummary(pressed=pressed)
    elsewhere = at_lock = locked = False
    cpu, wait, since = base.cpu, base.wait, began
    nap = Nap()
    # What each sample adds. The sampler "waited" if it slept three times or more before it could
    # take the sample, and the sample found the loop awake or at a lock. It "asked" for the GIL if,
    # in addition, the loop had computed for 1 ms and had been busy for 4.5 ms. The "last wait" is a
    # share of all the sampler's waits.
    #
    #   the sample       the loop switched            adds
    #   in select, due   -                            in_select, and nothing else
    #   asked            at most once, or twice if    held_up: the sleep, up to all its waits;
    #                    it is at a lock now          handed_over: all of its switches
    #   asked            more often                   held_up: the sleep, up to the last wait;
    #                                                 handed_over: one
    #   waited, alone    once, and slept longer than  nothing: that sleep was the loop's own
    #                    all the sampler's waits
    #   waited, alone    once or more                 perhaps_held_up: the sleep, up to the last
    #                                                 wait
    #   any other        -                            held: for how long the sampler lost its CPU;
    #                                                 elsewhere, if the loop sleeps at no lock
    #
    # Every sample but those of the first row also adds to `asleep` what a nap proves. If the
    # sampler did not ask, it also records whether the loop is at a lock. The loop's sleep during
    # the sample is added to held_up if the sampler asked and the loop is at a lock; if only one of
    # the two is true, it is added to perhaps_held_up.
    for sample in map(_without_page, samples) if pressed else samples:
        if sample.idle and not in_select:
            # uvloop reads its clock once a turn: after a block it may sleep 5 ms more, although its
            # timer is overdue. Of the time before, that tells nothing.
            continue
        summary.found |= bool(sample.sleeps_in)
        summary.stopped += sample.stopped
        if in_select and sample.sleeps_in.startswith(SELECT):
            summary.in_select = sample.began - began
            continue
        busy = sample.cpu - cpu + sample.wait - wait
        slept = max(0, sample.began - since - busy)
        switched = sample.switches - switches
        was_locked, locked = locked, sample.sleeps_in.startswith(b"futex")
        summary.asleep += nap.go_on(sample, slept if switched == 1 and not was_locked else 0)
        computed = sample.cpu - cpu > SOME
        waited = sample.own_switches > 1 and (locked or not sample.sleeps_in)
        # The loop hands over when it is asked for the second time. A sooner sleep was its own.
        asked = waited and computed and busy > HANDS_OVER and sample.own_switches > 2
        if asked and locked:  # then it waited until the sample was complete
            summary.held_up += sample.slept
        elif asked or locked:  # the loop handed the GIL over, or the thread that it waits for did
            summary.perhaps_held_up += sample.slept
        if asked and switched <= 1 + locked:
            summary.held_up += min(slept, sample.own_wait + WAKE_UP)
            summary.handed_over += switched
        elif asked:
            summary.held_up += min(slept, sample.own_wait * 5 // (2 * sample.own_switches))
            summary.handed_over += 1
        elif waited and alone and switched and sample.own_switches > 2:
            # Perhaps the loop was asked for the GIL, perhaps it slept by itself. A single sleep
            # that is longer than the sampler's wait was its own.
            if switched > 1 or slept <= sample.own_wait + WAKE_UP:
                last = sample.own_wait * 5 // (2 * sample.own_switches)
                summary.perhaps_held_up += min(slept, last + WAKE_UP)
            at_lock |= locked  # or a thread slept in C with the GIL, and used no CPU
        else:
            summary.held += sample.released_late
            summary.held += sample.ended - sample.began if sample.preempted else 0
            elsewhere |= bool(sample.sleeps_in) and not locked
            at_lock |= locked
            if not switched and sample.cpu == cpu:
                continue  # not run since the last sample, so its wait is not counted yet
        cpu, wait, switches, since = sample.cpu, sample.wait, sample.switches, sample.ended
    summary.asleep += nap.end(end)
    if alone:
        slept = max(0, end.wall - since - (end.cpu - cpu + end.wait - wait))
        waits = locked and end.switches == switches  # its last sleep is a wait for the GIL
        _after_the_last(summary, slept, unfinished, late, waits=waits)
    summary.elsewhere = elsewhere and not at_lock and not summary.asleep
    summary.at_lock = at_lock and not elsewhere
    return summary


def _after_the_last(
    summary: SampleSummary, slept: int, unfinished: int, late: int, *, waits: bool
) -> None:
    """Add to `summary` what the loop slept because the sampler lost its CPU after the last sample.

    It may have lost its CPU while it held the GIL. That is certain if the loop `waits` for the GIL.
    """
    if late > SOME and waits:
        summary.held_up += min(slept, late + WAKE_UP)
    elif late > SOME or unfinished:
        summary.perhaps_held_up += min(slept, max(late, unfinished) + WAKE_UP)


def _without_page(sample: Sample) -> Sample:
    return sample._replace(sleeps_in=b"") if sample.sleeps_in.startswith(PAGES) else sample


class Nap:
    """One sleep of the loop, not at a lock, followed from sample to sample."""

    def __init__(self) -> None:
        self._first: Sample | None = None
        self._last = 0  # when a sample last found it asleep

    def go_on(self, sample: Sample, before: int) -> int:
        """Return for how many ns it certainly slept, 0 as long as that is not known.

        `before` is how long it had slept before this sample, if this is the first one of a nap.
        """
        found = 0
        asleep = bool(sample.sleeps_in) and not sample.sleeps_in.startswith((b"futex", *STARTS))
        if self._first is not None:
            if sample.switches != self._first.switches:
                found = self._last - self._first.began
                self._first = None
            elif asleep:
                self._last = sample.began
            elif sample.cpu > self._first.cpu:  # it ran again, and only now its wait is counted
                found = self._slept(sample.began, sample.cpu, sample.wait)
                self._first = None
        if self._first is None and asleep:
            self._first, self._last = sample, sample.began
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
    busiest, likeliest = 0, (-1, 0)
    foreigners, elders = Times(0, 0), Times(0, 0)
    for tid, times in now.items():
        spent = _less(times, before.get(tid, Times(0, births.get(tid, 0))))
        if tid == sampler:
            threads.sampler = spent.cpu + spent.wait
        elif tid in earlier:
            elders = _more(elders, spent)
            each = spent.cpu // max(1, spent.runs)
            # A job that sleeps with the GIL runs less often than one that asks for it every 5 ms.
            likely = (each if each > ASKS else 0, -spent.runs)
            if spent.cpu and likely > likeliest:
                likeliest, threads.elder = likely, tid
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


def _by_foreigners(
    answer: Attribution, sleep: Sleep, summary: SampleSummary, threads: Threads
) -> int:
    """Move to `answer` what other threads that held the GIL explain of a sleep; return how much.

    A thread that waits for the GIL sleeps 5 ms at a time. A longer sleep was the code's own.
    """
    turns = sleep.switches if sleep.slept <= sleep.switches * GIL_TURN else sleep.switches - 1
    bound = min(sleep.slept, max(0, turns) * GIL_TURN)
    alone = not threads.active and threads.earlier < SOME
    if sleep.in_select and sleep.switches > 1 and alone:
        # No other thread could hold the GIL. A foreign thread or the sampler lost its CPU with it.
        taken = min(bound, threads.foreign + threads.sampler)
        answer.certain += taken
    else:
        others = threads.foreign + threads.earlier + summary.held
        taken = 0 if summary.elsewhere else min(bound, others)
        answer.doubt += taken
        answer.earlier += min(taken, threads.earlier)
    return taken


def _perhaps_by_elder(answer: Attribution, sleep: Sleep, left: int) -> Attribution:
    """Move to `answer` all that a thread in an earlier job explains if it had the GIL.

    Such a thread can sleep in C with the GIL and use no CPU, so that nothing tells it from one that
    does not need the GIL. Several sleeps in select are a wait for the GIL. In a wait of 400 ms, the
    loop asked for the GIL 18 times, slept for 90 ms, and waited for a CPU for 300 ms.
    """
    asking = sleep.waited * (sleep.switches - 2) // sleep.switches
    answer.doubt += left
    answer.perhaps_kept = asking
    answer.earlier = left + asking
    return answer


def _nobody_saw(left: int, summary: SampleSummary, threads: Threads) -> bool:
    """Whether no sample found the loop asleep in a long sleep of a call with threads."""
    return left > UNSEEN and threads.started and not summary.found


def _by_own_threads(
    answer: Attribution, sleep: Sleep, summary: SampleSummary, threads: Threads
) -> None:
    """Move to `answer` what the call's own threads explain of a sleep.

    A thread that waits for a CPU cannot release the GIL, or a lock, for which the loop waits.
    """
    left = sleep.slept
    if summary.elsewhere:
        return
    starved = min(threads.own_wait, max(0, left - threads.own_cpu))
    # In select, several sleeps can only be a wait for the GIL.
    turns = left / (sleep.switches * GIL_TURN) if sleep.switches > 0 else left
    alike = sleep.switches > 1 if sleep.in_select else turns <= 1
    # A thread that loses its CPU while it holds the GIL delays all threads that wait for the GIL.
    alike = alike or (turns <= 2 and sleep.switches > 3 and threads.own_cpu * 2 > left)
    if not threads.gil and (sleep.in_select or threads.active) and not summary.asleep:
        answer.doubt += left  # a look or a search for garbage may have stopped all threads
        return
    gil = alike and threads.gil and left > SOME and not summary.asleep
    # A thread may sleep in C with the GIL: it uses no CPU, and even the sampler cannot look.
    unseen = _nobody_saw(left, summary, threads)
    others = threads.active > 0 or threads.elder > 0
    answer.for_gil = gil and (sleep.in_select or others or summary.at_lock or unseen)
    if not gil or threads.active != 1:
        answer.doubt += starved
        return
    # One thread held the GIL all the time, so its wait is known.
    if sleep.in_select:  # the time that it did not use is the machine's, which wakes threads late
        answer.doubt += max(0, left - max(starved + threads.own_cpu, sleep.switches * GIL_TURN))
    guessed = min(threads.stale, starved)
    answer.doubt += guessed
    answer.certain += starved - guessed
    # When the loop woke to ask for the GIL and waited for a CPU, the thread kept the GIL meanwhile.
    # The loop wakes after each GIL_TURN. Whether this holds for its first and last wait is unknown.
    asking = sleep.waited * max(0, sleep.switches - 2) // sleep.switches
    counted = left - starved
    kept = min(left + asking - threads.own_wait, max(0, threads.own_cpu - threads.stale))
    answer.kept = max(0, kept - counted)
    rest = left + sleep.waited - threads.own_wait - counted - answer.kept
    answer.perhaps_kept = max(0, min(sleep.waited, rest))

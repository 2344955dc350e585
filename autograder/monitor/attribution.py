"""Why did the loop's thread sleep inside a pass? What others did to it is no block of the code's.

Three can make the loop sleep that are not the code: our own sampler, which needs the GIL for each
look; threads of the kernel, which need it now and then; and the machine, when a thread that the
loop waits for is itself waiting for a CPU. Each answer is either certain, or it becomes doubt. So
does what a job keeps the GIL for that ran already when the call began: it is the learner's, but
not this call's.

What is known about the GIL (CPython's ceval_gil.c, 3.11 to 3.13): who wants it sleeps, and asks for
it every 5 ms; who has it then lets go and sleeps until the other has it, once. The other has to be
given a CPU first, and on a starved machine that takes 10 to 80 ms.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from autograder.monitor.samples import Sample
from autograder.monitor.thread_stats import Reading, Times

SOME = 1_000_000  # ns: less is not worth a question
GIL_TURN = 5_500_000  # ns: how long who wants the GIL sleeps between two questions, at most
HANDS_OVER = 4_500_000  # ns: who has it is not asked earlier
UNSEEN = 40_000_000  # ns: the sampler comes after 20 ms; a longer sleep without a look is a riddle
SELECT = (b"do_epoll_wait", b"ep_poll")  # not poll: a signal handler may wait there by itself
STARTS = (b"kernel_clone", b"wait_for_vfork")  # waits for its child to run a program
ONE_WAIT = 80_000_000  # ns: so long a thread waits for a CPU at once, beside 8 hogs on two cores
WAKE_UP = 300_000  # ns: to wake another thread and be woken by it
STOPPED = 5_000_000  # ns: the sampler's timer is late by 0.1 ms, in a used-up quota by 10 to 90


@dataclass(frozen=True)
class Sleep:
    """How a pass slept: nanoseconds asleep, waiting for a CPU, and how often it fell asleep."""

    slept: int
    waited: int
    switches: int
    in_select: bool
    unseen: bool = False  # select did not sleep, and nobody saw who did


@dataclass
class SampleSummary:
    """What the samples of one pass tell; nanoseconds."""

    held_up: int = 0  # the loop handed the GIL over to the sampler
    handed_over: int = 0  # how many of the loop's switches that explains
    held: int = 0  # the sampler lost its CPU, perhaps with the GIL
    perhaps_held_up: int = 0  # the same, where that is not certain
    asleep: int = 0  # one sleep in something else than a lock, from one look to the next
    in_select: int = 0  # select was due, and had not even been woken
    found: bool = False  # a look found it asleep
    elsewhere: bool = False  # as `asleep` whenever looked at, but nothing says for how long
    at_lock: bool = False  # asleep at a lock or the GIL, whenever looked at
    stopped: int = 0  # nothing was woken: a quota was used up, or the machine itself stood still


@dataclass
class Threads:
    """What the other threads did meanwhile; nanoseconds."""

    sampler: int = 0  # CPU and run-queue wait
    foreign: int = 0  # for how long those that serve the kernel, or us, may have had the GIL
    earlier: int = 0  # the same of those in a job that is older than the call
    elder: int = 0  # the busiest of them
    own_cpu: int = 0
    own_wait: int = 0  # the longest, after it was started
    active: int = 0  # how many of the other threads, which are the call's, did anything
    culprit: int = 0  # the busiest of them
    births: int = 0  # run-queue wait of new ones, and of new processes, before they ran
    started: bool = False  # the call has started some, which may have ended, or one is at work
    stale: int = 0  # the figures are older by this than the pass


@dataclass
class Attribution:
    """The answer; nanoseconds. `certain` and `doubt` are part of the sleep, the others are not."""

    certain: int = 0
    doubt: int = 0
    earlier: int = 0  # part of the doubt: an earlier job may have kept the GIL
    kept: int = 0  # the GIL was kept, while the loop waited for a CPU as well
    perhaps_kept: int = 0
    for_gil: bool = False  # what is left was a wait for the GIL


def attribute(sleep: Sleep, summary: SampleSummary, threads: Threads) -> Attribution:
    """Say what of a sleep was not the code's doing."""
    if sleep.unseen:
        return Attribution(doubt=sleep.slept)
    answer = Attribution(certain=min(sleep.slept, summary.in_select))
    left = max(0, sleep.slept - answer.certain - summary.asleep)
    by_sampler = min(left, summary.held_up)
    left -= by_sampler
    if sleep.switches <= summary.handed_over and not threads.active:
        answer.certain += by_sampler
    else:  # the loop slept by itself or for others as well, and how the time divides is a guess
        answer.doubt += by_sampler
    if not sleep.in_select:  # who starts a thread waits until it runs
        by_birth = min(left, threads.births)
        # Perhaps the loop waited for a CPU at the same time: that is no part of its sleep.
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
        # A C call can sleep with the GIL and use no CPU. Whose call it was, nothing tells.
        answer.doubt += left
        answer.earlier += left
        left = 0
    if summary.stopped > STOPPED and not summary.elsewhere and not summary.asleep:
        answer.doubt += min(left, summary.stopped)
        left -= min(left, summary.stopped)
    if _nobody_saw(left, summary, threads) and not answer.for_gil:
        answer.doubt += left  # a machine that keeps the sampler away may keep them, too
    return answer


def true_waits(samples: Iterable[Sample], end: Reading) -> tuple[list[Sample], Reading, int]:
    """Return the samples and the end with waits that can be, and how much of the rest may be none.

    Now and then Linux takes a whole sleep for a wait: 12 of 42 500 polls of 100 ms beside 8 hogs
    (6.18; since 6.12 a sleeper may stay in a CPU's queue for a while, and be moved with it). Who
    was seen asleep can have waited since then at the most.
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
) -> SampleSummary:
    """Say what the samples of one pass tell; `base` and `switches` are as of its begin.

    The loop hands the GIL over with one voluntary switch, and a second one if it was found waiting
    to have it back. More of them mean that it slept by itself as well: then only the sampler's last
    wait can be meant, and that is a share of all its waits on the way. `unfinished`: how long the
    sampler has waited for a CPU in the middle of a look; `late`: since its last one. `alone`: no
    other thread could have the GIL, so that it was the loop that had it.
    """
    summary = SampleSummary()
    elsewhere = at_lock = locked = False
    cpu, wait, since = base.cpu, base.wait, began
    nap = Nap()
    # What a sample adds. For it the sampler "waited" when it slept three times or more on its way,
    # and the loop was found awake or at a lock. It "asked" for the GIL when the loop, besides, had
    # computed for 1 ms and been busy for 4.5. The "last wait" is a share of all its waits.
    #
    #   the sample       the loop switched            adds
    #   in select, due   -                            in_select, and nothing else
    #   asked            at most once, or twice if    held_up: the sleep, up to the sampler's way;
    #                    it is at a lock now          handed_over: all of its switches
    #   asked            more often                   held_up: the sleep, up to the last wait;
    #                                                 handed_over: one
    #   waited, alone    once, and slept longer than  nothing: that sleep was its own
    #                    the sampler's way
    #   waited, alone    once or more                 perhaps_held_up: the sleep, up to that wait
    #   any other        -                            held: for how long the sampler lost its CPU;
    #                                                 elsewhere, if the loop sleeps at no lock
    #
    # Each adds to `asleep` what a nap proves, notes whether the loop is at a lock (but for those
    # that asked), and counts what the loop slept during the sample: as held_up when it asked and
    # the loop is at a lock, as perhaps_held_up when one of both is so.
    for sample in samples:
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
        # It hands over when asked for the second time; earlier, it went to sleep by itself.
        asked = waited and computed and busy > HANDS_OVER and sample.own_switches > 2
        if asked and locked:  # and then it had to wait until the look was over
            summary.held_up += sample.slept
        elif asked or locked:  # it, or the thread it waits for
            summary.perhaps_held_up += sample.slept
        if asked and switched <= 1 + locked:
            summary.held_up += min(slept, sample.own_wait + WAKE_UP)
            summary.handed_over += switched
        elif asked:
            summary.held_up += min(slept, sample.own_wait * 5 // (2 * sample.own_switches))
            summary.handed_over += 1
        elif waited and alone and switched and sample.own_switches > 2:
            # The loop had the GIL and was asked for it perhaps, or it slept by itself. One sleep
            # that took longer than the sampler's way was its own.
            if switched > 1 or slept <= sample.own_wait + WAKE_UP:
                last = sample.own_wait * 5 // (2 * sample.own_switches)
                summary.perhaps_held_up += min(slept, last + WAKE_UP)
            at_lock |= locked  # or a thread had it that slept in C, and so used no CPU
        else:
            summary.held += sample.released_late
            summary.held += sample.ended - sample.began if sample.preempted else 0
            elsewhere |= bool(sample.sleeps_in) and not locked
            at_lock |= locked
            if not switched and sample.cpu == cpu:
                continue  # since the last look it has not run, and its wait is not counted yet
        cpu, wait, switches, since = sample.cpu, sample.wait, sample.switches, sample.ended
    summary.asleep += nap.end(end)
    if alone:
        slept = max(0, end.wall - since - (end.cpu - cpu + end.wait - wait))
        waits = locked and end.switches == switches  # since its last sleep began, for the GIL
        _after_the_last(summary, slept, unfinished, late, waits=waits)
    summary.elsewhere = elsewhere and not at_lock and not summary.asleep
    summary.at_lock = at_lock and not elsewhere
    return summary


def _after_the_last(
    summary: SampleSummary, slept: int, unfinished: int, late: int, *, waits: bool
) -> None:
    """The sampler lost its CPU after its last look or in the middle of another, perhaps with the
    GIL: for certain, if the loop already waited for that."""
    if late > SOME and waits:
        summary.held_up += min(slept, late + WAKE_UP)
    elif late > SOME or unfinished:
        summary.perhaps_held_up += min(slept, max(late, unfinished) + WAKE_UP)


class Nap:
    """One sleep of the loop in something else than a lock, as seen by look after look."""

    def __init__(self) -> None:
        self._first: Sample | None = None
        self._last = 0  # when it was seen asleep

    def go_on(self, sample: Sample, before: int) -> int:
        """Return how long it slept for certain, when that is known now; `before`: how long before
        this look, if it is the first of a nap."""
        found = 0
        asleep = bool(sample.sleeps_in) and not sample.sleeps_in.startswith((b"futex", *STARTS))
        if self._first is not None:
            if sample.switches != self._first.switches:
                found = self._last - self._first.began
                self._first = None
            elif asleep:
                self._last = sample.began
            elif sample.cpu > self._first.cpu:  # it ran again; until then its wait is not counted
                found = self._slept(sample.began, sample.cpu, sample.wait)
                self._first = None
        if self._first is None and asleep:
            self._first, self._last = sample, sample.began
            found += before
        return found

    def end(self, end: Reading) -> int:
        """Return how long it slept for certain since what was returned before."""
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
    """Say what the other threads did between two readings of their times."""
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
    """For how long these threads may have had the GIL, at most.

    Who has it and loses its CPU waits for one once, or a few times. Who waits for it asks every
    5 ms, and beside 8 hogs waits for a CPU each time: in a block of 1.5 s such waits were 700 to
    1000 ms, in which it had the GIL for none.
    """
    return spent.cpu + min(spent.wait, max(ONE_WAIT, 4 * spent.wait // max(1, spent.runs)))


def _less(one: Times, other: Times) -> Times:
    return Times(one.cpu - other.cpu, one.wait - other.wait, one.runs - other.runs)


def _more(one: Times, other: Times) -> Times:
    return Times(one.cpu + other.cpu, one.wait + other.wait, one.runs + other.runs)


def _by_foreigners(
    answer: Attribution, sleep: Sleep, summary: SampleSummary, threads: Threads
) -> int:
    """Who waits for the GIL sleeps 5 ms at a time: a longer sleep was one of the code's own."""
    turns = sleep.switches if sleep.slept <= sleep.switches * GIL_TURN else sleep.switches - 1
    bound = min(sleep.slept, max(0, turns) * GIL_TURN)
    alone = not threads.active and threads.earlier < SOME
    if sleep.in_select and sleep.switches > 1 and alone:
        # Nobody else could have the GIL: a foreigner, or the sampler, lost its CPU while it did.
        taken = min(bound, threads.foreign + threads.sampler)
        answer.certain += taken
    else:
        others = threads.foreign + threads.earlier + summary.held
        taken = 0 if summary.elsewhere else min(bound, others)
        answer.doubt += taken
        answer.earlier += min(taken, threads.earlier)
    return taken


def _nobody_saw(left: int, summary: SampleSummary, threads: Threads) -> bool:
    """Whether a long sleep of a call with threads went unseen."""
    return left > UNSEEN and threads.started and not summary.found


def _by_own_threads(
    answer: Attribution, sleep: Sleep, summary: SampleSummary, threads: Threads
) -> None:
    """A thread of the call that waited for a CPU cannot give the GIL, or a lock, to the loop."""
    left = sleep.slept
    if summary.elsewhere:
        return
    starved = min(threads.own_wait, max(0, left - threads.own_cpu))
    # In select, several sleeps can only be a wait for the GIL.
    turns = left / (sleep.switches * GIL_TURN) if sleep.switches > 0 else left
    alike = sleep.switches > 1 if sleep.in_select else turns <= 1
    # A thread that lost its CPU in between holds up those who queue for the GIL.
    alike = alike or (turns <= 2 and sleep.switches > 3 and threads.own_cpu * 2 > left)
    gil = alike and left > SOME and not summary.asleep
    # Who has the GIL may sleep in C, use no CPU, and keep even the sampler from looking.
    unseen = _nobody_saw(left, summary, threads)
    others = threads.active > 0 or threads.elder > 0
    answer.for_gil = gil and (sleep.in_select or others or summary.at_lock or unseen)
    if not gil or threads.active != 1:
        answer.doubt += starved
        return
    # One thread had the GIL all the time, so what it waited is known.
    if sleep.in_select:  # what it did not use is the machine's, which wakes sleepers late
        answer.doubt += max(0, left - max(starved + threads.own_cpu, sleep.switches * GIL_TURN))
    guessed = min(threads.stale, starved)
    answer.doubt += guessed
    answer.certain += starved - guessed
    # Where the loop woke to ask for the GIL and waited for a CPU, the GIL was kept meanwhile.
    # It wakes after each turn; of the first wait and the last one nobody knows.
    asking = sleep.waited * max(0, sleep.switches - 2) // sleep.switches
    counted = left - starved
    kept = min(left + asking - threads.own_wait, max(0, threads.own_cpu - threads.stale))
    answer.kept = max(0, kept - counted)
    rest = left + sleep.waited - threads.own_wait - counted - answer.kept
    answer.perhaps_kept = max(0, min(sleep.waited, rest))

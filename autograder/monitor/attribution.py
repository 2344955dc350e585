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

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from autograder.monitor.sample_summary import HANDS_OVER, SOME, SampleSummary
from autograder.monitor.thread_stats import Times

GIL_TURN = 5_500_000  # ns: a thread that wants the GIL sleeps at most this long, then asks again
UNSEEN = 40_000_000  # ns: the sampler looks after 20 ms, so it should have seen a longer sleep
ONE_WAIT = 80_000_000  # ns: a thread's longest single wait for a CPU, beside 8 hogs on two cores
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
    computed: int = 0  # ns of CPU time in the pass


@dataclass
class Threads:
    """What the other threads did during the pass; nanoseconds."""

    sampler: int = 0  # CPU and run-queue wait
    foreign: int = 0  # for how long, at most, foreign threads held the GIL
    foreign_wait: int = 0  # the longest run-queue wait of a foreign thread
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
    # A machine that delays the sampler may also delay the call's threads. But when the sampler was
    # awake, and wanted the GIL for most of the sleep, the code slept with the GIL, or at a lock
    # while one of its threads had the GIL.
    kept = summary.wanted * 2 > left > threads.foreign * 4
    if _nobody_saw(left, summary, threads) and not answer.for_gil and not kept:
        answer.doubt += left
    return answer


def tally(  # noqa: PLR0917
    before: Mapping[int, Times],
    now: Mapping[int, Times],
    births: Mapping[int, int],
    foreign: set[int],
    sampler: int,
    earlier: Collection[int] = (),
) -> Threads:
    """Return what the other threads did between two readings of their times."""
    # To take the GIL a thread needs a CPU: one that got none since `before` does not have it.
    gone = (tid for tid in earlier if tid not in now)
    threads = Threads(births=sum(births.values()), elder=next(gone, 0))
    busiest, likeliest = 0, (-1, 0)
    foreigners, elders = Times(0, 0), Times(0, 0)
    for tid, times in now.items():
        spent = _less(times, before.get(tid, Times(0, births.get(tid, 0))))
        if tid == sampler:
            threads.sampler = spent.cpu + spent.wait
        elif tid in earlier:
            elders = _more(elders, spent)
            threads.elder = threads.elder or (tid if spent.runs else 0)
            each = spent.cpu // max(1, spent.runs)
            # A job that sleeps with the GIL runs less often than one that asks for it every 5 ms.
            likely = (each if each > ASKS else 0, -spent.runs)
            if spent.cpu and likely > likeliest:
                likeliest, threads.elder = likely, tid
        elif tid in foreign:
            foreigners = _more(foreigners, spent)
            threads.foreign_wait = max(threads.foreign_wait, spent.wait)
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

    A thread that waits for the GIL sleeps 5 ms at a time. A longer sleep was the code's own, but
    for one: the loop that hands the GIL over sleeps until the other thread has it, which may have
    to wait for a CPU. The loop is asked for the GIL only when it has kept it for 5 ms.
    """
    turns = sleep.switches if sleep.slept <= sleep.switches * GIL_TURN else sleep.switches - 1
    bound = min(sleep.slept, max(0, turns) * GIL_TURN)
    alone = not threads.active and threads.earlier < SOME
    if sleep.in_select and sleep.switches > 1 and alone:
        # No other thread could hold the GIL. A foreign thread or the sampler lost its CPU with it.
        taken = min(bound, threads.foreign + threads.sampler)
        answer.certain += taken
    else:
        if sleep.switches and not sleep.in_select and sleep.computed > HANDS_OVER:
            bound = min(sleep.slept, bound + min(threads.foreign_wait, ONE_WAIT))
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
    turns = left / (sleep.switches * GIL_TURN) if sleep.switches > 0 else left
    # In select, several sleeps can only be a wait for the GIL, or a signal handler at a lock: of
    # a handler that joined a thread for 150 ms, in 2 sleeps, the loop's line was named.
    at_own_lock = summary.at_lock and turns > 2
    alike = sleep.switches > 1 and not at_own_lock if sleep.in_select else turns <= 1
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

"""What the sampler's samples of one pass show of the loop's sleeps and waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from autograder.monitor.pressure import PAGES
from autograder.monitor.samples import SELECT, Sample
from autograder.monitor.thread_stats import Reading

SOME = 1_000_000  # ns: a shorter time is ignored
HANDS_OVER = 4_500_000  # ns: the thread that holds the GIL is not asked for it sooner than this
STARTS = (b"kernel_clone", b"wait_for_vfork")  # waits for a child process to run a program
WAKE_UP = 300_000  # ns: to wake another thread and be woken by it
ONE_LOSS = 40_000_000  # ns: how long a thread waits for a CPU that it lost; six beside 8 hogs
DUBIOUS = 20_000_000  # ns: so long a wait after a sample that found the loop asleep is not certain


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
    wanted: int = 0  # for how long the sampler was awake and wanted the GIL
    stopped: int = 0  # nothing was woken: a quota was used up, or the machine itself stopped
    pressed: bool = False  # memory was short


def true_waits(
    samples: Iterable[Sample], base: Reading, switches: int, end: Reading
) -> tuple[list[Sample], Reading, int]:
    """Return samples and end reading with corrected waits, and how much of the waits is in doubt.

    `base` and `switches` are the figures at the begin of the pass.

    Now and then Linux counts a whole sleep as a wait: 12 of 42 500 polls of 100 ms beside 8 hogs
    (6.18; since 6.12 a sleeping thread may stay in a CPU's queue for a while, and be moved with
    it). Beside 8 hogs of its own session, 28 of 2500 sleeps of 60 ms were measured as less than 50.
    A thread that a sample found asleep cannot have waited for longer than since that sample.
    Nor is it certain that a longer wait since then was one: of a sleep of 120 ms beside 8 hogs that
    filled memory, Linux counted the last 77 ms as a wait, and no later sample saw that it slept on.
    The same is true of a long wait before the first sample, if the code slept meanwhile: a C call
    of 120 ms that kept the GIL was called free in 1 of 60 runs beside 8 hogs and other work.
    """
    known: list[Sample] = []
    sleep: _Sleep | None = None  # the present one, until the thread runs again
    mistaken = perhaps = 0

    def end_sleep(now: Sample | Reading, begun: int, ended: int) -> None:
        nonlocal mistaken, perhaps
        if sleep is not None:
            over, doubtful = sleep.wrong_wait(now, begun, ended)
            mistaken, perhaps = mistaken + over, perhaps + doubtful

    for sample in samples:
        if sleep is not None and sample.cpu != sleep.first.cpu:
            end_sleep(sample, sample.began, sample.read_by)
            sleep = None
        if _sleeps(sample):
            sleep = sleep or _Sleep(sample)
            sleep.found(sample)
        elif sleep is not None:
            sleep.awake.append(sample)
        # A wait is counted when it is over, but a part of one may be counted during a sleep.
        wait = sample.wait if sleep is None else sleep.first.wait
        known.append(sample._replace(wait=wait - mistaken))
    end_sleep(end, end.wall, end.wall)
    before = _before(known, base, switches, end)
    return known, end._replace(wait=end.wait - mistaken), perhaps + before


class _Sleep:
    """One sleep of the thread, from the first sample that found it to when it ran again."""

    def __init__(self, first: Sample) -> None:
        self.first = first
        self.last, self.place = first.began, first.sleeps_in
        self.awake: list[Sample] = []  # these found it awake later, before it ran

    def found(self, asleep: Sample) -> None:
        """Note a further sample that found it asleep."""
        self.last, self.place = asleep.began, asleep.sleeps_in or self.place
        self.awake.clear()

    def wrong_wait(self, now: Sample | Reading, begun: int, ended: int) -> tuple[int, int]:
        """Return how much of the wait after it, counted `now`, is wrong, and how much perhaps.

        `now` was read between `begun` and `ended`.
        """
        waited, sure = now.wait - self.first.wait, _sure_wait(self.awake, now.switches, begun)
        most = max(0, ended - self.last - (now.cpu - self.first.cpu))
        if waited - most > SOME:
            return waited - most, max(0, most - sure)
        # A thread that sleeps because it wants the GIL soon falls asleep again.
        wants_gil = self.place.startswith(b"futex") or (
            not self.place and now.switches != self.first.switches
        )
        doubtful = waited - sure
        return 0, doubtful if doubtful > DUBIOUS and not wants_gil else 0


def _sleeps(sample: Sample) -> bool:
    return bool(sample.sleeps_in) or sample.asleep


def _sure_wait(awake: Iterable[Sample], switches: int, at: int) -> int:
    """Return for how long, until `at`, a thread that was found awake has not slept; ns.

    It has not when it made no voluntary switch since it was found awake.
    """
    return max((at - sample.read_by for sample in awake if sample.switches == switches), default=0)


def _before(samples: list[Sample], base: Reading, switches: int, end: Reading) -> int:
    """Return how much of the first wait is in doubt, unless a sample found the thread asleep; ns.

    The kernel counts a wait when it is over, so samples in the middle of a wait do not show it.
    """
    now: Sample | Reading = end
    at, asleep, handed_over = end.wall, False, 0
    awake: list[Sample] = []
    for sample in samples:
        # The loop gives the GIL away when it is asked, after the sampler has waited for 5 ms. One
        # that releases it for a C call need not sleep: then a `recv` of 450 ms was measured as 0.
        handed_over += sample.own_switches > 2
        ran = bool(awake) and sample.cpu != awake[-1].cpu
        if _sleeps(sample) or (ran and sample.wait - base.wait > SOME):
            now, at, asleep = sample, sample.began, _sleeps(sample)
            break
        awake.append(sample)
    slept = now.switches - switches - asleep  # its present sleep came after that wait
    doubtful = now.wait - base.wait - _sure_wait(awake, now.switches - asleep, at)
    # A thread that computes loses its CPU, and waits then: each time it got one without a sleep.
    # Without this, 61 of 300 harmless calls of 5 to 20 ms were left open, six beside 8 hogs.
    lost = now.runs - base.runs - (now.switches - base.switches - asleep)
    doubtful -= max(0, lost) * ONE_LOSS
    return doubtful if slept > handed_over and doubtful > DUBIOUS else 0


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
    # the two is true, it is added to perhaps_held_up. If the sampler lost its CPU after the sample
    # before, perhaps while it gave the GIL back, the loop's sleep is added to perhaps_held_up, too.
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
        _at_the_sample(summary, sample, asked=asked, locked=locked, slept=slept if alone else 0)
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


def _at_the_sample(
    summary: SampleSummary, sample: Sample, *, asked: bool, locked: bool, slept: int
) -> None:
    """Add to `summary` what the loop slept during a sample, and because the last one ended late.

    `slept` is how long it slept between the two, if no other thread could hold the GIL.
    """
    if asked and locked:  # then it waited until the sample was complete
        summary.held_up += sample.slept
    elif asked or locked:  # the loop handed the GIL over, or the thread that it waits for did
        summary.perhaps_held_up += sample.slept
    if sample.released_late > SOME:
        summary.perhaps_held_up += min(slept, sample.released_late + WAKE_UP)


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
                found = max(0, self._last - self._first.read_by)
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
            return max(0, self._last - self._first.read_by)
        return self._slept(end.wall, end.cpu, end.wait)

    def _slept(self, at: int, cpu: int, wait: int) -> int:
        assert self._first is not None
        first = self._first
        return max(0, at - first.read_by - (cpu - first.cpu) - (wait - first.wait))

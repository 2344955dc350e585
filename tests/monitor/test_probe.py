"""The rule itself, on figures as the kernel gave them: what a late select is blamed for."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Semaphore
from time import perf_counter_ns

import pytest

from autograder.monitor import thread_stats
from autograder.monitor.children import Children
from autograder.monitor.probe import Probe, _believed
from autograder.monitor.sampler import Sampler
from autograder.monitor.samples import Sample
from autograder.monitor.thread_stats import Reading, ThreadClock, Times, knows_waits, parsed

MS = 1_000_000


class Enough:
    """Stands for Pressure: the figures below are of a machine that does not lack memory."""

    def renew(self, now: int) -> None: ...

    def felt(self) -> bool:
        return False

    def close(self) -> None: ...


@pytest.fixture
def probe() -> Iterator[Probe]:
    # Without its thread, which could be on the way to a look, or late: that is no part of these
    # figures, and takes some of a sleep off.
    sampler = Sampler()
    made = Probe(sampler)
    made.pressure.close()
    made.pressure = Enough()  # type: ignore[assignment]
    yield made
    made.close()
    sampler._timer.close()


def late_select(probe: Probe, sleeps_in: bytes | None, sleeps: int) -> tuple[int, int]:
    """Block and doubt, in ms, of a select that came back 120 ms late after so many sleeps."""
    base = probe.base
    began = base.wall + 10 * MS
    if sleeps_in is not None:
        at, switches = began + 40 * MS, base.switches + sleeps
        sample = Sample(began, at, at, base.cpu, base.wait, switches, sleeps_in, 0, 1, False)
        assert probe.sampler is not None
        probe.sampler.samples = [sample]
    late = Reading(began + 120 * MS, base.cpu, base.wait, base.switches + sleeps)
    probe._measure(began, late, own_switches=1)
    held = [(one.seconds // MS, one.doubt // MS) for one in probe.held]
    return held[0] if held else (0, 0)


def test_a_handler_that_slept_in_the_place_of_select_is_blamed(probe: Probe) -> None:
    # One run in 20 beside 8 hogs: the signal came as select began, which then did not sleep, and
    # the one sleep there was counted as select's own.
    assert late_select(probe, b"hrtimer_nanosleep", sleeps=1) == (120, 0)
    assert probe.held[0].kind == "sleep"


def test_a_handler_that_slept_after_select_did_is_blamed(probe: Probe) -> None:
    assert late_select(probe, b"hrtimer_nanosleep", sleeps=2) == (120, 0)


def test_a_select_that_the_machine_kept_asleep_is_not(probe: Probe) -> None:
    assert late_select(probe, b"do_epoll_wait", sleeps=1) == (0, 0)


def test_where_nobody_saw_who_slept_it_stays_open(probe: Probe) -> None:
    assert late_select(probe, None, sleeps=1) == (0, 120)


def test_a_select_that_was_to_return_at_once_and_waited_for_the_gil_is_a_block(
    probe: Probe,
) -> None:
    # A thread of a pool made once takes the GIL there: blocks of 0.9 s were in no pass.
    base = probe.base
    probe.marks.left, probe.marks.asked = (base.wall + 10 * MS) / 1e9, 0.0
    late = Reading(probe.left + 120 * MS, base.cpu, base.wait, base.switches + 24)
    probe.clock.read = lambda **_: late  # type: ignore[method-assign]
    probe.slept(late.wall)
    assert [one.seconds // MS for one in probe.held] == [120]


def test_a_thread_that_took_the_gil_while_a_pass_was_judged_is_a_block(probe: Probe) -> None:
    began = perf_counter_ns() - 508 * MS
    probe._rebase(probe.base._replace(wall=began))
    cpu, wait, switches = probe.base[1:4]
    first = Reading(began + 8 * MS, cpu + 8 * MS, wait, switches)
    then = Reading(began + 508 * MS, cpu + 8 * MS, wait, switches + 100)
    readings = [first]
    probe.clock.read = lambda **_: readings.pop() if readings else then  # type: ignore[method-assign]
    probe.marks.moment = began / 1e9
    probe.end_pass()
    assert [one.seconds // MS for one in probe.held] == [8, 500]


def test_one_moment_in_seconds_is_always_the_same_in_nanoseconds(probe: Probe) -> None:
    # Samples find their pass by it; after 100 days of uptime a float has steps of 2 ns.
    for at in (perf_counter_ns(), 100 * 86_400 * 1000 * MS + 12_345_679):
        probe.marks.moment = probe.marks.left = at / 1e9
        assert probe.moment == probe.moment == probe.left
        assert abs(probe.moment - at) <= 2


@pytest.mark.skipif(not knows_waits(), reason="this kernel does not tell who waited for a CPU")
def test_a_raw_reading_lies_between_the_two_readings_around_it() -> None:
    clock, found = ThreadClock(), []
    for _ in range(200):
        before, raw, after = clock.read(), clock.read_raw(), clock.read()
        if raw is not None:  # it was preempted, and would have to read again
            found.append((before, parsed(raw), after))
    clock.close()
    assert len(found) > 100
    for readings in found:
        for figures in zip(*readings, strict=True):
            assert list(figures) == sorted(figures)
    assert clock.read_raw() is None  # another file may have the number now


def test_a_raw_reading_is_not_believed_where_the_thread_was_preempted(
    probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def preempted() -> int:
        time.sleep(0.0002)
        return time.thread_time_ns()

    monkeypatch.setattr(thread_stats, "thread_time_ns", preempted)
    assert probe.clock.read_raw() is None
    base = probe.base.wall
    probe.renew()  # reads again, as often as `read` does
    assert probe.base.wall > base


def test_what_is_due_each_5_ms_is_done_while_readings_are_renewed(probe: Probe) -> None:
    done: list[int] = []
    probe.at_leisure = lambda: done.append(probe.base_others_at)  # the time of its reading
    others = probe.base_others_at
    until = perf_counter_ns() + 200 * MS
    while (now := perf_counter_ns()) < until or len(done) < 3:
        probe.renew()
        assert probe.marks.stale_at > probe.base.wall / 1e9
        last = now
    assert 3 <= len(done) <= 40
    # Twice the same where the reading took long, and was not kept.
    assert min(after - before for before, after in itertools.pairwise(sorted({*done}))) > 4 * MS
    assert last - probe.base_others_at < 100 * MS
    assert probe.base_others_at > others


def poll_of_200(probe: Probe, seen_at: tuple[int, ...], wait: int) -> tuple[int, int]:
    """Block and doubt, in ms, of a pass of 208 ms that looks found asleep in one poll."""
    base, began = probe.base, probe.base.wall
    assert probe.sampler is not None
    for at in seen_at:
        found = began + at * MS
        probe.sampler.samples.append(
            Sample(began, found, found, base.cpu + MS, base.wait, base.switches + 1,
                 b"do_poll", 0, 1, False)
        )  # fmt: skip
    end = (began + 208 * MS, base.cpu + 2 * MS, base.wait + wait * MS, base.switches + 1)
    probe._measure(began, Reading(*end), own_switches=0)
    return probe.held[0].seconds // MS, probe.held[0].doubt // MS


def test_a_sleep_that_the_kernel_takes_for_a_wait_is_a_sleep(probe: Probe) -> None:
    # One of 3500 polls of 100 ms beside 8 hogs: a run-queue wait of 110.8 ms in 112 ms.
    assert poll_of_200(probe, (20, 40, 60, 90, 135), wait=205) == (136, 72)


def test_a_short_wait_after_the_last_look_at_a_sleep_is_believed(probe: Probe) -> None:
    assert poll_of_200(probe, (20, 40, 60, 90, 135), wait=20) == (188, 0)


def test_a_long_wait_after_the_last_look_at_a_sleep_is_doubt(probe: Probe) -> None:
    assert poll_of_200(probe, (20, 40, 60, 90, 135), wait=60) == (148, 60)


@pytest.mark.parametrize(
    ("seconds", "wait", "runs", "believed"),
    [
        (0.6, 4000, 3, False),  # as it was said of a thread that slept since before the call
        (10.0, 9000, 2, False),
        (2.0, 1700, 80, True),  # 1.5 s of work beside 12 hogs
        (10.0, 9000, 12, True),  # a group that may use a tenth of a CPU, and is crowded
    ],
)
def test_a_sleep_that_the_kernel_takes_for_a_wait_does_not_excuse_a_call(
    seconds: float, wait: int, runs: int, believed: bool
) -> None:
    before = Times(5 * MS, 7 * MS, 11)
    now = Times(9 * MS, (7 + wait) * MS, 11 + runs)
    assert _believed(now, before, int(seconds * 1000) * MS) == believed * wait * MS


def test_a_thread_that_slept_through_the_call_does_not_make_it_starved(probe: Probe) -> None:
    probe.others.read = lambda: {1: Times(MS, 4000 * MS, 3)}  # type: ignore[method-assign]
    assert probe.starved() < 2
    probe.others.read = lambda: {1: Times(MS, 4000 * MS, 300)}  # type: ignore[method-assign]
    assert probe.starved() == 4


def _busy(cpu: int, running: Semaphore) -> None:
    os.sched_setaffinity(0, [cpu])
    running.release()
    while True:
        pass


def _waits(workers: Sequence[BaseProcess]) -> list[int]:
    """How many ns each of them has waited for a CPU since it began."""
    return [thread_stats.times_at(f"/proc/{one.pid}/schedstat").wait for one in workers]


@pytest.mark.slow
@pytest.mark.skipif(not knows_waits(), reason="this kernel does not tell who waited for a CPU")
def test_a_process_of_a_pool_made_before_the_call_counts_as_starved_when_it_waits() -> None:
    spawn = multiprocessing.get_context("spawn")
    running = spawn.Semaphore(0)
    given = min(os.sched_getaffinity(0)), running
    workers = [spawn.Process(target=_busy, args=given) for _ in range(4)]
    for worker in workers:
        worker.start()
    try:
        for _ in workers:
            running.acquire()  # what they waited until now is not the call's
        before = _waits(workers)
        children, began = Children(), time.monotonic()
        waited = passed = 0.0
        # A wait is counted when it is over. Where all of them stood still for this second, none is,
        # until they go on: so it is asked again, for half a minute at most.
        while waited <= 0.2 * passed and passed < 30:
            time.sleep(1)
            waited = children.longest_wait() / 1e9
            passed = time.monotonic() - began
        most = max(now - then for then, now in zip(before, _waits(workers), strict=True)) / 1e9
        children.close()
    finally:
        for worker in workers:
            worker.kill()
            worker.join()
    # Four on one CPU: each waits 3/4 of the time. A wait that had begun before is counted, too.
    assert 0.2 * passed < waited <= most

"""The timer that the sampler sleeps on: it rings at its time, and to be put off wakes nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from time import perf_counter_ns

import pytest

from autograder.monitor import timerfd as timers
from autograder.monitor.thread_stats import voluntary_switches
from autograder.monitor.timerfd import Timer

MS = 1_000_000


@pytest.fixture(params=[timers.timer, timers._EventTimer], ids=["kernel", "anywhere"])
def timer(request: pytest.FixtureRequest) -> Iterator[Timer]:
    make: Callable[[], Timer] = request.param
    made = make()
    yield made
    made.close()


def waiting(timer: Timer, also: Callable[[], object]) -> tuple[int, int]:
    """When a thread that waited for the timer woke, and how often it fell asleep before."""
    found = []

    def wait() -> None:
        slept = voluntary_switches()
        timer.wait()
        found.append((perf_counter_ns(), voluntary_switches() - slept))

    thread = threading.Thread(target=wait)
    thread.start()
    also()
    thread.join(10)
    return found[0]


def test_it_rings_at_its_time(timer: Timer) -> None:
    due = perf_counter_ns() + 30 * MS
    timer.set(due)
    woke, _ = waiting(timer, lambda: None)
    assert woke >= due


def test_a_time_that_is_over_rings_at_once(timer: Timer) -> None:
    timer.set(0)
    timer.wait()


def test_it_can_be_set_to_ring_sooner_while_somebody_waits(timer: Timer) -> None:
    late = perf_counter_ns() + 60_000 * MS
    timer.set(late)
    woke, _ = waiting(timer, lambda: timer.set(perf_counter_ns() + 20 * MS))
    assert woke < late


def test_who_is_put_off_sleeps_on(timer: Timer) -> None:
    in_time: list[bool] = []

    def put_off() -> None:
        for _ in range(20):
            due = timer.due
            timer.set(perf_counter_ns() + 600 * MS)
            in_time.append(perf_counter_ns() < due)
            threading.Event().wait(0.01)

    # Where this process gets no CPU for half a second, the timer rings before it is put off.
    for _ in range(4):
        in_time.clear()
        timer.set(perf_counter_ns() + 500 * MS)
        woke, slept = waiting(timer, put_off)
        if all(in_time):
            break
    assert woke >= timer.due
    if isinstance(timer, timers._KernelTimer):
        assert slept <= 3  # once in the timer; the rest at the GIL

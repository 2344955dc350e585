"""Python's search for garbage: who answers for it, and what is left as it was."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Iterator

import pytest
from tries import tries

from autograder import watch
from autograder.monitor import garbage
from autograder.monitor.garbage import CALLS_PER_FULL, IMMORTAL, MANY, Heap
from autograder.outcomes import Inconclusive, LoopBlocked
from autograder.report.report import Report

LIMIT = 0.05


class Knot:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def nothing_frozen() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


def containers_for(seconds: float) -> list[list[int]]:
    """Return so many containers that a collection of them alone takes this CPU time."""
    made: list[list[int]] = []
    more = 200_000
    gc.collect()
    gc.freeze()  # what earlier tests have left: in a whole run that takes 100 ms by itself
    gc.disable()  # else Python searches while the lists are made: half of the CPU of this
    try:
        while True:
            made += [[n] for n in range(more)]
            began = time.thread_time()
            gc.collect()
            spent = time.thread_time() - began
            if spent > seconds:
                return made
            more = max(200_000, int(len(made) * (1.1 * seconds / spent - 1)))
    finally:
        gc.enable()
        gc.unfreeze()


@pytest.fixture
def older() -> Iterator[list[list[int]]]:
    yield containers_for(2 * LIMIT)
    gc.collect()


async def collects() -> int:
    return gc.collect()


async def thaws() -> int:
    gc.freeze()  # as an exercise does, to leave out what is there already
    gc.unfreeze()
    return gc.collect()


def settled(call: Callable[[], Awaitable[int]], kind: str = "") -> Report:
    """Watch a call until other programs do not leave its verdict open; then that is final.

    With a `kind`, until its block is of that kind and has a line: as soon as a collection ends, a
    thread that looks needs a CPU to see the line.
    """
    for _ in tries():
        report = asyncio.run(watch(call, timeout=60))
        try:
            Report(report.record).responsive(LIMIT)
        except Inconclusive as left_open:
            if "other programs on this machine" in str(left_open):
                continue
        except LoopBlocked:
            pass
        if not kind or any(one.kind == kind and one.line for one in report.blocks[:1]):
            break
    return report


@pytest.mark.slow
def test_objects_that_are_older_than_the_call_are_left_out(older: list[list[int]]) -> None:
    assert settled(collects).responsive(LIMIT).longest_block < LIMIT / 2
    assert gc.get_freeze_count() < IMMORTAL


@pytest.mark.slow
def test_a_collection_of_what_the_call_made_is_blamed_and_named() -> None:
    size = len(containers_for(2 * LIMIT))

    async def fills() -> int:
        gc.disable()
        made = []
        for _ in range(2 * size // 1000):
            made += [[n] for n in range(1000)]
            await asyncio.sleep(0)
        gc.collect()
        gc.enable()  # after it: until then no other thread begins a search without a line
        return len(made)

    report = settled(fills, "garbage")
    with pytest.raises(LoopBlocked, match=r"`gc.collect\(\)`, in Python's search for garbage"):
        report.responsive(LIMIT)
    assert report.blocks[0].kind == "garbage"


@pytest.mark.slow
def test_a_call_that_unfreezes_does_not_answer_for_older_objects(older: list[list[int]]) -> None:
    with pytest.raises(Inconclusive, match="looked at what is older than this call"):
        settled(thaws).responsive(LIMIT)
    assert settled(collects).responsive(LIMIT).longest_block < LIMIT / 2


@pytest.mark.slow
def test_a_learner_who_froze_objects_does_not_answer_for_those_made_since() -> None:
    gc.collect()
    gc.freeze()
    since = [[n] for n in range(MANY)]
    while seconds_of_a_search() < 2 * LIMIT:
        since += [[n] for n in range(10 * MANY)]
    for _ in range(2):  # the second time, too
        with pytest.raises(Inconclusive, match=r"older than this call.*Restart the kernel"):
            settled(collects).responsive(LIMIT)
    assert gc.get_freeze_count() > IMMORTAL
    since.clear()


def seconds_of_a_search() -> float:
    began = time.thread_time()
    gc.collect()
    return time.thread_time() - began


def test_a_sleep_in_a_callback_of_the_collector_is_a_sleep() -> None:
    async def sleeps() -> None:
        # Well above the limit: who loses its CPU just before a sleep until a time sleeps less.
        gc.callbacks.append(lambda phase, info: time.sleep(3 * LIMIT))
        gc.collect()
        gc.callbacks.clear()

    before = gc.callbacks[:]
    try:
        report = asyncio.run(watch(sleeps))
    finally:
        gc.callbacks[:] = before
    with pytest.raises(LoopBlocked):
        report.responsive(LIMIT)
    assert report.blocks[0].kind == "sleep"


def test_nothing_of_it_stays_after_a_call() -> None:
    before = gc.callbacks[:], gc.isenabled()
    asyncio.run(watch(collects))
    assert (gc.callbacks, gc.isenabled()) == before


def test_what_somebody_else_has_frozen_stays_frozen() -> None:
    gc.freeze()
    frozen = gc.get_freeze_count()
    asyncio.run(watch(collects))
    assert gc.get_freeze_count() > frozen / 2 > IMMORTAL / 2


def test_the_last_of_overlapping_calls_unfreezes() -> None:
    heap, first_over, second_over = Heap(), threading.Event(), threading.Event()

    def call(entered: threading.Event, over: threading.Event) -> None:
        with heap.left_out():
            entered.set()
            over.wait()

    calls = []
    for over in (first_over, second_over):
        entered = threading.Event()
        calls.append(threading.Thread(target=call, args=(entered, over)))
        calls[-1].start()
        assert entered.wait(60)
    first_over.set()
    calls[0].join()
    assert gc.get_freeze_count() > IMMORTAL
    second_over.set()
    calls[1].join()
    assert gc.get_freeze_count() < IMMORTAL


@pytest.mark.slow
def test_garbage_between_calls_is_collected_although_each_call_makes_it_old() -> None:
    heap = Heap()
    knots = []
    for number in range(CALLS_PER_FULL + 1):
        with heap.left_out():
            knot = Knot()
            knots.append(weakref.ref(knot))
            if number % 2:  # it is frozen during the next call, and garbage after that
                with garbage.heap.left_out():
                    pass
        with heap.left_out():
            del knot
    assert sum(ref() is not None for ref in knots) < 3


@pytest.mark.slow
def test_a_call_that_fills_memory_for_ever_is_stopped(capfd: pytest.CaptureFixture[str]) -> None:
    async def fills() -> None:
        while True:
            _ = [[n] for n in range(1000)]

    for _ in range(3):  # code of ours in the collector caught the exception that stops it
        assert asyncio.run(watch(fills, timeout=0.2)).record.outcome == "timed out"
    assert capfd.readouterr().err == ""


def test_a_process_that_lives_for_a_few_calls_leaves_out_what_came_before_each_of_them() -> None:
    """A candidate: its fork server has frozen objects, and that must not be undone."""
    gc.freeze()
    frozen = gc.get_freeze_count()
    heap, given = Heap(), Knot()
    for _ in range(2):
        garbage.tidy()
        with heap.left_out(for_good=True):
            assert not any(one is given for one in gc.get_objects())
    assert gc.get_freeze_count() > frozen / 2 > IMMORTAL / 2  # other threads free some of them

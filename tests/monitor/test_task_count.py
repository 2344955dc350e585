"""How many tasks held the loop in one block: counted by their steps, whatever the machine took."""

from __future__ import annotations

import random
import time

import pytest

from autograder.monitor.task_trace import TaskTrace, TaskTracer

MS = 1_000_000


def counted(tasks: list[tuple[str, float, float]]) -> int:
    """Return the count for tasks that follow each other: name, own ms, ms that others took."""
    tracer, now = TaskTracer(), 0
    for name, own, taken in tasks:
        trace = TaskTrace(name)
        begin, now = now, now + int((own + taken) * MS)
        trace.steps.extend([begin, now])
        tracer._lanes.append(trace)
    return tracer.tasks_in(0, now, int(sum(own for _, own, _ in tasks) * MS))


def test_ten_tasks_are_ten_however_much_the_machine_took_of_some_of_them() -> None:
    draw = random.Random(7)
    for busiest in (0, 100, 600, 5000):
        taken = [draw.uniform(0, busiest) * (draw.random() < 0.4) for _ in range(10)]
        assert counted([("portrait", 62, more) for more in taken]) == 10


def test_tasks_of_two_names_are_counted_together() -> None:
    assert counted([("ping", 150, 0), ("roll", 130, 300)]) == 2


def test_one_long_task_among_short_ones_is_not_several() -> None:
    short = [("ping", 0.2, 0.0)] * 25
    assert counted([*short, ("roll", 300, 0), *short]) == 1
    # Other programs made two of the short ones long: these did not hold the loop.
    preempted = [*short[:10], ("ping", 0.2, 400), *short[:10], ("ping", 0.2, 250)]
    assert counted([*preempted, ("roll", 300, 900), *short]) == 1


def test_what_is_no_task_is_not_counted_as_tasks() -> None:
    tracer = TaskTracer()
    trace = TaskTrace("roll")
    trace.steps.extend([0, 200 * MS])  # the other half of the block was a callback
    tracer._lanes.append(trace)
    assert tracer.tasks_in(0, 400 * MS, 400 * MS) == 1


@pytest.mark.parametrize("tasks", [60, 4000])
def test_more_tasks_than_the_chart_has_lanes_are_all_counted_at_once(tasks: int) -> None:
    before = time.process_time()
    assert counted([("portrait", 10, 0)] * tasks) == tasks
    assert time.process_time() - before < 1  # 0.02 s for 4000

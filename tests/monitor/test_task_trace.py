"""The steps of tasks: none is lost, none is counted twice, and they do not fill the memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from autograder import wire
from autograder.monitor import task_trace
from autograder.monitor.run import Run
from autograder.monitor.task_trace import PACKED, TaskTracer


def traced(main: Callable[[], Any], task: Any = asyncio.Task) -> TaskTracer:
    """Run `main` as the only task of a loop."""
    tracer = TaskTracer()
    with closing(asyncio.new_event_loop()) as loop:
        tracer.install(loop)
        asyncio.Task, kept = task, asyncio.Task  # type: ignore[misc]
        try:
            loop.run_until_complete(loop.create_task(main()))
        finally:
            asyncio.Task = kept  # type: ignore[misc]
    return tracer


def steps(tracer: TaskTracer) -> list[int]:
    (lane,) = tracer._lanes
    return [*lane.steps, *lane.latest]


@pytest.mark.parametrize("task", [asyncio.Task, asyncio.tasks._PyTask])  # type: ignore[attr-defined]
def test_each_step_has_its_begin_and_its_end(task: Any) -> None:
    async def five() -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        failed = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(failed.set_exception, ValueError())
        with contextlib.suppress(ValueError):
            await failed

    tracer = traced(five, task)
    recorded = steps(tracer)
    assert len(recorded) == 2 * 5
    assert recorded == sorted(recorded)


def test_no_step_is_lost_or_doubled_when_the_trace_is_packed_in_the_middle_of_one() -> None:
    made = TaskTracer()

    async def packing() -> None:
        for _ in range(3 * PACKED):
            await asyncio.sleep(0)
            made.pack()

    with closing(asyncio.new_event_loop()) as loop:
        made.install(loop)
        loop.run_until_complete(loop.create_task(packing()))
    recorded = steps(made)
    assert len(made._lanes[0].steps) > 4 * PACKED
    assert len(made._lanes[0].latest) <= PACKED + 2
    assert len(recorded) == 2 * (3 * PACKED + 1)
    assert recorded == sorted(recorded)


def test_each_lane_has_its_turn_to_be_packed() -> None:
    tracer = TaskTracer()
    tracer._lanes = [task_trace.TaskTrace(str(number)) for number in range(400)]
    for lane in tracer._lanes[::100]:
        lane.latest = [1] * (PACKED + 1)
    for _ in range(400 // task_trace.PACKED_AT_ONCE + 4):
        tracer.pack()
    assert [len(lane.latest) for lane in tracer._lanes[::100]] == [0] * 4
    assert [len(lane.steps) for lane in tracer._lanes[::100]] == [PACKED + 1] * 4


def test_a_long_call_is_packed_while_it_runs() -> None:
    held: list[int] = []

    async def busy() -> int:
        for _ in range(40_000):
            await asyncio.sleep(0)
        (lane,) = call._lanes._lanes
        held.extend((len(lane.steps), len(lane.latest)))
        return 1

    call = Run(busy, (), {}, 20.0, "asyncio")
    record = call.go()
    assert wire.unpack(record.value or "") == 1
    assert sum(held) == 2 * 40_001 - 1  # the end of the last step is to come
    assert held[1] < 40_000  # 5 ms of steps in each turn, and more beside other work


def test_a_librarys_task_that_runs_a_learners_function_becomes_a_plain_one() -> None:
    async def waits() -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    library: dict[str, Any] = {}
    text = "async def serve(function, *args):\n    await function(*args)\n"
    exec(compile(text, "/lib/site-packages/strange/tasks.py", "exec"), library)
    kinds: list[type] = []

    async def main() -> None:
        for function, *args in ((waits,), (asyncio.sleep, 0.01)):
            task = asyncio.get_running_loop().create_task(library["serve"](function, *args))
            strange: Any = task.get_coro()
            kinds.append(type(strange))
            await task
            kinds.append(type(strange))

    tracer = traced(main)
    strange, plain = task_trace._Strange, task_trace._Traced
    assert kinds == [strange, plain, strange, strange]
    assert [lane.name.rpartition(".")[2] for lane in tracer._lanes] == ["main", "waits", "serve"]
    assert [bool(lane.package) for lane in tracer._lanes] == [False] * 3  # the learner made them

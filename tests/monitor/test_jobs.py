"""Which function a thread of a pool was given last, and when it ended."""

from __future__ import annotations

import asyncio
import functools
import gc
import json
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import thread as pools
from time import perf_counter_ns
from typing import Any

import pytest
from tries import tries

from autograder.bench.probe.sizing import sized
from autograder.monitor.jobs import Jobs, given, jobs
from autograder.monitor.ownership import Ownership
from autograder.monitor.run import run
from autograder.report.record import Block

NONE = Block(0, 0, "", "", 0, "", "")


def one_line() -> int:
    return 1


def two_lines() -> int:
    one = []
    return len(one)


class Bot:
    def command(self) -> int:
        return 2


@pytest.fixture
def noted() -> Iterator[Jobs]:
    made = Jobs()
    made.begin()
    yield made
    made.end()


def line_after(noted: Jobs, function: Callable[..., Any], *arguments: Any) -> int:
    """The line that is told of a job that has ended; 0 for none."""
    moment = perf_counter_ns()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(function, *arguments).result()
    found = noted.ended_since(moment)
    assert noted.ended_since(perf_counter_ns()) is None
    return found[1].line if found else 0


def test_a_job_that_has_ended_is_told_by_its_one_line_or_by_its_first(noted: Jobs) -> None:
    first = two_lines.__code__.co_firstlineno
    assert line_after(noted, one_line) == one_line.__code__.co_firstlineno + 1
    assert line_after(noted, functools.partial(two_lines)) == first
    assert line_after(noted, Bot().command) == Bot.command.__code__.co_firstlineno + 1
    assert line_after(noted, lambda: None) > 0


def test_a_function_of_python_or_of_a_library_has_no_line_of_the_learners(noted: Jobs) -> None:
    assert line_after(noted, json.loads, "1") == 0
    assert line_after(noted, len, "1") == 0


def test_to_thread_gives_its_function_wrapped() -> None:
    made: list[Any] = []

    class Loop(asyncio.SelectorEventLoop):
        def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
            made.append(given(func, *args))
            return super().run_in_executor(executor, func, *args)

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(asyncio.to_thread(two_lines))
    assert made == [two_lines]


def test_it_keeps_neither_a_job_nor_its_arguments(noted: Jobs) -> None:
    bot = Bot()
    gone = weakref.ref(bot)
    assert line_after(noted, bot.command)
    assert line_after(noted, lambda bot: None, bot)
    del bot
    gc.collect()
    assert gone() is None


def test_a_thread_is_told_by_its_present_job_and_then_by_its_last_one(noted: Jobs) -> None:
    told: list[int] = []

    def asks() -> None:
        line = noted.line_of(threading.get_native_id(), perf_counter_ns())
        told.extend([threading.get_native_id(), line.line if line else 0])

    moment = perf_counter_ns()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asks).result()
    tid, present = told
    last = noted.line_of(tid, moment)
    assert present == asks.__code__.co_firstlineno
    assert last is not None
    assert last.line == present
    assert noted.line_of(tid, perf_counter_ns()) is None


def test_calls_that_overlap_note_jobs_until_the_last_of_them_has_ended() -> None:
    plain, noted = pools._WorkItem.run, Jobs()
    noted.begin()
    noted.begin()
    noted.end()
    assert line_after(noted, one_line)
    noted.end()
    assert pools._WorkItem.run is plain


@pytest.mark.slow
def test_a_block_by_a_job_that_ended_unseen_has_the_jobs_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a kernel other threads want the GIL, too, and the loop comes last."""

    def nothing(self: Ownership, frames: object) -> Iterator[tuple[int, None]]:
        until = time.monotonic() + 5
        while not jobs._ended and time.monotonic() < until:
            time.sleep(0.001)  # other threads have the GIL, and then the job ends
        yield from ()

    monkeypatch.setattr(Ownership, "sample", nothing)
    size = sized(lambda n: sorted(range(n, 0, -1), key=str), 0.3, start=20_000)

    def keeps() -> int:
        return len(sorted(range(size, 0, -1), key=str))

    async def command() -> None:
        await asyncio.to_thread(keeps)

    for _ in tries():
        longest = max(run(command).blocks, key=lambda block: block.seconds, default=NONE)
        if longest.kind == "gil":
            break
    assert longest.code == "return len(sorted(range(size, 0, -1), key=str))"
    assert (longest.function, os.path.basename(longest.file)) == ("keeps", "test_jobs.py")

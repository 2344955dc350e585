"""Warnings and asyncio's logs of a watched call lead to the learner's code, not to the course's."""

from __future__ import annotations

import asyncio
import linecache
import logging
import re
import warnings
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from autograder import watch
from autograder.monitor.errors import Stopped
from autograder.paths import PACKAGE


async def send() -> None: ...


async def nested() -> None:
    asyncio.run(send())


async def forgets() -> None:
    kept = [send()]
    await asyncio.sleep(0)
    kept.reverse()


async def in_a_task() -> None:
    await asyncio.create_task(forgets())


async def boom() -> None:
    await asyncio.sleep(0)
    raise ValueError


async def unheard() -> None:
    tasks = [asyncio.create_task(boom())]
    await asyncio.sleep(0.01)
    tasks.reverse()


async def gathers() -> None:
    asyncio.gather(asyncio.sleep(60), asyncio.sleep(60))


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (nested, "asyncio.run(send())"),
        (forgets, "async def forgets() -> None:"),
        (in_a_task, "async def forgets() -> None:"),
    ],
)
def test_a_coroutine_nobody_awaited_is_warned_of_at_the_learners_code_each_time(
    call: Callable[[], Coroutine[Any, Any, None]], line: str
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(2):
            asyncio.run(watch(call))  # type: ignore[arg-type]
    assert len(caught) == 2
    for warning in caught:
        assert "'send' was never awaited" in str(warning.message)
        assert warning.filename == __file__
        assert linecache.getline(warning.filename, warning.lineno).strip() == line


@pytest.mark.slow
def test_a_tasks_error_is_logged_without_our_frames(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "asyncio"):
        asyncio.run(watch(unheard))  # type: ignore[arg-type]
    assert "Task exception was never retrieved" in caplog.text
    assert re.search(r'test_warned.py", line \d+, in boom', caplog.text)
    assert str(PACKAGE) not in caplog.text


def test_what_the_end_of_the_call_cancelled_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "asyncio"):
        asyncio.run(watch(gathers))  # type: ignore[arg-type]
    assert "never retrieved" not in caplog.text


def test_the_stop_of_a_call_at_its_time_limit_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # It reached a callback of asyncio's in 1 of 40 runs of a kernel beside 8 hogs. A learner saw an
    # "Exception in callback" above the verdict.
    async def stopped() -> None:
        def stop() -> None:
            raise Stopped

        asyncio.get_running_loop().call_soon(stop)
        await asyncio.sleep(0.01)

    with caplog.at_level(logging.ERROR, "asyncio"):
        asyncio.run(watch(stopped))  # type: ignore[arg-type]
    assert not caplog.text

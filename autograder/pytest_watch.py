"""The pytest fixture `watch`: in the tests of your own bot, does a coroutine hold its loop?

A project that wants it has `pytest_plugins = ["autograder.pytest_watch"]` in its conftest.py. It
needs this package, which brings nothing else with it, and pytest. No JupyterLab is involved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from autograder.monitor.watch import watch as watched
from autograder.outcomes import UserMistake
from autograder.report.report import Report


@pytest.fixture
def watch() -> Callable[..., Report]:
    """Return `autograder.watch` as a plain function, for plain tests.

    Its parameters are the same. It raises UserMistake in an `async def` test.
    """
    return _run_watched


def _run_watched(function: Callable[..., Any], /, *args: Any, **settings: Any) -> Report:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(watched(function, *args, **settings))
    raise UserMistake(
        "the fixture `watch` is for plain tests (`def test_...`), and here a loop is running; in "
        "an `async def` test, use `from autograder import watch` and `await watch(...)`."
    )

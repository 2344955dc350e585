"""The pytest fixture `watch`: in the tests of your own bot, does a coroutine hold its loop?

A project that wants it has `pytest_plugins = ["autograder.pytest_watch"]` in its conftest.py. It
needs this package, which brings nothing else with it, and pytest. No JupyterLab is involved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from autograder.monitor.watch import watch as watched
from autograder.outcomes import UserMistake
from autograder.report.report import Report


class Watch(Protocol):
    """What the fixture is: a plain function, for plain tests."""

    def __call__(
        self,
        function: Callable[..., Any],
        /,
        *args: Any,
        timeout: float = 10.0,
        loop: str = "asyncio",
    ) -> Report:
        """Run `function(*args)` once on a fresh watched loop and return the Report.

        The parameters are those of `autograder.watch`. Raises UserMistake in an `async def` test.
        """


@pytest.fixture
def watch() -> Watch:
    """Return a function that runs a coroutine function on a watched loop; see `Watch`."""
    return _run_watched


def _run_watched(
    function: Callable[..., Any], /, *args: Any, timeout: float = 10.0, loop: str = "asyncio"
) -> Report:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(watched(function, *args, timeout=timeout, loop=loop))
    raise UserMistake(
        "the fixture `watch` is for plain tests (`def test_...`), and here a loop is running; in "
        "an `async def` test, use `from autograder import watch` and `await watch(...)`."
    )

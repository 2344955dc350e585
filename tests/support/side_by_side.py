"""Tests of a module that mostly wait: what each of them waits for runs beside the others.

One after the other, they leave both CPUs idle. Each stays a test of its own, and asks for the
result of its own part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def side_by_side(
    request: pytest.FixtureRequest, test: str, work: Callable[..., Any], lanes: int
) -> Iterator[Callable[[pytest.FixtureRequest], Any]]:
    """Begin `work(**parameters)` for each selected case of a test of this module.

    So many run at a time, in threads. Yields what returns, or raises, the outcome of a test's own.
    """
    cases = [
        item
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.path == request.path
        and item.originalname == test
    ]
    with ThreadPoolExecutor(lanes, thread_name_prefix="side by side") as pool:
        outcomes = {one.nodeid: pool.submit(work, **one.callspec.params) for one in cases}
        try:
            yield lambda asking: outcomes[asking.node.nodeid].result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

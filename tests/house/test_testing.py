"""What the labs' test cells share, as far as no lab's own tests prove it."""

from __future__ import annotations

import time

import pytest

from autograder.testing import sized

TRIES = 3  # beside other work the same code may use twice the CPU time, for a while


def test_sized_work_takes_about_the_seconds_that_were_asked_for() -> None:
    def work(n: int) -> None:
        sum(range(n))

    found = []
    for _ in range(TRIES):
        began = time.thread_time()
        n = sized(work, 1000, seconds=0.3)
        measured = time.thread_time()
        work(n)
        found.append((measured - began, time.thread_time() - measured))
        if found[-1][0] < 0.3 and 0.15 < found[-1][1] < 0.6:
            return
    raise AssertionError(f"seconds to measure, and of work: {found}")


@pytest.mark.slow
def test_what_is_made_for_the_work_does_not_count() -> None:
    def slowly(n: int) -> range:
        sum(range(10 * n))
        return range(n)

    found = []
    for _ in range(TRIES):
        n = sized(sum, 1000, seconds=0.1, made=slowly)
        began = time.thread_time()
        sum(range(n))
        found.append(time.thread_time() - began)
        if 0.05 < found[-1] < 0.2:
            return
    raise AssertionError(f"seconds of work: {found}")

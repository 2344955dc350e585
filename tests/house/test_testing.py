"""What the labs' test cells share, as far as no lab's own tests prove it."""

from __future__ import annotations

import time

import pytest

from autograder.testing import sized


def test_sized_work_takes_about_the_seconds_that_were_asked_for() -> None:
    def work(n: int) -> None:
        sum(range(n))

    began = time.thread_time()
    n = sized(work, 1000, seconds=0.3)
    measuring = time.thread_time() - began
    began = time.thread_time()
    work(n)
    assert 0.15 < time.thread_time() - began < 0.6
    assert measuring < 0.3


@pytest.mark.slow
def test_what_is_made_for_the_work_does_not_count() -> None:
    def slowly(n: int) -> range:
        sum(range(10 * n))
        return range(n)

    n = sized(sum, 1000, seconds=0.1, made=slowly)
    began = time.thread_time()
    sum(range(n))
    assert 0.05 < time.thread_time() - began < 0.2

"""Ctrl-C ends a grading even when it comes where Python swallows exceptions."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from autograder.grading.interrupting import heeded


class Finalised:
    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):  # the handler runs in here
            pass


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_an_interrupt_that_a_finaliser_swallowed_is_heard_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    swallowed: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", swallowed.append)
    before = signal.getsignal(signal.SIGINT)
    with heeded() as heed:
        heed()
        Finalised()
        assert swallowed
        with pytest.raises(KeyboardInterrupt):
            heed()
    assert signal.getsignal(signal.SIGINT) is before

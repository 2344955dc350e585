"""The same verdict for a loop whose passes cannot be bracketed: uvloop turns in C.

A timer beats every 5 ms. When a beat comes late, the time it is overdue is treated as a pass is:
what the machine took away is subtracted. A block that begins between two beats loses up to one
period, so the error is a few milliseconds (0.2 ms for the bracket of `probe`).
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from time import perf_counter_ns

from autograder.monitor.probe import LONG, Probe
from autograder.outcomes import UserMistake
from autograder.report.record import BEAT

PERIOD = BEAT  # s between two beats


class HeartbeatProbe(Probe):
    """A Probe that listens to a timer instead of bracketing the passes."""

    def make_loop(self) -> asyncio.AbstractEventLoop:
        """Return a fresh uvloop (winloop on Windows) with a beat on it; raises UserMistake when it
        is not installed."""
        library = "winloop" if sys.platform == "win32" else "uvloop"
        try:
            loop: asyncio.AbstractEventLoop = importlib.import_module(library).new_event_loop()
        except ImportError:
            raise UserMistake(
                f"{library} is not installed for this Python: run `python3 -m autograder lab` "
                f'once, or leave out loop="uvloop".'
            ) from None
        self._loop = loop
        loop.call_soon(self._wait)
        return loop

    def end_pass(self) -> None:
        """The loop has stopped: judge the beat that is overdue, if one is."""
        if self.due():
            self._judge()
            self.asked = None

    def _wait(self) -> None:
        self.left, self.asked = perf_counter_ns(), PERIOD
        self._loop.call_later(PERIOD, self._beat)

    def _beat(self) -> None:
        if self.due():
            self._judge()
        else:  # the first beat of the teardown: `end_pass` has judged what was before
            self._rebase(self.clock.read())
        self._wait()

    def _judge(self) -> None:
        reading, due = self.clock.read(), self.due()
        if reading.wall - due > LONG:
            self._measure(due, reading, own_switches=0)  # it may have been busy, and never polled
        else:
            self._rebase(reading)
        self._settle()

"""The same verdict for uvloop, whose passes run in C, so that the probe cannot bracket them.

A timer is due every 5 ms. When it rings late, the overdue time is treated like a pass: the time
that other programs took is subtracted. A block that begins between two timers appears shorter by up
to one period, so the error is a few milliseconds (0.2 ms for the bracket in `probe`).
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from time import perf_counter, perf_counter_ns

from autograder.monitor.probe import NOTABLE, Probe
from autograder.monitor.select_probe import LONG
from autograder.outcomes import UserMistake
from autograder.report.record import BEAT

PERIOD = BEAT  # s between two timers


class HeartbeatProbe(Probe):
    """A Probe that measures how late a timer rings, instead of bracketing the passes."""

    def make_loop(self) -> asyncio.AbstractEventLoop:
        """Return a fresh uvloop (winloop on Windows) with the timer on it.

        Raises UserMistake when the library is not installed.
        """
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

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Put the timer on a loop that does not run yet."""
        self._loop = loop
        loop.call_later(PERIOD, self._beat)

    def begin(self) -> None:
        """Measure from here on: what runs first comes before the timer."""
        self.marks.left, self.marks.asked = perf_counter(), PERIOD

    def held_since(self) -> int:
        """Return when the overdue timer was due, in ns; 0 if none is overdue."""
        due = self.due()
        return due if due and perf_counter_ns() > due else 0

    def end_pass(self) -> None:
        """Judge the timer that is overdue, if there is one; to be called when the loop stopped."""
        if self.due():
            self._judge()
            self.marks.asked = None

    def _wait(self) -> None:
        self.marks.left, self.marks.asked = perf_counter(), PERIOD
        self._loop.call_later(PERIOD, self._beat)

    def _beat(self) -> None:
        if self.due():
            self._judge()
        else:  # the first timer of the teardown: `end_pass` has judged the time before it
            self._rebase(self.clock.read())
        self._wait()

    def _judge(self) -> None:
        due = self.due()
        if self.sampler is not None and perf_counter_ns() - due > NOTABLE:
            self.sampler.sample_now(due)  # first of all, as in `Probe.end_pass`
        reading = self.clock.read(keep_gil=True)
        if reading.wall - due > LONG:
            self._measure(due, reading, own_switches=0)  # it may have been busy, and never polled
        else:
            self._rebase(reading)
        self._settle()

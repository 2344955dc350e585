"""The bracket: what runs at each call of `select()` and at its return, to tell the probe.

It runs in each pass of the loop, so each attribute that is looked up counts: asyncio's own pass
takes 7 us. On Linux the body of `EpollSelector.select` runs inside the bracket, which saves a frame
and 1 to 4 % of an echo round trip. It needs two private attributes of the selector; if they are not
as known, the selector's own `select` is wrapped.

Times are seconds here: Python has no fast comparison for integers as large as nanoseconds, and
floats save 1 to 2 % of an echo. What the bracket writes are the slots of a small object: attributes
of the probe in their place cost 2 % of an echo on 3.13, and properties 8 to 10 %.
"""

from __future__ import annotations

import select as os_select
import selectors
import sys
import threading
from collections.abc import Callable
from math import ceil
from time import perf_counter
from typing import Any, Protocol

from autograder.monitor.ownership import Ownership

TICK = 0.01  # s between two ticks of the lateness; select may not sleep longer where its sleep
# could hide a thread that keeps the GIL
LONG = 1_000_000  # ns: a longer pass is measured
SLEPT = 10e-6  # s: a call of select that took less did not sleep (2 us; 20 us with a sleep)

Events = list[tuple[selectors.SelectorKey, int]]


class Marks:
    """What the bracket notes of the current pass; times in s of `perf_counter`."""

    __slots__ = ("asked", "left", "moment", "stale_at")

    def __init__(self) -> None:
        self.moment = 0.0  # when the current pass began; 0.0 during select
        self.left = 0.0  # when the current select was called
        self.asked: float | None = None  # the time-out of that call
        self.stale_at = 0.0  # from then on, a pass may not be measured from the last reading


class Bracketed(Protocol):
    """What the bracket reads and calls of the probe."""

    marks: Marks
    owned: Ownership

    def end_pass(self) -> None:
        """Measure the pass that ends now."""

    def slept(self, now: int) -> None:
        """Judge how late select returned; `now` in ns."""

    def renew(self) -> None:
        """Take a new reading in place of a stale one."""


def bracket(probe: Bracketed, selector: selectors.BaseSelector) -> None:
    """Make `selector` tell the probe when its `select` is called and when it returns."""
    poll, keys = _poll_and_keys(selector)
    if poll is None or keys is None:
        watched: Callable[..., Any] = bracketed(probe, selector.select)
    else:
        watched = bracketed_poll(probe, poll, keys)
    selector.select = watched  # type: ignore[method-assign]


def bracketed(
    probe: Bracketed, select: Callable[[float | None], list[Any]]
) -> Callable[..., list[Any]]:
    """Return `select`, wrapped to tell the probe when it is called and returns: 0.4 us per pass.

    A time-out costs 0.3 us per pass. So select may not sleep longer than a tick only where its
    sleep could hide something: a thread of the learner's, or a signal handler.
    """
    clock, tick, long, slept = perf_counter, TICK, LONG / 1e9, SLEPT
    threads, alone = _threads(probe)
    marks = probe.marks

    def watched(timeout: float | None = None) -> list[Any]:
        left = clock()
        if left - marks.moment > long:
            probe.end_pass()
            left = clock()
        if (timeout is None or timeout > tick) and len(threads) > alone:
            timeout = tick
        marks.left = left
        marks.asked = timeout
        marks.moment = 0.0
        events = select(timeout)
        now = clock()
        if now - left > slept:
            probe.slept(int(now * 1e9))
            now = clock()
        elif now > marks.stale_at:
            probe.renew()
            now = clock()
        marks.moment = now
        return events

    return watched


def bracketed_poll(
    probe: Bracketed,
    poll: Callable[[float, int], list[tuple[int, int]]],
    keys: dict[int, selectors.SelectorKey],
) -> Callable[..., Events]:
    """Return what `bracketed` returns for an EpollSelector, as one function.

    `poll` is that of its epoll object, and `keys` its table of keys by file descriptor.
    """
    clock, tick, long, slept = perf_counter, TICK, LONG / 1e9, SLEPT
    threads, alone = _threads(probe)
    marks = probe.marks
    key_of, read, write = keys.get, selectors.EVENT_READ, selectors.EVENT_WRITE
    not_in, not_out = ~os_select.EPOLLIN, ~os_select.EPOLLOUT

    def watched(timeout: float | None = None) -> Events:
        left = clock()
        if left - marks.moment > long:
            probe.end_pass()
            left = clock()
        # epoll counts in milliseconds, and must not return early; -1 is no time-out.
        wait: float = 0
        if timeout is None:
            wait = -1
            if len(threads) > alone:
                timeout = wait = tick
        elif timeout > 0:
            if timeout > tick and len(threads) > alone:
                timeout = tick
            wait = ceil(timeout * 1e3) * 1e-3
        marks.left = left
        marks.asked = timeout
        marks.moment = 0.0
        try:
            found = poll(wait, len(keys) or 1)  # it wants room for one event at least
        except InterruptedError:
            found = []
        ready = []
        for descriptor, event in found:
            key = key_of(descriptor)
            if key is not None:
                events = (event & not_in and write) | (event & not_out and read)
                ready.append((key, events & key.events))
        now = clock()
        if now - left > slept:
            probe.slept(int(now * 1e9))
            now = clock()
        elif now > marks.stale_at:
            probe.renew()
            now = clock()
        marks.moment = now
        return ready

    return watched


def _threads(probe: Bracketed) -> tuple[dict[int, Any], int]:
    """Return the table of threads, and its length up to which select may sleep as asked."""
    threads = threading._active  # type: ignore[attr-defined]  # active_count() takes a lock
    on_main = threading.current_thread() is threading.main_thread()
    return threads, 0 if on_main else probe.owned.alone


if sys.platform == "linux":

    def _poll_and_keys(selector: selectors.BaseSelector) -> tuple[Any, Any]:
        """Return the `poll` and the keys of an EpollSelector as we know it, else None twice."""
        epoll, keys = getattr(selector, "_selector", None), getattr(selector, "_fd_to_key", None)
        if type(selector) is not selectors.EpollSelector or type(keys) is not dict:
            return None, None
        return (epoll.poll, keys) if isinstance(epoll, os_select.epoll) else (None, None)

else:

    def _poll_and_keys(selector: selectors.BaseSelector) -> tuple[Any, Any]:
        """Return None twice: only Linux has epoll."""
        return None, None

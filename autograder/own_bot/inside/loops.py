"""Watches each loop of a bot, with the probe and the sampler that grade the course's answers.

A loop is watched from its first run until it is closed. What held it is sent while it lasts and
again at its end, when the probe has measured how much of it was the code's doing.
"""

from __future__ import annotations

import contextlib
import os
import time
from time import perf_counter_ns
from types import FrameType
from typing import Any

from autograder.monitor.frames import Line, library_of, line_at, on_loop, own_line
from autograder.monitor.garbage import Collections
from autograder.monitor.probe import HeldPass, Probe
from autograder.monitor.sampler import Sampler
from autograder.monitor.timer_probe import HeartbeatProbe
from autograder.own_bot.inside import doing
from autograder.own_bot.inside.sending import Message, Sender

MOST_STORIES = 50  # lines of one pass
TOLD_AGAIN = 2  # a block is told again when it lasts this many times as long
_WATCHED = "_unblocked"  # the attribute of a loop that holds its `WatchedLoop`


def watch(kind: Any, name: str, sender: Sender, limit: float) -> None:
    """Watch every loop of the class `kind` in this process, but not in its forks."""
    run_forever, close, pid = kind.run_forever, kind.close, os.getpid()

    def run(self: Any) -> None:
        if os.getpid() != pid or not (name == "uvloop" or hasattr(self, "_selector")):
            return run_forever(self)  # type: ignore[no-any-return]
        watched = getattr(self, _WATCHED, None)
        if watched is None:
            watched = WatchedLoop(self, name, sender, limit)
            setattr(self, _WATCHED, watched)
        watched.begin()
        try:
            return run_forever(self)  # type: ignore[no-any-return]
        finally:
            watched.rest()

    def end(self: Any) -> None:
        close(self)
        watched = getattr(self, _WATCHED, None)
        if watched is not None and os.getpid() == pid:
            watched.close()
            setattr(self, _WATCHED, None)

    run.__name__, end.__name__ = "run_forever", "close"
    kind.run_forever, kind.close = run, end


class WatchedLoop:
    """One loop that is watched; made on the thread that is about to run it."""

    def __init__(self, loop: Any, name: str, sender: Sender, limit: float) -> None:
        self._sender, self._limit = sender, int(limit * 1e9)
        self._stories: dict[int, dict[Line | None, Message]] = {}  # by pass
        self._looked_at = self._tell_at = 0
        self._told = 0  # the pass that was told of, and may last still
        self._ends = contextlib.ExitStack()
        self._collections = Collections()
        self._ends.enter_context(self._collections.watched())
        self._sampler = sampler = Sampler()
        sampler.start()
        self._probe = (HeartbeatProbe if name == "uvloop" else Probe)(sampler)
        self._probe.owned.claim_all()
        sampler.probe, sampler.seen = self._probe, self._see
        self._probe.at_leisure = self._tell
        self._probe.attach(loop)
        sender.send({"event": "loop", "loop": name, "blind": self._probe.blind})

    def begin(self) -> None:
        """Measure from here on: the loop is about to run."""
        self._probe.begin()

    def rest(self) -> None:
        """Measure the last pass: the loop has stopped."""
        self._probe.rest()
        self._tell()

    def close(self) -> None:
        """End the watching: the loop is closed."""
        self._probe.close()
        self._sampler.stop()
        self._tell()
        self._ends.close()

    # On the sampler's thread

    def _see(self, moment: int, held: int, frame: FrameType) -> None:
        """Keep where the loop is held, and tell of it while it lasts."""
        if moment != self._looked_at:
            self._looked_at, self._tell_at = moment, self._limit
        stories, line = self._stories.setdefault(moment, {}), own_line(frame)
        if line not in stories and len(stories) < MOST_STORIES:
            stories[line] = _story(line, frame)
        if held >= self._tell_at:
            self._tell_at = TOLD_AGAIN * held
            story = stories.get(line) or _story_of(line)
            self._sender.send(
                {"event": "held", "began": _clock(moment), "seconds": held / 1e9, **story}
            )
            # Last: the loop may run on while this is sent, and "free" must not come before "held".
            self._told = moment

    # On the loop's thread

    def _tell(self) -> None:
        """Send the blocks that were measured since the last time; no pass is under way."""
        probe = self._probe
        if probe.busy:
            self._tell_blocks(probe)
        self._stories.clear()  # also of passes that turned out to be short
        self._sampler.forget(perf_counter_ns())
        if self._told and self._told != probe.moment:
            self._told = 0
            self._sender.send({"event": "free"})

    def _tell_blocks(self, probe: Probe) -> None:
        probe.busy.clear()
        probe.noise.clear()
        held, probe.held = probe.held, []
        for block in held:
            if block.seconds + block.doubt >= self._limit:
                self._sender.send(self._block(block))

    def _block(self, held: HeldPass) -> Message:
        line = self._sampler.line_of(held.moment, held.culprit, only=held.kind == "earlier")
        story = self._stories.get(held.moment, {}).get(line) or _story_of(line)
        return {
            "event": "block",
            "began": _clock(held.moment),
            "seconds": held.seconds / 1e9,
            "doubt": held.doubt / 1e9,
            "noise": held.noise / 1e9,
            "kind": self._kind(held),
            **story,
        }

    def _kind(self, held: HeldPass) -> str:
        if held.kind != "cpu":
            return held.kind
        until = held.moment + held.seconds + held.doubt + held.noise
        collected = sum(self._collections.spent(held.moment, until))
        return "garbage" if collected > held.seconds / 2 else held.kind


def _story(line: Line | None, frame: FrameType) -> Message:
    """Return what people want to know of a look: the line, the calls to it, what they are in."""
    frames = list(on_loop(frame))
    calls = doing.own_calls(frames)
    library = line.library if line is not None else library_of(frame)
    if not calls and frames:  # no line of the bot's: say where the library is
        calls = [line_at(frames[0])]
    return {
        "calls": [[call.file, call.line, call.function] for call in calls],
        "library": library,
        "own": line is not None,
        "doing": doing.doing(frames),
    }


def _story_of(line: Line | None) -> Message:
    """Return what is known of a line that only the end of a pass, or another thread, has shown."""
    calls = [[line.file, line.line, line.function]] if line is not None else []
    library = line.library if line is not None else ""
    return {"calls": calls, "library": library, "own": True, "doing": ""}


def _clock(moment: int) -> float:
    """Return a time of `perf_counter_ns` as one of `monotonic`, which other processes share."""
    return time.monotonic() - (perf_counter_ns() - moment) / 1e9

"""What happened at one gateway: a list of plain events, their counts, and their followers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, TypeVar

Event = dict[str, Any]
T = TypeVar("T")

# How many events are kept. A bot that sends a heartbeat every 0.2 s makes 18 000 events per hour.
# Older events are dropped and stay counted. A notebook left open overnight costs 8 MB, not 100.
KEPT = 20_000

# What `until` can wait for, and which event it counts.
COUNTED = {
    "replies": "reply",
    "kills": "killed",
    "beats": "heartbeat",
    "resumes": "resumed",
    "ready": "ready",
    "late": "late",
    "closed": "closed",
    "interactions": "interaction",
    "deferred": "deferred",
    "followups": "followup",
    "acknowledged": "acknowledged",
    "edits": "edit",
}


class Journal:
    """Records events in order.

    In each event, `t` is in seconds since the gateway's start, and `at` is `time.monotonic()`.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._counts: Counter[str] = Counter()
        self._followers: list[Callable[[Event], None]] = []
        self._changed = asyncio.Event()
        self.events: deque[Event] = deque(maxlen=KEPT)
        self.replies: deque[str] = deque(maxlen=KEPT)

    def record(self, event: str, bot: int = 0, **facts: Any) -> Event:
        """Append an event; `bot` is 0 for a connection that has not identified itself yet."""
        now = time.monotonic()
        entry = {"event": event, "t": round(now - self._began, 4), "bot": bot, **facts, "at": now}
        self.events.append(entry)
        self._counts[event] += 1
        if event in ("reply", "followup"):
            self.replies.append(facts["content"])
            self._counts["reply"] += event == "followup"
        for follower in self._followers:
            follower(entry)
        self._changed.set()
        self._changed = asyncio.Event()
        return entry

    def clear(self) -> None:
        """Forget the events and their counts; `t` goes on from the gateway's start."""
        self.events.clear()
        self.replies.clear()
        self._counts.clear()

    def counts(self) -> dict[str, int]:
        return {name: self._counts[event] for name, event in COUNTED.items()}

    async def until(self, wanted: dict[str, int], timeout: float) -> bool:
        """Wait until each count has reached its number; False when `timeout` seconds pass first."""

        def reached() -> bool:
            return all(self.counts()[name] >= number for name, number in wanted.items())

        return bool(await self.when(reached, timeout))

    async def when(self, find: Callable[[], T], timeout: float) -> T:
        """Call `find` now and after each event until it finds something; return what it found."""
        found = find()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not found:
                    await self._changed.wait()
                    found = find()
        return found

    def follow(self, follower: Callable[[Event], None]) -> Callable[[], None]:
        """Call `follower` with every event from now on; return a function that ends this."""
        self._followers.append(follower)
        return lambda: self._followers.remove(follower)

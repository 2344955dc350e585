"""The account of a run: each block, and by line how often, how long, and what it cost."""

from __future__ import annotations

import linecache
from collections import deque
from dataclasses import asdict, dataclass, field
from math import floor
from pathlib import Path
from typing import Any, NamedTuple

from autograder.monitor.frames import EXECUTED
from autograder.own_bot.inside.guard import without_tokens
from autograder.text import printable

MOST = 10_000  # blocks kept; the figures by line go on
_BEATS = 1000  # heartbeats kept: in a block nobody sends any, so few would do


class Call(NamedTuple):
    """A line that called the next one, or that held the loop."""

    file: str
    line: int
    function: str

    @property
    def code(self) -> str:
        """Its code without a token; "" if it cannot be read."""
        if not self.file or self.file == EXECUTED:
            return ""
        text = linecache.getline(self.file, self.line).strip().split("  #")[0]
        return printable(without_tokens(text), 120)

    def place(self, folder: Path) -> str:
        """Return what people call it, files of the bot's folder by their path inside it."""
        try:
            file = str(Path(self.file).relative_to(folder))
        except ValueError:
            file = self.file
        return f"{printable(file, 120)}:{self.line} in {printable(self.function, 60)}"


@dataclass(frozen=True)
class Held:
    """One time for which the loop was held, or is held still; s, `began` of `monotonic`."""

    began: float
    seconds: float
    calls: tuple[Call, ...]  # outermost first; the last one held the loop
    doing: str = ""
    library: str = ""
    own: bool = True  # whether the last call is the bot's own
    doubt: float = 0.0
    kind: str = "cpu"
    missed: int = 0  # heartbeats that were due meanwhile

    @classmethod
    def of(cls, message: dict[str, Any], missed: int = 0) -> Held:
        """Return what a message of the bot's process tells."""
        facts = {key: message[key] for key in ("began", "seconds", "doing", "library", "own")}
        more = {key: message[key] for key in ("doubt", "kind") if key in message}
        calls = tuple(Call(*call) for call in message["calls"])
        return cls(**facts, **more, calls=calls, missed=missed)


@dataclass
class LineTotal:
    """What one line has cost."""

    call: Call | None
    times: int = 0
    longest: float = 0.0
    total: float = 0.0
    missed: int = 0
    doing: set[str] = field(default_factory=set)


class Account:
    """Adds up the blocks of a run.

    A block counts if it reaches the limit for certain, and while the bot is connected: before its
    first connection and after the run's end there is no heartbeat that it could delay.
    """

    def __init__(self, limit: float, heartbeat: float) -> None:
        self.limit, self._heartbeat = limit, heartbeat
        self.blocks: list[Held] = []
        self.doubtful = self.early = 0
        self.longest_early = 0.0
        self.began = 0.0  # when a bot first identified itself; 0.0 before
        self._ended: float | None = None
        self._beats: deque[float] = deque(maxlen=_BEATS)
        self._lines: dict[Call | None, LineTotal] = {}

    def connected(self, at: float) -> None:
        """Note that a bot has identified itself."""
        self.began = self.began or at
        self._beats.append(at)

    def beat(self, at: float) -> None:
        """Note a heartbeat."""
        self._beats.append(at)

    def ends(self, at: float) -> None:
        """Note that the bot is asked to end."""
        self._ended = at

    def missed(self, began: float, seconds: float) -> int:
        """Return how many heartbeats were due in a block."""
        before = [beat for beat in self._beats if beat <= began]
        if not before:
            return 0
        last = max(before)
        until = floor((began + seconds - last) / self._heartbeat)
        return max(0, until - floor((began - last) / self._heartbeat))

    def add(self, message: dict[str, Any]) -> Held | None:
        """Add a block that has ended, and return it; None if it does not count."""
        held = Held.of(message)
        if not self.began or held.began + held.seconds < self.began:
            self.early += 1
            self.longest_early = max(self.longest_early, held.seconds)
            return None
        if self._ended is not None and held.began >= self._ended:
            return None
        held = Held.of(message, self.missed(held.began, held.seconds))
        if held.seconds < self.limit:
            self.doubtful += 1
            return held
        if len(self.blocks) < MOST:
            self.blocks.append(held)
        call = held.calls[-1] if held.calls else None
        line = self._lines.setdefault(call, LineTotal(call))
        line.times += 1
        line.longest = max(line.longest, held.seconds)
        line.total += held.seconds
        line.missed += held.missed
        line.doing |= {held.doing} - {""}
        return held

    def lines(self) -> list[LineTotal]:
        """Return the lines that held the loop, the worst first."""
        return sorted(self._lines.values(), key=lambda line: (-line.longest, -line.total))

    def to_plain(self, folder: Path) -> dict[str, Any]:
        """Return the account for the JSON file."""
        return {
            "limit": self.limit,
            "lines": [
                {
                    **_plain_call(line.call, folder),
                    "times": line.times,
                    "longest": round(line.longest, 4),
                    "total": round(line.total, 4),
                    "heartbeats_missed": line.missed,
                    "doing": sorted(line.doing),
                }
                for line in self.lines()
            ],
            "blocks": [_plain_block(held, folder, self.began) for held in self.blocks],
            "doubtful": self.doubtful,
            "before_connected": self.early,
        }


def _plain_call(call: Call | None, folder: Path) -> dict[str, Any]:
    call = call or Call("", 0, "")
    place = call.place(folder).rpartition(":")[0]
    return {"file": place, "line": call.line, "function": call.function, "code": call.code}


def _plain_block(held: Held, folder: Path, began: float) -> dict[str, Any]:
    plain = asdict(held)
    del plain["calls"], plain["missed"]
    times = {"began": round(held.began - began, 4), "seconds": round(held.seconds, 4)}
    calls = [_plain_call(call, folder) for call in held.calls]
    return {**plain, **times, "doubt": round(held.doubt, 4), "calls": calls} | {
        "heartbeats_missed": held.missed
    }

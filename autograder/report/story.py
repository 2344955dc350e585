"""The content of a watched run's chart: its lanes, its blocks, and the sentences about them.

A record may come from a candidate's process, so everything is made safe to draw first: times are
finite, names are one line of printable characters, and the number of everything is limited.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from autograder.report.record import shortest_kept
from autograder.text import duration, printable

if TYPE_CHECKING:
    from autograder.report.record import Block, Record

Beat = tuple[float, float]  # sent at; seconds since the beat before if they were too long, else 0
Kill = tuple[float, int, float | None]  # closed at, close code, resumed at
Span = tuple[float, float]  # start, seconds

NOTABLE = 0.010  # s: without a limit, a block of one tick or more is shown as a block
MOST_BLOCKS = 200  # blocks shown as such, longest first; the others are ordinary steps
MOST_LANES = 60  # a record holds at most 40
_HELD_BY = {
    "gil": ", a thread kept the GIL",
    "earlier": ", a job of an earlier cell",
    "garbage": ", Python's search for garbage",
}
LIBRARIES = "libraries"  # the lane of tasks that libraries make for themselves


@dataclass
class DrawnBlock:
    """A block made safe to draw, and what its box and its label need as well."""

    block: Block
    place: str  # "line 7", or "bot.py, line 7" outside a notebook
    over: bool = False  # at or over the limit; without a limit, at or over NOTABLE
    doubtful: bool = False  # over the limit only with its doubt

    @property
    def shown(self) -> float:
        """The length of the drawn box, in seconds."""
        return self.block.seconds + self.block.doubt if self.doubtful else self.block.seconds

    @property
    def start(self) -> float:
        """The begin of the box on the time axis, in seconds."""
        return self.block.start

    @property
    def end(self) -> float:
        """The end of the drawn box, in seconds."""
        return self.start + self.shown

    def words(self, code: str) -> str:
        """Return the text of its label: how long, at which line, and `code`."""
        upto = "up to " if self.doubtful else ""
        where = f" at {self.place}" if self.place else ""
        by = _HELD_BY.get(self.block.kind, "")
        return f"{upto}{duration(self.shown)}{where}{by}" + (f": {code}" if code else "")


@dataclass
class Lane:
    """The steps of one task, or of several tasks of one name that ran one after the other."""

    name: str
    steps: list[Span]
    lives: list[Span]  # per task: from its first step to the end of its last one
    tasks: int = 1  # 0: callbacks of the loop itself
    blocks: list[DrawnBlock] = field(default_factory=list)  # those in one of the steps


class Story:
    """A record made safe to draw, and the sentences about it."""

    def __init__(
        self,
        record: Record,
        limit: float | None,
        beats: Sequence[Beat] | None,
        kills: Sequence[Kill] | None,
    ) -> None:
        name = printable(record.name, 60) or "the call"
        self.name = name if name.endswith(".py") else f"{name}()"  # a program, or a function
        self.seconds = (spans([(0.0, record.seconds)]) or [(0.0, 0.0)])[0][1]
        self.limit = limit
        self.loop = record.loop
        self.outcome, self.error = record.outcome, record.error
        self.lanes = _lanes(record.lanes[:MOST_LANES])
        self.late = spans(record.late)
        every = [_drawn(block, limit) for block in record.blocks]
        every.sort(key=lambda drawn: -drawn.shown)
        least = NOTABLE if limit is None else limit / 4
        self.longest = every[0] if every else None
        self.blocks = [block for block in every[:MOST_BLOCKS] if block.shown >= least]
        self.over = [block for block in self.blocks if block.over]
        self.noise = _certain_noise(spans(record.noise), every)
        for block in self.blocks:
            _lane_of(block, self.lanes).blocks.append(block)
        ends = [self.seconds, 1e-4, *(block.end for block in self.blocks)]
        ends += [start + seconds for start, seconds in self.noise]
        ends += [start + seconds for lane in self.lanes for start, seconds in lane.steps]
        self.span = max(ends)
        worst = max((seconds for _, seconds in self.noise), default=0.0)
        if worst < NOTABLE and sum(seconds for _, seconds in self.noise) < self.span / 20:
            self.noise = []  # every machine takes a little time
        self.beats = [beat for beat in beats or () if 0 <= beat[0] <= self.span]
        self.kills = [
            (at, code, back if back is not None and back <= self.span else None)
            for at, code, back in kills or ()
            if 0 <= at <= self.span
        ]

    def at(self, seconds: float) -> str:
        """Write a moment in the unit of the time axis."""
        return f"{seconds:.2f} s" if self.span >= 0.9995 else f"{seconds * 1000:.0f} ms"

    @property
    def title(self) -> str:
        """The headline of the chart."""
        ran = f"{self.name} ran {duration(self.seconds)}{self._raised}; {self._stood}"
        taken = sum(seconds for _, seconds in self.noise)
        if not self.over and taken >= (self.limit or NOTABLE):  # say that this was not the code
            ran += self._taken
        return ran + self._lost

    @property
    def sentences(self) -> str:
        """Two sentences for people who cannot see the chart: what ran, and what held the loop."""
        tasks = sum(lane.tasks for lane in self.lanes)
        ran = f"{self.name} ran for {duration(self.seconds)}"
        ran += f" in {tasks} task{'s' * (tasks > 1)}" if tasks else ""
        held = f"{self._stood}{self._where}{self._taken}{self._lost}"
        return f"{ran}{self._raised}. {held[:1].upper()}{held[1:]}."

    @property
    def _raised(self) -> str:
        if not self.error or len(self.error) != 4:
            return ""
        kind, message, _, line = self.error
        match self.outcome:
            case "not attempted":
                return ", not attempted"
            case "timed out":
                return f" and {printable(message, 60)}"
            case "process ended":
                return " and its process ended"
            case "no plain data":
                return " and returned what cannot be graded"
        return f" and raised {printable(kind, 40)}" + (f" at line {line}" if line else "")

    @property
    def _stood(self) -> str:
        allowed = "" if self.limit is None else f" (limit {duration(self.limit)})"
        if self.longest is None:
            least = duration(shortest_kept(self.loop))
            return f"the loop was free: no block of {least} or longer{allowed}"
        if not self.over:
            most = duration(self.longest.block.seconds)
            return f"the longest block was {most}{allowed}"
        worst, times = self.over[0], len(self.over)
        held = "may have been held" if worst.doubtful else "was held"
        often = f" {times} times," if times > 1 else ""
        upto = " up to" if worst.doubtful or times > 1 else ""
        return f"the loop {held}{often} for{upto} {duration(worst.shown)}{allowed}"

    @property
    def _where(self) -> str:
        drawn = self.over[0] if self.over else self.longest
        if drawn is None or not drawn.place:
            return ""
        code = f", {printable(drawn.block.code, 80)}," if drawn.block.code else ""
        when = f" from {self.at(drawn.start)} to {self.at(drawn.end)}" if self.over else ""
        return f"{', longest' * (len(self.over) > 1)} at {drawn.place}{code}{when}".rstrip(",")

    @property
    def _taken(self) -> str:
        taken = sum(seconds for _, seconds in self.noise)
        return f"; other work on the machine took {duration(taken)}" if taken else ""

    @property
    def _lost(self) -> str:
        if not self.kills:
            return ""
        at, code, _ = self.kills[0]
        times = f" {len(self.kills)} times, first" * (len(self.kills) > 1)
        return f"; the gateway closed the connection{times} with {code} at {self.at(at)}"


def spans(pairs: Iterable[Any]) -> list[Span]:
    """Return the pairs that can be drawn, sorted: two numbers from 0 to 100 000 seconds."""
    return sorted(
        (float(pair[0]), float(pair[1]))
        for pair in pairs
        if isinstance(pair, tuple | list)
        and len(pair) == 2
        and all(isinstance(x, float | int) and 0 <= x < 1e5 for x in pair)
    )


def shared(steps: list[Span], noise: list[Span]) -> list[Span]:
    """Return the parts of the steps during which other programs had the CPU."""
    parts = []
    for start, seconds in noise:
        first = max(0, bisect_right(steps, (start, math.inf)) - 1)
        for begin, length in steps[first : bisect_left(steps, (start + seconds, 0.0))]:
            a, b = max(begin, start), min(begin + length, start + seconds)
            if b > a:
                parts.append((a, b - a))
    return sorted(parts)


def _lanes(recorded: list[Any]) -> list[Lane]:
    """Return the lanes. Tasks of one name that never overlap share a lane, as heartbeats do.

    All tasks that libraries made for themselves ("aiohttp: write_bytes") share the last lane.
    Otherwise seven of the eleven lanes of a bot that answers once would say nothing to its author.
    A library's task that held the loop for 10 ms keeps a lane of its own.
    """
    lanes: list[Lane] = []
    libraries = Lane(LIBRARIES, [], [], tasks=0)
    for one in recorded:
        if not (isinstance(one, tuple | list) and len(one) == 2 and isinstance(one[1], list)):
            continue
        name, steps = printable(one[0], 80), spans(one[1])
        begin = steps[0][0] if steps else 0.0
        life = (begin, max((start + seconds for start, seconds in steps), default=begin) - begin)
        if ": " in name and max((seconds for _, seconds in steps), default=0.0) < NOTABLE:
            libraries.steps += steps
            libraries.lives.append(life)
            libraries.tasks += 1
            continue
        for lane in lanes:
            if lane.name == name and begin >= sum(lane.lives[-1]):
                lane.steps += steps
                lane.lives.append(life)
                lane.tasks += 1
                break
        else:
            lanes.append(Lane(name, steps, [life]))
    if libraries.tasks:
        libraries.steps.sort()
        libraries.lives = _united(libraries.lives)
        lanes.append(libraries)
    return lanes


def _united(lives: list[Span]) -> list[Span]:
    """Return the periods in which at least one of the tasks was alive."""
    united: list[Span] = []
    for start, seconds in sorted(lives):
        if united and start <= sum(united[-1]):
            united[-1] = (united[-1][0], max(start + seconds, sum(united[-1])) - united[-1][0])
        else:
            united.append((start, seconds))
    return united


def _drawn(block: Block, limit: float | None) -> DrawnBlock:
    safe = _safe(block)
    place = f"line {safe.line}" if safe.line else ""
    if place and safe.file and not safe.file.startswith(("In [", "cell ", "<")):
        place = f"{safe.file.replace(chr(92), '/').rpartition('/')[2]}, {place}"
    elif not place and safe.function:
        place = f"{safe.function}()"
    least, most = NOTABLE if limit is None else limit, safe.seconds + safe.doubt
    return DrawnBlock(safe, place, over=most >= least, doubtful=safe.seconds < least <= most)


def _safe(block: Block) -> Block:
    """Return the block with times that can be drawn and texts of one line.

    A candidate's record may hold any times and texts.
    """
    start, seconds = (spans([(block.start, block.seconds)]) or [(0.0, 0.0)])[0]
    _, doubt = (spans([(0.0, block.doubt)]) or [(0.0, 0.0)])[0]
    return replace(
        block,
        seconds=seconds,
        start=start,
        doubt=doubt,
        kind=str(block.kind),
        file=printable(block.file, 200),
        line=block.line if isinstance(block.line, int) and 0 < block.line < 1e7 else 0,
        code=printable(block.code, 200),
        function=printable(block.function, 60),
        library=printable(block.library, 60),
    )


def _lane_of(block: DrawnBlock, lanes: list[Lane]) -> Lane:
    """Return the lane with the step of this block, else the loop's own lane, made if needed."""
    best = max(lanes, key=lambda lane: _match(lane.steps, block) * (lane.tasks > 0), default=None)
    if best is not None and best.tasks and _match(best.steps, block) > 0:
        return best
    if lanes and not lanes[0].tasks:
        own = lanes[0]
    else:  # the block is a callback, or many small steps in one pass
        own = Lane("event loop", [], [], tasks=0)
        lanes.insert(0, own)
    own.steps = sorted([*own.steps, (block.start, block.shown)])
    return own


def _match(steps: list[Span], block: DrawnBlock) -> float:
    """Return how well the best step covers the block: 1 exactly, 0 not at all."""
    near = bisect_right(steps, (block.start, math.inf))
    best = 0.0
    for start, seconds in steps[max(0, near - 1) : near + 2]:
        both = min(start + seconds, block.end) - max(start, block.start)
        if both >= 0.8 * block.shown:  # a step is longer when the machine took a part of it
            best = max(best, both / max(seconds, block.shown, 1e-9))
    return best


def _certain_noise(noise: list[Span], blocks: list[DrawnBlock]) -> list[Span]:
    """Return the noise, drawn after the block of the same pass and without the block's doubt.

    The probe knows how much of a pass the machine took, but not when. It counts doubt as noise.
    """
    by_start = {round(block.start, 6): block for block in blocks}
    certain = []
    for start, seconds in noise:
        block = by_start.get(round(start, 6))
        if block is None:
            certain.append((start, seconds))
        elif seconds - block.block.doubt > 0.001:
            certain.append((block.end, seconds - block.block.doubt))
    return sorted(certain)

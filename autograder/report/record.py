"""Block and Record: everything measured about one call, as plain data.

A record may come from the process where the learner's code ran, so `from_plain` checks everything.
"""

from __future__ import annotations

import math
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, Literal, get_args

# How a call ended. "no plain data" means that it returned a value that cannot be graded. All
# outcomes but "returned" have an error. A TimeoutError of the learner's own code is "raised".
CallOutcome = Literal[
    "returned", "no plain data", "raised", "timed out", "process ended", "not attempted"
]


MOST_TASKS = 4000  # of a call, whose steps are recorded
MOST_LEFT = 10_000_000  # tasks that a call can have left running
MOST_LINES = 10_000_000  # of a file
SHORTEST = 0.003  # s: a shorter block is not kept; the tightest limit of the course is 10 ms
BEAT = 0.005  # s between two timers on uvloop, whose passes cannot be bracketed


def shortest_kept(loop: str = "asyncio") -> float:
    """Return the length in seconds from which on a block is certain to be in a record."""
    return SHORTEST + (BEAT if loop == "uvloop" else 0.0)


@dataclass(frozen=True)
class Block:
    """One period during which the code held the loop; `start` is in s since the call began."""

    seconds: float
    start: float
    kind: str  # "cpu"; "garbage": CPU time of Python's search for garbage, for the most part;
    # "sleep"; "gil": a thread of the learner's held the GIL; "earlier": perhaps a job that is older
    # than the call held the GIL
    file: str  # "In [7]", "cell repair_two", or a file's name; "" when no line was seen
    line: int
    code: str
    function: str
    doubt: float = 0.0  # further seconds, which the machine may have caused
    library: str = ""  # the installed package that the line had called
    tasks: int = 1  # so many of them held the loop, one directly after the other

    @classmethod
    def from_plain(cls, plain: Any) -> Block:
        """Return the block that a record's `to_plain` wrote; raises ValueError for anything else.

        The record checks the numbers of its blocks.
        """
        if type(plain) is not dict or set(plain) != {f.name for f in fields(cls)}:
            raise ValueError("a block lacks fields, or has others")
        block = cls(**plain)
        texts = (block.kind, block.file, block.code, block.function, block.library)
        if type(block.line) is not int or not 0 <= block.line <= MOST_LINES:
            raise ValueError("a record holds a block at a line that no file has")
        if not all(type(text) is str for text in texts):
            raise ValueError("a record holds a block that names no line")
        if type(block.tasks) is not int or not 1 <= block.tasks <= MOST_TASKS:
            raise ValueError("a record holds a block of an impossible number of tasks")
        return block


@dataclass(frozen=True)
class Left:
    """Tasks of the learner's that did not end with the call, all waiting at one line."""

    function: str
    file: str  # as in a Block
    line: int
    code: str
    tasks: int = 1

    @classmethod
    def from_plain(cls, plain: Any) -> Left:
        """Return what a record's `to_plain` wrote; raises ValueError for anything else."""
        if type(plain) is not dict or set(plain) != {f.name for f in fields(cls)}:
            raise ValueError("a task that was left running lacks fields, or has others")
        left = cls(**plain)
        if not all(type(text) is str for text in (left.function, left.file, left.code)):
            raise ValueError("a task that was left running names no line")
        if type(left.line) is not int or not 0 <= left.line <= MOST_LINES:
            raise ValueError("a task that was left running names no line")
        if type(left.tasks) is not int or not 1 <= left.tasks <= MOST_LEFT:
            raise ValueError("a record holds an impossible number of tasks")
        return left


@dataclass
class Record:
    """Everything measured about one call, as plain data that can cross to another process."""

    name: str
    began: float = 0.0
    value: bytes | None = None
    outcome: CallOutcome = "returned"
    error: tuple[str, str, str, int] | None = None  # type, message, file as shown, line
    raised_by: str = ""  # the learner's function that raised it; a driver may have called it
    traceback: str = ""
    seconds: float = 0.0
    blocks: list[Block] = field(default_factory=list)
    late: list[tuple[float, float]] = field(default_factory=list)
    lanes: list[tuple[str, list[tuple[float, float]]]] = field(default_factory=list)
    noise: list[tuple[float, float]] = field(default_factory=list)
    loop: str = "asyncio"
    blind: bool = False  # the kernel showed no run-queue waits
    gil: bool = True  # False on a free-threaded Python, where threads do not hold each other up
    tampered: str = ""
    starved: float = 0.0  # seconds that a timed-out call waited for a CPU
    left: list[Left] = field(default_factory=list)  # not ended when the call ended or timed out

    def to_plain(self) -> dict[str, Any]:
        """Return the record as plain data, each of its blocks as a dict."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Any) -> Record:
        """Return the record that `to_plain` wrote; raises ValueError for anything else.

        A candidate process can send anything. Types and numbers are checked here, so that no NaN
        and no object with a method of its own can deceive a check of the report.
        """
        if type(plain) is not dict or set(plain) != {f.name for f in fields(cls)}:
            raise ValueError("a record lacks fields, or has others")
        record = cls(**plain)
        for name, kind in _KINDS.items():
            if type(plain[name]) is not kind:
                raise ValueError(f"a record's {name} is not a {kind.__name__}")
        error = record.error
        if record.outcome not in get_args(CallOutcome):
            raise ValueError("a record's outcome is none that a call can have")
        if (error is None) != (record.outcome == "returned"):
            raise ValueError("a record's outcome and its error contradict each other")
        if error is not None and [type(part) for part in error] != [str, str, str, int]:
            raise ValueError("a record's error is not (type, message, file, line)")
        if error is not None and not 0 <= error[3] <= MOST_LINES:
            raise ValueError("a record's error is at a line that no file has")
        if not (record.value is None or type(record.value) is bytes):
            raise ValueError("a record's value is not bytes")
        numbers = [record.seconds, record.began, record.starved]
        numbers += [x for pair in record.late for x in pair]
        record.blocks = [Block.from_plain(block) for block in plain["blocks"]]
        record.left = [Left.from_plain(left) for left in plain["left"]]
        for block in record.blocks:
            numbers += [block.seconds, block.doubt, block.start]
        numbers += [x for pair in record.noise for x in pair]
        if not all(type(x) is float and math.isfinite(x) and x >= 0 for x in numbers):
            raise ValueError("a record holds a number that no clock shows")
        return record

    @classmethod
    def from_stored(cls, plain: dict[str, Any]) -> Record:
        """Return the record that `to_plain` wrote, perhaps in an older version of the course.

        Newer fields get their defaults, and fields that no longer exist are left out. Raises
        ValueError or TypeError for anything that is not a record.
        """
        new = cls(name="").to_plain()
        if plain.get("error") is not None:
            new["outcome"] = "raised"
        new |= {name: plain[name] for name in new if name in plain}
        if type(new["blocks"]) is list:
            added = {f.name: f.default for f in fields(Block) if f.default is not MISSING}
            new["blocks"] = [added | dict(block) for block in new["blocks"]]
        return cls.from_plain(new)


_KINDS: dict[str, type] = {
    "name": str,
    "outcome": str,
    "raised_by": str,
    "traceback": str,
    "blocks": list,
    "late": list,
    "lanes": list,
    "noise": list,
    "blind": bool,
    "gil": bool,
    "tampered": str,
    "left": list,
}

"""Block and Record: everything measured about one call, as plain data.

A record crosses from the process where the code ran, so `from_plain` trusts nothing it is given.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

# How a call ended; "no plain data": it returned what cannot be graded. All but "returned" have an
# error. A learner's own TimeoutError is "raised".
CallOutcome = Literal[
    "returned", "no plain data", "raised", "timed out", "process ended", "not attempted"
]


SHORTEST = 0.003  # s: a shorter block is not kept; the tightest limit of the course is 10 ms
BEAT = 0.005  # s between two beats under uvloop, whose passes cannot be bracketed


def shortest_kept(loop: str = "asyncio") -> float:
    """Return the seconds from which on a block is certain to be in the record of a run."""
    return SHORTEST + (BEAT if loop == "uvloop" else 0.0)


@dataclass(frozen=True)
class Block:
    """One stretch for which the code held the loop; seconds, and seconds since the call began."""

    seconds: float
    start: float
    kind: str  # "cpu", "sleep", "gil" when a thread of the learner's held the GIL, or "earlier"
    # when the doubt is about a job that ran already when the call began
    file: str  # "In [7]", "cell repair_two", or a file's name; empty when no line was seen
    line: int
    code: str
    function: str
    doubt: float = 0.0  # seconds more that may have been the machine

    @classmethod
    def from_plain(cls, plain: Any) -> Block:
        """Return the block that a record's `to_plain` wrote; raises ValueError for anything else.

        Whether its numbers are such as a clock shows is left to the record.
        """
        if type(plain) is not dict or set(plain) != {f.name for f in fields(cls)}:
            raise ValueError("a block lacks fields, or has others")
        block = cls(**plain)
        texts = (block.kind, block.file, block.code, block.function)
        if type(block.line) is not int or not all(type(text) is str for text in texts):
            raise ValueError("a record holds a block that names no line")
        return block


@dataclass
class Record:
    """Everything measured about one call, as plain data that crosses the wire."""

    name: str
    began: float = 0.0
    value: bytes | None = None
    outcome: CallOutcome = "returned"
    error: tuple[str, str, str, int] | None = None  # type, message, file as shown, line
    raised_by: str = ""  # the learner's function that raised it, which a driver may have called
    traceback: str = ""
    seconds: float = 0.0
    blocks: list[Block] = field(default_factory=list)
    late: list[tuple[float, float]] = field(default_factory=list)
    lanes: list[tuple[str, list[tuple[float, float]]]] = field(default_factory=list)
    noise: list[tuple[float, float]] = field(default_factory=list)
    loop: str = "asyncio"
    blind: bool = False  # the kernel told nothing about waits
    tampered: str = ""
    starved: float = 0.0  # seconds that a call out of time had waited for a CPU

    def to_plain(self) -> dict[str, Any]:
        """Return the record as plain data, each of its blocks as a dict."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Any) -> Record:
        """Return the record that `to_plain` wrote; raises ValueError for anything else.

        What a candidate process sends is a claim: types and numbers are checked here, so that no
        check can be fooled by a NaN or an object that is not what it seems.
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
        if not (record.value is None or type(record.value) is bytes):
            raise ValueError("a record's value is not bytes")
        numbers = [record.seconds, record.began, record.starved]
        numbers += [x for pair in record.late for x in pair]
        record.blocks = [Block.from_plain(block) for block in plain["blocks"]]
        for block in record.blocks:
            numbers += [block.seconds, block.doubt, block.start]
        numbers += [x for pair in record.noise for x in pair]
        if not all(type(x) is float and math.isfinite(x) and x >= 0 for x in numbers):
            raise ValueError("a record holds a number that no clock shows")
        return record

    @classmethod
    def from_stored(cls, plain: dict[str, Any]) -> Record:
        """Return the record that `to_plain` wrote, perhaps of an older version of the course.

        Fields that came later have their defaults, and those that have gone are left out. Raises
        ValueError or TypeError for what is no record.
        """
        new = cls(name="").to_plain()
        if plain.get("error") is not None:
            new["outcome"] = "raised"
        return cls.from_plain(new | {name: plain[name] for name in new if name in plain})


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
    "tampered": str,
}

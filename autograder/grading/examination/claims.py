"""What a candidate says about a watched call: bounded where it enters, and never a reason to pass.

The record comes from the process that runs the learner's code, so every number and text in it is a
claim. A claim can make the verdict worse: a block that the candidate admits counts. It can excuse
nothing: the waits for a CPU that a record names count only as far as the witness saw them too, and
a block that the witness saw is added.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

from autograder import wire
from autograder.grading.examination.outputs import clean
from autograder.grading.examination.witness import MARGIN, Testimony
from autograder.monitor.run import MOST_TICKS
from autograder.report.record import Block, Left, Record
from autograder.text import visible

LONGEST_TEXT = 2000  # characters of a name, a message or a line of code in a record
_AFTER = 1.0  # s by which a time in a record may lie after the answer
# s by which a wait that a record names may exceed what the witness saw: the two look at different
# moments, and the kernel gives the wait in steps of a timer tick, 4 ms, for each of the threads
_UNSEEN = 0.05
_TEARDOWN = 0.5  # s of CPU to end a call's tasks, which is no part of it; they need 0.01
# of one record: at least what `Run._fill` and the monitor let through, of which lists are drawn
_MOST = {"blocks": 200, "late": MOST_TICKS, "noise": 1000, "lanes": 60, "left": 40}
_MOST_STEPS = 1000  # of one lane

_Named = TypeVar("_Named", Block, Left)


def sound(answer: dict[str, Any], name: str, began: float, took: float) -> Record:
    """Return the record in an answer, with each field bounded.

    `name` is what the test called, `began` the time.monotonic() of the call and `took` the seconds
    until the answer came. Raises ValueError, TypeError or KeyError for what no call can have sent.
    """
    record = Record.from_plain(answer["record"])
    record.name = name
    for part, longest in _MOST.items():
        if len(getattr(record, part)) > longest:
            raise ValueError(f"a record holds more than {longest} {part}")
    if record.value is not None:  # packed anew: neither blanks nor doubled keys come from `pack`
        record.value = wire.pack(wire.unpack(record.value))
    if record.error is not None:
        kind, message, file, line = record.error
        record.error = (_text(kind), _text(message), _text(file), line)
    elif record.value is None:
        raise ValueError("a record holds neither a value nor an error")
    record.raised_by, record.tampered = _text(record.raised_by), ""
    record.traceback = clean(record.traceback)
    if abs(record.began - began) > took + _AFTER:
        record.began = began
    most = took + _AFTER
    _within(most, (record.seconds, record.starved))
    _within(most, (time for b in record.blocks for time in (b.seconds, b.doubt, b.start)))
    _within(most, (time for pair in (*record.late, *record.noise) for time in pair))
    record.blocks = [
        _bounded(block, "kind", "file", "code", "function", "library") for block in record.blocks
    ]
    record.left = [_bounded(left, "function", "file", "code") for left in record.left]
    record.lanes = [
        (_text(lane), [(_moment(start), _moment(seconds)) for start, seconds in steps])
        for lane, steps in record.lanes
    ]
    if any(len(steps) > _MOST_STEPS for _, steps in record.lanes):
        raise ValueError("a record holds a lane of too many steps")
    return record


def believed(record: Record, seen: Testimony) -> None:
    """Compare the record with what the witness saw of the same call, and change it accordingly.

    Excuses are cut down to the waits for a CPU that the witness saw. A doubt about a sleep ends
    when the witness saw that the code had asked for the sleep. A longer block that the witness saw
    is added, and the contradiction is noted in `tampered`. A call takes no less time than its main
    thread computed.
    """
    waited = seen.waited + _UNSEEN
    claimed = max((block.seconds + block.doubt for block in record.blocks), default=0.0)
    held, why = seen.contradicts(claimed, len(record.value or b""))
    record.tampered = why
    if held:
        kind = "sleep" if seen.asleep == held else "cpu"
        record.blocks.append(Block(held, 0.0, kind, "", 0, "", ""))
    if seen.lost:
        return
    _settle(record.blocks, seen.timed)
    longest = max((block.seconds + block.doubt for block in record.blocks), default=0.0)
    record.seconds = max(record.seconds, seen.cpu - _TEARDOWN)
    record.starved = min(record.starved, waited)
    record.late = [(due, min(late, waited + longest)) for due, late in record.late]
    noise = sum(seconds for _, seconds in record.noise)
    if noise > waited:
        record.noise = [(at, seconds * waited / noise) for at, seconds in record.noise]


def _settle(blocks: list[Block], slept: float) -> None:
    """Make the most doubtful block that may hold the code's own sleep as long as that was.

    Where a block of that length is admitted, the sleep was in that one.
    """
    if any(block.seconds >= slept for block in blocks):
        return
    long = [block for block in blocks if block.seconds + block.doubt > slept - MARGIN]
    worst = max(long, key=lambda block: block.doubt, default=None)
    if worst is not None:
        seconds = min(slept, worst.seconds + worst.doubt)
        doubt = worst.seconds + worst.doubt - seconds
        blocks[blocks.index(worst)] = replace(worst, seconds=seconds, doubt=doubt)


def beyond(record: Record, seen: Testimony, limit: float) -> Iterator[str]:
    """Yield what the witness saw that no call within the `limit` (s) can show.

    A record that admits a longer block, or has doubts about one, claims nothing. Two passes of the
    loop, one directly after the other, may both be just shorter than the limit.
    """
    longest = sorted((block.seconds + block.doubt for block in record.blocks), reverse=True)[:2]
    if max(longest, default=0.0) < limit and (why := seen.exceeds(sum(longest), limit)):
        yield why


def _bounded(item: _Named, *texts: str) -> _Named:
    """Return a block or a left task with these of its texts bounded."""
    bounded: dict[str, Any] = {name: _text(getattr(item, name)) for name in texts}
    return replace(item, **bounded)


def _text(text: Any) -> str:
    """A text of a record, for one sentence: bounded, and with control characters written out."""
    return visible(clean(text)[:LONGEST_TEXT])


def _moment(value: Any) -> float:
    if type(value) is not float or not math.isfinite(value):
        raise ValueError("a record holds a time that is not a finite number")
    return value


def _within(most: float, times: Any) -> None:
    if any(time > most for time in times):
        raise ValueError("a record holds a time that is longer than the call")

"""What a watched call did, and the checks that speak about it in sentences.

`Record` is what crosses from the process where the code ran: plain data. `Report` is what people
and test cells hold: the contract of `watch`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

from autograder import context, wire
from autograder.outcomes import (
    CallFailed,
    Inconclusive,
    LoopBlocked,
    NotAttempted,
    TooSlow,
    WrongValue,
)
from autograder.report import story
from autograder.report.record import Block, Record, shortest_kept
from autograder.text import duration

REPEATS_TO_BELIEVE = 3  # blind runs in a row that must agree before a sleeping block is believed


@dataclass(frozen=True)
class Check:
    """A check of a report: its name, and the limit or bound in seconds if it has one."""

    name: str
    limit: float | None = None


class LoggedGateway(Protocol):
    """What a check reads of a gateway handle."""

    heartbeat: float
    grace: int

    @property
    def log(self) -> list[dict[str, Any]]: ...


class Report:
    """The outcome of one watched call.

    Each check returns the report, so that checks can be chained, or raises an outcome whose text
    is one sentence for the learner. All times are float seconds.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.blocks = sorted(record.blocks, key=lambda b: -b.seconds)
        self.gateway_log: list[dict[str, Any]] = []
        self.checks: list[Check] = []  # those that were made, whether they held or not

    @property
    def value(self) -> Any:
        """What the call returned; raises NotAttempted or CallFailed when it raised."""
        self._came_to_an_end()
        return wire.unpack(self.record.value or b"null")

    @property
    def error(self) -> tuple[str, str, int] | None:
        """None, or what the call raised: (type name, message, line)."""
        if self.record.error is None:
            return None
        kind, message, _, line = self.record.error
        return kind, message, line

    @property
    def seconds(self) -> float:
        """Wall time of the call."""
        return self.record.seconds

    @property
    def longest_block(self) -> float:
        """The longest stretch for which the code held the loop: the number that is graded."""
        return max((block.seconds for block in self.blocks), default=0.0)

    @property
    def limit(self) -> float | None:
        """The limit of the last check of the loop; None when the loop was not checked."""
        limits = [check.limit for check in self.checks if check.name == "responsive"]
        return limits[-1] if limits else None

    @property
    def noise(self) -> float:
        """How much time the machine took away from the loop in long passes."""
        return sum(seconds for _, seconds in self.record.noise)

    @property
    def _earlier(self) -> float:
        """For how long a job that is older than the call may have held the loop."""
        return sum(block.doubt for block in self.blocks if block.kind == "earlier")

    def lag(self, percentile: float) -> float:
        """Return a percentile (0 to 100) of how late the fixed-schedule ticks were. Shown, never
        graded: it contains what the machine did."""
        late = sorted(lateness for _, lateness in self.record.late)
        if not late:
            return 0.0
        return late[min(len(late) - 1, int(len(late) * percentile / 100))]

    def responsive(self, limit: float = 0.1, gateway: LoggedGateway | None = None) -> Report:
        """Check that the code never held the loop for `limit` seconds.

        With a `gateway`, also that it kept the bot's connection; what the gateway saw becomes part
        of the sentence and of the picture. Raises LoopBlocked; NotAttempted or CallFailed when the
        call raised; Inconclusive when the machine could explain the block, or the kill.
        """
        self.checks.append(Check("responsive", limit))
        if gateway is not None:
            self.gateway_log = gateway.log
        kills = [event for event in self.gateway_log if event["event"] == "killed"]
        worst = self.blocks[0] if self.blocks else None
        if worst is not None and worst.seconds >= limit:
            self._fail(LoopBlocked(self._blocked_sentence(worst, limit, kills)))
        self._came_to_an_end()
        doubtful = max(self.blocks, key=lambda b: b.seconds + b.doubt, default=None)
        if doubtful is not None and doubtful.seconds + doubtful.doubt >= limit:
            self._doubt(doubtful, limit)
        if kills:
            self._judge_kill(kills[0])
        return self

    def returned(self, expected: Any) -> Report:
        """Check the value, type and all; raises WrongValue, or NotAttempted or CallFailed."""
        self.checks.append(Check("returned"))
        value = self.value
        if not same(value, expected):
            of_type = ""
            if type(value) is not type(expected):
                of_type = f" (a {type(value).__name__}, not a {type(expected).__name__})"
            self._fail(
                WrongValue(
                    f"`{self.record.name}` returned {_short(value)}{of_type}, "
                    f"but {_short(expected)} was expected."
                )
            )
        return self

    def within(self, bound: float) -> Report:
        """Check the wall time; raises TooSlow, or Inconclusive when the machine took so much away
        that it could explain the miss. Prefer what a server counted."""
        self.checks.append(Check("within", bound))
        self._came_to_an_end()
        if self.seconds > bound:
            if self.seconds - self.noise - self._earlier <= bound or self.lag(50) > bound / 20:
                raise Inconclusive(
                    f"`{self.record.name}` took {duration(self.seconds)} "
                    f"(bound {duration(bound)}), but this machine was too busy to blame it. "
                    f"Run the cell again."
                )
            self._fail(
                TooSlow(
                    f"`{self.record.name}` took {duration(self.seconds)}; "
                    f"at most {duration(bound)} was allowed."
                )
            )
        return self

    @property
    def sentence(self) -> str:
        """What happened, in one sentence."""
        name, error = self.record.name, self.record.error
        if error is not None:
            return self._error_sentence()
        longest = self.longest_block
        if longest:
            held = f"the longest block of the loop was {duration(longest)}{_place(self.blocks[0])}"
        elif self.blocks:  # each of them may have been the machine
            worst = max(self.blocks, key=lambda block: block.doubt)
            held = f"the loop may have stood still for up to {duration(worst.doubt)}{_place(worst)}"
        else:
            least = duration(shortest_kept(self.record.loop))
            held = f"the loop was free: no block of {least} or longer"
        return f"`{name}` ran for {duration(self.seconds)}; {held}."

    def __repr__(self) -> str:
        return self.sentence

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from autograder.report import gateway_log, timeline

        beats, kills = timeline.heard(self.gateway_log, self.record.began)
        picture = timeline.as_html(self.record, self.limit, beats, kills)
        heard = gateway_log.as_html(self.gateway_log, self.record.began)
        return {"text/plain": self.sentence, "text/html": picture + heard}

    def _came_to_an_end(self) -> None:
        outcome = self.record.outcome
        if outcome == "returned":
            return
        if outcome == "not attempted":
            raise NotAttempted(self._error_sentence())
        if outcome == "timed out" and self._earlier > self.record.seconds / 2:
            earlier = [block for block in self.blocks if block.kind == "earlier"]
            longest = max(earlier, key=lambda block: block.doubt)
            raise Inconclusive(f"{self._error_sentence()[:-1]}, and {_still_running(longest)}")
        given = self.record.seconds - self.record.starved
        starved = given < self.record.starved and self.longest_block < given / 2
        if outcome == "timed out" and starved:
            # It might have ended in time elsewhere; a loop that was held all the time would not.
            raise Inconclusive(
                f"{self._error_sentence()[:-1]}, but this machine kept it waiting for a CPU for "
                f"{duration(self.record.starved)} of them. Run the cell again."
            )
        self._fail(CallFailed(self._error_sentence()))

    def _error_sentence(self) -> str:
        kind, message, file, line = self.record.error or ("", "", "", 0)
        name = self.record.raised_by or self.record.name
        where = f" at line {line} of {file}" if file else ""
        match self.record.outcome:
            case "not attempted":
                return f"`{name}`: not attempted yet."
            case "timed out":
                return f"`{self.record.name}` {message}{where}."
            case "process ended":
                return f"`{self.record.name}` did not return: {message}."
            case "no plain data":
                return message[:1].upper() + message[1:]
        message = f": {message}" if message else ""
        return f"`{name}` raised {kind}{where}{message}"

    def _blocked_sentence(self, block: Block, limit: float, kills: list[dict[str, Any]]) -> str:
        name = self.record.name
        if block.function.replace(".", "").isidentifier():  # not a <lambda>
            name = block.function
        sentence = (
            f"While `{name}` ran, the loop stood still for {duration(block.seconds)} "
            f"(limit {duration(limit)}){_place(block)}"
        )
        if block.kind == "gil":
            sentence += ", a thread that kept the GIL"
        elif (tasks := story.turns(self.record, block.start, block.seconds)) > 1:
            sentence += (
                f": {tasks} tasks in turn, {duration(block.seconds / tasks)} each on average"
            )
        sentence += "."
        if kills:
            sentence += (
                f" No heartbeat could leave: after {duration(kills[0]['gap'])} of silence the "
                f"gateway closed the connection with {kills[0]['code']}."
            )
        others = sum(1 for b in self.blocks if b.seconds >= limit) - 1
        if others:
            sentence += f" ({others} more block{'s' if others > 1 else ''} over the limit.)"
        return sentence

    def _doubt(self, block: Block, limit: float) -> None:
        if block.kind == "earlier":
            raise Inconclusive(
                f"The loop stood still for up to {duration(block.seconds + block.doubt)} "
                f"(limit {duration(limit)}), and {_still_running(block)}"
            )
        if self.record.blind and _agree(self.record.name, block, limit):
            self._fail(LoopBlocked(self._blocked_sentence(_certain(block), limit, [])))
        why = (
            "this system does not tell sleeping from waiting for a CPU"
            if self.record.blind
            else "other work on this machine may have caused it"
        )
        raise Inconclusive(
            f"The loop stood still for up to {duration(block.seconds + block.doubt)} "
            f"(limit {duration(limit)}){_place(block)}, but {why}. Run the cell again."
        )

    def _judge_kill(self, kill: dict[str, Any]) -> None:
        """A loop that was free all the time can still lose its connection: on a starved machine, or
        by a bot that stopped beating. Which of them is told by what the machine took away."""
        said = (
            f"the gateway closed the connection with {kill['code']} after {duration(kill['gap'])} "
            f"without a heartbeat"
        )
        if self.lag(100) > 0.05 or self.noise > 0.05:
            raise Inconclusive(
                f"The loop was free, yet {said}: this machine was too busy. Run the cell again."
            )
        self._fail(
            LoopBlocked(
                f"While `{self.record.name}` ran the loop was free, yet {said}: "
                f"the bot itself stopped sending heartbeats."
            )
        )

    def _fail(self, outcome: Exception) -> None:
        show(self)
        raise outcome


def same(value: Any, expected: Any) -> bool:
    """Whether two plain values are equal, with exactly the same types all the way down."""
    try:
        return wire.pack(value) == wire.pack(expected) or (
            type(value) is type(expected) is dict
            and value.keys() == expected.keys()
            and all(same(value[key], expected[key]) for key in expected)
        )
    except wire.NotPlain:
        return False


def _show(report: Report) -> None:
    """Show a report whose check failed: in a notebook, its picture."""
    import sys

    if "IPython" not in sys.modules:
        return
    from IPython.core.getipython import get_ipython

    if get_ipython() is not None:
        from IPython.display import display

        display(report)  # type: ignore[no-untyped-call]


def show(report: Report) -> None:
    """Show a report whose check failed, before the sentence."""
    (context.this_process.show or _show)(report)


_blind_runs: dict[str, list[float]] = {}


def _agree(name: str, block: Block, limit: float) -> bool:
    """Whether the last blind runs of this call all showed a block: starvation would not repeat."""
    runs = _blind_runs.setdefault(name, [])
    runs.append(block.seconds + block.doubt)
    del runs[:-REPEATS_TO_BELIEVE]
    return len(runs) == REPEATS_TO_BELIEVE and min(runs) >= limit


def _certain(block: Block) -> Block:
    return replace(block, seconds=block.seconds + block.doubt, doubt=0.0)


def _place(block: Block) -> str:
    if not block.file:
        return ""
    code = f", `{block.code}`" if block.code else ""
    return f" at line {block.line} of {block.file}{code}"


def _still_running(block: Block) -> str:
    where = _place(block) or " in another thread"
    return (
        f"a job of an earlier cell is still running{where}: wait for it, or restart the kernel. "
        f"Then run the cell again."
    )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 160 else text[:150] + "..."

"""`Report`: what `watch` returns, with its checks and their messages.

A `Record` is the plain data that comes from the process where the code ran. A `Report` is what
people and test cells use: the contract of `watch`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from autograder import context, wire
from autograder.outcomes import (
    CallFailed,
    Inconclusive,
    LoopBlocked,
    NotAttempted,
    TooSlow,
    WrongValue,
)
from autograder.report.record import Block, Left, Record, shortest_kept
from autograder.text import duration

AGAIN = "Run the cell again; it does not count against you."
_HELD_BY = {
    "gil": ", in a thread that kept the GIL",
    "garbage": ", in Python's search for garbage",
}
NO_GIL = "This Python has no GIL, so a thread that computes does not hold the loop."
TOO_BUSY = f"This machine was too busy to measure this. {AGAIN}"


@dataclass(frozen=True)
class Check:
    """A check of a report: its name, and the limit or bound in seconds if it has one."""

    name: str
    limit: float | None = None


class LoggedGateway(Protocol):
    """What a check reads from a gateway handle."""

    heartbeat: float
    grace: int

    @property
    def log(self) -> list[dict[str, Any]]: ...


class Report:
    """The outcome of one watched call.

    Each check returns the report, so that checks can be chained, or raises an outcome whose text
    is a message for the learner. All times are float seconds.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.blocks = sorted(record.blocks, key=lambda b: -b.seconds)
        self.gateway_log: list[dict[str, Any]] = []
        self.checks: list[Check] = []  # all checks that were made, passed or failed

    @property
    def value(self) -> Any:
        """What the call returned; raises NotAttempted, Inconclusive or CallFailed if it did not."""
        self._came_to_an_end()
        return wire.unpack(self.record.value or b"null")

    @property
    def error(self) -> tuple[str, str, int] | None:
        """What the call raised: (type name, message, line); None if it returned."""
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
        """The longest time for which the code held the loop, in s: this number is graded."""
        return max((block.seconds for block in self.blocks), default=0.0)

    @property
    def limit(self) -> float | None:
        """The limit of the last `responsive`, in s; None when there was no such check."""
        limits = [check.limit for check in self.checks if check.name == "responsive"]
        return limits[-1] if limits else None

    @property
    def noise(self) -> float:
        """For how long other programs kept the loop waiting in long passes of the call, in s.

        What they took of the teardown came after the call's figures, and excuses none of them.
        """
        return sum((taken for began, taken in self.record.noise if began < self.seconds), 0.0)

    @property
    def _earlier(self) -> float:
        """For how long a job that is older than the call may have held the loop, in s."""
        return sum(block.doubt for block in self.blocks if block.kind == "earlier")

    def lag(self, percentile: float) -> float:
        """Return a percentile (0 to 100) of the lateness of ticks on a fixed schedule, in s.

        It is shown and never graded, because it includes delays that the machine caused.
        """
        late = sorted(lateness for _, lateness in self.record.late)
        if not late:
            return 0.0
        return late[min(len(late) - 1, int(len(late) * percentile / 100))]

    @property
    def late_by_machine(self) -> float:
        """How late a tick came, at most, that was not due in a block of the code's own, in s."""
        return max(self._others_lateness(), default=0.0)

    def _others_lateness(self) -> list[float]:
        """Return how late each tick of the call came, sorted, but for its own blocks.

        A loop that its own code holds is late, too, and that excuses nothing.
        """
        own = [(block.start, block.start + block.seconds) for block in self.blocks if block.seconds]
        return sorted(
            late
            for due, late in self.record.late
            if due < self.seconds and not any(start <= due < end for start, end in own)
        )

    def responsive(self, limit: float = 0.1, gateway: LoggedGateway | None = None) -> Report:
        """Check that each block was shorter than `limit` seconds.

        With a `gateway`, also check that the bot kept its connection; the message and the chart
        then include the gateway's log. Raises LoopBlocked; NotAttempted or CallFailed when the call
        raised; Inconclusive when the machine may have caused the block or the lost connection.
        """
        self.checks.append(Check("responsive", limit))
        if gateway is not None:
            self.gateway_log = gateway.log
        kills = [event for event in self.gateway_log if event["event"] == "killed"]
        self._was_attempted()
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
        """Check the value and its type; raises WrongValue, or what `value` raises."""
        self.checks.append(Check("returned"))
        value = self.value
        if not same(value, expected):
            got, wanted = _short(value), _short(expected)
            if type(value) is not type(expected):
                got += f" ({type(value).__name__})"
                wanted += f" ({type(expected).__name__})"
            self._fail(WrongValue(f"`{self.record.name}` returned {got}; expected {wanted}."))
        return self

    def within(self, bound: float) -> Report:
        """Check that the call took at most `bound` seconds of wall time.

        Raises TooSlow; Inconclusive when the machine may have caused the delay; or what `value`
        raises. A count made by a server is a better check than a time.
        """
        self.checks.append(Check("within", bound))
        self._came_to_an_end()
        if self.seconds > bound:
            late = self._others_lateness()
            excused = self.seconds - self.noise - self._earlier <= bound
            excused = excused or (bool(late) and late[len(late) // 2] > bound / 20)
            if excused and sum(block.seconds for block in self.blocks) <= bound:
                self._leave_open(
                    f"`{self.record.name}` took {duration(self.seconds)} "
                    f"(limit {duration(bound)}). {TOO_BUSY}"
                )
            self._fail(
                TooSlow(
                    f"`{self.record.name}` took {duration(self.seconds)}; "
                    f"the limit is {duration(bound)}."
                )
            )
        return self

    @property
    def sentence(self) -> str:
        """What happened, in one or two sentences."""
        name, error = self.record.name, self.record.error
        if error is not None:
            return self._error_sentence()
        longest = self.longest_block
        if longest:
            allowed = "" if self.limit is None else f" (limit {duration(self.limit)})"
            line = _place(self.blocks[0])
            held = f"The longest block was {duration(longest)}{allowed}{',' * bool(line)}{line}"
        elif self.blocks:  # the machine may have caused each of them
            worst = max(self.blocks, key=lambda block: block.doubt)
            held = f"The loop may have been held for up to {duration(worst.doubt)}{_place(worst)}"
        else:
            least = duration(shortest_kept(self.record.loop))
            held = f"The loop was free: no block of {least} or longer"
        no_gil = "" if self.record.gil else f" {NO_GIL}"
        return f"`{name}` ran for {duration(self.seconds)}. {held}.{no_gil}{self._left('it ended')}"

    def __repr__(self) -> str:
        return self.sentence

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from autograder.report import gateway_log, timeline

        beats, kills = timeline.heard(self.gateway_log, self.record.began)
        picture = timeline.as_html(self.record, self.limit, beats, kills)
        heard = gateway_log.as_html(self.gateway_log, self.record.began)
        return {"text/plain": self.sentence, "text/html": picture + heard}

    def _was_attempted(self) -> None:
        """Raise NotAttempted for a cell that is still as it was given, also if it held the loop."""
        if self.record.outcome == "not attempted":
            raise NotAttempted(self._error_sentence())

    def _came_to_an_end(self) -> None:
        outcome = self.record.outcome
        if outcome == "returned":
            return
        self._was_attempted()
        if outcome == "timed out" and self._earlier > self.record.seconds / 2:
            earlier = [block for block in self.blocks if block.kind == "earlier"]
            longest = max(earlier, key=lambda block: block.doubt)
            self._leave_open(f"{self._error_sentence()[:-1]}, and {_still_running(longest)}")
        given = self.record.seconds - self.record.starved
        starved = given < self.record.starved and self.longest_block < given / 2
        if outcome == "timed out" and starved:
            # On a free machine the call might have ended in time, unless it held its loop.
            self._leave_open(
                f"{self._error_sentence()[:-1]}, but this machine kept it waiting for a CPU for "
                f"{duration(self.record.starved)} of that time. {AGAIN}"
            )
        self._fail(CallFailed(self._error_sentence() + self._left("it was stopped")))

    def _error_sentence(self) -> str:
        kind, message, file, line = self.record.error or ("", "", "", 0)
        name = self.record.raised_by or self.record.name
        where = f" at line {line} of {file}" if file else ""
        match self.record.outcome:
            case "not attempted":
                return f"`{name}`: not attempted. The cell still raises NotImplementedError."
            case "timed out":
                return f"`{self.record.name}` {message}{where}."
            case "process ended":
                return f"`{self.record.name}` did not return: {message}."
            case "no plain data":
                return message[:1].upper() + message[1:]
        message = f": {message}" if message else ""
        return f"`{name}` raised {kind}{where}{message}"

    def _left(self, when: str) -> str:
        """Return the sentence about the tasks that the call left running; "" if it left none."""
        if not self.record.left:
            return ""
        first, tasks = self.record.left[0], sum(one.tasks for one in self.record.left)
        running = f"`{first.function}` was"
        if tasks > 1:
            running = f"{tasks} of its tasks were"
        some = f" {first.tasks} of them" * (first.tasks < tasks)
        return f" When {when}, {running} still running,{some}{_place(first)}."

    def _blocked_sentence(self, block: Block, limit: float, kills: list[dict[str, Any]]) -> str:
        name = self.record.name
        if block.function.replace(".", "").isidentifier():  # not a <lambda>
            name = block.function
        ran = "ran"
        if self.record.outcome == "returned" and block.start >= self.seconds:
            ran = f"ran, which `{self.record.name}` had left running"
        sentence = (
            f"While `{name}` {ran}, the loop was held for {duration(block.seconds)} "
            f"(limit {duration(limit)}){_place(block)}"
        )
        sentence += _HELD_BY.get(block.kind, "")
        sentence += "."
        if block.kind not in _HELD_BY and block.tasks > 1:
            sentence += (
                f" These were {block.tasks} tasks, one directly after the other: "
                f"{duration(block.seconds / block.tasks)} each on average."
            )
        if self.record.outcome == "timed out" and self.record.error is not None:
            message = self.record.error[1]
            stopped = "" if "stopped" in message else ", so it was stopped"
            sentence += f" `{self.record.name}` {message}{stopped}."
        if kills:
            sentence += (
                f" The bot could not send its heartbeat, so the gateway closed the connection "
                f"({kills[0]['code']}) after {duration(kills[0]['gap'])}."
            )
        others = sum(1 for b in self.blocks if b.seconds >= limit) - 1
        if others:
            were = "blocks were" if others > 1 else "block was"
            sentence += f" {others} more {were} longer than the limit."
        return sentence

    def _doubt(self, block: Block, limit: float) -> None:
        if block.kind == "earlier":
            self._leave_open(
                f"The loop was held for up to {duration(block.seconds + block.doubt)} "
                f"(limit {duration(limit)}), and {_still_running(block)}"
            )
        why = f"other programs on this machine may be the reason. {AGAIN}"
        if self.record.blind:
            why = (
                "this system does not show whether your code slept or waited for a CPU. Close "
                f"other programs first. {AGAIN}"
            )
        elif block.kind == "garbage":
            why = (
                "Python's search for garbage looked at what is older than this call, because of "
                "gc.freeze() or gc.unfreeze(). Restart the kernel, so that less is there, and run "
                "the cells again; it does not count against you."
            )
        self._leave_open(
            f"The loop was held for up to {duration(block.seconds + block.doubt)} "
            f"(limit {duration(limit)}){_place(block)}, but {why}"
        )

    def _judge_kill(self, kill: dict[str, Any]) -> None:
        """Raise the outcome of a lost connection although the loop was free.

        Either the machine was starved, or the bot stopped its heartbeats. The time that the machine
        took decides between the two.
        """
        closed = (
            f"The loop was free, but the gateway closed the connection ({kill['code']}) after "
            f"{duration(kill['gap'])} without a heartbeat."
        )
        if self.late_by_machine > 0.05 or self.noise > 0.05:
            self._leave_open(f"{closed} {TOO_BUSY}")
        self._fail(
            LoopBlocked(
                f"{closed} The bot stopped sending them: check the task that sends heartbeats."
            )
        )

    def _leave_open(self, sentence: str) -> NoReturn:
        """Raise Inconclusive; the chart above it shows what took the time."""
        self._fail(Inconclusive(sentence))

    def _fail(self, outcome: Exception) -> NoReturn:
        show(self)
        raise outcome


def same(value: Any, expected: Any) -> bool:
    """Whether two plain values are equal and have exactly the same types at every level.

    The order of a dict's items does not count.
    """
    try:
        return wire.canonical(value) == wire.canonical(expected)
    except wire.NotPlain:
        return False


def _show(report: Report) -> None:
    """Show a report whose check did not pass: in a notebook, its chart."""
    import sys

    if "IPython" not in sys.modules:
        return
    from IPython.core.getipython import get_ipython

    if get_ipython() is not None:
        from IPython.display import display

        display(report)  # type: ignore[no-untyped-call]


def show(report: Report) -> None:
    """Show a report whose check did not pass, before its message."""
    (context.this_process.show or _show)(report)


def _place(at: Block | Left) -> str:
    if not at.file:
        return ""
    code = f", `{at.code}`" if at.code else ""
    library = f", in the library {at.library}" if isinstance(at, Block) and at.library else ""
    return f" at line {at.line} of {at.file}{code}{library}"


def _still_running(block: Block) -> str:
    where = _place(block) or " in another thread"
    return (
        f"a job of an earlier cell is still running{where}: wait for it, or restart the kernel. "
        f"Then run the cell again."
    )


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python writes no integer of more than 4300 digits
        return f"a value of type {type(value).__name__} with too many digits to be shown"
    return text if len(text) <= 160 else text[:150] + "..."

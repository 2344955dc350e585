"""What people read of a run: each line with its time, and the table at the end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from autograder.own_bot.account import Account, Held
from autograder.own_bot.inside.guard import without_tokens
from autograder.own_bot.talk import Expectation
from autograder.text import duration, escaped, printable
from autograder.world.console import describe
from autograder.world.gateway.journal import Event

_BY = {
    "gil": "a thread kept the GIL, as long calls into C do (a pattern, sorted, json)",
    "garbage": "Python searched for garbage",
}
_QUIET = ("listening", "heartbeat", "typing")


class Teller:
    """Prints what happens, each line with the seconds since the run began."""

    def __init__(self, folder: Path, limit: float, heartbeat: float) -> None:
        self._folder, self._limit, self._heartbeat = folder, limit, heartbeat
        self._began = time.monotonic()
        self._console = Console(highlight=False, soft_wrap=True)

    def say(self, who: str, what: str, style: str = "") -> None:
        """Print one line; further lines of `what` are indented. Tokens are never printed."""
        clock = Text(f"{time.monotonic() - self._began:9.3f}  ", style="dim")
        text = without_tokens(what).replace("\n", "\n" + " " * 21)
        name = Text(f"{who:<10}", style="bold")
        self._console.print(clock, name, Text(text, style=style), sep="")

    def plain(self, text: str = "", style: str = "") -> None:
        """Print text without a time."""
        self._console.print(Text(without_tokens(text), style=style))

    def gateway(self, event: Event, content: str | None = None) -> None:
        """Print an event of the gateway's; `content` is what people see of a message."""
        if event["event"] in _QUIET:
            return
        shown = {**event, "content": content} if content is not None else event
        told = describe(shown, self._heartbeat)
        if told is not None:
            self.say(*told)

    def still_held(self, held: Held) -> None:
        """Print a block that lasts, in one line."""
        places = [call.place(self._folder) for call in reversed(held.calls)]
        at = f", at {', called from '.join(places)}" if places else ""
        self.say("held", f"for {duration(held.seconds)} so far{_facts(held)}{at}", "yellow")

    def held(self, held: Held) -> None:
        """Print a block that has ended, with the bot's calls that led to its line."""
        doubtful = held.seconds < self._limit
        if doubtful:
            upto = duration(held.seconds + held.doubt)
            said = f"perhaps for up to {upto}; the machine was too busy to tell"
        else:
            said = f"for {duration(held.seconds)} (limit {duration(self._limit)})"
        said += _facts(held)
        for call in held.calls:
            said += f"\n{call.place(self._folder)}" + (f": {call.code}" if call.code else "")
        self.say("HELD", said, "yellow" if doubtful else "bold red")

    def expectation(self, number: int, result: Expectation) -> None:
        """Print what became of an `expect`."""
        where = f"line {number}: " if number else ""
        if result.met:
            self.say("expect", f"{where}{result.text!r} came within {duration(result.seconds)}")
        else:
            self.say(
                "expect",
                f"{where}{result.text!r} did not come within {duration(result.within)}",
                "bold red",
            )

    def summary(self, account: Account, counts: dict[str, int], unmet: int) -> None:
        """Print the table, and the sentences around it."""
        lines, limit = account.lines(), duration(self._limit)
        self.plain()
        if account.began and not lines and not account.doubtful:
            self.plain(f"The loop was free: no block of {limit} or longer.", "green")
        elif lines:
            many = "1 line" if len(lines) == 1 else f"{len(lines)} lines"
            self.plain(f"The loop was held for {limit} or longer at {many}:", "bold red")
            self.plain(f"{'times':>7}{'longest':>10}{'total':>10}{'heartbeats':>12}  line")
        for line in lines:
            place = line.call.place(self._folder) if line.call else "no line was seen"
            code = f": {line.call.code}" if line.call and line.call.code else ""
            doing = f"  ({', '.join(sorted(line.doing))})" if line.doing else ""
            figures = f"{line.times:>7}{duration(line.longest):>10}{duration(line.total):>10}"
            self.plain(f"{figures}{line.missed:>12}  {place}{code}{escaped(doing)}")
        if account.doubtful:
            cases = "1 case" if account.doubtful == 1 else f"{account.doubtful} cases"
            self.plain(
                f"In {cases} the machine was too busy to tell whether the loop was held for "
                f"{limit}: run it again when fewer programs run.",
                "yellow",
            )
        if account.early:
            self.plain(
                f"Before the bot was connected, its loop was held {_times(account.early)}, for up "
                f"to {duration(account.longest_early)}; this delays no heartbeat."
            )
        if counts["kills"]:
            self.plain(
                f"The gateway closed the connection {_times(counts['kills'])}, because "
                f"heartbeats were missing; the bot resumed {_times(counts['resumes'])}."
            )
        if unmet:
            many = "1 expectation was" if unmet == 1 else f"{unmet} expectations were"
            self.plain(f"{many} not met.", "bold red")


def _facts(held: Held) -> str:
    """Return what a block was in, what held it, and what it cost."""
    said = f", in {escaped(held.doing)}" if held.doing else ""
    said += f"; {_BY[held.kind]}" if held.kind in _BY else ""
    if held.missed:
        said += f"; {held.missed} heartbeat{'s were' if held.missed > 1 else ' was'} missed"
    if not held.own:
        said += f"; in the library {held.library}" if held.library else ""
        said += "; no line of your own was running"
    elif held.library:
        said += f"; your line called {held.library}"
    return said


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"


def shown(value: Any) -> str:
    """Return a value of a stranger's as one line."""
    return printable(value, 200)

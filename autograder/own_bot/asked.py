"""What people asked a bot, and how long each of them waited for its first answer."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from autograder.text import printable
from autograder.world.gateway.journal import Event

MOST = 1000  # questions kept: the last ones
_ANSWERS = ("reply", "followup", "edit", "modal", "choices")


@dataclass
class Asked:
    """Something that a person said or did, and when the bot first answered."""

    said: str
    author: str
    at: float
    place: str  # the channel, or what was clicked: for answers that name no question
    seconds: float | None = None  # None: no answer


class Questions:
    """Adds up the questions of a run, from the gateway's events."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, Asked] = OrderedDict()  # by the id of message or interaction

    def hear(self, event: Event) -> None:
        """Note a question, or the first answer to one.

        An answer belongs to its interaction or to the message that it replies to, else to the last
        message in its channel.
        """
        kind = event["event"]
        if kind in ("say", "interaction"):
            key = event["interaction"] if kind == "interaction" else event["message"]
            said = event["said"] if kind == "interaction" else event["content"]
            place = str(event.get("channel") or event.get("message"))
            asked = Asked(printable(said, 60), event["author"], event["at"], place)
            self._open[key] = asked
            if len(self._open) > MOST:
                self._open.popitem(last=False)
        elif kind in _ANSWERS:
            found = self._answered(event)
            if found is not None and found.seconds is None:
                found.seconds = event["at"] - found.at

    def _answered(self, event: Event) -> Asked | None:
        for key in map(str, (event.get("interaction"), event.get("to"))):
            if key in self._open:
                return self._open[key]
        if "interaction" in event:
            return None
        places = str(event.get("message")), str(event.get("channel"))  # a click changes its message
        newest = reversed(self._open.values())
        return next((one for one in newest if one.place in places), None)

    def slowest(self) -> list[Asked]:
        """Return what was asked: what had no answer first, then the longest wait."""
        wait = {id(one): one.seconds for one in self._open.values()}
        return sorted(
            self._open.values(), key=lambda one: (wait[id(one)] is not None, -(one.seconds or 0))
        )

    def to_plain(self) -> list[dict[str, Any]]:
        """Return the questions in their order, for the JSON file."""
        return [
            {
                "said": one.said,
                "author": one.author,
                "answered_after": None if one.seconds is None else round(one.seconds, 4),
            }
            for one in self._open.values()
        ]

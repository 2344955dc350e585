"""One event of a gateway as one line of the live log: a symbol, a word, and what happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from autograder.text import printable

LONGEST = 200  # characters of a text that comes from outside, such as a message

# How a line looks, in addition to its symbol and word: "quiet", "plain", "good", "warn" or "bad".
Tone = str

# event: symbol, word, what happened, tone. The lessons' log has the same words and times.
EVENTS: dict[str, tuple[str, str, str, Tone]] = {
    "identify": ("→", "IDENTIFY", "by a bot with {library}", "plain"),
    "ready": ("●", "READY", "the bot is connected", "good"),
    "heartbeat": ("♥", "heartbeat", "", "quiet"),
    "say": ("»", "{author}", "{content}", "plain"),
    "reply": ("«", "bot", "{content}", "plain"),
    "edit": ("«", "bot", "changes it to: {content}", "plain"),
    "interaction": ("»", "{author}", "{said}", "plain"),
    "act": ("»", "{author}", "{said}", "plain"),
    "modal": ("«", "bot", "opens a modal, {content}", "plain"),
    "choices": ("«", "bot", "suggests {content}", "plain"),
    "deferred": ("«", "bot", "{said}: thinking ... ({seconds:.2f} s after Enter)", "plain"),
    "followup": ("«", "bot", "{said}: {content} ({seconds:.2f} s after Enter)", "plain"),
    "late": ("▲", "late", "no heartbeat for {gap:.2f} s{busy}", "warn"),
    "killed": ("✖", "CLOSED {code}", "no heartbeat for {gap:.2f} s{busy}", "bad"),
    "resumed": ("↻", "RESUMED", "the bot is back; missed events replayed: {replayed}", "good"),
    "invalid_session": (
        "▲",
        "no RESUME",
        "the session is gone: the bot has to log in",
        "warn",
    ),
    "closed": ("○", "closed", "by the {by}, code {code}", "quiet"),
    "refused": ("✖", "refused", "{code} {name}", "bad"),
    "unserved": (
        "▲",
        "not served",
        "your bot called {call}: this gateway does not serve it",
        "warn",
    ),
    "limited": ("▲", "too fast", "has to wait {retry_after:.2f} s", "warn"),
    "fault": ("▲", "fault", "answered with {status}", "warn"),
    "hint": ("?", "hint", "{text}", "warn"),
}


@dataclass(frozen=True)
class LogLine:
    """What the panel shows of an event, next to its time."""

    symbol: str
    word: str
    text: str
    tone: Tone


def line(event: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the `LogLine` of an event as plain data; None for an event without a line."""
    if event["event"] not in EVENTS:
        return None
    facts: defaultdict[str, Any] = defaultdict(str)
    facts |= {name: _shown(value) for name, value in event.items()}
    facts["busy"] = f", last given {facts['handling']!r}" if facts["handling"] else ""
    symbol, word, text, tone = EVENTS[event["event"]]
    if word == "bot" and event["bot"] > 1:
        word = f"bot {event['bot']}"
    return asdict(LogLine(symbol, word.format_map(facts), text.format_map(facts), tone))


def _shown(value: Any) -> Any:
    return printable(value, LONGEST) if isinstance(value, str) else value

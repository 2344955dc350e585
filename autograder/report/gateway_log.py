"""The gateway's log of a call, as text below the chart: late heartbeats, closed connections."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

FIRST, LAST = 10, 50  # events shown at the begin and at the end of a long log
_LONGEST = 120  # characters shown of a bot's message
_SECONDS = ("gap", "late")


def as_html(log: Sequence[Mapping[str, Any]], began: float) -> str:
    """Return the log as HTML that the reader can unfold; "" when there was no gateway.

    `began` is the start of the call in monotonic seconds, like the `at` of the events.
    """
    if not log:
        return ""
    lines = as_text(log, began)
    text = html.escape("\n".join(lines))
    title = f"The gateway's log: {len(log)} events"
    return f"<details><summary>{title}</summary><pre>{text}</pre></details>"


def as_text(log: Sequence[Mapping[str, Any]], began: float) -> list[str]:
    """Return one line per event: seconds since the call began, the event, and its details."""
    lines = [_line(event, began) for event in log]
    left_out = len(lines) - FIRST - LAST
    if left_out > 0:
        lines[FIRST : FIRST + left_out] = [f"          ... {left_out} more events"]
    return lines


def _line(event: Mapping[str, Any], began: float) -> str:
    facts = [
        f"{name} {_fact(name, value)}"
        for name, value in event.items()
        if name not in ("event", "t", "at", "bot", "rest_url", "ws_url")
        and isinstance(value, (int, float, str))
    ]
    return f"{float(event['at']) - began:8.3f} s  {event['event']:10} {'  '.join(facts)}".rstrip()


def _fact(name: str, value: float | str) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST else value[:_LONGEST] + "...")
    if name in _SECONDS:
        return f"{value * 1000:.0f} ms"
    return f"{value:g}"

"""The chart of a watched run: the tasks above, the lateness of the loop below, on one time axis.

Every task has a lane, and every step of the task is a solid bar. A block is a dark, hatched bar,
and its label says how long it was and at which line. A pale band continues the block through the
lanes of the other tasks, which have a gap there, down to the strip with the lateness of each 10 ms
tick. If there is a gateway, the heartbeats are below. Time that the machine took is pale and
dotted. Nothing is shown by colour alone, and the chart needs no legend.

`story` makes a record safe and writes the sentences, `plot` draws the parts, and `canvas` is the
page. Matplotlib is imported when the first chart is drawn.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograder import context
from autograder.report.paper import INK, PAPER
from autograder.report.story import Beat, Kill, Story

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from autograder.report.record import Record

__all__ = ["alt_text", "as_html", "draw", "heard"]

WIDE, NARROW = 720, 360  # CSS pixels: the width of a notebook; of a phone, or half a notebook
SWITCH = 540  # CSS pixels: in less room than this, the narrow chart is shown


def draw(
    record: Record,
    limit: float | None = None,
    beats: Sequence[Beat] | None = None,
    kills: Sequence[Kill] | None = None,
    title: str | None = None,
    *,
    width: int = WIDE,
) -> Figure:
    """Draw a record as a matplotlib Figure of `width` CSS pixels, with two dots per pixel.

    `limit` is how long a block may be, in seconds. `beats` and `kills` come from `heard`.
    """
    import matplotlib.style

    with matplotlib.style.context("default"):  # a learner's own style must not change our chart
        from autograder.report.plot import paint

        return paint(Story(record, limit, beats, kills), title, width)


def as_html(
    record: Record,
    limit: float | None = None,
    beats: Sequence[Beat] | None = None,
    kills: Sequence[Kill] | None = None,
    title: str | None = None,
) -> str:
    """Return the chart as self-contained HTML, with a text for people who cannot see it.

    There are two PNGs, a wide and a narrow one (about 40 kB together). The width of the output
    decides which of them is shown. A media query would test the window, and a notebook often has
    only half of it. Where styles are stripped (in a notebook that is not trusted), the wide one is
    shown. An examination draws the wide one only (see `context`), because
    grading.submission.sanitize keeps no other.
    """
    from autograder.report.canvas import png

    look = f"height:auto;max-width:100%;margin:0;{INK}"
    most = f"min(100%,{NARROW * 1.15:.0f}px)"
    alt = html.escape(alt_text(record, limit, beats, kills))
    kinds = {
        WIDE: f'<img alt="{alt}" width="{WIDE}" '
        f'style="{look};width:clamp(0px,(100% - {SWITCH}px)*999,100%)"',
        NARROW: f'<img alt="" aria-hidden="true" width="0" '
        f'style="{look};width:clamp(0px,({SWITCH}px - 100%)*999,{most})"',
    }
    images = []
    for width in (WIDE, NARROW) if context.this_process.narrow_pictures else (WIDE,):
        picture = png(draw(record, limit, beats, kills, title, width=width))
        source = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
        images.append(f'{kinds[width]} src="{source}">')
    return f'<div style="max-width:{WIDE}px;{PAPER}">{"".join(images)}</div>'


def alt_text(
    record: Record,
    limit: float | None = None,
    beats: Sequence[Beat] | None = None,
    kills: Sequence[Kill] | None = None,
) -> str:
    """Return two sentences: what ran and for how long, and what held the loop."""
    return Story(record, limit, beats, kills).sentences


def heard(log: Iterable[Mapping[str, Any]], began: float) -> tuple[list[Beat], list[Kill]]:
    """Turn a gateway's log into beats and kills, in seconds since `began` (monotonic seconds)."""
    beats: list[Beat] = []
    kills: list[Kill] = []
    overdue: set[int] = set()
    open_kills: dict[int, int] = {}  # bot: index of its kill
    for event in log:
        at, bot, kind = float(event["at"]) - began, int(event.get("bot", 0)), event["event"]
        if kind == "late":
            overdue.add(bot)
        elif kind == "heartbeat":
            beats.append((at, float(event.get("gap", 0.0)) if bot in overdue else 0.0))
            overdue.discard(bot)
        elif kind == "killed":
            open_kills[bot] = len(kills)
            kills.append((at, int(event["code"]), None))
            overdue.discard(bot)
        elif kind in ("resumed", "ready") and bot in open_kills:
            index = open_kills.pop(bot)
            kills[index] = (*kills[index][:2], at)
    return beats, kills

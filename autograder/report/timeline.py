"""The picture of a watched run: what the tasks did, above how late the loop was, on one time axis.

Every task has a lane, and every step of it is a solid bar. A block is dark and hatched, and says
how long it was and on which line; a pale band carries it through the lanes of the others, where it
shows as a gap, down to the strip that tells how late each 10 ms tick ran. Below are the heartbeats,
where there is a gateway. What the machine took away is pale and dotted. Nothing is told by colour
alone, and nothing needs a legend.

`story` makes a record safe and finds the words, `plot` composes the picture of its parts, and
`canvas` is paper and ink. Matplotlib is imported when something is drawn, and not before.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograder import context
from autograder.report.story import Beat, Kill, Story

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from autograder.report.record import Record

__all__ = ["alt_text", "as_html", "draw", "heard"]

WIDE, NARROW = 720, 360  # CSS pixels: a notebook's width, and a phone's or half a notebook's
SWITCH = 540  # CSS pixels: in less room than this, the narrow picture is shown


def draw(
    record: Record,
    limit: float | None = None,
    beats: Sequence[Beat] | None = None,
    kills: Sequence[Kill] | None = None,
    title: str | None = None,
    *,
    width: int = WIDE,
) -> Figure:
    """Draw a record as a matplotlib Figure of `width` CSS pixels, at two dots a pixel.

    `limit` is how long a block may be, in seconds. `beats` and `kills` come from `heard`.
    """
    import matplotlib.style

    with matplotlib.style.context("default"):  # a learner's own style must not reach our picture
        from autograder.report.plot import paint

        return paint(Story(record, limit, beats, kills), title, width)


def as_html(
    record: Record,
    limit: float | None = None,
    beats: Sequence[Beat] | None = None,
    kills: Sequence[Kill] | None = None,
    title: str | None = None,
) -> str:
    """Return the picture as HTML that stands alone, with its text for who cannot see it.

    It is there as two PNGs, wide and narrow (about 40 kB together), and the room it gets decides
    which of them has a width. A media query would ask the window, of which a notebook often has
    half. Where styles are stripped (a notebook that is not trusted yet) the wide one stays. So it
    is alone where nothing else would be left (`context`).
    """
    from autograder.report.canvas import png

    look = "height:auto;max-width:100%;margin:0;background:#fff;border-radius:8px"
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
    return f'<div style="max-width:{WIDE}px">{"".join(images)}</div>'


def alt_text(
    record: Record,
    limit: float | None = None,
    beats: Sequence[Beat] | None = None,
    kills: Sequence[Kill] | None = None,
) -> str:
    """Say in two sentences what the picture shows: what ran and how long; what held the loop."""
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

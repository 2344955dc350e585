"""The parts of the picture of a watched run, from the top, and how each of them looks.

Import this module only to draw: it imports matplotlib, through `canvas`.
"""

from __future__ import annotations

import math

from matplotlib.figure import Figure

from autograder.report.canvas import FAINT, INK, PAPER, QUIET, Fill, Note, Page, Point
from autograder.report.story import LIBRARIES, NOTABLE, DrawnBlock, Lane, Span, Story, shared
from autograder.text import duration, printable

STEP, LATE, BLOCK = "#4b7496", "#a9bfd0", "#7d1d12"  # dark, middle and darkest without colours

HELD = Fill(BLOCK, PAPER, "/////", 4)
ALLOWED = Fill(STEP, PAPER, "/////", 4)
DOUBTFUL = Fill(PAPER, BLOCK, "/////", 4)
TAKEN = Fill("#eceff1", "#8d99a4", "....", 3)
BAND, PALE_BAND = Fill("#f7ebe5", order=0.2), Fill("#f4f5f7", order=0.1)

MOST_NOTES = 3  # labels on blocks, longest first; more would hide the picture
STRIP = 58.0  # CSS pixels: height of the lateness strip


def paint(story: Story, title: str | None, width: int) -> Figure:
    """Draw the story as a Figure of `width` CSS pixels."""
    limit = [] if story.limit is None else [f"limit {duration(story.limit)}"]
    names = [*(lane.name for lane in story.lanes), *limit]
    names += ["the machine"] * bool(story.noise) + ["heartbeats"] * bool(story.beats or story.kills)
    page = Page(width, story.span, names)
    page.headline(story.title if title is None else printable(title, 300))
    page.y += 8
    top = page.y
    _paint_lanes(page, story)
    if story.noise:
        _paint_noise(page, story)
    if story.late:
        _paint_lateness(page, story)
    if story.beats or story.kills:
        _paint_heartbeats(page, story)
    for block in story.over:
        page.box(block.start, block.shown, top, page.y - top, BAND, gid="band")
    for start, seconds, _ in page.merged(story.noise):
        page.box(start, seconds, top, page.y - top, PALE_BAND, gid="noise band")
    _paint_time(page)
    return page.finished()


def _paint_lanes(page: Page, story: Story) -> None:
    noted = [id(block) for block in (story.over or story.blocks[:1])[:MOST_NOTES]]
    pitch, thick = (20.0, 11.0) if len(story.lanes) <= 12 else (16.0, 9.0)
    for number, lane in enumerate(story.lanes):
        _note_blocks(page, lane, noted)
        page.y += pitch / 2
        _paint_lane(page, lane, number, thick)
        for start, seconds, _ in page.merged(shared(lane.steps, story.noise)):
            page.box(start, seconds, page.y - thick / 2, thick, TAKEN, gid=f"taken {number}")
        page.y += pitch / 2


def _note_blocks(page: Page, lane: Lane, noted: list[int]) -> None:
    """Label the blocks, longest first; if labels clash, the shorter ones lose their code, and then
    their label."""
    blocks = [block for block in lane.blocks if id(block) in noted]
    for count in range(len(blocks), 0, -1):
        for whole in range(count, -1, -1):
            notes = [_note(page, block, n < whole) for n, block in enumerate(blocks[:count])]
            if count == 1 or page.clear(notes):
                page.note(notes, BLOCK if blocks[0].over else STEP)
                return


def _note(page: Page, drawn: DrawnBlock, whole: bool) -> Note:
    """Return the label of a block, with as much of its code as fits if `whole`."""
    code = drawn.block.code if whole else ""
    words, room = drawn.words(code), page.width - 2 * page.pad
    while len(code) > 4 and page.measure(words) > room:
        code = code[:-1]
        words = drawn.words(code.rstrip() + "…")
    return drawn.start, drawn.shown, page.fit(words, room)


def _paint_lane(page: Page, lane: Lane, number: int, thick: float) -> None:
    a_task = lane.tasks and lane.name != LIBRARIES
    page.name(lane.name or "a task", page.y, QUIET, "normal" if a_task else "italic")
    for begin, seconds in lane.lives:
        page.across(begin, begin + seconds, page.y, FAINT, f"life {number}")
    page.bars(lane.steps, page.y - thick / 2, thick, STEP, f"steps {number}")
    for block in lane.blocks:
        look = DOUBTFUL if block.doubtful else HELD if block.over else ALLOWED
        top, high = page.y - thick / 2 - 1, thick + 2
        page.box(block.start, block.shown, top, high, look, gid=f"block {number}")


def _paint_noise(page: Page, story: Story) -> None:
    longest = max(story.noise, key=lambda pair: pair[1])
    pieces = f" in {len(story.noise)} pieces" * (len(story.noise) > 1)
    total = duration(sum(seconds for _, seconds in story.noise))
    page.y += 2
    page.note([(*longest, f"{total} taken by other work{pieces}")], QUIET)
    page.name("the machine", page.y + 9, QUIET, "italic")
    for start, seconds, _ in page.merged(story.noise):
        page.box(start, seconds, page.y + 4, 10, TAKEN, gid="noise")
    page.y += 20


def _paint_lateness(page: Page, story: Story) -> None:
    limit = story.limit
    at, peak = max(story.late, key=lambda tick: tick[1])
    scale = STRIP / max(peak, limit or 0.0, 0.001)
    blamed = any(block.start - 0.011 <= at <= block.end for block in story.over)
    page.y += page.leading + 6
    calm = peak <= (limit or NOTABLE)
    caption = "How late each 10 ms tick ran" + f": at most {duration(peak)}" * calm
    x = min(page.left, page.width - page.pad - page.measure(caption))
    page.write(x, page.y - 5, caption, QUIET)
    if not calm:
        page.note([(at, 0.0, f"{duration(peak)} late")], BLOCK if blamed else QUIET)
    page.y += 3 + STRIP
    outline = _skyline(story.late, page.span, int(page.room * 2))
    page.area(outline, 0.0, scale, LATE, "lateness")
    for drawn in story.over:  # dark is only what the code did for certain
        end = drawn.start + drawn.block.seconds
        during = [p for p in outline if drawn.start <= p[0] <= end]
        page.area(during, limit or 0.0, scale, BLOCK, "over the limit")
    if limit is not None:
        page.dashed(page.y - limit * scale, INK, "limit")
        page.name(f"limit {duration(limit)}", page.y - limit * scale, INK)
    page.across(0, page.span, page.y, FAINT)


def _skyline(late: list[Span], span: float, columns: int) -> list[Point]:
    """Return lateness over time: (moment, how late a tick due then ran).

    A tick due at t that ran d late tells that one due at t + d/2 would have run d/2 late.
    """
    points: list[Point] = []
    free = 0.0  # until when the ticks so far had to wait
    number = 0
    for column in range(columns + 1):
        at = span * column / columns
        height = max(0.0, free - at)
        while number < len(late) and late[number][0] <= at:
            height = max(height, late[number][1])
            free = max(free, sum(late[number]))
            number += 1
        points.append((at, max(height, free - at)))
    return points


def _paint_heartbeats(page: Page, story: Story) -> None:
    page.y += 6
    notes: list[Note] = []
    for at, code, back in story.kills[: 1 if len(story.kills) > 2 else 2]:
        notes.append((at, 0.0, f"closed with {code} at {story.at(at)}"))
        if back is not None and len(story.kills) == 1:
            notes.append((back, 0.0, f"resumed at {story.at(back)}"))
    worst = max(story.beats, key=lambda beat: beat[1], default=(0.0, 0.0))
    if worst[1] > 0:
        notes.append((worst[0], 0.0, f"after {duration(worst[1])} of silence"))
    page.note(notes, BLOCK)
    page.name("heartbeats", page.y + 11)
    start = 0.0
    for at, _, back in [*story.kills, (page.span, 0, None)]:
        page.across(min(start, at), at, page.y + 11, FAINT, "connection")
        start = page.span if back is None else back
    resumed = [back for *_, back in story.kills if back is not None]
    page.marks(resumed, "arrow", PAPER, STEP, "resumed")  # it ends where the first beat begins
    page.marks([at for at, silent in story.beats if not silent], "heart", STEP, STEP, "on time")
    page.marks([at for at, silent in story.beats if silent], "heart", PAPER, BLOCK, "late")
    page.marks([at for at, _, _ in story.kills], "cross", BLOCK, PAPER, "closed")
    page.y += 22


def _paint_time(page: Page) -> None:
    page.y += 8
    page.across(0, page.span, page.y, QUIET, "time")
    least = page.span * 70 / page.room  # seconds that 70 pixels show
    power = 10 ** math.ceil(math.log10(least))
    step = next(power / part for part in (5, 2, 1) if power / part >= least)
    last = int(page.span / step + 1e-6)
    unit, factor = ("ms", 1000) if page.span < 0.9995 else ("s", 1)
    for number in range(last + 1):
        page.tick(number * step)
        text = f"{number * step * factor:.6g}" + f" {unit}" * (number == last)
        x = min(page.x(number * step), page.width - page.pad / 2 - page.measure(text) / 2)
        page.write(x, page.y + 4 + page.leading * 0.85, text, QUIET, align="center")
    page.y += 6 + page.leading

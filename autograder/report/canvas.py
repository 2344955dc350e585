"""The page that charts are drawn on: a matplotlib Figure, filled from top to bottom.

It uses only artists of a bare Figure. Without axes it takes a tenth of the time; without pyplot and
without a change of backend, a kernel never shows a chart twice. Horizontal positions are seconds
since the run began (for text: CSS pixels), vertical positions are CSS pixels. Import this module
only to draw, because it imports matplotlib.
"""

from __future__ import annotations

import io
import math
import re
from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import Any, Literal

from matplotlib.backends import backend_agg
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.lines import Line2D
from matplotlib.markers import CARETRIGHT
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D, Transform
from PIL import Image

INK, QUIET, FAINT, PAPER = "#1f2933", "#55626f", "#c5ced6", "#ffffff"

POINTS = 9.0  # font size; on the narrowest page, a phone's 340 pixels, it shrinks to 8.5
SEEN = 1.3  # CSS pixels: a narrower bar would be too pale to see
CLASH = 100.0  # the cost of an arrangement in which something crosses a label
FALLBACKS = (  # fonts of the system, for characters that DejaVu Sans lacks
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "WenQuanYi Zen Hei", "Hiragino Sans", "PingFang SC"),
    *("Yu Gothic", "Microsoft YaHei", "Malgun Gothic", "Arial Unicode MS", "Noto Emoji"),
)

Point = tuple[float, float]
Style = Literal["normal", "italic"]

_agg: Any = backend_agg  # matplotlib's type hints do not cover its canvases

Note = tuple[float, float, str]  # start, seconds, text of the label


@dataclass(frozen=True)
class Fill:
    """How a box looks; a hatch carries the meaning for people who do not see the colours."""

    face: str
    edge: str = "none"
    hatch: str | None = None
    order: float = 0.0


class Page:
    """A Figure that is filled from top to bottom; `y` is where the next part begins."""

    def __init__(self, width: int, span: float, names: Iterable[str]) -> None:
        self.width, self.span = width, span
        self.pad, self.leading = 14.0, POINTS * 96 / 72 * 1.4
        self.y = 8.0
        self.figure = Figure(figsize=(width / 96, 1), dpi=192)
        most = min(150.0, width / 4)
        widest = max((self.measure(self._called(name, most)) for name in names), default=0.0)
        self.left = self.pad + min(widest, most) + 10
        self.room = width - self.left - self.pad
        self._turned = Affine2D()  # turns y downwards; set when the height is known
        self._pixels: Transform = self._turned + self.figure.dpi_scale_trans
        self._time = Affine2D().scale(self.room / span, 1).translate(self.left, 0) + self._pixels

    def finished(self) -> Figure:
        """Give the figure its height and its rounded background, and return it."""
        height = self.y + 8
        self.figure.set_size_inches(self.width / 96, height / 96)
        self._turned.translate(0, -height).scale(1 / 96, -1 / 96)
        self.figure.patch.set_visible(False)
        style = "round,pad=8,rounding_size=8"
        paper = FancyBboxPatch((8, 8), self.width - 16, height - 16, style, transform=self._pixels)
        paper.set(facecolor=PAPER, edgecolor="none", zorder=-1)
        self.figure.add_artist(paper)
        _agg.FigureCanvasAgg(self.figure)
        return self.figure

    def x(self, at: float) -> float:
        """Return the position of a moment in CSS pixels."""
        return self.left + at * self.room / self.span

    # -- text ----------------------------------------------------------------------------------

    def measure(self, text: str, size: float = 1.0) -> float:
        """Return the width of a text in CSS pixels."""
        return _width(_drawable(text), size)

    def fit(self, text: str, room: float) -> str:
        """Shorten a text in its middle until it fits."""
        if self.measure(text) <= room:
            return text

        def short(kept: int) -> str:
            return text[: kept - kept // 3] + "…" + text[len(text) - kept // 3 :]

        # Search for the number of characters that fit; measuring one line takes 1 ms.
        most = bisect(range(2, len(text)), room, key=lambda kept: self.measure(short(kept))) + 1
        return short(most) if most > 1 else "…"

    def headline(self, text: str, size: float = 1.12) -> None:
        """Write a sentence over the whole width; a number and its unit stay on one line."""
        lines = [""]
        for word in re.sub(r"(?<=\d) (?=m?s\b)", "\N{NO-BREAK SPACE}", text).split(" "):
            longer = f"{lines[-1]} {word}".strip()
            if self.measure(longer, size) <= self.width - 2 * self.pad:
                lines[-1] = longer
            else:
                lines.append(self.fit(word, (self.width - 2 * self.pad) / size))
        for line in filter(None, lines):
            self.y += self.leading * size
            self.write(self.pad, self.y - 4, line, INK, size=size)

    def write(
        self,
        x: float,
        y: float,
        text: str,
        color: str,
        *,
        align: str = "left",
        style: Style = "normal",
        size: float = 1.0,
    ) -> None:
        """Write at CSS pixels; y is the baseline. A `$` is a dollar sign and begins no formula."""
        words = self.figure.text(x, y, _drawable(text), transform=self._pixels, parse_math=False)
        words.set(color=color, ha=align, va="baseline", zorder=6)
        words.set_fontproperties(_font(style, size))

    def name(self, text: str, middle: float, color: str = QUIET, style: Style = "normal") -> None:
        """Write a name left of its lane."""
        room, base = self.left - self.pad - 10, middle + POINTS * 0.47
        text = self.fit(self._called(text, room), room)
        self.write(self.left - 10, base, text, color, align="right", style=style)

    def _called(self, name: str, room: float) -> str:
        """Return a name; if it is too long and has dots, its last part: `start` of Client.start."""
        return name if " " in name or self.measure(name) <= room else name.rpartition(".")[2]

    def note(self, notes: Sequence[Note], color: str) -> None:
        """Write labels above the next part, and make room for them."""
        if not notes:
            return
        _, places = self._arrange(notes)
        self.y += (1 + max(row for _, row, _ in places)) * self.leading
        for (x, row, stem), (*_, text) in zip(places, notes, strict=True):
            base = self.y - row * self.leading
            if row:
                self._line([stem, stem], [base + 1, self.y + 4], self._pixels, color, 0.8)
            self.write(x, base - 3.5, text, color)

    def clear(self, notes: Sequence[Note]) -> bool:
        """Whether these labels fit on the page, and nothing crosses one of them."""
        return self._arrange(notes)[0] < CLASH

    def _arrange(self, notes: Sequence[Note]) -> tuple[float, list[tuple[float, int, float]]]:
        edges = [(self.x(start), self.x(start + length)) for start, length, _ in notes]
        widths = [self.measure(text) for *_, text in notes]
        return arranged(edges, widths, self.pad, self.width - self.pad)

    # -- shapes --------------------------------------------------------------------------------

    def merged(self, steps: Iterable[tuple[float, float]]) -> list[tuple[float, float, float]]:
        """Return the bars to draw for many steps: (start, seconds, share of that time in steps).

        A step that is too short to be seen gets a wider bar. Short steps that are closer than a
        pixel share one bar of at most six pixels, so that its share is the share at this moment.
        """
        pixel = self.span / self.room
        runs: list[tuple[float, float, float]] = []  # start, end, busy
        for start, seconds in steps:
            end, long = start + max(seconds, SEEN * pixel), seconds >= SEEN * pixel
            if not long and runs and runs[-1][2] < math.inf:
                first, last, busy = runs[-1]
                if start - last < 0.7 * pixel and start - first < 6 * pixel:
                    runs[-1] = (first, max(last, end), busy + seconds)
                    continue
            runs.append((start, end, math.inf if long else seconds))
        alone = 1.01 * SEEN * pixel  # as dark as a long step
        return [
            (first, last - first, 1.0 if last - first < alone else min(1.0, busy / (last - first)))
            for first, last, busy in runs
        ]

    def bars(
        self, steps: Iterable[tuple[float, float]], top: float, height: float, color: str, gid: str
    ) -> None:
        """Draw a solid bar for each step, and a paler bar for many short steps close together."""
        boxes, faces = [], []
        for start, seconds, share in self.merged(steps):
            end, low = start + seconds, top + height
            boxes.append([(start, top), (end, top), (end, low), (start, low)])
            pale = 0.0 if share > 0.8 else 0.3 if share > 0.5 else 0.55
            faces.append([part + (1 - part) * pale for part in to_rgb(color)])
        self._fill(boxes, faces, gid)

    def area(
        self, points: Sequence[Point], floor: float, scale: float, color: str, gid: str
    ) -> None:
        """Fill the area between `floor` (s) and the points (s, s late) above it; `y` is 0 s."""
        outlines: list[list[Point]] = []
        base, inside = self.y - floor * scale, False
        for at, height in points:
            if height > floor:
                if not inside:
                    outlines.append([(at, base)])
                outlines[-1].append((at, self.y - height * scale))
            elif inside:
                outlines[-1].append((at, base))
            inside = height > floor
        if inside:
            outlines[-1].append((points[-1][0], base))
        self._fill([_bends(outline) for outline in outlines], color, gid)

    def box(
        self, start: float, seconds: float, top: float, height: float, look: Fill, *, gid: str
    ) -> None:
        """Draw a box, at least two pixels wide, with its hatch if there is room for it."""
        pixel = self.span / self.room
        box = Rectangle((start, top), max(seconds, 2 * pixel), height, transform=self._time)
        box.set(facecolor=look.face, edgecolor=look.edge, linewidth=0.6, zorder=look.order, gid=gid)
        if seconds > 6 * pixel:
            box.set_hatch(look.hatch or "")
        elif look.edge == PAPER:
            box.set_linewidth(0)  # white edges would cover the whole box
        self.figure.add_artist(box)

    def across(self, start: float, end: float, y: float, color: str, gid: str = "rule") -> None:
        """Draw a thin line from one moment to another."""
        self._line([start, end], [y, y], self._time, color).set_gid(gid)

    def dashed(self, y: float, color: str, gid: str) -> None:
        """Draw a dashed line from the begin of the time to its end."""
        line = self._line([0, self.span], [y, y], self._time, color)
        line.set(dashes=(4, 3), zorder=4, gid=gid)

    def tick(self, at: float) -> None:
        """Draw a tick of the time axis."""
        self._line([at, at], [self.y, self.y + 4], self._time, QUIET)

    def marks(self, times: Sequence[float], shape: str, face: str, edge: str, gid: str) -> None:
        """Draw a mark at each of these moments, in the row that begins at `y`."""
        marker: Any = {"heart": _heart(), "cross": "X", "arrow": CARETRIGHT}[shape]
        marks = Line2D(times, [self.y + 11] * len(times), marker=marker, transform=self._time)
        marks.set(linestyle="none", markersize=7, markeredgewidth=0.9, zorder=5, gid=gid)
        marks.set(markerfacecolor=face, markeredgecolor=edge)
        self.figure.add_artist(marks)

    def _line(
        self,
        across: Sequence[float],
        down: Sequence[float],
        transform: Transform,
        color: str,
        width: float = 1.0,
    ) -> Line2D:
        line = Line2D(across, down, color=color, linewidth=width * 0.75, transform=transform)
        line.set(zorder=1.5, solid_capstyle="butt")
        self.figure.add_artist(line)
        return line

    def _fill(self, shapes: Sequence[Any], color: Any, gid: str) -> None:
        if shapes:
            filled = PolyCollection(shapes, facecolors=color, edgecolors="none", gid=gid)
            filled.set(transform=self._time, zorder=2)
            self.figure.add_artist(filled)


def arranged(
    edges: list[tuple[float, float]], widths: list[float], low: float, high: float
) -> tuple[float, list[tuple[float, int, float]]]:
    """Place labels so that no two overlap; return the cost, and x, row and stem of each label.

    A label starts at the left edge of its mark, or ends at its right edge, or is moved to fit the
    page. It is in row 0, the lowest, or in a higher row with a stem down to its mark. All ways are
    tried (at most 216 for three labels), and the way with the fewest rows and moves wins.
    """
    ways = []
    for (begin, end), width in zip(edges, widths, strict=True):
        sides = [(begin, begin + 0.5, 0), (end - width, end - 0.5, 1)]
        good = [side for side in sides if low <= side[0] and side[0] + width <= high]
        moved = (min(max(begin, low), max(low, high - width)), begin + 0.5, 2)
        ways.append([(*side, row) for side in good or [moved] for row in range(len(edges))])

    def price(choice: tuple[tuple[float, float, int, int], ...]) -> float:
        cost = float(sum(own + row for *_, own, row in choice))
        for i, (x, _, _, row) in enumerate(choice):
            for j, (other, stem, _, other_row) in enumerate(choice):
                right = x + widths[i]
                if i < j and row == other_row and x < other + widths[j] + 10 and other < right + 10:
                    cost += 10 * CLASH
                if row < other_row and x - 4 < stem < right + 4:
                    cost += CLASH
        return cost

    best = min(product(*ways), key=price)
    return price(best), [(x, row, stem) for x, stem, _, row in best]


def _bends(points: list[Point]) -> list[Point]:
    """Leave out points on a straight line between two others: they would be half of an SVG."""
    kept = points[:2]
    for x, y in points[2:]:
        (x0, y0), (x1, y1) = kept[-2:]
        if abs((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) < 1e-3 * (x - x0):
            kept.pop()
        kept.append((x, y))
    return kept


def png(figure: Figure) -> bytes:
    """Return the figure as a PNG of 32 colours: a third of the size, and it looks the same."""
    figure.patch.set(visible=True, facecolor=PAPER)
    canvas = _agg.FigureCanvasAgg(figure)
    canvas.draw()
    size = canvas.get_width_height(physical=True)
    image = Image.frombuffer("RGBA", size, canvas.buffer_rgba(), "raw", "RGBA", 0, 1).convert("RGB")
    out = io.BytesIO()
    # Median cut and the best compression would save 15 % of the bytes, and cost five times the CPU.
    image.quantize(32, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(out, "PNG")
    return out.getvalue()


@cache
def _families() -> list[str]:
    """Return DejaVu Sans, which comes with matplotlib, and the FALLBACKS on this system."""
    here = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in FALLBACKS if name in here)]


@cache
def _font(style: Style, size: float) -> Any:
    return FontProperties(family=_families(), size=POINTS * size, style=style)


@cache
def _ruler() -> Any:
    return _agg.RendererAgg(1, 1, 192)


@lru_cache(1000)
def _width(text: str, size: float) -> float:
    """Return the width of a text in CSS pixels, as written in the normal style."""
    width, _, _ = _ruler().get_text_width_height_descent(text, _font("normal", size), False)
    return float(width) / 2


def _drawable(text: str) -> str:
    """Replace characters that no font here has by a box; matplotlib would warn of each."""
    return text if text.isascii() else "".join(map(_drawn, text))


@cache
def _drawn(character: str) -> str:
    fonts = [get_font(findfont(FontProperties(family=name))) for name in _families()]
    return character if any(font.get_char_index(ord(character)) for font in fonts) else "□"


@cache
def _heart() -> Any:
    path = TextPath((0, 0), "♥", size=10, prop=FontProperties(family="DejaVu Sans"))
    box = path.get_extents()
    return path.transformed(Affine2D().translate(-box.x0 - box.width / 2, -box.y0 - box.height / 2))

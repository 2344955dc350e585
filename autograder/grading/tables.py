"""The output of `check` and `grade` in a terminal or a notebook: tables, sentences, progress."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rich import progress
from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograder.grading.examination import verdicts
from autograder.grading.examination.cells import Cell, CellOutcome
from autograder.report.record import shortest_kept
from autograder.text import columns, duration, milliseconds


@dataclass(frozen=True)
class CheckedCell:
    """One graded cell as `check` shows it."""

    name: str
    score: float
    points: float
    seen: CellOutcome


def show_check(unit: str, rows: Sequence[CheckedCell], repaired: Sequence[str]) -> None:
    """Print the table of cells, the message of each cell that did not pass, and the sum."""
    console = _console()
    titles = ("cell", "points", "limit", "longest block")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        is_name = title == "cell"  # in a narrow terminal, long names take two lines
        justify: JustifyMethod = "left" if is_name else "right"
        table.add_column(title, justify=justify, no_wrap=not is_name, overflow="fold")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.score:g} of {row.points:g}",
            *_measured(row.seen),
            style="" if row.score == row.points else "bold",
        )
    console.print(table)
    for row in rows:
        if row.seen.status != verdicts.PASSED:
            console.print(Text(row.name, "bold"))
            console.print(Padding(Text(row.seen.message), (0, 0, 1, 2)))
    for sentence in repaired:
        console.print(Text(sentence))
    have, most = sum(row.score for row in rows), sum(row.points for row in rows)
    console.print(Text(f"{unit}: {have:g} of {most:g} points."))
    if have < most:
        console.print("Stuck? Each exercise has hints below it. They cost no points.")


def show_grades(graded: dict[str, Any]) -> None:
    """Print one row per student: points, status, and the cells that did not pass or the error."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("student", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("", overflow="fold")
    for one in graded["submissions"]:
        score = "" if one["score"] is None else f"{one['score']:g} of {one['max_score']:g}"
        lost = [cell["grade_id"] for cell in one["cells"] if cell["status"] != verdicts.PASSED]
        notes = [one["message"], f"lost: {', '.join(lost)}" if lost else ""]
        table.add_row(Text(one["student"]), score, one["status"], Text(" ".join(notes).strip()))
    _console().print(table)


@contextlib.contextmanager
def telling(what: str) -> Iterator[Callable[[Cell, CellOutcome], None] | None]:
    """Show on a terminal's last line which cell has just ended; yields None without a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with console.status(f"{what}: starting") as status:

        def tell(cell: Cell, seen: CellOutcome) -> None:
            status.update(f"{what}: {cell.name or f'cell {cell.index + 1}'} {seen.status}".rstrip())

        yield tell


@contextlib.contextmanager
def progress_bar(unit: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show progress and the time of the end on stderr; yields a function (done, all, student)."""
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
        _EndsAt(),
    )
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(unit, total=None)

        def report(done: int, total: int, student: str) -> None:
            bar.update(task, completed=done, total=total, description=f"{unit} {student}")

        yield report


class _EndsAt(progress.ProgressColumn):
    """The time of day at which a task will have ended."""

    def render(self, task: progress.Task) -> Text:
        """Return the time as text; empty while it is not known."""
        if task.time_remaining is None:
            return Text("")
        ends = datetime.now() + timedelta(seconds=task.time_remaining)
        return Text(f"ends at {ends:%H:%M}", "progress.remaining")


def _console() -> Console:
    return Console(highlight=False, width=columns())


def _measured(seen: CellOutcome) -> tuple[str, str]:
    """The limit and the longest block as text; dashes if no check was about the loop."""
    if seen.limit is None:
        return "\u2013", "\u2013"
    if not seen.block:
        return milliseconds(seen.limit), f"under {duration(shortest_kept())}"
    return milliseconds(seen.limit), milliseconds(seen.longest_block)

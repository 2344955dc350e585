"""Runs a library and its blocking twin on the watched loop, and shows both results."""

from __future__ import annotations

import html
import io
from collections.abc import Iterable
from dataclasses import dataclass

from autograder import world
from autograder.catalog.card import Card
from autograder.monitor.watch import watch
from autograder.outcomes import UserMistake
from autograder.report import timeline
from autograder.report.report import Report
from autograder.text import milliseconds

LIMIT = 0.1  # seconds: the limit of the course's labs


@dataclass(frozen=True)
class Comparison:
    """What the library and its twin did to the loop; a notebook shows both charts."""

    card: Card
    library: Report
    twin: Report

    @property
    def equal(self) -> bool:
        """Whether the library and its twin returned the same value."""
        return bool(self.library.value == self.twin.value)

    @property
    def as_it_should_be(self) -> bool:
        """Whether only the twin held the loop longer than the limit, and both results are equal."""
        return self.library.longest_block < LIMIT < self.twin.longest_block and self.equal

    def _repr_html_(self) -> str:
        parts = []
        for name, report in ((self.card.name, self.library), (self.card.twin, self.twin)):
            longest = milliseconds(report.longest_block)
            title = f"{name}: the longest block was {longest}"
            parts.append(timeline.as_html(report.record, LIMIT, title=title))
        care = f"<p>{html.escape(self.card.care)}</p>" if self.card.care else ""
        return "".join(parts) + care

    def __repr__(self) -> str:
        return (
            f"{self.card.name} held the loop for {milliseconds(self.library.longest_block)}, "
            f"{self.card.twin} for {milliseconds(self.twin.longest_block)}"
        )


@dataclass(frozen=True)
class Table:
    """All comparisons that were possible here, and why the others were not."""

    comparisons: list[Comparison]
    left_out: list[tuple[Card, str]]

    HEAD = ("library", "what for", "instead of", "its block", "the twin's", "status")

    def rows(self) -> list[tuple[str, ...]]:
        """Return the rows of the table, as text in the order of HEAD."""
        measured: list[tuple[str, ...]] = [
            (
                *_named(made.card),
                milliseconds(made.library.longest_block),
                milliseconds(made.twin.longest_block),
                _status(made.card) if made.equal else "the two returned different values",
            )
            for made in self.comparisons
        ]
        return measured + [(*_named(card), "-", "-", why) for card, why in self.left_out]

    def __str__(self) -> str:
        from rich import box, console, table

        paper = io.StringIO()
        drawn = table.Table(box=box.SIMPLE_HEAD, show_lines=True, pad_edge=False)
        for head in self.HEAD:
            numbers = "block" in head or head == "the twin's"
            drawn.add_column(
                head, justify="right" if numbers else "left", no_wrap=numbers or head == "library"
            )
        for row in self.rows():
            drawn.add_row(*row)
        console.Console(file=paper, width=140).print(drawn)
        return "\n".join(line.rstrip() for line in paper.getvalue().splitlines())

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{cell}</th>" for cell in self.HEAD)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


async def compare_card(card: Card) -> Comparison:
    """Run the library, then its twin; raises UserMistake when something is missing."""
    missing = card.missing()
    if missing:
        raise UserMistake(missing)
    card.load()
    servers = await world.start(*card.servers)

    async def library() -> object:
        return await card.use(servers)

    async def twin() -> object:
        return card.blocking(servers)

    reports = []
    for name, call in ((card.name, library), (card.twin, twin)):
        call.__name__ = name  # the name in the chart and in messages
        if card.prepare is not None:
            await card.prepare(servers)
        reports.append(await watch(call, loop=card.loop))
    return Comparison(card, *reports)


async def measure(cards: Iterable[Card]) -> Table:
    """Compare the cards one after the other; at the same time they would disturb each other."""
    comparisons, left_out = [], []
    for card in cards:
        try:
            made = await compare_card(card)
            for report in (made.library, made.twin):
                _ = report.value  # raises if the call failed
        except (UserMistake, AssertionError) as reason:
            left_out.append((card, str(reason)))
        else:
            comparisons.append(made)
    return Table(comparisons, left_out)


def _named(card: Card) -> tuple[str, str, str]:
    return card.name, card.purpose, card.twin


def _status(card: Card) -> str:
    return f"{card.status} (seen {card.seen})"

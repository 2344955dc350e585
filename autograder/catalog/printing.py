"""`python3 -m autograder catalog`: prints the table."""

from __future__ import annotations

import asyncio
import sys

from autograder import catalog
from autograder.catalog.comparing import Table, measure


def show(name: str | None = None) -> int:
    """Print the table of all libraries, or of one; return 0 if each comparison is as it should be.

    Raises UserMistake when there is no such library.
    """
    cards = catalog.cards() if name is None else [catalog.find(name)]
    if sys.stderr.isatty():
        print(f"Comparing {len(cards)} libraries, about a second each ...", file=sys.stderr)
    table: Table = asyncio.run(measure(cards))
    print(table)
    for card in cards if name is not None else ():
        print(f"\n{card.care}\n{card.source}".lstrip())
    return 0 if all(made.as_it_should_be for made in table.comparisons) else 1

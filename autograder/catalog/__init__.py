"""The libraries a bot author needs, each beside the blocking call that it replaces, measured.

    python3 -m autograder catalog          # the table, measured now
    await catalog.compare("asyncpg")       # in a notebook: both timelines, one above the other
    await catalog.table()                  # in a notebook: the table

**To add a library** write one file here that ends with `CARD = Card(...)`, after the model of
`asyncpg.py`. The table, `doctor` and the contract test find it; nothing else is to be changed.
"""

from __future__ import annotations

import importlib
import pkgutil

from autograder.catalog.card import Card
from autograder.catalog.comparing import Comparison, Table, compare_card, measure
from autograder.outcomes import UserMistake

__all__ = ["Card", "Comparison", "Table", "cards", "compare", "find", "measure", "table"]


def cards() -> list[Card]:
    """Return the card of every file in this directory, by the file's name."""
    modules = (
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    )
    return [module.CARD for module in modules if hasattr(module, "CARD")]


def find(name: str) -> Card:
    """Return the card of a library. Raises UserMistake when there is none."""
    known = {card.name: card for card in cards()}
    if name not in known:
        raise UserMistake(f"the catalog has no library {name!r}: it has {', '.join(known)}")
    return known[name]


async def compare(name: str) -> Comparison:
    """Run a library and its blocking twin on the watched loop; shown, it draws both timelines.

    Raises UserMistake when the library, its twin or its server is not here.
    """
    return await compare_card(find(name))


async def table() -> Table:
    """Compare every library that is here, one after the other: about a second each."""
    return await measure(cards())

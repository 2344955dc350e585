"""What the catalog knows of a library: a card, one in each file of this directory."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

# Seconds that a card's work has to wait for a server. The limit of the course is 0.1 s: a twin that
# waits on the loop breaks it more than four times over, which no noise of a machine undoes.
WAIT = 0.45

Servers = Any  # what `world.start` returns: each server is an attribute


@dataclass(frozen=True)
class Card:
    """One library; `use` and `blocking` do the same work, and return the same plain value."""

    name: str
    purpose: str
    twin: str  # what one would write without it, and what stops the loop
    status: str  # is it kept up? with the version that was looked at
    seen: str  # the day of that, ISO
    source: str  # where it was looked up
    use: Callable[[Servers], Awaitable[Any]]
    blocking: Callable[[Servers], Any]
    modules: tuple[str, ...]  # what both import
    servers: tuple[str, ...] = ()
    care: str = ""  # what to know before using it
    loop: str = "asyncio"  # or "uvloop": which loop both run on
    platforms: tuple[str, ...] = ("linux", "darwin", "win32")  # as in sys.platform
    prepare: Callable[[Servers], Awaitable[None]] | None = None  # just before each of the two

    @property
    def fits(self) -> bool:
        """True when the library is made for this platform."""
        return sys.platform in self.platforms

    def missing(self) -> str:
        """Return why it cannot be compared here, as one sentence; empty when it can."""
        if not self.fits:
            return f"{self.name} is made for {' and '.join(self.platforms)}, not {sys.platform}"
        for module in self.modules:
            if importlib.util.find_spec(module.partition(".")[0]) is None:
                return (
                    f"{module} is not installed in this Python; without it {self.name} is left out"
                )
        return ""

    def load(self) -> None:
        """Import what both use: an import takes up to 0.3 s, and is no part of the comparison."""
        for module in self.modules:
            importlib.import_module(module)

"""Card: what the catalog knows about a library; each file in this folder has one."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

# Seconds that a card's work has to wait for a server. The limit of the course is 0.1 s. A twin that
# waits on the loop takes more than four times as long, so a busy machine cannot change the verdict.
WAIT = 0.45

Servers = Any  # the result of `world.start`, with one attribute per server


@dataclass(frozen=True)
class Card:
    """One library; `use` and `blocking` do the same work and return the same plain data."""

    name: str
    purpose: str
    twin: str  # the blocking call that people write without the library
    status: str  # whether it is maintained, and the version that was looked at
    seen: str  # the date of that look, as ISO
    source: str  # the page that was looked at
    use: Callable[[Servers], Awaitable[Any]]
    blocking: Callable[[Servers], Any]
    modules: tuple[str, ...]  # the modules that both import
    servers: tuple[str, ...] = ()
    care: str = ""  # what to know before using it
    loop: str = "asyncio"  # or "uvloop": the loop that both run on
    platforms: tuple[str, ...] = ("linux", "darwin", "win32")  # as in sys.platform
    prepare: Callable[[Servers], Awaitable[None]] | None = None  # runs just before each of them

    @property
    def fits(self) -> bool:
        """Whether the library is made for this platform."""
        return sys.platform in self.platforms

    def missing(self) -> str:
        """Return as one sentence why it cannot be compared here; "" when it can."""
        if not self.fits:
            return f"{self.name} is made for {' and '.join(self.platforms)}, not {sys.platform}"
        for module in self.modules:
            if importlib.util.find_spec(module.partition(".")[0]) is None:
                return (
                    f"{module} is not installed in this Python; without it {self.name} is left out"
                )
        return ""

    def load(self) -> None:
        """Import the modules: that takes up to 0.3 s, which the comparison must not include."""
        for module in self.modules:
            importlib.import_module(module)

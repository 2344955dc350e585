"""How far pip or uv is, read from the log that it writes: one line that moves, not hundreds.

On a terminal the line is drawn over and over; elsewhere it is printed now and then. What the
installer says goes into the log alone, which is named when something fails.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from pathlib import Path

MOVES, PRINTED = 0.2, 15.0  # s from one line to the next: on a terminal, and elsewhere
LAST_LINES = 15  # of the log, shown when the installer fails
_LOOKED_AT = re.compile(r"^ *(Collecting|Requirement already satisfied:) ([\w.-]+)", re.MULTILINE)
_UNPACKS = re.compile(r"^Installing collected packages: (.+)$", re.MULTILINE)
_RESOLVED = re.compile(r"^Resolved (\d+) packages", re.MULTILINE)  # uv's word


class Moving:
    """The line that says how far an install into the environment `place` is."""

    def __init__(self, place: Path, log: Path) -> None:
        self._place, self._log = place, log
        self._terminal = sys.stdout is not None and sys.stdout.isatty()
        self._began = self._shown = time.monotonic()
        self._earlier = log.stat().st_size  # what other commands said is not about this one
        self._there = _unpacked(place)

    def show(self) -> None:
        """Draw the line anew when it is time to; to be called every MOVES seconds."""
        now = time.monotonic()
        if self._terminal:
            self._draw(f"  {now - self._began:3.0f} s  {self._how_far()}")
        elif now - self._shown >= PRINTED:
            self._shown = now
            print(f"  {now - self._began:3.0f} s  {self._how_far()}", flush=True)

    def end(self) -> None:
        """Leave an empty line on a terminal."""
        if self._terminal:
            self._draw("")

    def _draw(self, line: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        print(f"\r{line[:width]:{width}}", end="\r", flush=True)

    def _how_far(self) -> str:
        said = self._log.read_bytes()[self._earlier :].decode(errors="replace")
        return how_far(said, _unpacked(self._place) - self._there)


def how_far(said: str, unpacked: int) -> str:
    """Say how far an install is that has said this and put so many packages in their place."""
    if unpacks := _UNPACKS.search(said):
        total = unpacks[1].count(",") + 1
        return f"unpacking: {min(unpacked, total)} of {total} packages"
    if resolved := _RESOLVED.search(said):
        return f"fetching and unpacking {resolved[1]} packages"
    packages = {name: word for word, name in _LOOKED_AT.findall(said)}
    if packages:
        name, word = list(packages.items())[-1]
        does = "fetching" if word == "Collecting" else "looking at"
        return f"{does} package {len(packages)}: {name}"
    return "getting ready"


def last_lines(log: Path) -> str:
    """The end of the log, as it is shown when an install failed."""
    lines = log.read_text("utf-8", errors="replace").splitlines(keepends=True)
    return "".join(lines[-LAST_LINES:])


def _unpacked(place: Path) -> int:
    """How many packages are there whole: an installer writes a package's metadata last."""
    folders = (*place.glob("lib/python*/site-packages"), place / "Lib" / "site-packages")
    return sum(1 for folder in folders for _ in folder.glob("*.dist-info"))

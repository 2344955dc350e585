"""Whether this machine has the servers that a text of the course starts."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from autograder.environment import finding
from autograder.world import availability

STARTED = re.compile(r"world\.start\(([^)]*)\)")
STAND_IN = "speaks its protocol"  # enough for every lesson and lab


@cache
def _missing(name: str) -> str:
    look = getattr(availability, name, None)  # there is always a gateway
    found = look() if look is not None else None
    return finding.reason(found) if found and found.missing and STAND_IN not in found.found else ""


def skip_unless_here(text: Path) -> None:
    """Skip a test of this lesson or lab, with doctor's reason, unless its servers can run."""
    for names in STARTED.findall(text.read_text("utf-8")):
        for name in re.findall(r'"(\w+)"', names):
            if reason := _missing(name):
                pytest.skip(reason)

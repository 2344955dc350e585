"""One thing that `doctor` looked for on this machine, and the reason for a skipped test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for; `costs` says what does not work without it, or is ""."""

    name: str
    found: str
    costs: str = ""

    @property
    def missing(self) -> bool:
        return bool(self.costs)


def reason(finding: Finding) -> str:
    """Return the reason for which a test is skipped when this thing is missing."""
    return f"{finding.name}: {finding.found}; without it {finding.costs}"

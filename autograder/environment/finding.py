"""One thing that `doctor` looked for on this machine, and the sentence a test is skipped with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for; `costs` says what goes without it, empty when it is there."""

    name: str
    found: str
    costs: str = ""

    @property
    def missing(self) -> bool:
        return bool(self.costs)


def reason(finding: Finding) -> str:
    """Return the sentence with which a test is skipped when the thing is missing."""
    return f"{finding.name}: {finding.found}; without it {finding.costs}"

"""What this machine offers to the course, and what each missing thing costs.

It runs before anything is installed, so that it can be asked when the installation fails. A room
that depends on the machine adds a function to `_ROOMS`; tests skip with `reason(...)`, so that a
skipped test and the doctor always give the same reason.
"""

from __future__ import annotations

import platform
import shutil
import sys
import textwrap
from collections.abc import Callable

from autograder.environment import bootstrap
from autograder.environment.contributor_tools import workshop
from autograder.environment.finding import Finding
from autograder.environment.pythons import NEWEST, RANGE
from autograder.grading.jail.availability import jail
from autograder.monitor import thread_stats


def report() -> str:
    """Return all findings as aligned text; takes well under a second."""
    rooms = {title: look() for title, look in _ROOMS.items()}
    width = max(len(finding.name) for findings in rooms.values() for finding in findings)
    lines = []
    for title, findings in rooms.items():
        lines += ["", title]
        for finding in findings:
            mark = "no" if finding.missing else "ok"
            lines.append(f"  {mark}  {finding.name:{width}}  {finding.found}")
            indent = " " * (width + 8)
            lines += textwrap.wrap(
                finding.costs, 100, initial_indent=indent, subsequent_indent=indent
            )
    missing = sum(finding.missing for findings in rooms.values() for finding in findings)
    lines += ["", f"{missing} of the things above are missing." if missing else "All is there."]
    return "\n".join(lines).strip()


# Python


def python() -> list[Finding]:
    """Which interpreter runs, and whether the course's packages are installed in it."""
    version = f"{platform.python_implementation()} {platform.python_version()}"
    found = f"{version}, {sys.executable} (the course runs on {RANGE})"
    too_new = f"packages may not install: then start with {RANGE}"
    costs = too_new if sys.version_info[:2] > NEWEST else ""
    return [Finding("Python", found, costs), packages(), uv(), platform_name()]


def packages() -> Finding:
    """Whether the interpreter that runs has what requirements.txt names."""
    if bootstrap.has_everything():
        return Finding("packages", f"installed in {sys.prefix}")
    return Finding(
        "packages",
        "not installed, or not in the versions of requirements.txt",
        "the verbs cannot run; `python3 -m autograder lab` installs them on its first start",
    )


def uv() -> Finding:
    """Whether uv is there; pip does the same, in more time, so nothing is lost without it."""
    found = shutil.which("uv")
    return Finding("installer", f"uv ({found})" if found else "pip (with uv it would be faster)")


def platform_name() -> Finding:
    """The machine, and how many CPUs this process may use."""
    from autograder.grading.examination import provenance

    return Finding("platform", f"{platform.platform()}, {provenance.cores()} CPU(s)")


# The clock


def kernel_clock() -> list[Finding]:
    """Whether a thread's wait for a CPU can be told from its sleep."""
    if thread_stats.knows_waits():
        return [Finding("run-queue wait", "the kernel tells it (/proc/thread-self/schedstat)")]
    return [
        Finding(
            "run-queue wait",
            "the kernel does not tell it",
            "a call that sleeps cannot be told from a busy machine: such runs are"
            " inconclusive and must be repeated",
        )
    ]


# The servers


def servers() -> list[Finding]:
    """What the units talk to, and which program plays each part."""
    from autograder.world import availability

    return availability.findings()


# The catalog


def catalog() -> list[Finding]:
    """Which libraries of the catalog cannot be tried here."""
    from autograder import catalog as room

    cards = [card for card in room.cards() if card.fits]
    missing = [Finding(card.name, "not here", card.missing()) for card in cards if card.missing()]
    return [Finding("libraries", f"{len(cards) - len(missing)} can be compared"), *missing]


# The jail


# For those who change the course


_ROOMS: dict[str, Callable[[], list[Finding]]] = {
    "Python": python,
    "The clock": kernel_clock,
    "The servers": servers,
    "The catalog": catalog,
    "The jail": jail,
    "For those who change the course": workshop,
}

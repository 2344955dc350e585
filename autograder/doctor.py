"""The command `doctor`: what this machine offers, and what each missing thing costs.

It runs before anything is installed, so that people can use it when the installation fails. A part
of the course that depends on the machine adds a function to `_ROOMS`, which returns findings. Tests
skip with `finding.reason(...)`, so that a skipped test and `doctor` give the same reason.
"""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable

from autograder.environment import bootstrap
from autograder.environment.contributor_tools import workshop
from autograder.environment.finding import Finding
from autograder.environment.pythons import NEWEST, RANGE
from autograder.grading.jail.availability import jail
from autograder.monitor import pressure, thread_stats
from autograder.paths import ROOT, can_be_written, work_folder


def report() -> str:
    """Return all findings as aligned text; this takes less than a second."""
    rooms = {title: look() for title, look in _ROOMS.items()}
    width = max(len(finding.name) for findings in rooms.values() for finding in findings)
    lines = []
    for title, findings in rooms.items():
        lines += ["", title]
        for finding in findings:
            mark = "no" if finding.missing else "ok"
            lines.append(f"  {mark}  {finding.name:{width}}  {finding.found}")
            if finding.costs:
                lines.append(f"{'':{width + 8}}{finding.costs}")
    missing = sum(finding.missing for findings in rooms.values() for finding in findings)
    lines += ["", f"Missing: {missing} of the above." if missing else "Nothing is missing."]
    return "\n".join(lines).strip()


# Python


def python() -> list[Finding]:
    """The interpreter that runs this, the packages in it, the installer, and the platform."""
    version = f"{platform.python_implementation()} {platform.python_version()}"
    found = f"{version}, {sys.executable} (the course runs on {RANGE})"
    too_new = f"packages may not install: then start with {RANGE}"
    costs = too_new if sys.version_info[:2] > NEWEST else ""
    return [Finding("Python", found, costs), packages(), uv(), platform_name(), copies()]


def packages() -> Finding:
    """The packages of requirements.txt: are they installed for this interpreter?"""
    if bootstrap.has_everything():
        return Finding("packages", f"installed in {sys.prefix}")
    return Finding(
        "packages",
        "not installed, or not in the versions of requirements.txt",
        "no command works yet; `python3 -m autograder lab` installs them at its first start",
    )


def uv() -> Finding:
    """The installer: uv, or pip, which does the same but takes longer."""
    found = shutil.which("uv")
    return Finding("installer", f"uv ({found})" if found else "pip (with uv it would be faster)")


def platform_name() -> Finding:
    """The platform, and how many CPUs this process may use."""
    from autograder.grading.examination import provenance

    return Finding("platform", f"{platform.platform()}, {provenance.cores()} CPU(s)")


def copies() -> Finding:
    """The folder of the user's own copies, notes and points."""
    folder = work_folder(ROOT)
    if can_be_written(folder):
        return Finding("your copies", f"in {folder}")
    return Finding(
        "your copies",
        f"{folder} cannot be written",
        "`lab` cannot start, and `check` saves no points: set UNBLOCKED_WORK to another folder",
    )


# The clock


def kernel_clock() -> list[Finding]:
    """The kernel's figures: do they tell a lack of CPU or memory from a sleep?"""
    waits = _waits()
    return [waits, *([] if waits.missing else [memory_pressure()]), *_no_gil()]


def _waits() -> Finding:
    if thread_stats.knows_waits():
        return Finding("run-queue wait", "the kernel shows it (/proc/thread-self/schedstat)")
    return Finding(
        "run-queue wait",
        "the kernel does not show it",
        "the course can tell a call that sleeps from a busy machine only while every CPU has idle"
        " time; other such runs are inconclusive: close other programs, then run them again",
    )


def _no_gil() -> list[Finding]:
    if thread_stats.has_gil():
        return []
    return [Finding("GIL", "this Python runs without it: no thread is blamed for keeping it")]


def memory_pressure() -> Finding:
    """Whether the kernel says that memory is short, here or on the whole machine."""
    if source := pressure.source():
        return Finding("memory pressure", f"the kernel shows it ({source})")
    return Finding(
        "memory pressure",
        "the kernel does not show it",
        "where memory is short, a harmless call may be called a block",
    )


# The servers


def servers() -> list[Finding]:
    """The servers that the units use, and the program behind each."""
    from autograder.world import availability

    return availability.findings()


# The catalog


def catalog() -> list[Finding]:
    """The libraries of the catalog, and those that cannot be tried here."""
    from autograder import catalog as room

    cards = [card for card in room.cards() if card.fits]
    missing = [Finding(card.name, "not here", card.missing()) for card in cards if card.missing()]
    return [Finding("libraries", f"{len(cards) - len(missing)} can be compared"), *missing]


_ROOMS: dict[str, Callable[[], list[Finding]]] = {
    "Python": python,
    "The clock": kernel_clock,
    "The servers": servers,
    "The catalog": catalog,
    "The jail": jail,
    "For contributors": workshop,
}

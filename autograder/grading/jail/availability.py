"""Which walls of the jail this machine allows: for `doctor`, and as a reason to skip a test."""

from __future__ import annotations

import platform
import sys

from autograder.environment.finding import Finding


def jail() -> list[Finding]:
    """Which walls the kernel allows around a submission, as a trial with an empty process shows."""
    from autograder.grading.jail import confine

    layers, _ = confine.offered()
    return [Finding("layers", ", ".join(layers) or "none"), namespaces(), landlock()]


def namespaces() -> Finding:
    """Whether the jail can give a submission its own processes, files and network."""
    from autograder.grading.jail import confine

    layers, refused = confine.offered()
    if not confine.weakness(layers):
        return Finding("namespaces", "allowed for this user, and enough to grade submissions")
    return Finding(
        "namespaces",
        f"refused ({refused})",
        "a submission can reach the network, so `grade` needs --accept-weaker-jail (`check`, for"
        " your own work, does not)",
    )


def landlock() -> Finding:
    """Whether a process can give up access to files forever."""
    name = "Landlock"
    costs = "where namespaces are refused, a submission cannot be kept from files"
    if sys.platform != "linux":
        return Finding(name, f"{platform.system()} has none", costs)
    from autograder.grading.jail import landlock as of_kernel

    if version := of_kernel.version():
        return Finding(name, f"version {version}")
    return Finding(name, "not in this kernel, or not switched on", costs)

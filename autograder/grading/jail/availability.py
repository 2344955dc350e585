"""Which walls this machine allows around a submission, for `doctor`; tests skip with its words."""

from __future__ import annotations

import platform
import sys

from autograder.environment.finding import Finding


def jail() -> list[Finding]:
    """Which walls the kernel allows around a submission; each is tried out on nobody's code."""
    from autograder.grading.jail import confine

    layers, _ = confine.offered()
    return [Finding("layers", ", ".join(layers) or "none"), namespaces(), landlock()]


def namespaces() -> Finding:
    """Whether a submission can have processes, files and a network of its own."""
    from autograder.grading.jail import confine

    layers, refused = confine.offered()
    if not confine.weakness(layers):
        return Finding("namespaces", "allowed to this user, and enough to grade strangers")
    return Finding(
        "namespaces",
        f"refused ({refused})",
        "a submission can reach the network: `grade` refuses, unless --accept-weaker-jail is given"
        " (`check`, for one's own work, does not mind)",
    )


def landlock() -> Finding:
    """Whether a process can give up access to files for good."""
    name = "Landlock"
    costs = "where namespaces are refused, a submission cannot be kept from files"
    if sys.platform != "linux":
        return Finding(name, f"{platform.system()} has none", costs)
    from autograder.grading.jail import landlock as of_kernel

    if version := of_kernel.version():
        return Finding(name, f"version {version}")
    return Finding(name, "not in this kernel, or not switched on", costs)

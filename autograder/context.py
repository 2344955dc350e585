"""What this process is: a learner's kernel, an examiner, or a candidate.

The same `watch`, the same checks and the same pictures serve in all three. What differs is written
here when a process begins, and nowhere else: `become` is called by the fork server, whose forks
start from what it said, and by the examiner and the candidate, once each. All others only read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.monitor.watch import Backend
    from autograder.report.report import Report


@dataclass(frozen=True)
class Context:
    """What differs from process to process; with nothing said, it is a learner's kernel."""

    backend: Backend | None = None  # where `watch` runs calls; None: in threads of this process
    show: Callable[[Report], None] | None = None  # a report whose check failed; None: as IPython
    # What people call a file: {"<cell repair_two>": "cell repair_two"}; a kernel's IPython knows.
    file_names: dict[str, str] = field(default_factory=dict)
    narrow_pictures: bool = True  # beside the wide ones, for a phone or half a notebook
    candidate: bool = False  # in which `watch` in a learner's own cell is in order


def become(context: Context) -> None:
    """Say what this process is; its forks start from that."""
    global this_process  # noqa: PLW0603 there is one in each process
    this_process = context


this_process = Context()

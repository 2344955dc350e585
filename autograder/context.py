"""What this process is: a learner's kernel, an examiner, or a candidate.

All three use the same `watch`, the same checks and the same charts. Their differences are stored
here and nowhere else. The fork server, the examiner and the candidate each call `become` once, when
the process begins; a fork starts with the context of the fork server. All other code only reads it.
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
    """The differences between the processes; the defaults are those of a learner's kernel."""

    backend: Backend | None = None  # where `watch` runs calls; None: in threads of this process
    show: Callable[[Report], None] | None = None  # shows a failed report; None: IPython does
    # What people call a file: {"<cell repair_two>": "cell repair_two"}. A kernel asks IPython.
    file_names: dict[str, str] = field(default_factory=dict)
    narrow_pictures: bool = True  # also draw a chart for a phone or half a notebook
    candidate: bool = False  # here a learner's own cell may call `watch`


def become(context: Context) -> None:
    """Set the context of this process and of its later forks."""
    global this_process  # noqa: PLW0603 each process has one context
    this_process = context


this_process = Context()

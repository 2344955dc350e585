"""What a check can raise: failures of the answer, and outcomes that are not failures.

Every outcome carries a message for people. A notebook shows it without a traceback, because the
traceback of a check leads into our code and never to the learner's mistake.
"""

from __future__ import annotations

import sys

STILL_OPEN = (
    "It was inconclusive before, too. Close other programs and notebooks, then run it again; or "
    "let `python3 -m autograder check` do it, which repeats such a test up to 3 times; or go on, "
    "and come back when the machine is less busy."
)


class _Sentence:
    """Makes IPython show an exception as its message alone."""

    @property
    def sentence(self) -> str:
        return str(self)

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class Outcome(_Sentence, AssertionError):
    """A check failed; the message says what ran, what happened, and what the limit is."""


class LoopBlocked(Outcome):
    """The learner's code held the event loop for the limit or longer."""


class WrongValue(Outcome):
    """The call returned a value other than the expected one."""


class TooSlow(Outcome):
    """The call took longer than its bound of wall time, and the machine was not the cause."""


class CallFailed(Outcome):
    """The call raised an exception, or did not finish in time."""


class NotAttempted(Outcome):
    """The answer is still the stub from the lab: it raises NotImplementedError."""


class Inconclusive(_Sentence, Exception):
    """The machine was too busy for a verdict: run it again. This is never a failure.

    When a notebook shows one for the same cell again, the message says what else helps.
    """

    def _render_traceback_(self) -> list[str]:
        often = "" if _first_time() else f" {STILL_OPEN}"
        return [f"{type(self).__name__}: {self}{often}"]


def _first_time() -> bool:
    """Whether the cell that runs now is inconclusive for the first time in this kernel."""
    ipython = sys.modules.get("IPython.core.getipython")  # IPython itself shows the message
    shell = ipython.get_ipython() if ipython is not None else None
    cell = (getattr(shell, "user_ns", {}).get("In") or [""])[-1]
    first = cell not in _inconclusive
    _inconclusive.add(cell)
    return first


_inconclusive: set[str] = set()  # the text of the cells that were inconclusive in this kernel


class UserMistake(_Sentence, Exception):
    """A mistake of the user; the message names the thing, its value and the next step.

    The command line prints the message without a traceback and exits with code 2.
    """

"""What a check can raise: failures of the answer, and outcomes that are not failures.

Every outcome carries a message for people. A notebook shows it without a traceback, because the
traceback of a check leads into our code and never to the learner's mistake.
"""

from __future__ import annotations


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
    """The machine was too busy for a verdict: run it again. This is never a failure."""


class UserMistake(_Sentence, Exception):
    """A mistake of the user; the message names the thing, its value and the next step.

    The command line prints the message without a traceback and exits with code 2.
    """

"""What a check can say: the failures a learner reads, and the outcomes that are not failures.

Every outcome carries one sentence for people. In a notebook it is shown without a traceback: the
traceback of a check leads into our code, never to the learner's mistake.
"""

from __future__ import annotations


class _Sentence:
    """Shows an exception in IPython as its sentence alone."""

    @property
    def sentence(self) -> str:
        return str(self)

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class Outcome(_Sentence, AssertionError):
    """A check did not hold; the sentence says what ran, what happened, and what the limit is."""


class LoopBlocked(Outcome):
    """The learner's code held the event loop longer than the limit."""


class WrongValue(Outcome):
    """The call returned something else than the contract promises."""


class TooSlow(Outcome):
    """The call took longer than its wall-clock bound, and the machine was not the cause."""


class CallFailed(Outcome):
    """The call raised, or did not come to an end in time."""


class NotAttempted(Outcome):
    """The answer is still the stub it was handed out as."""


class Inconclusive(_Sentence, Exception):
    """The machine starved the run, so that nothing can be said: run it again. Never a failure."""


class UserMistake(_Sentence, Exception):
    """A mistake of the person at the keyboard: the sentence tells thing, value and next step.

    The command line prints it without a traceback and exits with code 2.
    """

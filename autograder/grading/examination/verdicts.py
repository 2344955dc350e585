"""The verdict over a test cell: passed, failed, not attempted, inconclusive, or needs review.

An end that no learner can have caused is no verdict: it is a fault of ours.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from autograder.grading.examination.fork_client import ForkServerGone
from autograder.grading.examination.handles import HandleMisused
from autograder.grading.examination.outputs import Output, as_display, error
from autograder.outcomes import Inconclusive, NotAttempted, Outcome, UserMistake
from autograder.paths import PACKAGE

PASSED, FAILED = "passed", "failed"
NOT_ATTEMPTED, INCONCLUSIVE = "not attempted", "inconclusive"
NEEDS_REVIEW = "needs review"
OPEN = (INCONCLUSIVE, NEEDS_REVIEW)  # neither points nor a 0: the instructor decides
_OURS = (SyntaxError, NameError, ImportError, HandleMisused, UserMistake, ForkServerGone)
_PACKAGE = str(PACKAGE) + os.sep


class Fault(Exception):
    """A fault of the course or of the examiner: it must not lead to a grade."""


@dataclass(frozen=True)
class Verdict:
    """How a test cell ended; `message` is the text for the learner."""

    status: str
    message: str = ""
    kind: str = ""  # the type of the exception
    line: int = 0  # of the test cell, where it was raised


def judge(raised: BaseException | None, cell: str, *, answered: bool) -> Verdict:
    """Return the verdict over a test cell that raised this exception, or None.

    `answered`: whether a watched call had returned before. Raises Fault when the learner cannot
    have caused the exception. When it is not certain who caused it, a person decides.
    """
    if raised is None:
        return Verdict(PASSED)
    found = [_judge_one(leaf, cell, answered) for leaf in _leaves(raised)]
    return min(found, key=lambda verdict: _WEIGHT.index(verdict.status))


def out_of_time(seconds: float, hung: bool) -> Verdict:
    """Return the verdict over a test cell that did not finish within its time limit, in seconds.

    Each watched call has a time limit of its own. If no call hung, the machine was too slow for the
    test, and the learner loses no points.
    """
    sentence = f"the test did not finish within {seconds:g} s"
    if hung:
        return Verdict(FAILED, sentence, "TestTimeout")
    return Verdict(INCONCLUSIVE, f"{sentence}, though no call hung", "Inconclusive")


def no_time_left(seconds: float, cells: float) -> Verdict:
    """Return the verdict over a test that was not run, because a notebook has these `seconds`.

    `cells`: the seconds of them that the learner's cells took, when they ran and ran again.
    """
    sentence = f"the examination of a notebook may take {seconds:.0f} s, and they were over before"
    if cells > seconds / 2:
        return Verdict(
            FAILED,
            f"{sentence} this test: the notebook's own cells took {cells:.0f} s. Which of them "
            "takes long, or ends the Python process?",
            "TestTimeout",
        )
    return Verdict(INCONCLUSIVE, f"{sentence} this test, on a slow machine", "Inconclusive")


def without_servers(losses: list[str]) -> Verdict:
    """Return the verdict over a test that failed while a server had ended: it is never a failure.

    `losses` are the sentences on the servers that ended.
    """
    sentence = f"{losses[0]} That was during this test, so it is no failure."
    return Verdict(INCONCLUSIVE, sentence, "Inconclusive")


def reviewed(verdict: Verdict, contradictions: list[str]) -> Verdict:
    """Return the verdict, or "needs review" when the witness's figures contradict it.

    This concerns only verdicts that depend on how long the loop was held.
    """
    rests_on_latency = verdict.status in (PASSED, INCONCLUSIVE) or verdict.kind == "LoopBlocked"
    if not contradictions or not rests_on_latency:
        return verdict
    sentence = (
        f"Needs review by your instructor: {contradictions[0]}, but the program's own measurement "
        f"says something else. Does your code change the clock, the loop, or the grader's modules?"
    )
    return Verdict(NEEDS_REVIEW, sentence, "NeedsReview", verdict.line)


def graded(outputs: list[Output], verdict: Verdict, cell: dict[str, Any]) -> list[Output]:
    """Return the outputs of a test cell in the form for which nbgrader gives the right points.

    nbgrader counts stderr as a failure, a last value as full points, and a number as partial
    credit. So stderr becomes stdout, and a last value that is not a credit becomes a display.
    Raises Fault for a credit that is not between 0 and the cell's points.
    """
    kept: list[Output] = []
    for output in outputs:
        if output["output_type"] == "error":
            continue
        if output["output_type"] == "stream":
            kept.append({**output, "name": "stdout"})
        elif output["output_type"] == "execute_result" and _is_credit(output, cell):
            kept.append(output)
        else:
            kept.append(as_display(output))
    if verdict.status != PASSED:
        kept.append(error(verdict.kind, verdict.message, [f"{verdict.kind}: {verdict.message}"]))
    return kept


def described(error: BaseException) -> str:
    """Return an exception with its traceback, for the person who can fix it."""
    return "".join(traceback.format_exception(error))[-4000:]


_WEIGHT = (FAILED, NEEDS_REVIEW, INCONCLUSIVE, NOT_ATTEMPTED, PASSED)


def _leaves(raised: BaseException) -> Iterator[BaseException]:
    """The exceptions of a group (a test may use a TaskGroup), or the exception itself."""
    if isinstance(raised, BaseExceptionGroup):
        for inner in raised.exceptions:
            yield from _leaves(inner)
    else:
        yield raised


def _judge_one(raised: BaseException, cell: str, answered: bool) -> Verdict:
    kind = type(raised).__name__
    where = _own_frame(raised, cell)
    number = (where.lineno or 0) if where is not None else 0
    if isinstance(raised, NotAttempted):
        return Verdict(NOT_ATTEMPTED, str(raised), kind, number)
    if isinstance(raised, Inconclusive):
        return Verdict(INCONCLUSIVE, str(raised), kind, number)
    if isinstance(raised, Outcome):
        return Verdict(FAILED, str(raised), kind, number)
    line = f"`{where.line}`" if where is not None and where.line else "its check"
    if isinstance(raised, AssertionError) and not _in_our_code(raised):
        return Verdict(FAILED, str(raised) or f"the test's {line} failed", kind, number)
    if not answered or isinstance(raised, _OURS):
        raise Fault(f"the test cell `{cell}` failed by itself: {described(raised)}") from raised
    said = f"{kind}: {raised}" if str(raised) else kind
    if _in_our_code(raised):  # on what the candidate sent: the other tests keep their verdicts
        sentence = f"Needs review by your instructor: the grader failed on this answer ({said})"
        return Verdict(NEEDS_REVIEW, sentence, "NeedsReview", number)
    return Verdict(FAILED, f"the test could not use the answer: {said} in {line}", kind, number)


def _own_frame(raised: BaseException, cell: str) -> traceback.FrameSummary | None:
    """The innermost frame that is in the test cell."""
    frames = traceback.extract_tb(raised.__traceback__)
    own = [frame for frame in frames if frame.filename == f"<cell {cell}>"]
    return own[-1] if own else None


def _in_our_code(raised: BaseException) -> bool:
    frames = traceback.extract_tb(raised.__traceback__)
    return bool(frames) and frames[-1].filename.startswith(_PACKAGE)


def _is_credit(output: Output, cell: dict[str, Any]) -> bool:
    try:
        credit = float(output["data"].get("text/plain", ""))
    except (TypeError, ValueError):
        return False
    if not 0 <= credit <= cell["points"]:
        raise Fault(
            f"the test cell `{cell['name']}` ends in {credit:g}, which is not a credit "
            f"between 0 and its {cell['points']:g} points"
        )
    return True

"""How a watched call of the examiner runs in the candidate and comes back as a report."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Container
from types import FunctionType
from typing import Any

from autograder import wire
from autograder.grading.examination import claims, drivers
from autograder.grading.examination.candidate_proxy import Broke, RemoteCandidate
from autograder.grading.examination.handles import LearnerHandle
from autograder.grading.examination.outputs import Output, checked
from autograder.grading.examination.witness import Testimony
from autograder.monitor.run import out_of_time
from autograder.outcomes import UserMistake
from autograder.report.record import Record
from autograder.report.report import Report


class RemoteBackend:
    """Runs the calls of the examiner's `watch` in the candidate, one at a time."""

    def __init__(
        self,
        candidate: RemoteCandidate,
        given: Container[str],
        collect: Callable[[Report, list[Output], Testimony | None], None],
    ) -> None:
        self._candidate = candidate
        self._given = given
        self._collect = collect
        self.overdue = False  # a call was cancelled after its own time limit

    async def run(
        self,
        function: Any,
        args: tuple[Any, ...],
        keywords: dict[str, Any],
        *,
        timeout: float,
        loop: str,
    ) -> Report:
        """Run the call in the candidate and return its report.

        When the call breaks the candidate, the report fails every check. Raises UserMistake for
        arguments that are not plain data.
        """
        name = function.__name__
        request = {
            "name": name,
            "driver": _driver_source(function, self._given),
            "args": args,
            "keywords": keywords,
            "timeout": float(timeout),
            "loop": loop,
        }
        try:
            wire.pack(args, f"an argument of `{name}`")
            wire.pack(keywords, f"an argument of `{name}`")
        except wire.NotPlain as refusal:
            raise UserMistake(str(refusal)) from None
        began, outputs, seen = time.monotonic(), [], None
        sent: list[float] = []
        try:
            answer, seen = await self._candidate.call(
                request, lambda: sent.append(time.monotonic())
            )
            if answer.get("missing"):
                record = _missing(name)
            else:
                record = claims.sound(answer, name, began, time.monotonic() - began)
                if seen is not None:
                    claims.believed(record, seen)
            outputs = checked(answer.get("outputs"))
        except Broke as broke:
            record = _broken(name, broke, timeout)
        except asyncio.CancelledError:
            self.overdue |= bool(sent) and time.monotonic() - sent[0] > timeout
            raise
        except (ValueError, TypeError, KeyError):  # of `sound`: the answer was not a record
            await self._candidate.end()
            record = _broken(name, Broke("nonsense", "the process sent an invalid answer"), timeout)
        if record.error is not None and not record.seconds:
            record.began, record.seconds = began, time.monotonic() - began
        report = Report(record)
        self._collect(report, outputs, seen)
        return report


def _driver_source(function: Any, given: Container[str]) -> str:
    """The text of a driver; empty for a function that the candidate has under the same name.

    Raises UserMistake for any other function.
    """
    if isinstance(function, LearnerHandle):
        return ""
    if isinstance(function, FunctionType):
        return drivers.source_of(function, given)
    raise UserMistake(f"watch in a test cell takes a learner's function or a driver: {function!r}")


def _missing(name: str) -> Record:
    message = (
        f"name '{name}' is not defined. Does the notebook still define it, under this name, "
        f"and does that cell run without an error?"
    )
    return Record(name, outcome="raised", error=("NameError", message, "", 0))


def _broken(name: str, broke: Broke, timeout: float) -> Record:
    if broke.kind == "time":
        message = f"{out_of_time(timeout)}, and {broke}"
        return Record(name, outcome="timed out", error=("TimeoutError", message, "", 0))
    return Record(name, outcome="process ended", error=("ProcessEnded", str(broke), "", 0))

"""The text on a page of feedback about each graded cell; hidden tests stay hidden on it."""

from __future__ import annotations

import html
from typing import Any

from autograder.grading.examination import verdicts
from autograder.grading.examination.cells import CellOutcome
from autograder.grading.examination.outputs import Output, error
from autograder.report.record import shortest_kept
from autograder.text import duration

BEGIN, END = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"
CUT = "# (hidden tests)"
SECRET = "A hidden test failed. Your instructor can tell you what it checks."
# The messages of these are about the loop and the time, and do not reveal a hidden test's input.
_TELLS_NOTHING = (
    "LoopBlocked",
    "TooSlow",
    "NotAttempted",
    "Inconclusive",
    "TestTimeout",
    "NeedsReview",
)
_PICTURED = ("LoopBlocked", "TooSlow")


def box(seen: CellOutcome) -> Output:
    """Return the first output of a graded test: verdict, longest block, limit and line."""
    lines = [_verdict(seen), *_loop(seen)]
    if seen.attempts > 1:
        lines.append(f"This test ran {seen.attempts} times, because the machine was too busy.")
    first, *rest = lines
    marked = "".join(f"<br>{html.escape(line)}" for line in rest)
    return {
        "output_type": "display_data",
        "data": {
            "text/plain": "\n".join(lines),
            "text/html": f"<div><b>{html.escape(first)}</b>{marked}</div>",
        },
        "metadata": {},
    }


def about(seen: CellOutcome, source: str) -> dict[str, Any]:
    """Return the facts that HideTests needs about a test; they go into the cell's metadata."""
    return {"hidden": in_hidden(source, seen.test_line), "kind": _kind(seen.outputs)}


def in_hidden(source: str, line: int) -> bool:
    """Whether a line (from 1) of a test is in a hidden part.

    If the line is not known, any test with a hidden part counts as hidden.
    """
    if line < 1:
        return BEGIN in source
    before = source.splitlines()[:line]
    begun = sum(BEGIN in text for text in before)
    return begun > sum(END in text for text in before)


def without_hidden(source: str) -> str:
    """Return a test with a comment in place of each hidden part."""
    kept: list[str] = []
    hidden = False
    for line in source.splitlines():
        if BEGIN in line and not hidden:
            hidden = True
            kept.append(line[: len(line) - len(line.lstrip())] + CUT)
        elif END in line:
            hidden = False
        elif not hidden:
            kept.append(line)
    return "\n".join(kept)


def shown(outputs: list[Any], said: dict[str, Any]) -> list[Any]:
    """Return the outputs that feedback shows for a test with hidden parts.

    They are the verdict, and the reason and the chart where these reveal nothing. What the
    learner's code printed is left out, because it may show the hidden inputs.
    """
    from nbformat import from_dict

    may_tell = said.get("hidden") is False or said.get("kind") in _TELLS_NOTHING
    failed = bool(said.get("kind"))
    kept = []
    if not failed or may_tell:
        kept += outputs[:1]  # the box
    pictures = [one for one in outputs[1:] if one.output_type == "display_data"]
    if pictures and said.get("kind") in _PICTURED:
        kept += pictures[-1:]  # a check shows its report last, before it raises
    for one in outputs:
        if one.output_type == "error":
            secret = from_dict(error("HiddenTest", SECRET, [SECRET]))  # type: ignore[no-untyped-call]
            kept.append(one if may_tell else secret)
        elif one.output_type == "execute_result":
            kept.append(one)  # partial credit
    return kept


def _verdict(seen: CellOutcome) -> str:
    match seen.status:
        case verdicts.PASSED:
            return "Passed."
        case verdicts.FAILED:
            return f"Failed: {seen.message}"
        case verdicts.NOT_ATTEMPTED:
            return f"Not attempted: {seen.message}"
        case verdicts.NEEDS_REVIEW:
            return f"You have not lost points. {seen.message}"
    return f"Inconclusive: the machine was too busy. You have not lost points. {seen.message}"


def _loop(seen: CellOutcome) -> list[str]:
    """Sentences on the longest block, and on the time that other programs took."""
    if seen.limit is None:
        return []
    longest = f"under {duration(shortest_kept())}"
    if seen.block:
        where = f" at line {seen.block.line} of {seen.block.file}" if seen.block.file else ""
        code = f": {seen.block.code}" if seen.block.code else ""
        longest = f"{duration(seen.longest_block)}{where}{code}"
    lines = [f"Longest block of the loop: {longest} (limit {duration(seen.limit)})."]
    if seen.noise >= 0.001:
        lines.append(f"Other programs took {duration(seen.noise)}; they are not counted.")
    return lines


def _kind(outputs: list[Output]) -> str:
    errors = [output["ename"] for output in outputs if output["output_type"] == "error"]
    return str(errors[-1]) if errors else ""

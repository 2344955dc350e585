"""The command `why`: the evidence for one grade, line by line, if a student disputes it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from autograder.course import notebook
from autograder.grading.nbgrader.course import Course
from autograder.grading.submission import assignment, evidence, intake
from autograder.grading.submission.evidence import Evidence
from autograder.outcomes import UserMistake
from autograder.report.record import shortest_kept
from autograder.text import duration, visible

# The stored facts about a cell that `_cell` and `why` turn into sentences; `_cell` lists the rest.
_TOLD = {
    "status", "message", "limit", "noise", "attempts", "longest_block",
    "kind", "file", "line", "code", "test", "test_line",
}  # fmt: skip


def why(root: Path, student: str, unit: str, grade_id: str) -> list[str]:
    """Return the lines. Raises UserMistake when there is no such student, unit, or grade."""
    course = Course(root)
    source = course.ensure_unit(unit)
    grade = _grade(course, student, unit, grade_id)
    step = course.directory.autograded_directory
    path = course.folder(step, student, unit) / f"{unit}{evidence.SUFFIX}"
    found = evidence.read(path)
    lines = [_score(student, unit, grade_id, grade)]
    about = found.get("cells", {}).get(grade_id)
    if about is None:
        missing = f"There is no evidence for this grade in {path}."
        return [*lines, f"{missing} Grade the unit again to record it."]
    lines += [line for line in _cell(about) if line]
    lines += _examination(found)
    lines.append(
        f"Submission: {_same(found.get('submission', ''), _submitted(course, student, unit))}"
    )
    lines.append(f"Test: {_same(about['test'], _test(source, grade_id))}")
    if found["repaired"]:
        lines.append(f"Repaired before grading: {' '.join(found['repaired'])}")
    return [visible(line) for line in lines]  # a message holds text of the learner's program


def _grade(course: Course, student: str, unit: str, grade_id: str) -> dict[str, Any]:
    from nbgrader.api import MissingEntry

    with course.gradebook() as book:
        try:
            grade = book.find_grade(grade_id, unit, unit, student)
        except MissingEntry:
            raise UserMistake(_missing(book, student, unit, grade_id)) from None
        return {
            "score": float(grade.score),
            "max_score": float(grade.max_score),
            "auto": grade.auto_score,
            "manual": grade.manual_score,
            "extra": grade.extra_credit,
            "open": bool(grade.needs_manual_grade),
            "late": float(grade.notebook.assignment.late_submission_penalty or 0.0),
        }


def _missing(book: Any, student: str, unit: str, grade_id: str) -> str:
    from nbgrader.api import MissingEntry

    try:
        entry = book.find_submission_notebook(unit, unit, student)
    except MissingEntry:
        known = sorted({one.student.id for one in book.assignment_submissions(unit)})
        return (
            f"{student} has no grade for {unit}{_near(student, known)}: grade it first, with "
            f"`python3 -m autograder grade {unit}`."
        )
    names = [grade.name for grade in entry.grades]
    return (
        f"{unit} has no graded cell {grade_id}{_near(grade_id, names)}; it has {', '.join(names)}."
    )


def _near(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _score(student: str, unit: str, grade_id: str, grade: dict[str, Any]) -> str:
    line = f"{student}, {unit}, {grade_id}: {grade['score']:g} of {grade['max_score']:g} points"
    if grade["manual"] is not None:
        examined = "nothing" if grade["auto"] is None else f"{grade['auto']:g}"
        line += f", {grade['manual']:g} of them given by hand (the examiner gave {examined})"
    if grade["extra"]:
        line += f", {grade['extra']:g} of them extra credit"
    if grade["open"]:
        line += "; marked as needing review"
    if grade["late"]:
        line += f"; the unit as a whole loses {grade['late']:g} for being late"
    return f"{line}."


def _cell(about: dict[str, Any]) -> Iterator[str]:
    yield f"Verdict: {about['status']}{': ' if about['message'] else '.'}{about['message']}"
    yield _block(about)
    yield f"Other programs took {about['noise'] * 1000:.1f} ms; they are not counted."
    repeats = about["attempts"]
    yield f"Examined {repeats} time{'s' if repeats > 1 else ''} until there was a verdict."
    for name in sorted(set(about) - _TOLD):
        if about[name] not in (None, "", [], {}, False):
            yield f"{name.replace('_', ' ').capitalize()}: {_shown(about[name])}"


def _block(about: dict[str, Any]) -> str:
    limit = "no limit" if about["limit"] is None else f"limit {about['limit'] * 1000:g} ms"
    if not about["longest_block"]:
        return f"Longest block of the loop: under {duration(shortest_kept())} ({limit})."
    where = f" at line {about['line']} of {about['file']}" if about["file"] else ""
    code = f", `{about['code']}`" if about["code"] else ""
    return (
        f"Longest block of the loop: {about['longest_block'] * 1000:.1f} ms ({limit}), "
        f"{about['kind']}{where}{code}."
    )


def _examination(found: Evidence) -> Iterator[str]:
    where = found["surroundings"]
    broken = found["restarts"]
    yield (
        f"Examination {found['examination']}: {found['examined']}, {found['seconds']:.1f} s, "
        f"{broken or 'no'} process{'' if broken == 1 else 'es'} replaced because a call broke it."
    )
    if found.get("seed"):
        yield f"Random draws of the tests: seed {found['seed']}; grading again repeats them."
    yield f"Jail: {', '.join(found['jail']) or 'none'}."
    yield (
        f"Examined with: Unblocked {where['package']} (code {where['code']}), {where['python']}, "
        f"nbgrader {where['nbgrader']}, {where['system']}, {where['cpus']} CPUs."
    )


def _same(then: str, now: str) -> str:
    if not then:
        return "not known which."
    short = f"sha256 {then[:16]}"
    if not now:
        return f"{short}; it is no longer there."
    return f"{short}, {'the same as today' if then == now else 'which has changed since'}."


def _submitted(course: Course, student: str, unit: str) -> str:
    folder = course.folder(course.directory.submitted_directory, ".", unit).parent
    try:
        return intake.digest(folder, student, unit, course.directory.ignore)
    except (OSError, UserMistake):
        return ""


def _test(source: Path, grade_id: str) -> str:
    for one in assignment.originals_of_notebook(notebook.loads(source.read_bytes(), source.name)):
        if one.grade_id == grade_id:
            return evidence.digest(one.source.encode())
    return ""


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(item)}" for name, item in value.items())
    if isinstance(value, list):
        return "; ".join(_shown(item) for item in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)

"""Whatever a candidate sends and a notebook holds: a verdict or a refusal, soon, and never a fault.

`test` tries thirty examples of each kind, in 2 s of CPU; `--soak` goes on for ten minutes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder import wire
from autograder.grading.examination import claims, handles
from autograder.grading.examination.outputs import checked, size_of
from autograder.outcomes import Inconclusive, Outcome
from autograder.report.record import Record
from autograder.report.report import Report

EXAMPLES, SOAK_SECONDS = 30, 600
SLOWEST = 5.0  # s of CPU for one example; nearly all need 1 ms, a drawn report 30 ms

ordinary = st.sampled_from([
    0.0, -0.0, -1.0, 1e-320, 0.2, 1e308, float("inf"), float("nan"), 0, 1, -1,
    True, None, "", "x", b"", [], {}, (), [[0.0, 1e308]], [(0.0, 0.1)],
])  # fmt: skip
# An integer that Python cannot write down, also not for hypothesis: so it is made of something.
huge = st.none().map(lambda _: 1 << 70_000)
extreme = st.one_of(ordinary, huge, huge.map(lambda number: ("e", "m", "f", number)))
texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["\x1b[2J", "\ud83d", "\u202e", "x" * 100_000, "`" * 50, "</script>"]),
)
plain = st.recursive(
    st.one_of(extreme, texts, st.integers(), st.floats(), st.binary(max_size=30)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.tuples(inner, inner),
        st.dictionaries(texts, inner, max_size=4),
    ),
    max_leaves=12,
)
HONEST: dict[str, Any] = {
    "seconds": 0.5,
    "value": b"1",
    "blocks": [
        {
            "seconds": 0.2, "start": 0.1, "kind": "cpu", "file": "cell roll", "line": 3,
            "code": "work()", "function": "roll", "doubt": 0.0, "library": "", "tasks": 1,
        }
    ],
    "late": [(0.0, 0.1)],
    "noise": [(0.0, 0.1)],
    "lanes": [("roll", [(0.0, 0.1)])],
    "left": [{"function": "f", "file": "x", "line": 1, "code": "", "tasks": 1}],
}  # fmt: skip
LINES = [
    "!ls",
    "%time x = 1",
    "%%bash",
    "x = !ls",
    "def f():",
    "    return 1",
    "?x",
    '"""',
    "(",
    "\\",
    "total = " + " + ".join("1" * 700),
    " " * 50_000 + "+",
]


outputs = st.lists(st.dictionaries(
    st.sampled_from(["output_type", "name", "text", "data", "metadata", "ename", "evalue",
                     "traceback", "execution_count"]),
    st.one_of(plain, st.sampled_from(["stream", "error", "display_data", "execute_result",
                                      "stdout"])),
), max_size=5)  # fmt: skip
frames = st.one_of(
    st.binary(max_size=200),
    st.recursive(st.one_of(st.none(), st.integers(), st.floats(), texts), lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from("ifbtsd"), inner, max_size=2),
    )).map(lambda value: json.dumps(value).encode()),
    st.integers(1, 3000).map(lambda depth: b"[" * depth + b"]" * depth),
    st.integers(1, 20_000).map(lambda digits: b"9" * digits),
)  # fmt: skip
cells = st.lists(st.one_of(st.sampled_from(LINES), texts), max_size=200)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """An honest record in which one to three fields, of its parts as well, are something else."""
    record = {**Record("roll").to_plain(), **HONEST}
    block, left = dict(HONEST["blocks"][0]), dict(HONEST["left"][0])
    record |= {"blocks": [block], "left": [left]}
    for _ in range(draw(st.integers(1, 3))):
        part = draw(st.sampled_from([record, block, block, left]))
        name = draw(st.sampled_from(sorted(part)))
        part[name] = draw(st.one_of(huge, extreme, texts, plain))
    return record


def outcome_of(check: Callable[[], object]) -> str:
    try:
        check()
    except (Outcome, Inconclusive) as outcome:
        return str(outcome)
    return ""


def a_record_is_judged_or_refused(record: dict[str, Any]) -> None:
    began = time.thread_time()
    try:
        sound = claims.sound({"record": record}, "roll", 100.0, 0.6)
    except (ValueError, TypeError, KeyError):
        return
    report = Report(sound)
    for check in (
        lambda: report.responsive(0.1),
        lambda: report.returned(7),
        lambda: report.within(0.1),
        lambda: report.lag(50),
    ):
        said = outcome_of(check)
        assert len(said) < 20_000
        assert "\x1b" not in said
    assert len(report.sentence) < 20_000
    assert report._repr_mimebundle_()["text/html"]
    assert time.thread_time() - began < SLOWEST


def outputs_can_be_written(claimed: list[Any]) -> None:
    began = time.thread_time()
    said = checked(claimed)
    json.dumps(said).encode()
    assert size_of(said) < 10_000_000
    assert time.thread_time() - began < SLOWEST


def a_frame_is_read_or_refused(data: bytes) -> None:
    began = time.thread_time()
    try:
        value = wire.unpack(data)
    except ValueError:
        return
    try:
        wire.canonical(value)
    except wire.NotPlain:
        pass
    assert time.thread_time() - began < SLOWEST


def a_cell_is_read_in_a_moment(lines: list[str]) -> None:
    began = time.thread_time()
    handles.bound_by(["\n".join(lines)])
    assert time.thread_time() - began < SLOWEST


FUZZED: dict[Callable[..., None], st.SearchStrategy[Any]] = {
    a_record_is_judged_or_refused: records(),
    outputs_can_be_written: outputs,
    a_frame_is_read_or_refused: frames,
    a_cell_is_read_in_a_moment: cells,
}


@pytest.mark.slow
@pytest.mark.parametrize("fuzzed", FUZZED, ids=lambda one: one.__name__)
def test_whatever_comes(fuzzed: Any) -> None:
    run(fuzzed, EXAMPLES)


@pytest.mark.soak
@pytest.mark.timeout(2 * SOAK_SECONDS)
def test_whatever_comes_in_ten_minutes() -> None:
    until = time.monotonic() + SOAK_SECONDS
    while time.monotonic() < until:
        for fuzzed in FUZZED:
            run(fuzzed, 500)


def run(fuzzed: Callable[..., None], examples: int) -> None:
    unhurried = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    wanted = settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=unhurried
    )
    wanted(given(FUZZED[fuzzed])(fuzzed))()

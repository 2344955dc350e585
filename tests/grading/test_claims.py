"""What a candidate claims and a submission holds: bounded where it enters, told without harm."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from autograder import wire
from autograder.grading.examination import candidate_proxy, handles
from autograder.grading.examination.outputs import checked
from autograder.grading.nbgrader import export
from autograder.report.record import Block, Record
from autograder.report.report import Report, same
from autograder.text import visible

BLOCK = Block(0.05, 0.1, "cpu", "cell roll", 3, "work()", "roll")
HONEST = Record("roll", began=100.0, value=b"1", seconds=0.5, blocks=[BLOCK])


def sound(record: Record) -> Record:
    return candidate_proxy._sound({"record": record.to_plain()}, "roll")


def test_an_honest_record_comes_through_as_it_is() -> None:
    assert sound(HONEST) == HONEST


@pytest.mark.parametrize(
    "record",
    [
        replace(HONEST, blocks=[replace(BLOCK, line=1 << 70_000)]),
        replace(HONEST, blocks=[replace(BLOCK, line=-1)]),
        replace(HONEST, value=None, outcome="raised", error=("E", "m", "cell", 1 << 70_000)),
    ],
    ids=["block", "negative", "error"],
)
def test_a_line_that_no_file_has_is_refused(record: Record) -> None:
    with pytest.raises(ValueError, match="at a line that no file has"):
        sound(record)


def test_texts_are_bounded_and_cannot_steer_a_terminal() -> None:
    raised = ("Evil", "\x1b[2J\x9b31m\u202epassed" + "x" * 10_000, "cell roll", 3)
    record = sound(replace(HONEST, value=None, outcome="raised", error=raised))
    assert record.error is not None
    said = record.error[1]
    assert said.startswith(r"\x1b[2J\x9b31m\u202epassed")
    assert len(said) < 3000
    assert visible("two\nlines, a\ttab and 👩\u200d💻") == "two\nlines, a\ttab and 👩\u200d💻"


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ([{2: 1, 1: 2}], [{1: 2, 2: 1}], True),
        ({1: {2, 3}}, {1: {3, 2}}, True),
        ({True: 2}, {1: 2}, False),
        ({1.0: 2}, {1: 2}, False),
        ({(1.0,): 2}, {(1,): 2}, False),
        ((1,), [1], False),
    ],
)
def test_values_are_the_same_with_their_types_at_every_level(
    one: Any, other: Any, equal: bool
) -> None:
    assert same(one, other) is equal


def test_a_wrong_number_of_6000_digits_is_a_wrong_value() -> None:
    report = Report(replace(HONEST, value=wire.pack(1 << 20_000)))
    with pytest.raises(Exception, match=r"returned a value of type int .* expected 7"):
        report.returned(7)


def test_a_set_whose_members_have_one_hash_does_not_hold_up_the_grader() -> None:
    many = [n * (2**61 - 1) for n in range(10**6, 10**6 + 20_000)]
    data = b'{"s":[' + b",".join(wire.pack(n) for n in many) + b"]}"
    began = time.thread_time()
    with pytest.raises(ValueError, match="very large"):
        wire.unpack(data)
    assert time.thread_time() - began < 2


@pytest.mark.parametrize("magics", [10, 5000])
def test_names_are_found_beside_any_number_of_magics(magics: int) -> None:
    cell = "!true\n%time x = 1\nfiles = !ls\n" * magics + "class Tally:\n    pass\n"
    began = time.thread_time()
    assert handles.bound_by([cell]) == {"Tally", "files"}
    assert time.thread_time() - began < 2


def test_a_percent_sign_or_an_exclamation_mark_in_python_is_no_magic() -> None:
    cell = 'odd = (7\n    % 2)\nsame = odd != 3\ntext = """\n!ls\n"""\n!ls\n'
    assert handles.bound_by([cell]) == {"odd", "same", "text"}


def test_numbers_that_python_cannot_write_do_not_reach_a_page() -> None:
    huge = {"output_type": "display_data", "data": {"application/json": [1 << 70_000]}}
    count = {"output_type": "execute_result", "data": {}, "execution_count": 1 << 70_000}
    said = checked([huge, count])
    assert [one["output_type"] for one in said] == ["display_data", "execute_result"]
    assert len(str(said)) < 500


def test_a_name_that_is_a_formula_is_a_text_in_the_export() -> None:
    rows = [["=1+1", "@SUM(1)", "-3", "+49 30", "ada", 7.5, ""]]
    assert export._text(rows) == "'=1+1,'@SUM(1),-3,'+49 30,ada,7.5,\n"

"""What a candidate claims and a submission holds: bounded where it enters, told without harm."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import Any

import pytest

from autograder import wire
from autograder.grading.examination import claims, handles, session, verdicts, witness
from autograder.grading.examination.cells import Cell
from autograder.grading.examination.outputs import checked
from autograder.grading.nbgrader import export
from autograder.report.record import Block, Record
from autograder.report.report import Report, same
from autograder.text import visible

BLOCK = Block(0.05, 0.1, "cpu", "cell roll", 3, "work()", "roll")
HONEST = Record("roll", began=100.0, value=b"1", seconds=0.5, blocks=[BLOCK])


def sound(record: Record, took: float = 0.6) -> Record:
    return claims.sound({"record": record.to_plain()}, "roll", 100.0, took)


def test_an_honest_record_comes_through_as_it_is() -> None:
    assert sound(HONEST) == HONEST


@pytest.mark.parametrize(
    "record",
    [
        replace(HONEST, seconds=3e10),
        replace(HONEST, starved=3e10),
        replace(HONEST, late=[(0.0, 3e10)]),
        replace(HONEST, noise=[(0.0, 3e10)]),
        replace(HONEST, blocks=[replace(BLOCK, doubt=3e10)]),
        replace(HONEST, blocks=[replace(BLOCK, line=1 << 70_000)]),
        replace(HONEST, blocks=[replace(BLOCK, line=-1)]),
        replace(HONEST, value=None, outcome="raised", error=("E", "m", "cell", 1 << 70_000)),
    ],
    ids=["seconds", "starved", "late", "noise", "doubt", "line", "negative", "error's line"],
)
def test_what_no_call_can_have_sent_is_refused(record: Record) -> None:
    with pytest.raises(ValueError, match=r"record"):
        sound(record)


def test_texts_are_bounded_and_cannot_steer_a_terminal() -> None:
    raised = ("Evil", "\x1b[2J\x9b31m\u202epassed" + "x" * 10_000, "cell roll", 3)
    record = sound(replace(HONEST, value=None, outcome="raised", error=raised))
    assert record.error is not None
    said = record.error[1]
    assert said.startswith(r"\x1b[2J\x9b31m\u202epassed")
    assert len(said) < 3000
    assert visible("two\nlines, a\ttab and 👩\u200d💻") == "two\nlines, a\ttab and 👩\u200d💻"


def test_blanks_in_a_value_buy_no_time() -> None:
    assert sound(replace(HONEST, value=b"1" + b" " * 4_000_000)).value == b"1"


def test_excuses_are_cut_down_to_what_the_witness_saw() -> None:
    record = replace(HONEST, starved=0.4, noise=[(0.0, 0.2), (0.3, 0.2)], late=[(0.0, 0.4)])
    claims.believed(record, witness.Testimony(waited=0.05))
    assert record.starved == pytest.approx(0.1)
    assert sum(seconds for _, seconds in record.noise) == pytest.approx(0.1)
    assert record.late == [(0.0, pytest.approx(0.15))]
    assert record.tampered == ""


def test_an_excuse_that_the_witness_saw_too_stays() -> None:
    record = replace(HONEST, starved=0.4, noise=[(0.0, 0.4)], late=[(0.0, 0.4)])
    seen = replace(record)
    claims.believed(seen, witness.Testimony(waited=0.45))
    assert seen == record


def test_a_doubt_ends_when_the_witness_saw_that_the_code_asked_for_the_sleep() -> None:
    record = replace(HONEST, blocks=[BLOCK, replace(BLOCK, seconds=0.01, doubt=0.4)])
    claims.believed(record, witness.Testimony(asleep=0.38, held=0.39, timed=0.38))
    assert record.tampered == ""
    (_, block) = record.blocks
    assert (block.seconds, block.doubt) == (0.38, pytest.approx(0.03))


def test_a_doubt_about_another_sleep_stays() -> None:
    record = replace(HONEST, blocks=[replace(BLOCK, seconds=0.0, doubt=0.4)])
    claims.believed(record, witness.Testimony(asleep=0.38, held=0.39))
    assert record.tampered == ""
    assert record.blocks[0].doubt == 0.4


def test_no_claim_makes_the_limit_longer() -> None:
    below = replace(HONEST, blocks=[replace(BLOCK, seconds=0.0999)] * 4)
    assert list(claims.beyond(below, witness.Testimony(held=0.24), 0.1))
    assert list(claims.beyond(below, witness.Testimony(asleep=0.1 + witness.MARGIN + 0.01), 0.1))
    assert list(claims.beyond(below, witness.Testimony(held=0.19), 0.1)) == [], (
        "two passes, one after the other"
    )


def test_who_admits_a_block_is_not_doubted() -> None:
    admitted = replace(HONEST, blocks=[replace(BLOCK, seconds=0.4)])
    assert list(claims.beyond(admitted, witness.Testimony(asleep=0.39, held=0.39), 0.1)) == []


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


@pytest.mark.parametrize("frame", [b'{"d":[[1,"no"],[true,"yes"]]}', b'{"s":[1,1]}'])
def test_a_frame_with_equal_members_is_refused(frame: bytes) -> None:
    with pytest.raises(ValueError, match="equal members"):
        wire.unpack(frame)


def test_what_our_own_code_raises_after_an_answer_costs_one_test_and_not_the_grade() -> None:
    try:
        wire._refuse_flood(1 << 40)
    except ValueError as error:
        seen = verdicts.judge(error, "double_visible", answered=True)
        with pytest.raises(verdicts.Fault):
            verdicts.judge(error, "double_visible", answered=False)
    assert seen.status == verdicts.NEEDS_REVIEW


def test_a_name_that_is_a_formula_is_a_text_in_the_export() -> None:
    rows = [["=1+1", "@SUM(1)", "-3", "+49 30", "ada", 7.5, ""]]
    assert export._text(rows) == "'=1+1,'@SUM(1),-3,'+49 30,ada,7.5,\n"


def test_a_notebook_whose_cells_take_all_the_time_gets_no_more_of_it() -> None:
    cells = [
        Cell(0, "setup", "tools", "from autograder import watch"),
        Cell(1, "learner", "", "import time\ntime.sleep(2.1)"),
        Cell(2, "learner", "double", "async def double(number):\n    return 2 * number"),
        Cell(3, "test", "double_visible", "(await watch(double, 2)).returned(4)", 1.0),
    ]
    seen = session.examine(cells, budget=2.0).seen[3]
    assert seen.status == verdicts.FAILED
    assert re.search(r"the notebook's own cells took \d s", seen.message)


@pytest.mark.slow
def test_a_test_draws_the_same_again_with_the_seed_of_the_first_time() -> None:
    cells = [
        Cell(0, "setup", "tools", "import random\n\nfrom autograder import watch"),
        Cell(1, "learner", "double", "async def double(number):\n    return 2 * number"),
        Cell(
            2,
            "test",
            "double_visible",
            "number = random.randrange(10**9)\n(await watch(double, number)).returned(number)",
            1.0,
        ),
    ]
    first = session.examine(cells)
    again = session.examine(cells, seed=first.seed)
    other = session.examine(cells)
    assert first.seen[2].message == again.seen[2].message != other.seen[2].message

"""What a candidate claims and a submission holds: bounded where it enters, told without harm."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autograder import wire
from autograder.grading.examination import (
    candidate_proxy,
    claims,
    handles,
    remote_backend,
    session,
    verdicts,
    witness,
)
from autograder.grading.examination.cells import Cell
from autograder.grading.examination.outputs import checked
from autograder.grading.examination.remote_backend import RemoteBackend
from autograder.grading.nbgrader import export
from autograder.monitor import run, task_trace
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
        replace(HONEST, blocks=[BLOCK] * 20_000),
        replace(HONEST, late=[(0.0, 0.0)] * 350_000),
        replace(HONEST, noise=[(0.0, 0.0)] * 20_000),
        replace(HONEST, lanes=[("roll", [])] * 20_000),
        replace(HONEST, lanes=[("roll", [(0.0, 0.1)] * 20_000)]),
    ],
    ids=[
        *("seconds", "starved", "late", "noise", "doubt", "line", "negative", "error's line"),
        *("blocks", "ticks", "much noise", "lanes", "steps"),
    ],
)
def test_what_no_call_can_have_sent_is_refused(record: Record) -> None:
    with pytest.raises(ValueError, match=r"record"):
        sound(record)


def test_the_longest_record_of_an_honest_call_comes_through() -> None:
    lanes = [("roll", [(0.0, 0.1)] * task_trace.MOST_STEPS)] * task_trace.MOST_LANES
    late = [(0.0, 0.0)] * run.MOST_TICKS
    record = replace(HONEST, blocks=[BLOCK] * 100, late=late, noise=[(0.0, 0.1)] * 1000)
    assert sound(replace(record, lanes=lanes)).blocks == [BLOCK] * 100


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


def test_a_sleep_that_is_admitted_settles_no_other_doubt() -> None:
    """A test's own sleep of 0.45 s beside a block that the machine may have made."""
    planned, innocent = replace(BLOCK, seconds=0.45), replace(BLOCK, seconds=0.003, doubt=0.12)
    record = replace(HONEST, blocks=[planned, innocent])
    claims.believed(record, witness.Testimony(asleep=0.44, held=0.45, timed=0.44))
    assert record.blocks == [planned, innocent]


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


def test_a_call_takes_no_less_time_than_its_thread_computed() -> None:
    quick = replace(HONEST, seconds=0.01)
    claims.believed(quick, witness.Testimony(cpu=3.0))
    assert quick.seconds == 2.5
    honest = replace(HONEST, seconds=2.8)
    claims.believed(honest, witness.Testimony(cpu=3.0))
    assert honest.seconds == 2.8


@pytest.mark.slow
def test_who_claims_to_be_quick_is_too_slow() -> None:
    claim = """
from autograder.report.record import Record

as_plain = Record.to_plain

def to_plain(record):
    record.seconds = 0.01
    return as_plain(record)

Record.to_plain = to_plain
"""
    answer = """
import asyncio, time

async def roll():
    end = time.thread_time() + 1.7
    while time.thread_time() < end:
        await asyncio.sleep(0)
"""
    # The witness counts what was computed until the last answer that it took, less 0.5 s. With a
    # limit of 0.1 s it may get no CPU in the last second of the call.
    cells = [
        Cell(0, "setup", "tools", "from autograder import watch"),
        Cell(1, "learner", "", claim),
        Cell(2, "learner", "roll", answer),
        Cell(3, "test", "roll_visible", "(await watch(roll)).within(0.1)", 1.0),
    ]
    seen = session.examine(cells, attempts=1).seen[3]
    assert seen.status in (verdicts.FAILED, verdicts.INCONCLUSIVE)  # this, on a busy machine
    assert "`roll` took" in seen.message


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


def test_names_are_found_beside_a_sum_of_700_numbers() -> None:
    """A table that a program wrote: its tree is deeper than a visitor by recursion goes."""
    assert handles.bound_by(["total = " + " + ".join("1" * 700)]) == {"total"}


def test_a_line_of_spaces_does_not_hold_up_the_grader() -> None:
    began = time.thread_time()
    assert handles.bound_by(["(\n" + " " * 100_000 + "+"]) == set()
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
        Cell(1, "learner", "", "import time\ntime.sleep(3.1)"),
        Cell(2, "learner", "double", "async def double(number):\n    return 2 * number"),
        Cell(3, "test", "double_visible", "(await watch(double, 2)).returned(4)", 1.0),
    ]
    # A busy machine may need nearly all of it until the sleep begins.
    seen = session.examine(cells, budget=3.0).seen[3]
    assert seen.status == verdicts.FAILED
    assert re.search(r"the notebook's own cells took \d s", seen.message)


@pytest.mark.slow
def test_cells_that_take_long_only_the_second_time_get_no_more_time_than_others() -> None:
    # One of them that is run again takes more than half of the time, however late it begins.
    slow = 'import os, time\n"/candidate-1/" in os.environ["HOME"] or time.sleep(3)'
    sources = [*[slow] * 8, "os._exit(0)", "async def double(number):\n    return 2 * number"]
    cells = [
        Cell(0, "setup", "tools", "from autograder import watch"),
        *(Cell(number, "learner", "", source) for number, source in enumerate(sources, 1)),
        Cell(11, "test", "double_visible", "(await watch(double, 2)).returned(4)", 1.0),
    ]
    began = time.monotonic()
    seen = session.examine(cells, budget=5).seen[11]
    assert time.monotonic() - began < 20  # 6 s on a quiet machine; all eight again need 24
    assert seen.status == verdicts.FAILED
    assert "the notebook's own cells took" in seen.message


@pytest.mark.slow
def test_what_is_open_stays_open_when_a_repeat_finds_too_little_time() -> None:
    opens = "from autograder.outcomes import Inconclusive\nraise Inconclusive('too busy')"
    cells = [
        Cell(0, "setup", "tools", "from autograder import watch"),
        Cell(1, "learner", "", "import time\ntime.sleep(3)"),
        Cell(2, "test", "double_visible", opens, 1.0),
    ]
    # Not enough for two sleeps; a busy machine may need 2.9 s for all else in the first round.
    seen = session.examine(cells, budget=5.9).seen[2]
    assert (seen.status, seen.message) == (verdicts.INCONCLUSIVE, "too busy")


@pytest.mark.slow
def test_a_process_that_ends_between_two_calls_fails_only_the_second() -> None:
    # The loop of the cells runs again when the answer to the call has been sent: not before.
    ends = (
        "import asyncio, os\n\ncells = asyncio.get_running_loop()\n\n"
        "async def ends():\n    cells.call_soon_threadsafe(os._exit, 0)"
    )
    test = "import asyncio\n(await watch(ends)).returned(None)\nawait asyncio.sleep(0.4)\n{}"
    cells = [
        Cell(0, "setup", "tools", "from autograder import watch"),
        Cell(1, "learner", "ends", ends),
        Cell(2, "test", "twice", test.format("(await watch(ends)).returned(None)"), 1.0),
        Cell(3, "test", "once", test.format(""), 1.0),
    ]
    seen = session.examine(cells).seen
    assert (seen[2].status, seen[3].status) == (verdicts.FAILED, verdicts.PASSED)
    assert "the Python process ended" in seen[2].message


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ProcessLookupError("No such process"), "the Python process ended"),
        (PermissionError("Operation not permitted"), "could not be watched"),
        (ValueError("not enough values to unpack"), "could not be watched"),
    ],
    ids=["ended", "hidden", "empty"],
)
def test_a_process_that_shows_no_figures_breaks_its_call(error: Exception, said: str) -> None:
    """It may hide them with prctl from a grader that is not root."""

    class Hides:
        def drain(self) -> None:
            pass

        def look(self) -> None:
            raise error

    call = candidate_proxy._call(SimpleNamespace(witness=Hides()), {"loop": "asyncio"}, 1.0)  # type: ignore[arg-type]
    with pytest.raises(candidate_proxy.Broke, match=said):
        asyncio.run(call)


def test_where_a_kind_of_socket_is_missing_another_keeps_messages_apart_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = socket.socketpair

    def as_on_macos(family: int, kind: int) -> Any:
        if kind == socket.SOCK_SEQPACKET:
            raise OSError(errno.EPROTONOSUPPORT, "Protocol not supported")
        return pair(family, kind)

    monkeypatch.setattr(socket, "socketpair", as_on_macos)
    ours, theirs = candidate_proxy._pair_of_messages()
    with ours, theirs:
        ours.send(b"one")
        ours.send(b"two")
        assert theirs.recv(16) == b"one"


def test_an_examiner_without_descriptors_does_not_blame_the_process() -> None:
    class NoneLeft:
        def drain(self) -> None:
            pass

        def look(self) -> None:
            raise OSError(errno.EMFILE, "Too many open files")

    call = candidate_proxy._call(SimpleNamespace(witness=NoneLeft()), {"loop": "asyncio"}, 1.0)  # type: ignore[arg-type]
    with pytest.raises(OSError, match="Too many open files"):
        asyncio.run(call)


@pytest.mark.slow
def test_the_files_of_a_candidate_that_ended_are_removed(tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(bytes(100_000))
    cells = [Cell(number, "learner", "", "import os\nos._exit(0)") for number in range(4)]
    most = 0

    def count(cell: Cell, outcome: object) -> None:
        nonlocal most
        folder = session.the_fork_server().folder
        assert folder is not None
        most = max(most, len(list(folder.glob("*/candidate-*/work/data.bin"))))

    assert session.examine(cells, learner_files=tmp_path, on_cell=count).restarts == 3
    assert most <= 1


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


def test_the_replay_of_earlier_cells_is_no_part_of_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's time ends after a long replay, or after a long call, by a clock of our own."""
    now = 0.0
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr(remote_backend, "time", clock)

    async def overdue(replays: float, runs: float) -> bool:
        class Candidate:
            async def call(self, _: object, begins: Callable[[], None]) -> None:
                nonlocal now
                now += replays
                begins()
                now += runs
                await asyncio.Event().wait()

        backend = RemoteBackend(Candidate(), (), lambda *_: None)  # type: ignore[arg-type]
        run = backend.run(handles.LearnerHandle("roll"), (), {}, timeout=0.1, loop="asyncio")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(run, 0.05)
        return backend.overdue

    assert not asyncio.run(overdue(0.25, 0.05))
    assert asyncio.run(overdue(0.0, 0.3))

"""The labs' judges excuse a wrong figure by what the machine took of that figure, and of no other.

Each of them gets a wrong answer. In a run that other programs held up often, for 20 ms each time
and for a second in all, it is wrong. In one that they held up for half a second at a time, it is
inconclusive.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
from collections.abc import Callable
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from autograder import testing, wire
from autograder.course.author import parse
from autograder.course.unit import Unit, repository, written
from autograder.outcomes import CallFailed, Inconclusive, WrongValue
from autograder.report.record import Block, Record
from autograder.report.report import Report

OFTEN = [(n / 50, 0.02) for n in range(50)]  # s: when, and for how long
KILLED = {"event": "killed", "code": 4009, "gap": 0.6, "at": 1.0}
BLOCK = {"file": "In [7]", "line": 2, "code": "time.sleep(0.4)", "kind": "sleep"}
STALL = Block(0.4, 0.3, function="jolt", **BLOCK)  # type: ignore[arg-type]


@cache
def unit(number: str) -> Unit:
    return next(one for one in written(repository()) if one.number == number)


def lab(number: str, *setups: str, **given: Any) -> SimpleNamespace:
    """The names that these setup cells define, with what else they need."""
    names = {name: getattr(testing, name) for name in testing.__all__} | given
    for cell in parse.read(unit(number).lab_text, "lab.py"):
        if cell.role == "setup" and cell.name in setups:
            exec(cell.python, names)
    return SimpleNamespace(**names)


def report(value: Any, late: list[tuple[float, float]], *blocks: Block) -> Report:
    noise = [(due, taken) for due, taken in late if taken > 0.01]
    for block in blocks:
        late = [*late, (block.start, block.seconds)]
    packed = wire.pack(value)
    return Report(
        Record("call", value=packed, seconds=2.0, late=late, noise=noise, blocks=[*blocks])
    )


def gateway() -> SimpleNamespace:
    return SimpleNamespace(log=[KILLED], heartbeat=0.25, grace=2, replies=["tea"], kills=1)


def asked_one_by_one(run: Report) -> Any:
    return lab("02", "pages_judge", PATIENCE=5).at_once(run, ["/a", "/b"], 2, 1, [])


def reminded_of_the_first_too_soon(run: Report) -> Any:
    said = {"a": 1.7, "b": 1.6}
    judges = lab(
        "03",
        "repair_two_reminded",
        moment=lambda gw, event, text: said.get(text[-1], 0.0) * (event == "reply"),
    )
    return judges.reminded(None, run, [("ada", 0.9, "a"), ("cy", 0.3, "b")])


def looked_up_too_late(run: Report) -> Any:
    return lab("05", "oracle_pool_judged").four_and_a_lookup(run, (False, 4), "/", [])


def came_a_second_late(run: Report) -> Any:
    return lab("07", "verdicts").too_late(run, 1.0, 0.3, "It was late.")


def stopped_beating(run: Report) -> Any:
    return lab("13", "verdicts", "heartbeat_heard").kept_beating(gateway(), run, 0.25)


def measured_nothing(run: Report) -> Any:
    measured = report([0.0] * 240, run.record.late, STALL)
    judges = lab("10", "lag_meter_stalls", "lag_meter_check", "lag_meter_share")
    return judges.honest(measured, 1.2, 0.005, [(0.3, 0.4)])


def a_twin_that_is_free(run: Report) -> Any:
    return lab("11", "own_card_contract").held(run, 0.1)


def one_after_the_other(run: Report) -> Any:
    http = SimpleNamespace(counters=lambda: {"peak": 1, "requests": 3})
    judges = lab("12", "steady_check", servers=SimpleNamespace(http=http))
    return judges.side_by_side(gateway(), run, 2)


def hunted_for_too_long(run: Report) -> Any:
    def moments(gw: Any, event: str) -> dict[str, float]:
        return {"!hunt elk": 0.0} if event == "say" else {"ada gets elk": 1.9}

    judges = lab("12", "busy_check", moments=moments)
    return judges.in_time(None, run, [("ada", "!hunt elk")], ["ada gets elk"], peak=12)


def served_one_of_two(run: Report) -> Any:
    served = report([["ada: tea"], "", 1, False, True], run.record.late)
    return lab("12", "poison_check").served(served, ["ada: tea", "bo: tea"])


def never_closed(run: Report) -> Any:
    return lab("12", "closing_check").closed_well(run, [])


def closed_after_a_while(run: Report) -> Any:
    closed = report([[], ["good night"], [], 0, True, 1.5, True], run.record.late)
    return lab("12", "closing_check").closed_well(closed, [])


JUDGES = [
    asked_one_by_one,
    reminded_of_the_first_too_soon,
    looked_up_too_late,
    came_a_second_late,
    stopped_beating,
    measured_nothing,
    a_twin_that_is_free,
    one_after_the_other,
    hunted_for_too_long,
    served_one_of_two,
    never_closed,
    closed_after_a_while,
]


def judged(judge: Callable[[Report], Any], run: Report) -> None:
    result = judge(run)
    if inspect.isawaitable(result):
        asyncio.run(_awaited(result))


async def _awaited(result: Any) -> None:
    await result


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.__name__)
def test_what_the_machine_took_elsewhere_excuses_nothing(judge: Callable[[Report], Any]) -> None:
    with pytest.raises(WrongValue):
        judged(judge, report(None, OFTEN))


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.__name__)
def test_half_a_second_that_the_machine_took_may_be_the_reason(
    judge: Callable[[Report], Any],
) -> None:
    with pytest.raises(Inconclusive):
        judged(judge, report(None, [(0.9, 0.5)]))


def test_a_block_of_the_answers_own_is_no_excuse_for_what_came_late() -> None:
    with pytest.raises(WrongValue, match="It was late"):
        came_a_second_late(report(None, [], STALL))


def test_a_nap_is_excused_by_what_the_machine_took_of_that_nap() -> None:
    judge = lab("01", "timers_judge").slept_well
    people = [("ada", [0.2, 0.2], "tea")]

    def judged_night(late: float, waited: float) -> None:
        naps = [("ada", 0.2, 0.2 + late, waited, 0.3), ("ada", 0.2, 0.2, 0.3, 0.5)]
        judge(report([["tea"], 0.0, 0.4], OFTEN), people, SimpleNamespace(naps=naps))

    judged_night(0.05, 0.0)
    with pytest.raises(WrongValue, match=r"woken after 0\.40: 200 ms late"):
        judged_night(0.2, 0.05)
    with pytest.raises(Inconclusive):
        judged_night(0.2, 0.15)


def test_naps_cannot_be_over_before_the_test_has_waited_for_them() -> None:
    """What the sleepers tell of the seconds is theirs; when they told it, the test knows."""
    naps = [("ada", 0.2, 0.2, 0.0, 0.01), ("ada", 0.2, 0.2, 0.0, 0.02)]
    night = SimpleNamespace(naps=naps)
    with pytest.raises(WrongValue, match=r"0\.40 s in all, but the naps were over after 0\.02 s"):
        lab("01", "timers_judge").slept_well(
            report([["tea"], 0.0, 0.4], []), [("ada", [0.2, 0.2], "tea")], night
        )


def test_who_counts_with_a_gate_of_another_loop_is_told_what_belongs_to_no_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Right in a bot, which has one loop: `make it inside the function` alone is wrong advice."""
    error = ("RuntimeError", "it is bound to a different event loop", "In [7]", 3)
    monkeypatch.setitem(sys.modules, "jobs", ModuleType("jobs"))  # a file that the lab writes
    judges = lab("05", "verdicts")
    with pytest.raises(CallFailed, match="A pool belongs to no loop"):
        judges.free(Report(Record("oracle", outcome="raised", error=error)), 0.1)


def test_no_lab_takes_the_noise_of_a_run_for_that_of_one_figure() -> None:
    """But for unit 04's price, which is that of the whole call."""
    using = {
        one.number: re.findall(r".*\.noise\b.*", one.lab_text.read_text("utf-8"))
        for one in written(repository())
        if one.lab_text.exists()
    }
    assert {number: len(lines) for number, lines in using.items() if lines} == {"04": 1}

"""`autograder.testing`: what test cells share, and how a run and what happens beside it end."""

from __future__ import annotations

import asyncio

import pytest

from autograder import outcomes, testing
from autograder.report.record import Record
from autograder.report.report import Report
from autograder.testing import Inconclusive, WrongValue, beside, meanwhile, right, wrong

FELL = ("ValueError", "no", "the cell", 3)


def report(**about: object) -> Report:
    return Report(Record(name="roll", seconds=0.1, **about))  # type: ignore[arg-type]


async def ran(seconds: float = 0.0, **about: object) -> Report:
    """What `watch` returns of a call that took so long."""
    await asyncio.sleep(seconds)
    return report(**about)


async def said(word: str, seconds: float = 0.0) -> str:
    await asyncio.sleep(seconds)
    return word


def test_all_that_is_promised_is_there_and_outcomes_are_those_that_checks_raise() -> None:
    assert all(hasattr(testing, name) for name in testing.__all__)
    assert testing.WrongValue is outcomes.WrongValue


def test_right_tells_what_is_still_to_come(capsys: pytest.CaptureFixture[str]) -> None:
    right(report(), 5)
    assert capsys.readouterr().out == (
        f"Right. {report()}\n"
        "Its hidden part runs when you check the lab. Then you get its 5 points.\n"
    )


def test_wrong_is_a_failure_unless_the_machine_was_late() -> None:
    with pytest.raises(WrongValue, match=r"^nobody came\.$"):
        wrong(report(), "nobody came.")
    with pytest.raises(Inconclusive):
        wrong(report(late=[(0.0, 0.4)]), "nobody came.")


def test_beside_waits_for_the_other_one_also_when_the_run_is_over() -> None:
    assert asyncio.run(beside(ran(), said("late", 0.05)))[1] == "late"


def test_beside_ends_the_other_one_when_the_run_raised() -> None:
    ended = []

    async def waits() -> str:
        try:
            return await said("never", 3600)
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    async def both() -> tuple[Report, str, list[bool]]:
        return *await beside(ran(0.01, outcome="raised", error=FELL), waits()), list(ended)

    run, word, ended_then = asyncio.run(both())
    assert run.error is not None
    assert (word, ended_then) == ("", [True])


def test_meanwhile_ends_the_other_one_with_the_run() -> None:
    assert asyncio.run(meanwhile(ran(0.05), said("early")))[1] == "early"
    assert asyncio.run(meanwhile(ran(), said("never", 3600)))[1] is None


@pytest.mark.parametrize("wait", [beside, meanwhile])
def test_what_goes_wrong_beside_a_run_is_told(wait: object) -> None:
    async def falls() -> str:
        raise ValueError("the server is gone")

    with pytest.raises(ValueError, match="the server is gone"):
        asyncio.run(wait(ran(0.01), falls()))  # type: ignore[operator]

"""A candidate that begins anew has every cell that had ended, however its beginning went."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from autograder.grading.examination import candidate_proxy


class Candidate(candidate_proxy.RemoteCandidate):
    """One whose processes are lists of the cells that they have run."""

    async def _fork(self) -> Any:
        self._process = SimpleNamespace(cells=[])  # type: ignore[assignment]
        return self._process

    async def end(self) -> None:
        self._process = None


class Replays:
    """Stands for the way to a process; `slow` holds a cell up, `breaks` so often."""

    def __init__(self) -> None:
        self.slow = ""
        self.breaks: dict[str, int] = {}

    async def __call__(self, process: Any, request: dict[str, Any], limit: float) -> dict[str, Any]:
        name = request["name"]
        if name == self.slow:
            await asyncio.Event().wait()
        if self.breaks.get(name):
            self.breaks[name] -= 1
            raise candidate_proxy.Broke("time", "the process could not be stopped, and was ended")
        process.cells.append(name)
        return {"ended": True, "outputs": []}


@pytest.fixture
def replays(monkeypatch: pytest.MonkeyPatch) -> Replays:
    made = Replays()
    monkeypatch.setattr(candidate_proxy, "_exchange", made)
    return made


async def broken() -> Candidate:
    """A candidate that had run three cells when a call broke it."""
    candidate = Candidate(template=None)  # type: ignore[arg-type]
    for name in ("imports", "setup", "answer"):
        await candidate.run_cell(name, "", 1.0, [])
    await candidate.end()
    return candidate


async def cells(candidate: Candidate) -> list[str]:
    """What the process has run that the next call finds."""

    async def talk(process: Any) -> list[str]:
        return list(process.cells)

    return await candidate._ask(talk)


def test_a_test_that_gives_up_during_the_replay_leaves_no_half_made_process(
    replays: Replays,
) -> None:
    async def story() -> list[str]:
        candidate, replays.slow = await broken(), "setup"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await cells(candidate)
        replays.slow = ""
        return await cells(candidate)

    assert asyncio.run(story()) == ["imports", "setup", "answer"]


@pytest.mark.parametrize(
    ("times", "kept"), [(1, ["imports", "setup", "answer"]), (2, ["imports", "answer"])]
)
def test_a_cell_is_given_up_when_it_breaks_a_second_replay(
    replays: Replays, times: int, kept: list[str]
) -> None:
    async def story() -> list[str]:
        candidate, replays.breaks["setup"] = await broken(), times
        return await cells(candidate)

    assert asyncio.run(story()) == kept

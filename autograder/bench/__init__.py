"""The tables of figures: each bench measures the course and its peers in one run."""

from __future__ import annotations

from autograder.outcomes import UserMistake

NAMES = ("probe", "cost", "world", "grading", "door")


def run(
    name: str | None = None,
    *,
    repeats: int = 20,
    quick: bool = False,
    cold: bool = False,
    only: str | None = None,
) -> int:
    """Measure and print one table, or all; return 0 when every figure was within its bound.

    With `cold`, `door` also installs the course into an empty environment; `probe` takes only the
    snippets that the file `only` names. Raises UserMistake when there is no bench of that name.
    """
    if name is not None and name not in NAMES:
        raise UserMistake(f"There is no bench `{name}`; there are: {', '.join(NAMES)}.")
    chosen = [name] if name is not None else NAMES
    return max(_bench(one, repeats, quick, cold, only) for one in chosen)


def _bench(name: str, repeats: int, quick: bool, cold: bool, only: str | None) -> int:
    # One `if` per bench: each imports its package only when it runs.
    if name == "probe":
        from autograder.bench.probe import campaign

        return campaign.measure(1 if quick else repeats, quick=quick, only=only)
    if name == "cost":
        from autograder.bench.probe import cost

        return cost.measure(repeats, quick=quick)
    if name == "world":
        from autograder.bench.world import servers

        return servers.measure(repeats, quick=quick)
    if name == "grading":
        from autograder.bench.grading import speed

        return speed.measure(repeats, quick=quick)
    if name == "door":
        from autograder.bench.door import door

        return door.measure(repeats, quick=quick, cold=cold)
    raise AssertionError(name)

"""Failures on demand: the same seed gives the same failures."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, fields

from autograder.outcomes import UserMistake


@dataclass
class Faults:
    """The plan of faults. Chances are between 0 and 1, and drawn for each event or request.

    Raises UserMistake for a chance outside of 0 to 1 and for a negative delay.
    """

    acks: bool = True  # False: a zombie connection, where no heartbeat is ever acknowledged
    drop: float = 0.0  # chance that the connection is cut right before an event is sent
    duplicate: float = 0.0  # chance that an event is sent twice, with the same number
    again: int = 0  # a RESUME replays so many events more, older than the number it was given
    delay: float = 0.0  # seconds by which every event is later; the order stays the same
    errors: float = 0.0  # chance that a REST request is answered with 502
    seed: int = 0
    _dice: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        for name in ("drop", "duplicate", "errors"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserMistake(
                    f"the fault {name}={getattr(self, name)!r} is a chance: choose one from 0 to 1"
                )
        for name in ("delay", "again"):
            if getattr(self, name) < 0:
                raise UserMistake(f"the fault {name}={getattr(self, name)!r} cannot be negative")

    def strikes(self, chance: float) -> bool:
        # A chance of 0 draws no number, so that a fault more does not change when others strike.
        return chance > 0 and self._dice.random() < chance


NAMES = tuple(item.name for item in fields(Faults) if item.init)

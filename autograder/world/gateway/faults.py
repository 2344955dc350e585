"""What goes wrong on demand, the same way for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, fields

from autograder.outcomes import UserMistake


@dataclass
class Faults:
    """Chances are between 0 and 1 and drawn per event or request; `delay` is in seconds."""

    acks: bool = True  # False: a zombie, which takes heartbeats and never acknowledges one
    drop: float = 0.0  # chance that the connection is cut right before an event is sent
    duplicate: float = 0.0  # chance that an event is sent twice, with the same number
    delay: float = 0.0  # every event arrives so much later; the order is kept
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
        if self.delay < 0:
            raise UserMistake(
                f"the fault delay={self.delay!r} is in seconds and cannot be negative"
            )

    def strikes(self, chance: float) -> bool:
        # No draw for a chance of 0, so that adding one fault does not move the others.
        return chance > 0 and self._dice.random() < chance


NAMES = tuple(item.name for item in fields(Faults) if item.init)

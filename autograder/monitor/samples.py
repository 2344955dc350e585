"""What the sampler and the probe tell each other, as data, so that neither imports the other."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from autograder.monitor.ownership import Ownership
from autograder.monitor.thread_stats import Reading

PUT_OFF = 5_000_000  # ns: a loop at work puts the sampler off that often


class Sample(NamedTuple):
    """How the loop's thread was found, and what the sampler's coming may have cost it; ns."""

    moment: int
    began: int  # from here the sampler had the GIL
    ended: int
    cpu: int  # of the loop's thread
    wait: int
    switches: int
    sleeps_in: bytes
    own_wait: int  # for how long the sampler waited for a CPU on its way
    own_switches: int  # how often it slept on its way: once, and each time it asked for the GIL
    preempted: bool  # the sampler lost its CPU during the look, with the GIL
    released_late: int = 0  # that wait, if it lost its CPU after another look at this pass
    slept: int = 0  # how long the loop's thread slept during the look, where that took long
    stopped: int = 0  # how late the sampler woke, beyond its waits: nothing on the machine ran


class LoopState(Protocol):
    """What the sampler reads of the probe; times in ns."""

    moment: int  # when the pass under way began, 0 while in select
    left: int  # when the select under way was called
    base: Reading  # the reading from which the pass under way is measured
    owned: Ownership

    def due(self) -> int:
        """Return when the select under way should come back; 0 when it need not, or at once."""

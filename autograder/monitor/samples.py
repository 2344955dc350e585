"""What the sampler notes at one look at the loop's thread; the probe and `attribution` read it."""

from __future__ import annotations

from typing import NamedTuple

PUT_OFF = 5_000_000  # ns: a loop at work puts the sampler off that often


class Look(NamedTuple):
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

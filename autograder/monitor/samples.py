"""The data that the sampler and the probe exchange, so that neither module needs the other."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from autograder.monitor.ownership import Ownership
from autograder.monitor.thread_stats import Reading

# Where a thread sleeps in select; not poll: a signal handler may wait there by itself.
SELECT = (b"do_epoll_wait", b"ep_poll")
ASKS_AGAIN = 5_000_000  # ns: a thread that wants the GIL sleeps for this long, then asks once more
PUT_OFF = 5_000_000  # ns: a working loop postpones the sampler once in this time


class Sample(NamedTuple):
    """The state of the loop's thread, and what taking this sample may have cost it; ns.

    `own_...` is the sampler's own thread, from its wake-up until it held the GIL.
    """

    moment: int  # when the sampled pass began
    began: int  # from here on the sampler held the GIL
    ended: int
    cpu: int  # of the loop's thread
    wait: int  # of the loop's thread: its run-queue wait
    switches: int  # of the loop's thread: its voluntary switches
    sleeps_in: bytes  # the kernel function in which the loop's thread sleeps
    own_wait: int  # for how long the sampler waited for a CPU
    own_switches: int  # how often the sampler slept: once, and each time it asked for the GIL
    preempted: bool  # the sampler lost its CPU while it took the sample and held the GIL
    released_late: int = 0  # `own_wait`, if the sampler lost its CPU after an earlier sample
    slept: int = 0  # how long the loop's thread slept during a sample that took long
    stopped: int = 0  # how late the sampler woke beyond its waits: the machine ran nothing
    idle: bool = False  # it sleeps in the loop's own select, and runs nobody's code
    asleep: bool = False  # it sleeps, also where the kernel does not say in which function
    looked: int = 0  # the loop's figures were read by then, and not before `began`
    runs: int = 0  # of the loop's thread: how often it got a CPU

    @property
    def read_by(self) -> int:
        """When the loop's figures had been read: the sampler may lose its CPU on the way."""
        return self.looked or self.began


class LoopState(Protocol):
    """What the sampler reads of the probe; times in ns."""

    owned: Ownership

    @property
    def moment(self) -> int:
        """When the current pass began; 0 during select."""

    @property
    def left(self) -> int:
        """When the current select was called."""

    @property
    def base(self) -> Reading:
        """The reading from which the current pass is measured."""

    def due(self) -> int:
        """Return when the current select should return; 0 when it has no time-out."""

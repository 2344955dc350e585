"""Which line held the loop? A sampler that looks only when a pass is already long.

A thread waits for a timer that the loop puts off as long as its passes are short (and ends a call
whose time is over). Only when a pass has lasted 15 to 20 ms does it look at the stack of the loop's
thread, and at ever longer intervals of what the code has done since, so that neither the verdict
nor the learner's timing notices: a sampler that looked every 5 ms did, with up to 30 ms on 20 ms of
CPU, and one that only woke every 20 ms cost a short block beside 8 hogs up to 8 ms now and then.
While the loop sleeps in a call the look is free. While a C call holds the GIL, Python hands the GIL
over right after that call, on the line that made it, so that the late look still names it.

A look names the innermost line of the learner's own code: not the library that the line called.
"""

from __future__ import annotations

import contextlib
import gc
import linecache
import os
import re
import sys
import sysconfig
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from time import perf_counter_ns
from types import CodeType, FrameType
from typing import TYPE_CHECKING, NamedTuple

from autograder.clock import Glance, both_switches, knows_waits
from autograder.paths import PACKAGE
from autograder.timer import NEVER, timer

if TYPE_CHECKING:
    from autograder.probe import Probe

PERIOD = 0.02  # s for which it is put off, and at least between two looks
MOST_PAUSE = 1.0  # s between two looks while a pass is very long
LOOKED_AT = 1_000_000  # ns: in a shorter pass, nothing that the sampler did can matter
LONG_LOOK = 1_000_000  # ns: it takes 0.2 ms; in a longer one the sampler lost its CPU
PATIENCE = 10_000_000  # ns a pass must have lasted before it is looked at
PUT_OFF = 5_000_000  # ns: a loop at work puts the sampler off that often
_PERIOD = int(PERIOD * 1e9)
_LOOKS_KEPT = 4000
_OURS = 2  # threads: the loop's and the sampler's

SHOWN: dict[str, str] = {}
"""What people call a file: {"<cell repair_two>": "cell repair_two"}. The candidate fills it in; in
a notebook `shown_name` asks IPython."""


class Line(NamedTuple):
    """A place in the learner's code."""

    file: str
    line: int
    function: str


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


class Sampler:
    """Looks at the loop's thread from a thread of its own; started and ended by the watched run."""

    def __init__(self) -> None:
        self.probe: Probe | None = None
        self.looks: list[Look] = []  # of the moment looked at last
        self.waiting: Callable[[], tuple[str, int]] = lambda: ("", 0)  # where the call waits
        self.tid = 0
        self._glances: tuple[Glance, Glance] | None = None  # at the loop's thread, at our own
        self._loop_thread = threading.get_ident()
        # Moment, who (0: the loop), where, and for how long nobody had looked.
        self._looks: list[tuple[int, int, Line, int]] = []
        self._looked: tuple[int, int] = (0, 0)  # moment, and when it was looked at last
        self._alarm: tuple[int, Callable[[], object] | None] = (0, None)
        self._looking = False
        self._timer = timer()
        self._rang = self._let_go = 0  # when it was to wake last, and went back to sleep
        self._put_off = 0  # how often the loop has put it off
        self._woke = self._done = (0, 0, 0)  # as `_way` said at the last look's begin and end
        self._over = False
        self._thread = threading.Thread(target=self._keep_looking, name="sampler", daemon=True)

    def start(self) -> None:
        """Begin to look; to be started before the probe is made, or it counts as the call's."""
        self._timer.set(perf_counter_ns() + _PERIOD)
        self._thread.start()
        assert self._thread.native_id is not None
        self.tid = self._thread.native_id
        if knows_waits():
            self._glances = Glance(threading.get_native_id()), Glance(self.tid)

    def alarm(self, at: int, ring: Callable[[], object] | None) -> None:
        """Call `ring` once at that time; a timer of the loop would cost every pass 7 %."""
        self._alarm = (at, ring)
        self.put_off(perf_counter_ns())

    def put_off(self, now: int) -> None:
        """Say that the loop is at work: a pass that begins now needs no look for a while."""
        self._put_off += 1
        self._set(now + _PERIOD)

    def stop(self) -> None:
        """End the sampler's thread."""
        self._over = True
        self._timer.set(0)
        self._thread.join(1)
        if self._thread.is_alive():  # a learner's thread keeps the GIL: what it reads stays open
            return
        self._timer.close()
        for glance in self._glances or ():
            glance.close()

    def look_now(self, moment: int) -> None:
        """Look at the threads beside the loop's: one of them has just let go of the GIL."""
        if len(threading._active) <= _OURS:  # type: ignore[attr-defined]
            return
        with frames_now() as frames:
            self._look_at_others(moment, frames, self._unseen(moment))

    def _look_at_others(self, moment: int, frames: Mapping[int, FrameType], unseen: int) -> None:
        if self.probe is None:
            return
        waiting, busy = Line(*self.waiting(), ""), False
        for tid, line in self.probe.owned.look(frames):
            # A thread that was given a function of a library runs no line of the learner's.
            self._note(moment, tid, line or waiting, unseen)
            busy = True
        if not busy:  # it was a thread that has just come to the end of its job
            self._note(moment, -1, waiting, unseen)

    def line_of(self, moment: int, culprit: int = 0, *, only: bool = False) -> Line | None:
        """Return the line seen for the longest time in the pass of that moment, of the loop's
        thread or, when another thread held the GIL, of that `culprit`; `only`: of nobody else."""
        looks = [(who, line, unseen) for at, who, line, unseen in self._looks if at == moment]
        if only or not culprit:
            looks = [look for look in looks if look[0] == culprit]
        alike = [look for look in looks if bool(look[0]) == bool(culprit)]
        seen: Counter[Line] = Counter()
        for _, line, unseen in [look for look in looks if look[0] == culprit] or alike or looks:
            seen[line] += unseen
        return seen.most_common(1)[0][0] if seen else None

    def _unseen(self, moment: int) -> int:
        """How long this pass had not been looked at until now, 1 ns at the least."""
        before, at = self._looked
        now = perf_counter_ns()
        self._looked = (moment, now)
        return max(1, now - (at if before == moment else moment))

    def _note(self, moment: int, who: int, line: Line, unseen: int) -> None:
        if line.file and len(self._looks) < _LOOKS_KEPT:
            self._looks.append((moment, who, line, unseen))

    def _keep_looking(self) -> None:
        moment_before, next_look = 0, 0
        while not self._wait():
            # From here to the next wait this thread has the GIL, unless it loses it on the way.
            self._looking, put_off = True, self._put_off  # before it is asked when it rang
            self._rang, now = self._timer.due, perf_counter_ns()
            probe, again = self.probe, now + _PERIOD
            moment = (probe.moment or probe.due()) if probe else 0
            rang = self._ring(now)
            way, self._woke = self._done, self._way()
            if moment and now > moment:
                found = self._loop_as_it_is() if now - moment > LOOKED_AT else None
                if moment != moment_before:
                    moment_before, next_look, self.looks = moment, moment + PATIENCE, []
                if now >= next_look:
                    next_look = again = now + int(self._until_next(now - moment) * 1e9)
                    self._look(moment)
                if found is not None:
                    self._account(moment, now, way, found)
                again = max(again, perf_counter_ns() + _PERIOD)
            elif probe is not None and probe.left and not rang:
                # In select; and if that has no end, the loop says when it is at work again.
                again = max(again, moment + PATIENCE) if moment else NEVER
            if self._rang <= now and self._put_off == put_off:  # else it has said so meanwhile
                self._set(again)
                if self._put_off != put_off:
                    self._set(now + _PERIOD)
            self._done, self._let_go, self._looking = self._way(), perf_counter_ns(), False

    def _wait(self) -> bool:
        self._timer.wait()
        return self._over

    def _set(self, due: int) -> None:
        at, ring = self._alarm
        self._timer.set(due if ring is None else min(due, at))
        if self._over:  # said while this was on its way
            self._timer.set(0)

    def _until_next(self, lasted: int) -> float:
        """Return the pause, in s, after which the code has held the loop half as long again.

        Each look takes the GIL from a loop that computes. Where a pass lasts because the machine is
        busy, the code has done little yet, and a look would tell little.
        """
        waited = 0
        if self._glances is not None and self.probe is not None:
            waited = self._glances[0].times()[1] - self.probe.base.wait
        held = max(lasted - waited, 1_000_000)
        pause = max(PATIENCE - held, held // 2) / held * lasted / 1e9
        return min(MOST_PAUSE, max(PERIOD, pause))

    def unfinished(self) -> int:
        """Return for how long this thread has waited for a CPU, in ns, since it looked last, when
        it lost the GIL in the middle of a look, else 0; to be called by the loop's thread."""
        if self._glances is None or not self._looking:
            return 0
        return max(1, self._glances[1].times()[1] - self._woke[0])

    def released_late(self, moment: int) -> int:
        """Return for how long this thread has waited for a CPU, in ns, since it last had the GIL,
        when that was during this pass and it has not been woken since: it lost its CPU with the
        GIL, or with the lock inside of it; to be called by the loop's thread."""
        if self._glances is None or self._looking or perf_counter_ns() > self._timer.due:
            return 0
        if self._let_go < moment:
            return 0
        return max(0, self._glances[1].times()[1] - self._done[0])

    def overdue(self) -> int:
        """Return for how long nobody has woken this thread, which asked for it, in ns, less what it
        waited for a CPU; to be called by the loop's thread."""
        late = perf_counter_ns() - self._timer.due
        if self._glances is None or self._looking or late < 0:
            return 0
        place = self._glances[1].sleeps_in()
        if not place or place.startswith(b"futex"):
            # It was woken: it asks for the GIL, or waits for a CPU, which is counted afterwards.
            return 0
        return max(0, late - (self._glances[1].times()[1] - self._done[0]))

    def _way(self) -> tuple[int, int, int]:
        """Return this thread's run-queue wait, voluntary switches and preemptions until now."""
        wait = self._glances[1].times()[1] if self._glances is not None else 0
        return wait, *both_switches()

    def _loop_as_it_is(self) -> tuple[int, int, int, bytes] | None:
        """The loop's CPU, run-queue wait, voluntary switches, and where in the kernel it sleeps."""
        if self._glances is None:
            return None
        loop = self._glances[0]
        # In this order: what it waited before it fell asleep is counted by then.
        switches, place = loop.switches(), loop.sleeps_in()
        return *loop.times(), switches, place

    def _account(
        self, moment: int, now: int, way: tuple[int, int, int], found: tuple[int, int, int, bytes]
    ) -> None:
        probe = self.probe
        if self._glances is None or probe is None or len(self.looks) >= _LOOKS_KEPT:
            return
        cpu, wait, switches, sleeps_in = found
        wait_own, switched, preempted = (b - a for a, b in zip(way, self._woke, strict=True))
        # What came before it rang (it may have been put off on its way) was no way to this look.
        since = max(0, now - self._rang)
        wait_own, switched = min(wait_own, since), min(switched, 2 + since // 5_000_000)
        ended, slept = perf_counter_ns(), 0
        if ended - now > LONG_LOOK:
            cpu_then, wait_then = self._glances[0].times()
            slept = max(0, ended - now - (cpu_then - cpu) - (wait_then - wait))
        look = Look(
            moment,
            now,
            ended,
            cpu,
            wait,
            switches,
            sleeps_in,
            wait_own,
            switched,
            both_switches()[1] > self._woke[2],
            wait_own if self.looks and preempted and switched <= 2 else 0,
            slept,
            max(0, now - self._rang - wait_own) if switched <= 1 else 0,
        )
        if moment in (probe.moment, probe.due()):  # else the GIL was lost, and the pass ended
            self.looks.append(look)

    def _ring(self, now: int) -> bool:
        at, ring = self._alarm
        if ring is None or now < at:
            return False
        self._alarm = (0, None)
        with contextlib.suppress(RuntimeError):  # the loop closed meanwhile
            ring()
        return True

    def _look(self, moment: int) -> None:
        with frames_now() as frames:
            frame, probe = frames.get(self._loop_thread), self.probe
            if frame is None or probe is None or moment not in (probe.moment, probe.due()):
                return  # the pass ended, or ends, while this thread waited for the GIL
            line, unseen = own_line(frame), self._unseen(moment)
            self._note(moment, 0, line or Line(*self.waiting(), ""), unseen)
            if len(threading._active) > _OURS:  # type: ignore[attr-defined]
                self._look_at_others(moment, frames, unseen)  # one may just have let go of the GIL


@contextlib.contextmanager
def frames_now() -> Iterator[dict[int, FrameType]]:
    """Give what each thread is doing, to be read inside of the `with`; nothing when another thread
    is just asking.

    Until 3.12 Python may collect garbage whenever it makes the object of a frame, here and at
    `f_back`. What the collection calls can lose the GIL, and then the frame may have ended: the
    object is linked to memory that others use, and values change in the learner's code; or who has
    the GIL waits for ever (gh-106883). So nothing is collected meanwhile. Beside 4 rivals, a
    thread that sorts met that in one of 700 calls.
    """
    if not _COLLECTS_INSIDE:
        yield sys._current_frames()
    elif not _asking.acquire(blocking=False):
        yield {}
    else:
        collects = gc.isenabled()
        try:
            gc.disable()
            yield sys._current_frames()
        finally:
            if collects:
                gc.enable()
            _asking.release()


def own_line(frame: FrameType | None) -> Line | None:
    """Return the innermost place of the learner's own code on the stack of `frame`, or None."""
    while frame is not None:
        code = frame.f_code
        if is_own(code.co_filename) and frame.f_lineno is not None:
            return Line(code.co_filename, frame.f_lineno, function_name(code))
        frame = frame.f_back
    return None


@cache
def is_own(file: str) -> bool:
    """Whether a file is the learner's: neither the standard library, nor installed, nor ours.

    The catalog's cards count as a learner's: a twin is watched to see which of its lines blocks.
    """
    if file.startswith(("<frozen", "<string>", "<__array_function__")):
        return False
    path = os.path.abspath(file)
    if path.startswith(_CARDS):
        return True
    return not path.startswith(_LIBRARIES) and not _INSTALLED.search(path)


def function_name(code: CodeType) -> str:
    """Return the qualified name of a function without the scopes it was defined in."""
    return code.co_qualname.rpartition("<locals>.")[2]


def shown_name(file: str) -> str:
    """Return what people call a file: "In [7]" for a cell, else its name."""
    if file in SHOWN:
        return SHOWN[file]
    number = _cell_number(file)
    if number is not None:
        return f"In [{number}]"
    return os.path.basename(file)


def source_line(file: str, line: int) -> str:
    """Return the text of one line of code, without indentation and comment, or an empty string."""
    text = linecache.getline(file, line).strip()
    return text.split("  #")[0].rstrip()[:120]


def _cell_number(file: str) -> int | None:
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    numbers = getattr(getattr(shell, "compile", None), "_filename_map", {})
    number = numbers.get(file)
    return number if isinstance(number, int) else None


_COLLECTS_INSIDE = sys.version_info < (3, 12)
_asking = threading.Lock()
_INSTALLED = re.compile(r"[/\\](site|dist)-packages[/\\]")  # of the user, of another environment
_CARDS = os.path.join(PACKAGE, "catalog", "")
_LIBRARIES = tuple(
    {
        os.path.abspath(path) + os.sep
        for path in (
            *sysconfig.get_paths().values(),
            sysconfig.get_paths(vars={"base": sys.base_prefix})["stdlib"],
            os.path.dirname(os.__file__),
            str(PACKAGE),
        )
        if path and path != sys.prefix and path != os.path.join(sys.prefix, "bin")
    }
)

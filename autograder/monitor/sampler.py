"""Which line held the loop? A sampler that looks only when a pass is already long.

The sampler is a thread that waits for a timer. As long as the loop makes short passes, it postpones
this timer. When a pass has lasted 15 to 20 ms, the timer rings and the sampler looks at the stack
of the loop's thread; then it looks again, at ever longer intervals of what the code has done since.
So it disturbs neither the verdict nor the learner's timing. A sampler that looked every 5 ms added
up to 30 ms to 20 ms of CPU, and one that only woke every 20 ms now and then added up to 8 ms to a
short block beside 8 hogs.

While the loop sleeps in a call, looking costs it nothing. While C code holds the GIL, the sampler
has to wait. Python hands the GIL over right after the call to C code, on the line that made it, so
a late sample still names that line. A sample names the innermost line of the learner's own code,
not the library that the line called.

The same thread rings the alarm that ends a call at its time limit.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter_ns
from types import FrameType

from autograder.monitor.blind import Look, Looker, rests
from autograder.monitor.frames import Line, frames_now, library_of, own_line
from autograder.monitor.jobs import jobs
from autograder.monitor.samples import ASKS_AGAIN, SELECT, LoopState, Sample
from autograder.monitor.thread_stats import Glance, Times, both_switches, has_gil, knows_waits
from autograder.monitor.timerfd import NEVER, timer

PERIOD = 0.02  # s: the loop postpones the sampler by this time; also the shortest pause
MOST_PAUSE = 1.0  # s: the longest pause between two samples of a very long pass
LITTLE_DONE = 0.1  # s: the same while the code seems to have done very little
SHORT_PASS = 1_000_000  # ns: in a shorter pass, nothing that the sampler did can matter
LONG_SAMPLE = 100_000  # ns: a sample takes 0.1 to 0.5 ms; meanwhile the loop may wait for the GIL
PATIENCE = 10_000_000  # ns: a pass must have lasted this long before the sampler looks at it
_PERIOD = int(PERIOD * 1e9)
_MOST_SAMPLES = 4000
_OURS = 2  # threads: the loop's and the sampler's


class Sampler:
    """Looks at the loop's thread from a thread of its own; `Run` starts and stops it."""

    def __init__(self) -> None:
        self.probe: LoopState | None = None
        self.samples: list[Sample] = []  # of the last pass that was looked at
        self.waiting: Callable[[], tuple[str, int]] = lambda: ("", 0)  # where the call waits
        # Called at each look, with the pass, the ns that the code has held it, and the frame.
        self.seen: Callable[[int, int, FrameType], object] = lambda moment, held, frame: None
        self.tid = 0
        self._glances: tuple[Glance, Glance] | None = None  # of the loop's thread, of this one
        self.looks: list[Look] = []  # of the same pass; where the kernel does not tell of waits
        self._looker: Looker | None = None
        self._loop_thread = threading.get_ident()
        # (pass, native id or 0 for the loop, line, ns since the sample before)
        self._lines_seen: list[tuple[int, int, Line, int]] = []
        self._last_sampled: tuple[int, int] = (0, 0)  # the pass, and when the sampler last looked
        self._alarm: tuple[int, Callable[[], object] | None] = (0, None)
        self._sampling = False
        self._timer = timer()
        self._rang = self._let_go = 0  # when the timer last rang; when this thread slept again
        self._put_off = 0  # how often the loop has postponed the timer
        self._woke = self._done = (0, 0, 0)  # `_way` at the begin and the end of the last sample
        self._over = False
        self._thread = threading.Thread(target=self._keep_sampling, name="sampler", daemon=True)

    def start(self) -> None:
        """Start the thread; before the probe is made, or the thread counts as the call's own."""
        self._timer.set(perf_counter_ns() + _PERIOD)
        self._thread.start()
        assert self._thread.native_id is not None
        self.tid = self._thread.native_id
        if knows_waits():
            self._glances = Glance(threading.get_native_id()), Glance(self.tid)
        else:
            self._looker = Looker(self._loop_thread, threading.get_native_id())

    def alarm(self, at: int, ring: Callable[[], object] | None) -> None:
        """Call `ring` once at time `at`; a timer of the loop would make every pass 7 % longer."""
        self._alarm = (at, ring)
        self.put_off(perf_counter_ns())

    def put_off(self, now: int) -> None:
        """Postpone the next sample: a pass that begins now needs none before PERIOD is over."""
        self._put_off += 1
        self._set(now + _PERIOD)

    def stop(self) -> None:
        """End the sampler's thread."""
        self._over = True
        self._timer.set(0)
        self._thread.join(1)
        if self._thread.is_alive():  # a learner's thread keeps the GIL: leave the files open
            return
        self._timer.close()
        for glance in self._glances or ():
            glance.close()
        if self._looker is not None:
            self._looker.close()

    def sample_now(self, moment: int) -> None:
        """Look at the other threads: one of them has just released the GIL."""
        if len(threading._active) <= _OURS:  # type: ignore[attr-defined]
            return
        if not has_gil():  # nobody held it, and a look stops all threads: 0.3 s beside a long sort
            return
        with frames_now() as frames:
            self._sample_others(moment, frames, self._unseen(moment))

    def sample_loop(self, moment: int) -> None:
        """Note the line at which the loop's thread is in the pass that began at `moment`."""
        with frames_now() as frames:
            frame, probe = frames.get(self._loop_thread), self.probe
            if frame is None or probe is None or moment not in (probe.moment, probe.due()):
                return  # the pass ended, or is ending, while this thread waited for the GIL
            line, unseen = own_line(frame), self._unseen(moment)
            library = library_of(frame) if line is None else ""
            # Without either, the loop is between two steps, and nothing tells where it was before.
            known = unseen if line or library else 0
            self._note(moment, 0, line or Line(*self.waiting(), "", library), known)
            self.seen(moment, self._held(perf_counter_ns() - moment), frame)
            if len(threading._active) > _OURS:  # type: ignore[attr-defined]
                self._sample_others(moment, frames, unseen)  # one may just have released the GIL

    def _sample_others(self, moment: int, frames: Mapping[int, FrameType], unseen: int) -> None:
        if self.probe is None:
            return
        waiting, busy = Line(*self.waiting(), ""), False
        for tid, line in self.probe.owned.sample(frames):
            # A thread that runs a library's function has no line of the learner's.
            self._note(moment, tid, line or jobs.line_of(tid, moment) or waiting, unseen)
            busy = True
        if not busy:  # a thread whose job has just ended held the GIL
            self._note(moment, *(jobs.ended_since(moment) or (-1, waiting)), unseen)

    def line_of(self, moment: int, culprit: int = 0, *, only: bool = False) -> Line | None:
        """Return the line that was seen for the longest time in the pass that began at `moment`.

        It is a line of the loop's thread or, if another thread held the GIL, of that `culprit`. If
        there is none, it may be a line of another thread, unless `only` is true.
        """
        seen = [(who, line, unseen) for at, who, line, unseen in self._lines_seen if at == moment]
        if only or not culprit:
            seen = [one for one in seen if one[0] == culprit]
        alike = [one for one in seen if bool(one[0]) == bool(culprit)]
        lasted: Counter[Line] = Counter()
        for _, line, unseen in [one for one in seen if one[0] == culprit] or alike or seen:
            lasted[line] += unseen
        return lasted.most_common(1)[0][0] if lasted else None

    def forget(self, moment: int) -> None:
        """Forget the lines of all passes up to this one: a bot runs for days."""
        old = 0
        while old < len(self._lines_seen) and self._lines_seen[old][0] <= moment:
            old += 1
        del self._lines_seen[:old]  # in one step: the other thread may add lines meanwhile

    def _unseen(self, moment: int) -> int:
        """Return the ns since the last sample of this pass, or since its begin; at least 1."""
        before, at = self._last_sampled
        now = perf_counter_ns()
        self._last_sampled = (moment, now)
        return max(1, now - (at if before == moment else moment))

    def _note(self, moment: int, who: int, line: Line, unseen: int) -> None:
        if line.file and len(self._lines_seen) < _MOST_SAMPLES:
            self._lines_seen.append((moment, who, line, unseen))

    def _keep_sampling(self) -> None:
        moment_before, next_sample = 0, 0
        while not self._wait():
            # From here to the next wait this thread holds the GIL, unless it loses it on the way.
            self._sampling, put_off = True, self._put_off  # read before `due`
            self._rang, now = self._timer.due, perf_counter_ns()
            probe, again = self.probe, now + _PERIOD
            # Without a GIL a look stops all threads, and none of them can hold up a select.
            due = probe.due() if probe and has_gil() else 0
            moment = (probe.moment or due) if probe else 0
            rang = self._ring(now)
            way, self._woke = self._done, self._way()
            if moment and now > moment:
                found = self._loop_as_it_is() if now - moment > SHORT_PASS else None
                if moment != moment_before:
                    moment_before, next_sample, self.samples = moment, moment + PATIENCE, []
                    self.looks = []
                if self._looker is not None and now - moment > SHORT_PASS:
                    in_select = not (probe and probe.moment)
                    look = self._looker.look(moment, now - self._rang, in_select=in_select)
                    self.looks.append(look)
                if now >= next_sample:
                    next_sample = again = now + int(self._until_next(now - moment) * 1e9)
                    self.sample_loop(moment)
                if found is not None:
                    self._account(moment, now, way, found)
                again = max(again, perf_counter_ns() + _PERIOD)
            elif probe is not None and probe.left and not rang:
                # The loop is in select. If that has no time-out, the loop sets the timer later.
                again = max(again, moment + PATIENCE) if moment else NEVER
            if self._rang <= now and self._put_off == put_off:  # else the loop set it
                self._set(again)
                if self._put_off != put_off:
                    self._set(now + _PERIOD)
            self._done, self._let_go, self._sampling = self._way(), perf_counter_ns(), False

    def _wait(self) -> bool:
        self._timer.wait()
        return self._over

    def _set(self, due: int) -> None:
        at, ring = self._alarm
        self._timer.set(due if ring is None else min(due, at))
        if self._over:  # `stop` was called meanwhile
            self._timer.set(0)

    def _until_next(self, lasted: int) -> float:
        """Return the pause, in s, after which the code has held the loop 1.5 times as long.

        Each sample takes the GIL from a loop that computes. If a pass takes long because the
        machine is busy, the code has done little yet, and a sample would show little.
        """
        if rests(self.looks):
            return PERIOD
        held = max(self._held(lasted), 1_000_000)
        pause = max(PATIENCE - held, held // 2) / held * lasted / 1e9
        # Linux may count a sleep as a wait for a CPU, and only samples show which it is.
        most = MOST_PAUSE if held > PATIENCE else LITTLE_DONE
        return min(most, max(PERIOD, pause))

    def _held(self, lasted: int) -> int:
        """Return for how many ns of a pass the loop's thread did not wait for a CPU."""
        waited = 0
        if self._glances is not None and self.probe is not None:
            waited = self._glances[0].times()[1] - self.probe.base.wait
        return lasted - waited

    def unfinished(self) -> int:
        """Return for how many ns this thread has waited for a CPU in an unfinished sample.

        It is 0 if no sample is unfinished. To be called on the loop's thread, so an unfinished
        sample means that this thread has lost the GIL.
        """
        if self._glances is None or not self._sampling:
            return 0
        waited = self._glances[1].times()[1] - self._done[0]  # on the way to the sample, too
        return max(1, min(waited, perf_counter_ns() - self._rang))

    def released_late(self, moment: int) -> int:
        """Return for how many ns this thread has waited for a CPU since its last sample.

        It counts only if that sample was in the pass that began at `moment`, and the timer has not
        rung since. Then this thread lost its CPU while it held the GIL, or the lock inside the GIL.
        To be called on the loop's thread.
        """
        if self._glances is None or self._sampling or perf_counter_ns() > self._timer.due:
            return 0
        if self._let_go < moment:
            return 0
        return max(0, self._glances[1].times()[1] - self._done[0])

    def overdue(self) -> int:
        """Return for how many ns the kernel is late to wake this thread, without waits for a CPU.

        To be called on the loop's thread.
        """
        late = perf_counter_ns() - self._timer.due
        if self._glances is None or self._sampling or late < 0:
            return 0
        place = self._glances[1].sleeps_in()
        if not place or place.startswith(b"futex"):
            # It was woken: it waits for the GIL, or for a CPU, which is counted afterwards.
            return 0
        return max(0, late - (self._glances[1].times()[1] - self._done[0]))

    def wanted(self, samples: Sequence[Sample]) -> int:
        """Return for how many ns this thread, when awake, waited for the GIL in a pass; at least.

        `samples` are those of the pass. A thread that wants the GIL sleeps 5 ms at a time. To be
        called on the loop's thread.
        """
        asked = sum(max(0, sample.own_switches - 1) for sample in samples)
        if self._glances is not None and (self._sampling or perf_counter_ns() > self._timer.due):
            asked += max(0, self._glances[1].switches() - self._done[1] - 1)
        return asked * ASKS_AGAIN

    def _way(self) -> tuple[int, int, int]:
        """Return this thread's run-queue wait, voluntary switches and preemptions until now."""
        wait = self._glances[1].times()[1] if self._glances is not None else 0
        return wait, *both_switches()

    def _loop_as_it_is(self) -> tuple[Times, int, bool, bytes, int] | None:
        """Return the loop's times and voluntary switches, whether it sleeps, and in which function;
        and when all this had been read.
        """
        if self._glances is None:
            return None
        loop = self._glances[0]
        # In this order: the kernel has then counted what it waited before it fell asleep.
        (switches, asleep), place = loop.switches_and_sleep(), loop.sleeps_in()
        return loop.times(), switches, asleep, place, perf_counter_ns()

    def _account(
        self,
        moment: int,
        now: int,
        way: tuple[int, int, int],
        found: tuple[Times, int, bool, bytes, int],
    ) -> None:
        probe = self.probe
        if self._glances is None or probe is None or len(self.samples) >= _MOST_SAMPLES:
            return
        (cpu, wait, runs), switches, asleep, sleeps_in, looked = found
        wait_own, switched, preempted = (b - a for a, b in zip(way, self._woke, strict=True))
        # Waits before the timer rang, which may have been postponed, do not belong to this sample.
        since, late = max(0, now - self._rang), wait_own
        wait_own, switched = min(wait_own, since), min(switched, 2 + since // ASKS_AGAIN)
        ended, slept = perf_counter_ns(), 0
        if ended - now > LONG_SAMPLE:
            cpu_then, wait_then, _ = self._glances[0].times()
            slept = max(0, ended - now - (cpu_then - cpu) - (wait_then - wait))
            if not asleep and not sleeps_in and self._glances[0].switches() == switches:
                # Found awake, and not asleep since: it waits for a CPU, as Linux counts afterwards.
                slept = min(slept, looked - now)
        sample = Sample(
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
            late if self.samples and preempted and switched <= 2 else 0,
            slept,
            max(0, now - self._rang - wait_own) if switched <= 1 else 0,
            sleeps_in.startswith(SELECT) and self._runs_nothing(),
            asleep,
            looked,
            runs,
        )
        if moment in (probe.moment, probe.due()):  # else the pass ended while the GIL was lost
            self.samples.append(sample)

    def _runs_nothing(self) -> bool:
        """Whether the loop's thread runs neither the learner's code nor a library's."""
        with frames_now() as frames:
            frame = frames.get(self._loop_thread)
            return frame is not None and own_line(frame) is None and not library_of(frame)

    def _ring(self, now: int) -> bool:
        at, ring = self._alarm
        if ring is None or now < at:
            return False
        self._alarm = (0, None)
        with contextlib.suppress(RuntimeError):  # the loop closed meanwhile
            ring()
        return True
